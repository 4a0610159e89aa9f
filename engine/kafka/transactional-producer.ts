/**
 * The writer of one transaction under one transactional id. The protocol is Kafka's, transaction
 * version 1 (K-R22 to K-R26): InitProducerId before it, so that a late EndTxn of a former one is fenced;
 * partitions are added before they are written; one batch in flight per partition; a repeated batch keeps its sequence.
 *
 *   fresh ──initialize──▶ initializing ──▶ ready ──first record──▶ writing ──all in the log──▶ prepared
 *
 * Any state may go to `failed`, which the owner turns into the failure of its subtask.
 */
import { assert } from '../assert.ts'
import type { Mutants } from '../mutants.ts'
import { retryAfter } from './kafka-client.ts'
import type { Decision, KafkaClient, Outcome } from './kafka-client.ts'
import { BATCH_RECORDS_MAX, produceBatch } from './produce-batch.ts'
import type {
  KafkaError,
  KafkaRequest,
  PartitionOffset,
  ProducedBatch,
  RecordData,
  ResponseTo,
} from './protocol.ts'
import { findOutcome } from './transaction-outcome.ts'
import type { TransactionOutcome } from './transaction-outcome.ts'

/** Identifies a transaction after its writer is gone; enough to commit it (kafka-clients.md 1.5). */
export interface TransactionHandle {
  readonly transactionalId: string
  readonly producerId: number
  readonly producerEpoch: number
}

export type ProducerState = 'fresh' | 'initializing' | 'ready' | 'writing' | 'prepared' | 'failed'

const TRANSITIONS: Readonly<Record<ProducerState, readonly ProducerState[]>> = {
  fresh: ['initializing', 'failed'],
  initializing: ['ready', 'failed'],
  ready: ['writing', 'failed'],
  writing: ['prepared', 'failed'],
  prepared: ['failed'],
  failed: [],
}

interface PartitionQueue {
  readonly partition: number
  isAdded: boolean
  isInFlight: boolean
  nextSequence: number
  waiting: RecordData[]
}

export interface TransactionalProducerOptions {
  readonly client: KafkaClient
  readonly transactionalId: string
  readonly topic: string
  readonly transactionTimeoutMs: number
  /** So many more records are in the broker's log, from that offset on, if the broker says so. */
  readonly onAcknowledged: (records: number, baseOffset: number | null) => void
  readonly mutants?: Mutants
  /** A refusal that no retry cures. */
  readonly onFailure: (reason: string) => void
}

type InitResponse = ResponseTo<Extract<KafkaRequest, { type: 'init-producer-id' }>>

export class TransactionalProducer {
  readonly transactionalId: string
  readonly #options: TransactionalProducerOptions
  readonly #partitions = new Map<number, PartitionQueue>()
  #state: ProducerState = 'fresh'
  #producerId = -1
  #producerEpoch = -1
  #begin: PartitionOffset | null = null
  #unacknowledged = 0
  #maySend = false
  #onFlushed: (() => void) | null = null

  constructor(options: TransactionalProducerOptions) {
    this.#options = options
    this.transactionalId = options.transactionalId
  }

  get state(): ProducerState {
    return this.#state
  }

