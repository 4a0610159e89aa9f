/**
 * The client's half of read_committed (K-R6): brokers return aborted records and control batches, the client drops
 * them. Written once, used by the Kafka source over every transport.
 */
import type { FetchedPartition, IsolationLevel, RecordData } from './protocol.ts'

export interface VisibleRecord {
  readonly offset: number
  readonly record: RecordData
}

export interface FilteredFetch {
  readonly records: readonly VisibleRecord[]
  /** Where to fetch next: behind the last batch, even when every record of it was dropped. */
  readonly nextOffset: number
}

export function filterFetched(
  _fetched: Pick<FetchedPartition, 'batches' | 'abortedTransactions'>,
  fetchOffset: number,
  _isolationLevel: IsolationLevel,
): FilteredFetch {
  return { records: [], nextOffset: fetchOffset }
}
