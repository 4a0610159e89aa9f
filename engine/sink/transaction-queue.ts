/**
 * The transactions of one writer, one for each checkpoint: filled, sealed at the barrier, prepared when the broker has
 * every record, committed in the order of the checkpoints when theirs completed, and again after a restore. The next one
 * fills while the sealed one flushes, but sends nothing before that, so that the log keeps the order of the records.
 * Must not know what the records mean. Source: Flink Sink V2 and KafkaSink (flink-semantics.md 2.1); X2, X3, X4.
 */
import { checkpointId } from '../ids.ts'
import type { CheckpointId, SubtaskId } from '../ids.ts'
import type { KafkaClient } from '../kafka/kafka-client.ts'
import type { RecordData } from '../kafka/protocol.ts'
import { endTransaction } from '../kafka/transactional-producer.ts'
import type { TransactionalProducerOptions } from '../kafka/transactional-producer.ts'
import type { Mutants } from '../mutants.ts'
import type { SnapshotContext } from '../operator/operator.ts'
import type { Runtime } from '../runtime.ts'
import { LINGER_MS } from './kafka-record.ts'
import { SinkTransaction } from './sink-transaction.ts'
import type { Committable, PartitionOf } from './sink-transaction.ts'
import { TransactionPool } from './transaction-pool.ts'

export interface TransactionQueueOptions {
  readonly client: KafkaClient
  readonly runtime: Runtime
  readonly mutants: Mutants
  readonly subtask: SubtaskId
  readonly subtaskIndex: number
  readonly parallelism: number
  readonly attempt: number
  /** Begins the sentence about a failure, as `The sink "out"`. */
  readonly owner: string
  readonly topic: string
  readonly prefix: string
  readonly transactionTimeoutMs: number
  readonly partitionOf: PartitionOf
  readonly onAcknowledged: TransactionalProducerOptions['onAcknowledged']
  /** Something was prepared or committed. */
  wake(): void
  fail(reason: string): void
}

/** What a restored writer begins with. */
export interface RestoredTransactions {
  /** Prepared ones that this writer commits, in the order of their checkpoints. */
  readonly committables: readonly Committable[]
  /** Null on a fresh start. */
  readonly restoredFrom: CheckpointId | null
  /** The highest that wrote them; 0 on a fresh start. */
  readonly formerParallelism: number
}

export class TransactionQueue {
  readonly #options: TransactionQueueOptions
  /** Oldest first; only the last may be open. */
  readonly #transactions: SinkTransaction[] = []
  readonly #pool: TransactionPool
  #mayWrite = false
  #lingers = false
  #latestCompleted = checkpointId(0)
  #isClosed = false

  /** Commits what was prepared, and fences everything else that former attempts may have left open. */
  constructor(options: TransactionQueueOptions, restored: RestoredTransactions) {
    this.#options = options
    const { committables, restoredFrom, formerParallelism } = restored
    for (const committable of committables) {
      const from = restoredFrom ?? committable.checkpoint
      this.#transactions.push(SinkTransaction.restore(committable, from))
    }
    if (restoredFrom !== null) this.#latestCompleted = restoredFrom
    const isFencedFirst = committables.length > 0 && this.#mutant('fence-before-recommit')
    const prepared = new Set(committables.map(({ handle }) => handle.transactionalId))
    this.#pool = this.#openPool(isFencedFirst ? new Set() : prepared, formerParallelism)
    this.#commitNext()
  }

  /** The partitions are known: transactions may have producers from now on. */
  start(): void {
    this.#mayWrite = true
    if (this.#transactions.length > 0) this.#assignProducers()
  }

  get mayWrite(): boolean {
    return this.#mayWrite
  }

  /** Records that are not yet in the log. */
  get unacknowledged(): number {
    let pending = 0
    for (const transaction of this.#transactions) pending += transaction.unacknowledged
    return pending
  }

  get hasUncommitted(): boolean {
    return this.#transactions.some(({ status }) => status !== 'committed')
  }

  add(record: RecordData): void {
    this.#openTransaction().add(record, this.#options.partitionOf)
    this.#linger()
  }

  /** Seals the open transaction. Yields, once every hold is released, what the snapshot has to name. */
  snapshot({ checkpoint, hold }: SnapshotContext): () => readonly Committable[] {
    const open = this.#transactions.at(-1)
    if (open !== undefined && open.status === 'open' && !open.isEmpty) {
      open.seal(checkpoint)
      if (!open.hasProducer) this.#demandProducer(checkpoint)
      this.#send()
    }
    const named = this.#transactions.filter(
      ({ status }) => status !== 'open' && status !== 'committed',
    )
    for (const transaction of named) {
      transaction.lastNamedBy = checkpoint
      // Also one of an earlier, aborted checkpoint that is still on its way to the log.
      if (transaction.status === 'sealed' && !this.#mutant('flush-omitted')) {
        transaction.whenPrepared(hold())
      }
    }
    return () =>
      this.#mutant('handles-not-in-snapshot')
        ? []
        : named.map((transaction) => transaction.committable)
  }

  complete(checkpoint: CheckpointId): void {
    this.#latestCompleted = checkpoint
    this.#recycleUnnamed()
    this.#commitNext()
  }

  close(): void {
    this.#isClosed = true
  }

  #openPool(prepared: ReadonlySet<string>, former: number): TransactionPool {
    const { client, mutants, topic, transactionTimeoutMs, subtaskIndex } = this.#options
    const { parallelism, attempt, prefix, runtime, subtask, onAcknowledged } = this.#options
    const orphanIndexes: number[] = []
    for (let i = subtaskIndex + parallelism; i < former; i += parallelism) orphanIndexes.push(i)
    return new TransactionPool(
      {
        client,
        mutants,
        topic,
        transactionTimeoutMs,
        prefix: this.#mutant('random-transactional-id') ? `${prefix}-attempt-${attempt}` : prefix,
        subtaskIndex,
        orphanIndexes,
        onReady: () => {
          this.#assignProducers()
        },
        onAcknowledged,
        onFenced: (handle) => {
          runtime.trace({ type: 'transaction-fenced', subtask, ...handle })
        },
        onFailure: (reason) => {
          this.#options.fail(reason)
        },
      },
      prepared,
    )
  }

