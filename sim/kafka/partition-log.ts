/**
 * The log of one partition on one replica: batches, offsets, the high watermark, the last stable offset, and the
 * producers that wrote it. It decides what may be appended and what may be read; it knows no topics, requests,
 * coordinators or time beyond the `now` it is given. Who moves the high watermark is its owner's business.
 *
 *   0 ... logStartOffset <= lastStableOffset <= highWatermark <= logEndOffset        (K-R2, K-I1)
 *                           read_committed      read_uncommitted
 */
import { assert, present } from '../../engine/assert.ts'
import { lastOffsetOf } from '../../engine/kafka/batch-offsets.ts'
import type {
  AbortedTransaction,
  IsolationLevel,
  KafkaError,
  ProducedBatch,
  RecordData,
  StoredBatch,
} from '../../engine/kafka/protocol.ts'
import type { Mutants } from '../../engine/mutants.ts'
import { AbortedTransactions } from './aborted-transactions.ts'
import { batchSizeBytes } from './batch-size.ts'
import { cleanBatches } from './clean-batches.ts'
import type { CompactionPolicy } from './cluster-options.ts'
import { lowerBound } from './lower-bound.ts'
import { type AppendOrigin, type EndMarker, ProducerStates } from './producer-states.ts'

/** One partition's log, live: it grows while it is looked at. */
export interface PartitionLogView {
  readonly batches: readonly StoredBatch[]
  readonly logStartOffset: number
  readonly logEndOffset: number
  readonly highWatermark: number
  readonly lastStableOffset: number
  /** Producer id → first offset of the transaction that it holds open in this log. */
  readonly openTransactions: ReadonlyMap<number, number>
}

export type AppendResult =
  | { readonly type: 'appended'; readonly batch: StoredBatch; readonly lastOffset: number }
  | { readonly type: 'duplicate'; readonly baseOffset: number; readonly lastOffset: number }
  | { readonly type: 'refused'; readonly error: KafkaError }

export interface LogRead {
  readonly batches: readonly StoredBatch[]
  readonly abortedTransactions: readonly AbortedTransaction[]
  readonly sizeBytes: number
}

/** The producer of a batch without idempotence. */
export const UNSEQUENCED = {
  producerId: -1,
  producerEpoch: -1,
  baseSequence: -1,
  isTransactional: false,
} as const

export const NOTHING_READ: LogRead = { batches: [], abortedTransactions: [], sizeBytes: 0 }

export class PartitionLog implements PartitionLogView {
  readonly #mutants: Mutants
  readonly #producers: ProducerStates
  readonly #aborted = new AbortedTransactions()
  readonly #batches: StoredBatch[] = []
  /** For each batch the bytes of the log up to its end. */
  readonly #endBytes: number[] = []
  readonly #deleteHorizons = new Map<number, number>()
  /** Ended transactions whose marker is not below the high watermark yet, in the order of the markers. */
  #unreplicated: { readonly firstOffset: number; readonly markerOffset: number }[] = []
  #logEndOffset = 0
  #highWatermark = 0
  /** Below this offset a cleaning has been. */
  #cleanedTo = 0

  constructor(mutants: Mutants, producerIdExpirationMs: number) {
    this.#mutants = mutants
    this.#producers = new ProducerStates(mutants, producerIdExpirationMs)
  }

  get batches(): readonly StoredBatch[] {
    return this.#batches
  }

  /** Retention will raise it (K-R60). */
  get logStartOffset(): number {
    return 0
  }

  get logEndOffset(): number {
    return this.#logEndOffset
  }

  get highWatermark(): number {
    return this.#highWatermark
  }

