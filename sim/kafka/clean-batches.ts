/**
 * What log compaction leaves of the batches of a partition (K-R61): of each key the last record, no record of an aborted
 * transaction, markers and tombstones for a while, and of every producer its last batch, if need be without records.
 * Must not know how far a log may be cleaned. Offsets never change.
 * Source: Kafka LogCleaner (checkBatchRetention, shouldRetainRecord) and CleanedTransactionMetadata.
 */
import { lastOffsetOf, recordOffset } from '../../engine/kafka/batch-offsets.ts'
import type { RecordData, StoredBatch } from '../../engine/kafka/protocol.ts'
import type { AbortedRange } from './aborted-transactions.ts'
import type { ProducerTail } from './producer-states.ts'

export interface CleaningContext {
  readonly now: number
  /** So long after they were first seen by a cleaning tombstones and markers stay. */
  readonly deleteRetentionMs: number
  readonly aborted: readonly AbortedRange[]
  /** Of the producers that the log remembers: what it needs of them. */
  readonly tails: ReadonlyMap<number, ProducerTail>
  /** Base offset of a batch → when its tombstones or its marker may go. Kept from one cleaning to the next. */
  readonly horizons: Map<number, number>
}

export interface Cleaned {
  readonly batches: readonly StoredBatch[]
  /** Offsets of abort markers that are gone: their transactions leave the index with them. */
  readonly markersGone: ReadonlySet<number>
}

export function cleanBatches(
  batches: readonly StoredBatch[],
  { now, deleteRetentionMs, aborted, tails, horizons }: CleaningContext,
): Cleaned {
  const isAborted = batches.map((batch) => aborted.some((range) => liesIn(batch, range)))
  const newest = newestOffsets(batches.filter((_, index) => isAborted[index] !== true))
  const markersGone = new Set<number>()
  /** Producers with a batch since their last marker: that marker still decides something. */
  const undecided = new Set<number>()
  const isPast = ({ baseOffset }: StoredBatch): boolean => {
    const horizon = horizons.get(baseOffset) ?? now + deleteRetentionMs
    horizons.set(baseOffset, horizon)
    return now >= horizon
  }
  const left = batches.flatMap((batch, index) => {
    const { producerId, control } = batch
    if (control !== null) {
      const decidesNothing = !undecided.delete(producerId)
      if (!decidesNothing || !isPast(batch)) return [batch]
      if (control === 'abort') markersGone.add(batch.baseOffset)
      return isTail(batch, tails) ? [without(batch)] : []
    }
    if (batch.isTransactional) undecided.add(producerId)
    const kept = isAborted[index] === true ? [] : keptRecords(batch, newest, isPast)
    if (kept.length === batch.records.length) return [batch]
    if (kept.length === 0 && !isTail(batch, tails)) return []
    return [only(batch, kept)]
  })
  return { batches: left, markersGone }
}

function liesIn(
  batch: StoredBatch,
  { producerId, firstOffset, markerOffset }: AbortedRange,
): boolean {
  if (!batch.isTransactional || batch.control !== null) return false
  const { baseOffset } = batch
  return batch.producerId === producerId && firstOffset <= baseOffset && baseOffset < markerOffset
}

/** By key the offset of the last record. */
function newestOffsets(batches: readonly StoredBatch[]): ReadonlyMap<string, number> {
  const newest = new Map<string, number>()
  for (const batch of batches) {
    if (batch.control !== null) continue
    batch.records.forEach(({ key }, index) => {
      if (key !== null) newest.set(nameOf(key), recordOffset(batch, index))
    })
  }
  return newest
}

/** Indexes of the records that stay. Records without a key have no place in a compacted log. */
function keptRecords(
  batch: StoredBatch,
  newest: ReadonlyMap<string, number>,
  isPast: (batch: StoredBatch) => boolean,
): readonly number[] {
  const kept: number[] = []
  batch.records.forEach(({ key, value }: RecordData, index) => {
    if (key === null || newest.get(nameOf(key)) !== recordOffset(batch, index)) return
    if (value === null && isPast(batch)) return
    kept.push(index)
  })
  return kept
}

/** The log recognizes repetitions by the last batch of a producer, or by the epoch of its last marker. */
function isTail(batch: StoredBatch, tails: ReadonlyMap<number, ProducerTail>): boolean {
  const tail = batch.producerId < 0 ? undefined : tails.get(batch.producerId)
  if (tail === undefined) return false
  if (tail.lastDataOffset !== null) return lastOffsetOf(batch) === tail.lastDataOffset
  return batch.control !== null && batch.producerEpoch === tail.epoch
}

function without(batch: StoredBatch): StoredBatch {
  return { ...only(batch, []), control: null }
}

function only(batch: StoredBatch, indexes: readonly number[]): StoredBatch {
  return {
    ...batch,
    records: batch.records.filter((_, index) => indexes.includes(index)),
    compacted: {
      offsets: indexes.map((index) => recordOffset(batch, index)),
      lastOffset: lastOffsetOf(batch),
    },
  }
}

function nameOf(key: Uint8Array): string {
  return String.fromCharCode(...key)
}
