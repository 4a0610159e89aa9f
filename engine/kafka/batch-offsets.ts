/** The offsets in a batch. They are contiguous until compaction leaves gaps (K-R1, K-R61). */
import type { StoredBatch } from './protocol.ts'

type Offsets = Pick<StoredBatch, 'baseOffset' | 'records' | 'compacted'>

/** The last offset that belongs to the batch, whether its record is still there or not. */
export function lastOffsetOf({ baseOffset, records, compacted }: Offsets): number {
  return compacted?.lastOffset ?? baseOffset + records.length - 1
}

/** The offset of the record at that index. */
export function recordOffset({ baseOffset, compacted }: Offsets, index: number): number {
  return compacted?.offsets[index] ?? baseOffset + index
}
