/**
 * A log of changes in a Kafka topic of its own, compacted, each subtask in its own partition: one transaction for each
 * checkpoint, prepared before the acknowledgement and committed on completion, as a sink's. Epochs in the keys see to it
 * that compaction never takes away what a checkpoint needs that can still be restored (decision 23).
 * Must not know backends or whole states. Source: Kafka Streams' changelog topics (flink-semantics.md 2.3).
 */
import { present } from '../assert.ts'
import type { OperatorStateEntry } from '../checkpoint/snapshot-handle.ts'
import type { CheckpointId } from '../ids.ts'
import type { KafkaClient } from '../kafka/kafka-client.ts'
import type { RecordData } from '../kafka/protocol.ts'
import type { Runtime } from '../runtime.ts'
import { encodeSinkState } from '../sink/kafka-sink-state.ts'
import type { Committable } from '../sink/sink-transaction.ts'
import { TransactionQueue } from '../sink/transaction-queue.ts'
import type { RestoredTransactions, TransactionQueueOptions } from '../sink/transaction-queue.ts'
import type { BatchSize, LogLine, LogPart, StateLog } from '../state/changelog/state-log.ts'
import type { KeyGroupRange } from '../state/key-groups.ts'
import type { SnapshotPart, SnapshotRequest } from '../state/keyed-state-backend.ts'
import type { LogRange } from '../state/lsm/run-manifest.ts'
import type { RowChange } from '../state/rows/row-change.ts'
import { changeRecord, headRecord, tombstone } from './change-records.ts'
import { findObsoleteKeys } from './obsolete-keys.ts'
import { RecordOffsets } from './record-offsets.ts'

/** Before the names of its entries in the operator state of the vertex's head. */
export const CHANGELOG_PREFIX = 'changelog-'

export interface KafkaLogOptions {
  readonly client: KafkaClient
  readonly runtime: Runtime
  readonly transactions: Omit<TransactionQueueOptions, 'client' | 'partitionOf' | 'onAcknowledged'>
  readonly keyGroups: KeyGroupRange
  /** Completed checkpoints that can be restored. */
  readonly retained: number
}

/** What one checkpoint waits for. */
interface Written {
  readonly epoch: number
  committables(): readonly Committable[]
  holds: number
  onWritten: (() => void) | null
}

interface Cleaning {
  readonly to: number
  readonly completed: CheckpointId
  /** So many more checkpoints have to complete before nothing older can be restored. */
  missing: number
}

export class KafkaLog implements StateLog {
  readonly #options: KafkaLogOptions
  #queue: TransactionQueue | null = null
  readonly #offsets = new RecordOffsets()
  readonly #written = new Map<LogLine, Written>()
  #restored: LogRange | null = null
  #confirmed: LogLine = 0
  readonly #linesOf = new Map<CheckpointId, LogLine>()
  /** Lines of whole states; behind each an epoch begins. */
  #divides: readonly LogLine[] = []
  #epoch = 0
  #floor: number | null = null
  /** The oldest checkpoint that needs no record with a tombstone. */
  #oldest = 0
  #cleanings: readonly Cleaning[] = []
  #isCleaning = false
  #cleanedTo = 0
  /** They get their tombstones with the next batch: a transaction of their own would wait for a checkpoint, open. */
  #obsolete: readonly Uint8Array[] = []

  constructor(options: KafkaLogOptions) {
    this.#options = options
  }

