/**
 * The Kafka sink without transactions. `at-least-once`: a checkpoint waits until the broker has every record before it,
 * so a restart repeats some and loses none. `none`: a checkpoint waits for nothing, so a crash loses what was on its
 * way. Source: Flink KafkaSink with DeliveryGuarantee.AT_LEAST_ONCE and NONE.
 */
import { KafkaClient } from '../kafka/kafka-client.ts'
import type { RecordData } from '../kafka/protocol.ts'
import { IdempotentProducer } from '../kafka/idempotent-producer.ts'
import type {
  Operator,
  OperatorContext,
  OperatorSnapshot,
  SnapshotContext,
} from '../operator/operator.ts'
import { encodeRecord, LINGER_MS, partitionOf, PENDING_RECORDS_MAX } from './kafka-record.ts'
import type { KafkaSinkSpec } from './sink-spec.ts'

export class KafkaFlushingSinkOperator implements Operator {
  readonly uid: string
  readonly #spec: KafkaSinkSpec
  readonly #context: OperatorContext
  readonly #client: KafkaClient
  readonly #producer: IdempotentProducer
  #partitions = 0
  /** Written before the partitions were known, by timers and answers of services: those do not ask `isAvailable`. */
  #early: RecordData[] = []
  readonly #whenPlaced: (() => void)[] = []
  #lingers = false

  constructor(spec: KafkaSinkSpec, context: OperatorContext) {
    this.uid = context.uid
    this.#spec = spec
    this.#context = context
    // A connection of its own: several sinks may be chained in one subtask.
    const clientId = `${context.uid}-${context.subtaskIndex}`
    this.#client = new KafkaClient(context.runtime, context.broker, clientId)
    this.#producer = new IdempotentProducer({
      client: this.#client,
      topic: spec.topic,
      onAcknowledged: () => {
        context.wake()
      },
      onFailure: (reason) => {
        context.fail(reason)
      },
    })
  }

  get isAvailable(): boolean {
    return this.#partitions > 0 && this.#producer.unacknowledged < PENDING_RECORDS_MAX
  }

  /** What was written before the end of the input is to arrive. */
  get isDrained(): boolean {
    return this.#early.length === 0 && this.#producer.unacknowledged === 0
  }

  open(): void {
    this.#client.partitionsOf(this.#spec.topic, (partitions) => {
      this.#partitions = partitions.length
      for (const record of this.#early.splice(0)) this.#add(record)
      for (const callback of this.#whenPlaced.splice(0)) callback()
      this.#linger()
      this.#context.wake()
    })
  }

  process(value: unknown, timestamp: number): void {
    const record = encodeRecord(this.#spec, this.#context, value, timestamp)
    if (this.#partitions === 0) {
      this.#early.push(record)
      return
    }
    this.#add(record)
    this.#linger()
  }

  snapshot(context: SnapshotContext): OperatorSnapshot {
    const isSafe = this.#spec.delivery === 'at-least-once'
    if (isSafe && !this.isDrained) {
      const release = context.hold()
      if (this.#early.length === 0) this.#producer.flush(release)
      else this.#whenPlaced.push(() => this.#producer.flush(release))
    }
    return () => []
  }

  finish(): void {
    this.#producer.send()
  }

  close(): void {
    this.#client.close()
  }

  #add(record: RecordData): void {
    this.#producer.add(partitionOf(record, this.#partitions, this.#context), record)
  }

  #linger(): void {
    if (this.#lingers) return
    this.#lingers = true
    this.#context.schedule(LINGER_MS, 'sink-linger', () => {
      this.#lingers = false
      this.#producer.send()
    })
  }
}
