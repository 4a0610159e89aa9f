/**
 * The exactly-once Kafka sink: writer and committer in one operator, one transaction per checkpoint and subtask. What
 * becomes of the transactions is their queue's business. Unlike Flink's writer this one does not stop at the barrier.
 * Source: Flink Sink V2 and KafkaSink (flink-semantics.md 2.1); invariants X2, X3, X4, T1 to T3.
 */
import { present } from '../assert.ts'
import type { OperatorStateEntry } from '../checkpoint/snapshot-handle.ts'
import type { CheckpointId } from '../ids.ts'
import { KafkaClient } from '../kafka/kafka-client.ts'
import type {
  Operator,
  OperatorContext,
  OperatorSnapshot,
  SnapshotContext,
} from '../operator/operator.ts'
import { encodeRecord, partitionOf, PENDING_RECORDS_MAX } from './kafka-record.ts'
import { encodeSinkState, formerParallelism, ownCommittables } from './kafka-sink-state.ts'
import { transactionalPrefix } from './sink-spec.ts'
import type { KafkaSinkSpec } from './sink-spec.ts'
import { TransactionQueue } from './transaction-queue.ts'

export class KafkaSinkOperator implements Operator {
  readonly uid: string
  readonly #spec: KafkaSinkSpec
  readonly #context: OperatorContext
  readonly #client: KafkaClient
  #queue: TransactionQueue | null = null
  #partitions = 0

  constructor(spec: KafkaSinkSpec, context: OperatorContext) {
    this.uid = context.uid
    this.#spec = spec
    this.#context = context
    // A connection of its own: several sinks may be chained in one subtask.
    const clientId = `${context.uid}-${context.subtaskIndex}`
    this.#client = new KafkaClient(context.runtime, context.broker, clientId)
  }

  get isAvailable(): boolean {
    const queue = this.#queue
    return queue?.mayWrite === true && queue.unacknowledged < PENDING_RECORDS_MAX
  }

  get hasUncommitted(): boolean {
    return this.#queue?.hasUncommitted === true
  }

  open(restored: readonly OperatorStateEntry[], restoredFrom: CheckpointId | null): void {
    const queue = this.#createQueue(restored, restoredFrom)
    this.#queue = queue
    this.#client.partitionsOf(this.#spec.topic, (partitions) => {
      this.#partitions = partitions.length
      queue.start()
      this.#context.wake()
    })
  }

  process(value: unknown, timestamp: number): void {
    const record = encodeRecord(this.#spec, this.#context, value, timestamp)
    this.#opened.add(record)
  }

  snapshot(context: SnapshotContext): OperatorSnapshot {
    const committables = this.#opened.snapshot(context)
    return () => encodeSinkState(committables(), this.#context.parallelism)
  }

  notifyComplete(checkpoint: CheckpointId): void {
    this.#opened.complete(checkpoint)
  }

  close(): void {
    this.#queue?.close()
    this.#client.close()
  }

  get #opened(): TransactionQueue {
    return present(this.#queue, `${this.uid} is not open.`)
  }

  #createQueue(
    restored: readonly OperatorStateEntry[],
    restoredFrom: CheckpointId | null,
  ): TransactionQueue {
    const { runtime, mutants, subtask, subtaskIndex, parallelism, attempt } = this.#context
    const { topic, transactionTimeoutMs } = this.#spec
    return new TransactionQueue(
      {
        client: this.#client,
        runtime,
        mutants,
        subtask,
        subtaskIndex,
        parallelism,
        attempt,
        owner: `The sink "${this.uid}"`,
        topic,
        prefix: transactionalPrefix(this.#spec, this.#context.jobName, this.uid),
        transactionTimeoutMs,
        partitionOf: (record) => partitionOf(record, this.#partitions, this.#context),
        onAcknowledged: (records) => {
          this.#onAcknowledged(records)
        },
        wake: () => {
          this.#context.wake()
        },
        fail: (reason) => {
          this.#context.fail(reason)
        },
      },
      {
        committables: ownCommittables(restored, this.#context),
        restoredFrom,
        formerParallelism: formerParallelism(restored),
      },
    )
  }

  /** Wakes the subtask when there is room again: nothing else would, as long as its input stands still. */
  #onAcknowledged(records: number): void {
    const pending = this.#opened.unacknowledged
    const wasFull = pending + records >= PENDING_RECORDS_MAX
    if (wasFull && pending < PENDING_RECORDS_MAX) this.#context.wake()
  }
}