  /** Commits what was prepared for the restored checkpoint, and fences what former attempts left open. */
  open(restored: RestoredTransactions): void {
    const { client, transactions } = this.#options
    const partition = transactions.subtaskIndex
    const queue = new TransactionQueue(
      {
        ...transactions,
        client,
        partitionOf: () => partition,
        onAcknowledged: (records, baseOffset) => {
          if (baseOffset !== null) {
            this.#offsets.acknowledge(records, baseOffset)
            return
          }
          const { fail, owner } = transactions
          fail(`${owner} is in the log, but the broker did not say where.`)
        },
      },
      restored,
    )
    this.#queue = queue
    client.partitionsOf(transactions.topic, ({ length }) => {
      if (length > partition) {
        queue.start()
        return
      }
      const { topic, fail, owner, parallelism } = transactions
      fail(
        `${owner} needs a partition for each of its ${parallelism} subtasks, ` +
          `but the topic ${topic} has only ${length}: add partitions, or lower the parallelism.`,
      )
    })
  }

  /** Ends with the log. */
  get client(): KafkaClient {
    return this.#options.client
  }

  get hasUncommitted(): boolean {
    return this.#queue?.hasUncommitted === true
  }

  /** Goes on behind what was restored, as part of the checkpoints to come; false if that was another writer's. */
  continueBehind(restored: LogRange): boolean {
    const { keyGroups, transactions } = this.#options
    const { first, last } = restored.keyGroups
    const isOurs =
      restored.topic === transactions.topic && restored.partition === transactions.subtaskIndex
    if (!isOurs || first !== keyGroups.first || last !== keyGroups.last) return false
    this.#restored = restored
    this.#floor = restored.floor
    this.#oldest = restored.oldest
    return true
  }

