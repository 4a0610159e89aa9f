/**
 * One transaction of a sink subtask, from its first record to its commit. It may collect records before a
 * transactional id is free for it; its records reach the log only when it is its turn (see transaction-queue.ts).
 *
 *   open ──barrier──▶ sealed ──all records in the log──▶ prepared ──checkpoint completed──▶ committing ──▶ committed
 */
import { assert, present } from '../assert.ts'
import type { CheckpointId } from '../ids.ts'
import type { PartitionOffset, RecordData } from '../kafka/protocol.ts'
import type { TransactionHandle, TransactionalProducer } from '../kafka/transactional-producer.ts'

export type SinkTransactionStatus = 'open' | 'sealed' | 'prepared' | 'committing' | 'committed'

/** What a snapshot keeps of a prepared transaction (Flink KafkaCommittable). */
export interface Committable {
  readonly checkpoint: CheckpointId
  readonly handle: TransactionHandle
  /** Where one of its records lies; null when the broker did not say. */
  readonly begin: PartitionOffset | null
}

export type PartitionOf = (record: RecordData) => number

export class SinkTransaction {
  status: SinkTransactionStatus = 'open'
  /** The checkpoint that commits it; null while it is open. */
  checkpoint: CheckpointId | null = null
  /** The newest checkpoint whose snapshot names it: while that can be restored the id must not be reused. */
  lastNamedBy: CheckpointId | null = null
  readonly isRestored: boolean
  #handle: TransactionHandle | null = null
  /** Of a restored one. */
  #begin: PartitionOffset | null = null
  #producer: TransactionalProducer | null = null
  readonly #onPrepared: (() => void)[] = []
  /** Until there is a producer for them, they have no partition either. */
  #collected: RecordData[] = []
  #isFlushing = false

  private constructor(isRestored: boolean) {
    this.isRestored = isRestored
  }

  static open(): SinkTransaction {
    return new SinkTransaction(false)
  }

  /** A prepared transaction out of the snapshot of `restoredFrom`. */
  static restore(
    { checkpoint, handle, begin }: Committable,
    restoredFrom: CheckpointId,
  ): SinkTransaction {
    const transaction = new SinkTransaction(true)
    transaction.status = 'prepared'
    transaction.checkpoint = checkpoint
    transaction.lastNamedBy = restoredFrom
    transaction.#handle = handle
    transaction.#begin = begin
    return transaction
  }

  get hasProducer(): boolean {
    return this.#producer !== null || this.isRestored
  }

  get handle(): TransactionHandle {
    return present(this.#handle, 'A transaction without producer has no handle.')
  }

  get committable(): Committable {
    return {
      checkpoint: present(this.checkpoint, 'An open transaction in a snapshot.'),
      handle: this.handle,
      begin: this.#producer?.begin ?? this.#begin,
    }
  }

  /** Records that are not yet in the log. */
  get unacknowledged(): number {
    return this.#collected.length + (this.#producer?.unacknowledged ?? 0)
  }

  get isEmpty(): boolean {
    return this.#collected.length === 0 && this.#producer?.state !== 'writing'
  }

  add(record: RecordData, partitionOf: PartitionOf): void {
    assert(this.status === 'open', `A record came to a ${this.status} transaction.`)
    if (this.#producer === null) this.#collected.push(record)
    else this.#producer.add(partitionOf(record), record)
  }

  useProducer(producer: TransactionalProducer, partitionOf: PartitionOf): void {
    this.#producer = producer
    this.#handle = producer.handle
    for (const record of this.#collected) producer.add(partitionOf(record), record)
    this.#collected = []
  }

  seal(checkpoint: CheckpointId): void {
    assert(this.status === 'open', `A ${this.status} transaction was sealed.`)
    this.status = 'sealed'
    this.checkpoint = checkpoint
  }

  /** For a sealed transaction: calls back once it is prepared. */
  whenPrepared(callback: () => void): void {
    assert(this.status === 'sealed', `A ${this.status} transaction was waited for.`)
    this.#onPrepared.push(callback)
  }

  /** Sends what was collected; once sealed, goes on until everything is in the log. */
  send(onFlushed: () => void): void {
    const producer = this.#producer
    if (producer === null || this.isEmpty) return
    if (this.status === 'open') producer.send()
    if (this.status !== 'sealed' || this.#isFlushing) return
    this.#isFlushing = true
    producer.flush(() => {
      producer.prepare()
      this.markPrepared()
      onFlushed()
    })
  }

  markPrepared(): void {
    this.status = 'prepared'
    for (const callback of this.#onPrepared.splice(0)) callback()
  }
}
