/** The part of a run that lies in a range of key groups: for a subtask that has other key groups than the writer had. */

import type { KeyGroupRange } from '../key-groups.ts'
import { keyGroupOfRow } from '../rows/row-key.ts'
import { RunBuilder, type SortedRun } from './sorted-run.ts'

const EVERYTHING = new Uint8Array(0)

/** The run itself if nothing of it lies outside; undefined if nothing lies inside. */
export function cutRun(run: SortedRun, { first, last }: KeyGroupRange): SortedRun | undefined {
  const { firstKey, lastKey } = run
  if (firstKey === undefined) return undefined
  if (first <= keyGroupOfRow(firstKey) && keyGroupOfRow(lastKey) <= last) return run
  const builder = new RunBuilder()
  for (const change of run.scan(EVERYTHING)) {
    const keyGroup = keyGroupOfRow(change.key)
    if (keyGroup > last) break
    if (keyGroup >= first) builder.add(change)
  }
  return builder.count === 0 ? undefined : builder.finish()
}