  /** K-R3: the first offset that is undecided, or decided by a marker that is not replicated yet. */
  get lastStableOffset(): number {
    let unstable = this.#producers.firstOpenOffset ?? this.#logEndOffset
    for (const { firstOffset } of this.#unreplicated) {
      if (firstOffset < unstable) unstable = firstOffset
    }
    if (unstable >= this.#highWatermark) return this.#highWatermark
    if (this.#mutants.active('lso-is-high-watermark')) return this.#highWatermark
    return unstable
  }

  get openTransactions(): ReadonlyMap<number, number> {
    return this.#producers.open
  }

  get sizeBytes(): number {
    return this.#endBytes.at(-1) ?? 0
  }

  hasOpenTransaction(producerId: number, producerEpoch: number): boolean {
    return this.#producers.hasOpenTransaction(producerId, producerEpoch)
  }

  /** What a reader may see ends here (K-R4). */
  visibleEnd(isolationLevel: IsolationLevel): number {
    return isolationLevel === 'read_committed' ? this.lastStableOffset : this.#highWatermark
  }

  /** Appends the whole batch or nothing (K-R1). */
  append(batch: ProducedBatch, origin: AppendOrigin, now: number): AppendResult {
    assert(batch.records.length > 0, 'A batch has at least one record.')
    if (batch.producerId >= 0) {
      const verdict = this.#producers.check(batch, origin, now)
      if (verdict.type !== 'new') return verdict
      this.#producers.appended(batch, origin, this.#logEndOffset, now)
    }
    return this.#store(batch, null)
  }

  /** Ends a transaction; null when the marker is refused (K-R26). */
  appendMarker(marker: EndMarker, now: number): StoredBatch | null {
    if (!this.#producers.accepts(marker)) return null
    const { producerId, producerEpoch } = marker
    const records = [markerRecord(marker, now)]
    const produced = { producerId, producerEpoch, baseSequence: -1, isTransactional: true, records }
    const { batch, lastOffset } = this.#store(produced, marker.result)
    const firstOffset = this.#producers.ended(marker, now)
    if (firstOffset !== null) {
      this.#unreplicated.push({ firstOffset, markerOffset: lastOffset })
      if (marker.result === 'abort') {
        const stableOffset = this.#producers.firstOpenOffset ?? lastOffset + 1
        this.#aborted.add({ producerId, firstOffset }, lastOffset, stableOffset)
      }
    }
    return batch
  }

  /** The records below `offset` are replicated. Never moves back (K-I1). */
  advanceHighWatermark(offset: number): void {
    assert(offset <= this.#logEndOffset, 'The high watermark is not above the end of the log.')
    if (offset <= this.#highWatermark) return
    this.#highWatermark = offset
    let done = 0
    for (const { markerOffset } of this.#unreplicated) {
      if (markerOffset >= offset) break
      done += 1
    }
    if (done > 0) this.#unreplicated.splice(0, done)
    assert(
      this.logStartOffset <= this.lastStableOffset && this.lastStableOffset <= offset,
      'logStartOffset <= lastStableOffset <= highWatermark <= logEndOffset.',
    )
  }

  /**
   * Compaction (K-R61). `isForced`: its segment has just been rolled, and the cleaner does not ask whether cleaning is
   * worth it. How many records it took away.
   */
  compact(now: number, policy: CompactionPolicy, isForced: boolean): number {
    const batches = this.#batches
    const end = this.#cleanableEnd(now, policy, isForced)
    const count = lowerBound(batches, (batch) => lastOffsetOf(batch) < end)
    const bytesTo = (index: number): number => this.#endBytes[index - 1] ?? 0
    const clean = lowerBound(batches, (batch) => lastOffsetOf(batch) < this.#cleanedTo)
    const dirtyBytes = bytesTo(count) - bytesTo(Math.min(clean, count))
    if (!isForced && dirtyBytes * 2 < bytesTo(count)) return 0
    const before = batches.slice(0, count)
    const cleaned = cleanBatches(before, {
      now,
      deleteRetentionMs: policy.deleteRetentionMs,
      aborted: this.#aborted.ranges,
      tails: this.#producers.tails(),
      horizons: this.#deleteHorizons,
    })
    this.#aborted.forget(cleaned.markersGone)
    batches.splice(0, count, ...cleaned.batches)
    let bytes = 0
    this.#endBytes.length = 0
    for (const { records } of batches) this.#endBytes.push((bytes += batchSizeBytes(records)))
    this.#cleanedTo = Math.max(this.#cleanedTo, end)
    return recordsIn(before) - recordsIn(cleaned.batches)
  }

  /** Whether a reader may stand at `offset` (K-R4). */
  contains(offset: number): boolean {
    return offset >= this.logStartOffset && offset <= this.#logEndOffset
  }

  /** Whole visible batches from the one that holds `offset`, up to `maxBytes`, but at least one if `atLeastOne` (K-R9). */
  read(
    offset: number,
    isolationLevel: IsolationLevel,
    maxBytes: number,
    atLeastOne: boolean,
  ): LogRead {
    assert(this.contains(offset), 'A log is read between its start and its end.')
    const end = this.visibleEnd(isolationLevel)
    if (offset >= end) return NOTHING_READ
    const batches = this.#batches
    const from = lowerBound(batches, (batch) => lastOffsetOf(batch) < offset)
    // Compaction may have taken away everything from here to the end.
    if (from === batches.length) return NOTHING_READ
    const startBytes = from === 0 ? 0 : present(this.#endBytes[from - 1], 'Each batch has a size.')
    let to = lowerBound(this.#endBytes, (bytes) => bytes <= startBytes + maxBytes)
    if (to <= from) {
      if (!atLeastOne) return NOTHING_READ
      to = from + 1
    }
    const last = batches[to - 1]
    if (last !== undefined && lastOffsetOf(last) >= end) {
      to = lowerBound(batches, (batch) => lastOffsetOf(batch) < end)
    }
    if (to <= from) return NOTHING_READ
    const upperBound = batches[to]?.baseOffset ?? this.#logEndOffset
    return {
      batches: batches.slice(from, to),
      abortedTransactions:
        isolationLevel === 'read_committed' ? this.#aborted.collect(offset, upperBound) : [],
      sizeBytes: present(this.#endBytes[to - 1], 'Each batch has a size.') - startBytes,
    }
  }

  #cleanableEnd(now: number, { minCompactionLagMs }: CompactionPolicy, isForced: boolean): number {
    const end = this.#mutants.active('compaction-drops-needed')
      ? this.#highWatermark
      : this.lastStableOffset
    const young = this.#batches.find(({ records }) => {
      return records.some(({ timestamp }) => timestamp > now - minCompactionLagMs)
    })
    // The active segment is never cleaned.
    const active = isForced ? end : (this.#batches.at(-1)?.baseOffset ?? end)
    return Math.min(end, active, minCompactionLagMs > 0 ? (young?.baseOffset ?? end) : end)
  }

  #store(
    { producerId, producerEpoch, baseSequence, isTransactional, records }: ProducedBatch,
    control: StoredBatch['control'],
  ): Extract<AppendResult, { type: 'appended' }> {
    const baseOffset = this.#logEndOffset
    const batch: StoredBatch = {
      producerId,
      producerEpoch,
      baseSequence,
      isTransactional,
      records,
      baseOffset,
      control,
    }
    this.#endBytes.push(this.sizeBytes + batchSizeBytes(records))
    this.#batches.push(batch)
    this.#logEndOffset = baseOffset + records.length
    return { type: 'appended', batch, lastOffset: this.#logEndOffset - 1 }
  }
}

function recordsIn(batches: readonly StoredBatch[]): number {
  return batches.reduce((sum, { records }) => sum + records.length, 0)
}

/** A control record as Kafka writes it: key (version, type), value (version, coordinator epoch), big-endian. */
function markerRecord({ result, coordinatorEpoch }: EndMarker, now: number): RecordData {
  const epoch = coordinatorEpoch
  return {
    key: Uint8Array.of(0, 0, 0, result === 'commit' ? 1 : 0),
    value: Uint8Array.of(0, 0, epoch >> 24, epoch >> 16, epoch >> 8, epoch),
    timestamp: now,
    headers: [],
  }
}
