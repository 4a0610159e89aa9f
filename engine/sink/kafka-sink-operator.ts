/**
 * The exactly-once Kafka sink: writer and committer in one operator, one transaction per checkpoint and subtask.
 * At a barrier the open transaction is sealed and its snapshot waits until the broker has every record (pre-commit);
 * it is committed when the checkpoint completed, again after a restore, and always in the order of the checkpoints.
 * Unlike Flink's writer this one does not stop at the barrier: the next transaction fills while the sealed one flushes,
 * but sends nothing before that, so that the log keeps the order of the records.
 * Source: Flink Sink V2 and KafkaSink (flink-semantics.md 2.1); invariants X2, X3, X4, T1 to T3.
 */
import { present } from '../assert.ts'
import type { OperatorStateEntry } from '../checkpoint/snapshot-handle.ts'
import { checkpointId } from '../ids.ts'
import type { CheckpointId } from '../ids.ts'
import { KafkaClient } from '../kafka/kafka-client.ts'
import { endTransaction } from '../kafka/transactional-producer.ts'
import type {
  Operator,
  OperatorContext,
  OperatorSnapshot,
  SnapshotContext,
} from '../operator/operator.ts'
import { encodeRecord, LINGER_MS, partitionOf, PENDING_RECORDS_MAX } from './kafka-record.ts'
import { encodeSinkState, formerParallelism, ownCommittables } from './kafka-sink-state.ts'
import { transactionalPrefix } from './sink-spec.ts'
import type { KafkaSinkSpec } from './sink-spec.ts'
import { SinkTransaction } from './sink-transaction.ts'
import type { PartitionOf } from './sink-transaction.ts'
import { TransactionPool } from './transaction-pool.ts'