  #openTransaction(): SinkTransaction {
    const last = this.#transactions.at(-1)
    if (last?.status === 'open') return last
    const transaction = SinkTransaction.open()
    this.#transactions.push(transaction)
    this.#assignProducers()
    return transaction
  }

  /** Gives free transactional ids to the transactions that wait for one, oldest first. */
  #assignProducers(): void {
    // Timers and answers of services do not ask whether the writer is available: what they write has to wait.
    if (!this.#mayWrite) return
    const { runtime, subtask, partitionOf } = this.#options
    for (const transaction of this.#transactions) {
      if (transaction.hasProducer) continue
      const producer = this.#pool.take()
      if (producer === null) return
      transaction.useProducer(producer, partitionOf)
      runtime.trace({ type: 'transaction-opened', subtask, ...producer.handle })
    }
    this.#linger()
  }

  /** A sealed transaction needs an id; when none can become free by itself, waiting would be for ever. */
  #demandProducer(checkpoint: CheckpointId): void {
    if (!this.#pool.isExhausted) return
    this.#options.fail(
      `${this.#options.owner} has no transactional id left for checkpoint ${checkpoint}: ` +
        'too many checkpoints were aborted or their completion was not reported.',
    )
  }

  #linger(): void {
    if (this.#lingers) return
    this.#lingers = true
    this.#options.runtime.schedule(LINGER_MS, 'sink-linger', () => {
      this.#lingers = false
      if (!this.#isClosed) this.#send()
    })
  }

  /** Only the oldest transaction that is not yet in the log sends: the log keeps the order of the records. */
  #send(): void {
    const oldest = this.#transactions.find(({ status }) => status === 'open' || status === 'sealed')
    if (oldest?.status === 'sealed' && oldest.hasProducer && this.#mutant('flush-omitted')) {
      oldest.send(() => undefined)
      oldest.markPrepared()
      return
    }
    oldest?.send(() => {
      if (this.#isClosed) return
      const { checkpoint, handle } = oldest.committable
      const { runtime, subtask } = this.#options
      runtime.trace({ type: 'transaction-prepared', subtask, checkpoint, ...handle })
      this.#send()
      if (this.#mutant('commit-on-pre-commit')) this.#latestCompleted = checkpoint
      this.#commitNext()
      this.#options.wake()
    })
  }

  /** Commits the oldest transaction whose checkpoint completed; the next one follows when it is done. */
  #commitNext(): void {
    const oldest = this.#transactions.find(({ status }) => status !== 'committed')
    const newest = this.#transactions.findLast(({ status }) => status === 'prepared')
    const transaction = this.#mutant('commits-newest-first') ? newest : oldest
    if (transaction?.status !== 'prepared') return
    const { checkpoint, handle, begin } = transaction.committable
    if (checkpoint > this.#latestCompleted) return
    transaction.status = 'committing'
    const { client, runtime, subtask } = this.#options
    const isAborted = transaction.isRestored && this.#mutant('abort-on-restore')
    const result = isAborted ? 'abort' : 'commit'
    endTransaction(client, { handle, begin }, result, (ended) => {
      if (this.#isClosed) return
      if (ended.type === 'lost') {
        this.#options.fail(ended.reason)
        return
      }
      transaction.status = 'committed'
      const { isRestored } = transaction
      runtime.trace({
        type: 'transaction-committed',
        subtask,
        checkpoint,
        isRecommit: isRestored,
        ...handle,
      })
      if (ended.type === 'committed-before') this.#reclaim(transaction)
      this.#recycleUnnamed()
      this.#commitNext()
      this.#options.wake()
    })
  }

  /** A savepoint named it, and a later checkpoint committed it before its id was used again. */
  #reclaim(transaction: SinkTransaction): void {
    this.#transactions.splice(this.#transactions.indexOf(transaction), 1)
    this.#pool.reclaim(transaction.handle.transactionalId)
  }

  /** Reuses the ids of committed transactions that no restorable checkpoint names any more. */
  #recycleUnnamed(): void {
    const kept: SinkTransaction[] = []
    for (const transaction of this.#transactions) {
      const { status, lastNamedBy } = transaction
      if (status === 'committed' && lastNamedBy !== null && lastNamedBy < this.#latestCompleted) {
        const { transactionalId } = transaction.handle
        if (this.#pool.owns(transactionalId)) this.#pool.recycle(transactionalId)
      } else {
        kept.push(transaction)
      }
    }
    this.#transactions.splice(0, this.#transactions.length, ...kept)
  }

  #mutant(name: Parameters<Mutants['active']>[0]): boolean {
    return this.#options.mutants.active(name)
  }
}
