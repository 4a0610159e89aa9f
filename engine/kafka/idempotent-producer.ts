/**
 * A producer without transactions: what it sent is in the log once, in order, whatever is repeated, as long as it lives;
 * a successor knows nothing of it, so a restart may write again (K-R13 to K-R17). One batch in flight per partition.
 */
import { retryAfter } from './kafka-client.ts'
import type { Decision, KafkaClient, Outcome } from './kafka-client.ts'
import { BATCH_RECORDS_MAX, produceBatch } from './produce-batch.ts'
import type { KafkaError, KafkaRequest, ProducedBatch, RecordData, ResponseTo } from './protocol.ts'

export interface IdempotentProducerOptions {
  readonly client: KafkaClient
  readonly topic: string
  /** So many more records are in the broker's log. */
  readonly onAcknowledged: (records: number) => void
  /** A refusal that no retry cures. */
  readonly onFailure: (reason: string) => void
}

interface PartitionQueue {
  readonly partition: number
  isInFlight: boolean
  nextSequence: number
  accepted: number
  acknowledged: number
  readonly waiting: RecordData[]
}

/** Who waits until the partitions have so many records in the log. */
interface Flush {
  readonly targets: readonly { readonly queue: PartitionQueue; readonly accepted: number }[]
  readonly onFlushed: () => void
}

type InitResponse = ResponseTo<Extract<KafkaRequest, { type: 'init-producer-id' }>>

export class IdempotentProducer {
  readonly #options: IdempotentProducerOptions
  readonly #partitions = new Map<number, PartitionQueue>()
  #producer: { readonly producerId: number; readonly producerEpoch: number } | null = null
  #unacknowledged = 0
  #flushes: Flush[] = []

  constructor(options: IdempotentProducerOptions) {
    this.#options = options
    options.client.toAnyBroker(
      () => ({
        type: 'init-producer-id' as const,
        transactionalId: null,
        transactionTimeoutMs: 0,
      }),
      (outcome) => this.#onInitialized(outcome),
    )
  }

  /** Records accepted but not yet acknowledged by the broker. */
  get unacknowledged(): number {
    return this.#unacknowledged
  }

  add(partition: number, record: RecordData): void {
    let queue = this.#partitions.get(partition)
    if (queue === undefined) {
      queue = {
        partition,
        isInFlight: false,
        nextSequence: 0,
        accepted: 0,
        acknowledged: 0,
        waiting: [],
      }
      this.#partitions.set(partition, queue)
    }
    queue.waiting.push(record)
    queue.accepted += 1
    this.#unacknowledged += 1
  }

  /** Sends what is waiting; what waits behind a batch in flight follows by itself. */
  send(): void {
    for (const queue of this.#partitions.values()) this.#sendNext(queue)
  }

  /** Calls back, in a later turn, when everything accepted so far is in the log; what follows does not count. */
  flush(onFlushed: () => void): void {
    const queues = [...this.#partitions.values()]
    const targets = queues.map((queue) => ({ queue, accepted: queue.accepted }))
    this.#flushes.push({ targets, onFlushed })
    this.send()
  }

  #onInitialized(outcome: Outcome<InitResponse>): Decision {
    const error = outcome.type === 'answered' ? outcome.response.error : null
    const retry = retryAfter(error)
    if (retry !== null || outcome.type === 'timed-out') return retry ?? 'retry'
    if (error !== 'NONE') return this.#refused('InitProducerId', outcome.response.error)
    const { producerId, producerEpoch } = outcome.response
    this.#producer = { producerId, producerEpoch }
    this.send()
    return 'done'
  }

  #sendNext(queue: PartitionQueue): void {
    if (this.#producer === null || queue.isInFlight || queue.waiting.length === 0) return
    queue.isInFlight = true
    const { topic, client } = this.#options
    const { partition } = queue
    const records = queue.waiting.splice(0, BATCH_RECORDS_MAX)
    const batch: ProducedBatch = {
      ...this.#producer,
      baseSequence: queue.nextSequence,
      isTransactional: false,
      records,
    }
    queue.nextSequence += records.length
    const at = { topic, partition }
    produceBatch(client, { at, transactionalId: null, batch }, (refusal) => {
      if (refusal !== null) {
        this.#refused('Produce', refusal)
        return
      }
      queue.isInFlight = false
      this.#unacknowledged -= records.length
      queue.acknowledged += records.length
      this.#endFlushes()
      this.#options.onAcknowledged(records.length)
      this.#sendNext(queue)
    })
  }

  #endFlushes(): void {
    const ended = this.#flushes.filter(({ targets }) =>
      targets.every(({ queue, accepted }) => queue.acknowledged >= accepted),
    )
    this.#flushes = this.#flushes.filter((flush) => !ended.includes(flush))
    for (const { onFlushed } of ended) onFlushed()
  }

  #refused(request: string, error: KafkaError): Decision {
    const { topic, onFailure } = this.#options
    onFailure(`${request} of the producer to "${topic}" was refused: ${error}.`)
    return 'done'
  }
}