  get handle(): TransactionHandle {
    assert(this.#producerId >= 0, `${this.transactionalId} has no producer id yet.`)
    const { transactionalId } = this
    return { transactionalId, producerId: this.#producerId, producerEpoch: this.#producerEpoch }
  }

  /** Where one of its records lies; null when the broker did not say. */
  get begin(): PartitionOffset | null {
    return this.#begin
  }

  /** Records accepted but not yet acknowledged by the broker. */
  get unacknowledged(): number {
    return this.#unacknowledged
  }

  /** Gets a new epoch: fences every older user of the id and aborts what it left open. */
  initialize(onReady: () => void): void {
    this.#go('initializing')
    const { client, transactionTimeoutMs } = this.#options
    client.toCoordinator(
      { keyType: 'transaction', key: this.transactionalId },
      () => ({
        type: 'init-producer-id' as const,
        transactionalId: this.transactionalId,
        transactionTimeoutMs,
      }),
      (outcome) => this.#onInitialized(outcome, onReady),
    )
  }

  add(partition: number, record: RecordData): void {
    if (this.#state === 'ready') this.#go('writing')
    assert(this.#state === 'writing', `${this.transactionalId} got a record while ${this.#state}.`)
    this.#queue(partition).waiting.push(record)
    this.#unacknowledged += 1
  }

  /** Starts sending what is waiting and goes on until everything is acknowledged. */
  send(): void {
    this.#maySend = true
    for (const queue of this.#partitions.values()) this.#sendNext(queue)
  }

  /** Calls back when every record of the transaction is in the broker's log. */
  flush(onFlushed: () => void): void {
    assert(this.#onFlushed === null, `${this.transactionalId} is already being flushed.`)
    this.#onFlushed = onFlushed
    this.send()
    this.#checkFlushed()
  }

  /** No record of this transaction will follow; from now on it can be committed. */
  prepare(): TransactionHandle {
    this.#go('prepared')
    return this.handle
  }

  #onInitialized(outcome: Outcome<InitResponse>, onReady: () => void): Decision {
    const retry = retryAfter(outcome.type === 'answered' ? outcome.response.error : null)
    if (retry !== null || outcome.type === 'timed-out') return retry ?? 'rediscover'
    const { error, producerId, producerEpoch } = outcome.response
    if (error !== 'NONE') {
      this.#fail(`InitProducerId of ${this.transactionalId} was refused: ${error}.`)
      return 'done'
    }
    this.#producerId = producerId
    this.#producerEpoch = producerEpoch
    this.#go('ready')
    onReady()
    return 'done'
  }

  #queue(partition: number): PartitionQueue {
    let queue = this.#partitions.get(partition)
    if (queue === undefined) {
      queue = { partition, isAdded: false, isInFlight: false, nextSequence: 0, waiting: [] }
      this.#partitions.set(partition, queue)
    }
    return queue
  }

  #sendNext(queue: PartitionQueue): void {
    if (!this.#maySend || queue.isInFlight || queue.waiting.length === 0) return
    queue.isInFlight = true
    if (queue.isAdded) this.#produce(queue)
    else this.#addPartition(queue)
  }

  #addPartition(queue: PartitionQueue): void {
    const { topic, client } = this.#options
    client.toCoordinator(
      { keyType: 'transaction', key: this.transactionalId },
      () => ({
        type: 'add-partitions-to-txn' as const,
        ...this.handle,
        partitions: [{ topic, partition: queue.partition }],
      }),
      (outcome) => {
        const error =
          outcome.type === 'answered' ? (outcome.response.partitions[0]?.error ?? 'NONE') : null
        const retry = retryAfter(error)
        if (retry !== null) return retry
        if (error !== null && error !== 'NONE') return this.#refused('AddPartitionsToTxn', error)
        queue.isAdded = true
        this.#produce(queue)
        return 'done'
      },
    )
  }

  #produce(queue: PartitionQueue): void {
    const { topic, client, mutants } = this.#options
    const waiting = queue.waiting.splice(0, BATCH_RECORDS_MAX)
    const records = mutants?.active('batch-reversed') === true ? waiting.toReversed() : waiting
    const { partition } = queue
    const batch: ProducedBatch = {
      producerId: this.#producerId,
      producerEpoch: this.#producerEpoch,
      baseSequence: queue.nextSequence,
      isTransactional: true,
      records,
    }
    queue.nextSequence += records.length
    const { transactionalId } = this
    produceBatch(
      client,
      { at: { topic, partition }, transactionalId, batch },
      (refusal, offset) => {
        if (refusal !== null) {
          this.#refused('Produce', refusal)
          return
        }
        if (offset !== null) this.#begin ??= { topic, partition, offset }
        queue.isInFlight = false
        this.#unacknowledged -= records.length
        this.#options.onAcknowledged(records.length, offset)
        this.#sendNext(queue)
        this.#checkFlushed()
      },
    )
  }

  #checkFlushed(): void {
    const onFlushed = this.#onFlushed
    if (this.#unacknowledged > 0 || onFlushed === null) return
    this.#onFlushed = null
    onFlushed()
  }

  #refused(request: string, error: KafkaError): Decision {
    this.#fail(`${request} of ${this.transactionalId} was refused: ${error}.`)
    return 'done'
  }

  #fail(reason: string): void {
    if (this.#state === 'failed') return
    this.#go('failed')
    this.#options.onFailure(reason)
  }

  #go(next: ProducerState): void {
    assert(
      TRANSITIONS[this.#state].includes(next),
      `${this.transactionalId} cannot go from ${this.#state} to ${next}.`,
    )
    this.#state = next
  }
}

/** A transaction, and where one of its records lies, if that is known. */
export interface EndedTransaction {
  readonly handle: TransactionHandle
  readonly begin: PartitionOffset | null
}

/** `committed-before`: its id has been used again since. */
export type EndResult =
  | { readonly type: 'ended' }
  | { readonly type: 'committed-before' }
  | { readonly type: 'lost'; readonly reason: string }

/**
 * Ends a transaction by its handle, also one of a writer that is gone. Under transaction version 1 a repeated commit is
 * answered with success. A refusal means that the broker aborted the transaction, or that its id has been used again
 * since: then the log tells what became of it, so that no loss is hidden and none is made up (kafka-clients.md 1.5).
 */
export function endTransaction(
  client: KafkaClient,
  { handle, begin }: EndedTransaction,
  result: 'commit' | 'abort',
  onEnded: (result: EndResult) => void,
): void {
  const { transactionalId, producerId } = handle
  client.toCoordinator(
    { keyType: 'transaction', key: transactionalId },
    () => ({ type: 'end-txn' as const, ...handle, result }),
    (outcome) => {
      const error = outcome.type === 'answered' ? outcome.response.error : null
      const retry = retryAfter(error)
      if (retry !== null) return retry
      if (error === null || error === 'NONE') {
        onEnded({ type: 'ended' })
      } else if (begin === null) {
        onEnded({ type: 'lost', reason: describeRefusal(handle, error, 'unknown') })
      } else {
        findOutcome(client, producerId, begin, (found) => {
          if (found === 'committed') onEnded({ type: 'committed-before' })
          else onEnded({ type: 'lost', reason: describeRefusal(handle, error, found) })
        })
      }
      return 'done'
    },
  )
}

function describeRefusal(
  { transactionalId, producerEpoch }: TransactionHandle,
  error: KafkaError,
  outcome: Exclude<TransactionOutcome, 'committed'>,
): string {
  const refusal = `The broker refused to commit transaction ${transactionalId} (epoch ${producerEpoch}): ${error}.`
  return outcome === 'aborted'
    ? `${refusal} It was aborted before its checkpoint could commit it, so its records are lost; ` +
        'the transaction timeout must exceed the checkpoint duration plus the longest restart.'
    : `${refusal} The log does not tell any more whether it was committed before: its records may be lost.`
}
