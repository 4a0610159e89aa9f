/** The whole state of a snapshot as one sorted run, key group by key group. */

import type { KeyedStateSnapshot } from '../keyed-state-backend.ts'
import { RunBuilder, type SortedRun } from '../lsm/sorted-run.ts'
import { rowsOfSegment } from '../rows/segment-rows.ts'

/** Yields the bytes of each step; in the end the run, or null if there is nothing. */
export function* encodeWhole(snapshot: KeyedStateSnapshot): Generator<number, SortedRun | null> {
  const builder = new RunBuilder()
  for (const segment of snapshot.keyGroups()) {
    for (const row of rowsOfSegment(segment).rows) builder.add(row)
    yield segment.bytes.length
  }
  return builder.count === 0 ? null : builder.finish()
}
