/**
 * The client's half of read_committed (K-R6): brokers return aborted records and control batches, the client drops
 * them. Written once, used by the Kafka source over every transport. A fetch stands for itself: nothing is
 * remembered from one fetch to the next, because the broker names every aborted transaction that reaches into it.
 */
import { lastOffsetOf, recordOffset } from './batch-offsets.ts'
import type {
  AbortedTransaction,
  FetchedPartition,
  IsolationLevel,
  RecordData,
} from './protocol.ts'

export interface VisibleRecord {
  readonly offset: number
  readonly record: RecordData
}

export interface FilteredFetch {
  readonly records: readonly VisibleRecord[]
  /** Where to fetch next: behind the last batch, even when every record of it was dropped. */
  readonly nextOffset: number
}

/** The records at or above `fetchOffset` that a reader may see, in log order. */
export function filterFetched(
  { batches, abortedTransactions }: Pick<FetchedPartition, 'batches' | 'abortedTransactions'>,
  fetchOffset: number,
  isolationLevel: IsolationLevel,
): FilteredFetch {
  const records: VisibleRecord[] = []
  let nextOffset = fetchOffset
  const isCommittedOnly = isolationLevel === 'read_committed'
  const pending = isCommittedOnly ? byFirstOffset(abortedTransactions) : []
  let begun = 0
  /** Producers inside an aborted transaction at the current batch. */
  const aborting = new Set<number>()
  for (const batch of batches) {
    const lastOffset = lastOffsetOf(batch)
    nextOffset = Math.max(nextOffset, lastOffset + 1)
    for (let next = pending[begun]; next !== undefined; next = pending[begun]) {
      if (next.firstOffset > lastOffset) break
      aborting.add(next.producerId)
      begun += 1
    }
    if (batch.control !== null) {
      if (batch.control === 'abort') aborting.delete(batch.producerId)
      continue
    }
    if (batch.isTransactional && aborting.has(batch.producerId)) continue
    let index = 0
    for (const record of batch.records) {
      const offset = recordOffset(batch, index)
      // The first batch may begin below the position (K-R9).
      if (offset >= fetchOffset) records.push({ offset, record })
      index += 1
    }
  }
  return { records, nextOffset }
}

/** The broker's order is that of the abort markers (K-R5); here the order of the beginnings is needed. */
function byFirstOffset(aborted: readonly AbortedTransaction[]): readonly AbortedTransaction[] {
  return aborted.length < 2 ? aborted : aborted.toSorted((a, b) => a.firstOffset - b.firstOffset)
}