  write(line: LogLine, checkpoint: CheckpointId, changes: Iterable<RowChange>): BatchSize {
    if (this.#beginsEpoch(line)) {
      this.#epoch = checkpoint
      this.#floor ??= checkpoint
    }
    const timestamp = Math.floor(this.#options.runtime.now())
    let count = 0
    let bytes = 0
    for (const change of changes) {
      const record = changeRecord(this.#epoch, change, timestamp)
      count += 1
      bytes += (record.key?.length ?? 0) + (record.value?.length ?? 0)
      this.#add(record)
    }
    for (const key of this.#obsolete) this.#add(tombstone(key, timestamp))
    if (count + this.#obsolete.length > 0) {
      const oldest = this.#options.retained === 1 ? checkpoint : this.#oldest
      this.#add(headRecord({ oldest, floor: this.#floor ?? checkpoint }, timestamp))
    }
    this.#obsolete = []
    this.#offsets.draw(line)
    this.#linesOf.set(checkpoint, line)
    this.#seal(line, checkpoint)
    return { count, bytes }
  }

  /** What was confirmed belongs to checkpoints; without a base none of them may be named. */
  reaches(from: LogLine, base: CheckpointId | null): boolean {
    if (base !== null) return true
    return from >= this.#confirmed && (from > 0 || this.#restored === null)
  }

  between(from: LogLine, to: LogLine, _request: SnapshotRequest): LogPart {
    return {
      *parts(): Iterable<SnapshotPart> {
        // There are no objects.
      },
      whenWritten: (onWritten) => {
        const written = present(this.#written.get(to), `Line ${to} was not written.`)
        written.onWritten = () => {
          onWritten(null)
        }
        if (written.holds === 0) onWritten(null)
      },
      range: () => this.#rangeOf(from, to),
      release: () => undefined,
    }
  }

  divide(at: LogLine): void {
    this.#divides = [...this.#divides, at]
  }

  startOver(at: LogLine): void {
    this.divide(at)
    this.#restored = null
    this.#floor = null
    this.#oldest = 0
    this.#obsolete = []
    this.#cleanings = []
  }

  truncate(before: LogLine, completed: CheckpointId): void {
    const to = this.#offsets.startOf(before) ?? this.#offsets.endOf(before) ?? this.#restored?.to
    this.#offsets.forget(before)
    if (to === undefined) return
    const missing = this.#options.retained
    this.#cleanings = [...this.#cleanings, { to, completed, missing }]
  }

  /** `isLast`: no batch will follow. */
  complete(checkpoint: CheckpointId, isLast = false): void {
    this.#opened.complete(checkpoint)
    const line = this.#linesOf.get(checkpoint)
    if (line !== undefined) this.#confirmed = Math.max(this.#confirmed, line)
    for (const older of this.#written.keys()) {
      if (older < this.#confirmed) this.#written.delete(older)
    }
    for (const known of this.#linesOf.keys()) {
      if (known <= checkpoint) this.#linesOf.delete(known)
    }
    for (const cleaning of this.#cleanings) cleaning.missing -= 1
    if (!isLast) this.#clean()
  }

  /** What the snapshot of a checkpoint has to name; of one that the log has no part in, only who fences what. */
  operatorState(checkpoint: CheckpointId): readonly OperatorStateEntry[] {
    const written = this.#written.get(this.#linesOf.get(checkpoint) ?? -1)
    const { parallelism } = this.#options.transactions
    return encodeSinkState(written?.committables() ?? [], parallelism, CHANGELOG_PREFIX)
  }

  close(): void {
    this.#queue?.close()
    this.#options.client.close()
  }

  get #opened(): TransactionQueue {
    return present(this.#queue, 'A log of changes was used before it was opened.')
  }

  #beginsEpoch(line: LogLine): boolean {
    const isBehind = this.#divides.some((at) => at < line)
    // A whole state of this very line, or of a later one, may already be under way.
    this.#divides = this.#divides.filter((at) => at >= line)
    return this.#options.retained > 1 || this.#epoch === 0 || isBehind
  }

  #add(record: RecordData): void {
    this.#offsets.add()
    this.#opened.add(record)
  }

  #seal(line: LogLine, checkpoint: CheckpointId): void {
    const release = (): void => {
      written.holds -= 1
      if (written.holds === 0) written.onWritten?.()
    }
    const written: Written = {
      epoch: this.#epoch,
      committables: () => committables(),
      holds: 0,
      onWritten: null,
    }
    const hold = (): (() => void) => {
      written.holds += 1
      return release
    }
    const committables = this.#opened.snapshot({ checkpoint, hold })
    this.#written.set(line, written)
  }

  #rangeOf(from: LogLine, to: LogLine): LogRange | null {
    const { keyGroups, transactions } = this.#options
    const restored = from === 0 ? this.#restored : null
    const end = this.#offsets.endOf(to) ?? restored?.to ?? null
    if (end === null) return null
    const start = restored?.from ?? this.#offsets.startOf(from) ?? end
    const { epoch } = present(this.#written.get(to), `Line ${to} was not written.`)
    return {
      topic: transactions.topic,
      partition: transactions.subtaskIndex,
      from: Math.min(start, end),
      to: end,
      keyGroups,
      epoch: Math.max(epoch, restored?.epoch ?? 0),
      floor: this.#floor ?? epoch,
      oldest: this.#oldest,
    }
  }

  /** Finds what needs a tombstone: what no checkpoint needs that can be restored. Compaction does the rest. */
  #clean(): void {
    const next = this.#cleanings.findLast(({ missing }) => missing <= 0)
    if (next === undefined || this.#isCleaning) return
    this.#cleanings = this.#cleanings.filter(({ missing }) => missing > 0)
    const { client, runtime, transactions } = this.#options
    const { topic, subtaskIndex: partition } = transactions
    const floor = this.#floor
    this.#isCleaning = true
    findObsoleteKeys({
      client,
      runtime,
      part: {
        topic,
        partition,
        from: this.#cleanedTo,
        to: next.to,
        isolationLevel: 'read_committed',
      },
      floor: floor ?? Number.POSITIVE_INFINITY,
      onKeys: (keys) => {
        this.#isCleaning = false
        if (keys === null || floor !== this.#floor) return
        this.#cleanedTo = next.to
        this.#oldest = Math.max(this.#oldest, next.completed)
        this.#obsolete = [...this.#obsolete, ...keys]
      },
    })
  }
}