export class KafkaSinkOperator implements Operator {
  readonly uid: string
  readonly #spec: KafkaSinkSpec
  readonly #context: OperatorContext
  readonly #client: KafkaClient
  /** Oldest first; only the last may be open. */
  readonly #transactions: SinkTransaction[] = []
  readonly #partitionOf: PartitionOf = (record) =>
    partitionOf(record, this.#partitions, this.#context)
  #pool: TransactionPool | null = null
  #partitions = 0
  #lingers = false
  #latestCompleted = checkpointId(0)
  #isClosed = false

  constructor(spec: KafkaSinkSpec, context: OperatorContext) {
    this.uid = context.uid
    this.#spec = spec
    this.#context = context
    // A connection of its own: several sinks may be chained in one subtask.
    const clientId = `${context.uid}-${context.subtaskIndex}`
    this.#client = new KafkaClient(context.runtime, context.broker, clientId)
  }

  get isAvailable(): boolean {
    return this.#partitions > 0 && this.#pendingRecords < PENDING_RECORDS_MAX
  }

  get hasUncommitted(): boolean {
    return this.#transactions.some(({ status }) => status !== 'committed')
  }

  open(restored: readonly OperatorStateEntry[], restoredFrom: CheckpointId | null): void {
    const committables = ownCommittables(restored, this.#context)
    for (const committable of committables) {
      const from = restoredFrom ?? committable.checkpoint
      this.#transactions.push(SinkTransaction.restore(committable, from))
    }
    if (restoredFrom !== null) this.#latestCompleted = restoredFrom
    const isFencedFirst = committables.length > 0 && this.#mutant('fence-before-recommit')
    const prepared = new Set(committables.map(({ handle }) => handle.transactionalId))
    this.#openPool(isFencedFirst ? new Set() : prepared, formerParallelism(restored))
    this.#commitNext()
    this.#client.partitionsOf(this.#spec.topic, (partitions) => {
      this.#partitions = partitions.length
      if (this.#transactions.length > 0) this.#assignProducers()
      this.#context.wake()
    })
  }

  process(value: unknown, timestamp: number): void {
    const record = encodeRecord(this.#spec, this.#context, value, timestamp)
    this.#openTransaction().add(record, this.#partitionOf)
    this.#linger()
  }

  snapshot(context: SnapshotContext): OperatorSnapshot {
    const { checkpoint } = context
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
        transaction.whenPrepared(context.hold())
      }
    }
    return () => {
      const committables = this.#mutant('handles-not-in-snapshot')
        ? []
        : named.map((transaction) => transaction.committable)
      return encodeSinkState(committables, this.#context.parallelism)
    }
  }

  notifyComplete(checkpoint: CheckpointId): void {
    this.#latestCompleted = checkpoint
    this.#recycleUnnamed()
    this.#commitNext()
  }

  close(): void {
    this.#isClosed = true
    this.#client.close()
  }

  #openPool(prepared: ReadonlySet<string>, former: number): void {
    const { subtaskIndex, parallelism, attempt, jobName } = this.#context
    const prefix = transactionalPrefix(this.#spec, jobName, this.uid)
    const orphanIndexes: number[] = []
    for (let i = subtaskIndex + parallelism; i < former; i += parallelism) orphanIndexes.push(i)
    this.#pool = new TransactionPool(
      {
        client: this.#client,
        mutants: this.#context.mutants,
        topic: this.#spec.topic,
        transactionTimeoutMs: this.#spec.transactionTimeoutMs,
        prefix: this.#mutant('random-transactional-id') ? `${prefix}-attempt-${attempt}` : prefix,
        subtaskIndex,
        orphanIndexes,
        onReady: () => {
          this.#assignProducers()
        },
        onAcknowledged: (records) => {
          this.#onAcknowledged(records)
        },
        onFenced: (handle) => {
          this.#context.runtime.trace({
            type: 'transaction-fenced',
            subtask: this.#context.subtask,
            ...handle,
          })
        },
        onFailure: (reason) => {
          this.#context.fail(reason)
        },
      },
      prepared,
    )
  }

  get #pendingRecords(): number {
    let pending = 0
    for (const transaction of this.#transactions) pending += transaction.unacknowledged
    return pending
  }

  /** Wakes the subtask when there is room again: nothing else would, as long as its input stands still. */
  #onAcknowledged(records: number): void {
    const pending = this.#pendingRecords
    const wasFull = pending + records >= PENDING_RECORDS_MAX
    if (wasFull && pending < PENDING_RECORDS_MAX) this.#context.wake()
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
    // Timers and answers of services do not ask whether the sink is available: what they write has to wait.
    if (this.#partitions === 0) return
    const pool = present(this.#pool, `${this.uid} is not open.`)
    for (const transaction of this.#transactions) {
      if (transaction.hasProducer) continue
      const producer = pool.take()
      if (producer === null) return
      transaction.useProducer(producer, this.#partitionOf)
      this.#context.runtime.trace({
        type: 'transaction-opened',
        subtask: this.#context.subtask,
        ...producer.handle,
      })
    }
    this.#linger()
  }

  /** A sealed transaction needs an id; when none can become free by itself, waiting would be for ever. */
  #demandProducer(checkpoint: CheckpointId): void {
    if (!present(this.#pool, `${this.uid} is not open.`).isExhausted) return
    this.#context.fail(
      `The sink "${this.uid}" has no transactional id left for checkpoint ${checkpoint}: ` +
        'too many checkpoints were aborted or their completion was not reported.',
    )
  }

  #linger(): void {
    if (this.#lingers) return
    this.#lingers = true
    this.#context.runtime.schedule(LINGER_MS, 'sink-linger', () => {
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
      const { runtime, subtask } = this.#context
      runtime.trace({ type: 'transaction-prepared', subtask, checkpoint, ...handle })
      this.#send()
      if (this.#mutant('commit-on-pre-commit')) this.#latestCompleted = checkpoint
      this.#commitNext()
      this.#context.wake()
    })
  }

  /** Commits the oldest transaction whose checkpoint completed; the next one follows when it is done. */
  #commitNext(): void {
    const transaction = this.#transactions.find(({ status }) => status !== 'committed')
    if (transaction?.status !== 'prepared') return
    const { checkpoint, handle, begin } = transaction.committable
    if (checkpoint > this.#latestCompleted) return
    transaction.status = 'committing'
    const isAborted = transaction.isRestored && this.#mutant('abort-on-restore')
    const result = isAborted ? 'abort' : 'commit'
    endTransaction(this.#client, { handle, begin }, result, (ended) => {
      if (this.#isClosed) return
      if (ended.type === 'lost') {
        this.#context.fail(ended.reason)
        return
      }
      transaction.status = 'committed'
      const { isRestored } = transaction
      const { runtime, subtask } = this.#context
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
      this.#context.wake()
    })
  }

  /** A savepoint named it, and a later checkpoint committed it before its id was used again. */
  #reclaim(transaction: SinkTransaction): void {
    this.#transactions.splice(this.#transactions.indexOf(transaction), 1)
    present(this.#pool, `${this.uid} is not open.`).reclaim(transaction.handle.transactionalId)
  }

  /** Reuses the ids of committed transactions that no restorable checkpoint names any more. */
  #recycleUnnamed(): void {
    const pool = present(this.#pool, `${this.uid} is not open.`)
    const kept: SinkTransaction[] = []
    for (const transaction of this.#transactions) {
      const { status, lastNamedBy } = transaction
      if (status === 'committed' && lastNamedBy !== null && lastNamedBy < this.#latestCompleted) {
        const { transactionalId } = transaction.handle
        if (pool.owns(transactionalId)) pool.recycle(transactionalId)
      } else {
        kept.push(transaction)
      }
    }
    this.#transactions.splice(0, this.#transactions.length, ...kept)
  }

  #mutant(name: Parameters<OperatorContext['mutants']['active']>[0]): boolean {
    return this.#context.mutants.active(name)
  }
}
