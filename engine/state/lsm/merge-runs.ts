/** The changes of several runs as one: of each key the newest. Must not know how runs are stored. */

import type { KeyGroupRange } from '../key-groups.ts'
import { compareBytes, type RowChange, type StoredRow } from '../rows/row-change.ts'
import { keyGroupPrefix } from '../rows/row-key.ts'
import type { SortedRun } from './sorted-run.ts'

interface Source {
  readonly rest: Iterator<RowChange>
  head: RowChange | undefined
}

/** `runs` newest first, each in ascending order of keys. Removals are changes, too. */
export function* mergeChanges(runs: readonly Iterable<RowChange>[]): Iterable<RowChange> {
  const sources: Source[] = runs.map((run) => {
    const rest = run[Symbol.iterator]()
    return { rest, head: next(rest) }
  })
  for (;;) {
    let least: RowChange | undefined
    for (const { head } of sources) {
      // Of equal keys the first, which is the newest, stays.
      if (head !== undefined && (least === undefined || compareBytes(head.key, least.key) < 0)) {
        least = head
      }
    }
    if (least === undefined) return
    for (const source of sources) {
      if (source.head !== undefined && compareBytes(source.head.key, least.key) === 0) {
        source.head = next(source.rest)
      }
    }
    yield least
  }
}

/** The rows that are left when all changes are applied. */
export function* mergeRows(runs: readonly Iterable<RowChange>[]): Iterable<StoredRow> {
  for (const { key, value } of mergeChanges(runs)) if (value !== null) yield { key, value }
}

/** The rows of the key groups in a range, of the runs of one snapshot. */
export function* rowsInRange(
  runs: readonly { readonly run: SortedRun }[],
  { first, last }: KeyGroupRange,
): Iterable<StoredRow> {
  for (let keyGroup = first; keyGroup <= last; keyGroup += 1) {
    const prefix = keyGroupPrefix(keyGroup)
    yield* mergeRows(runs.map(({ run }) => run.scan(prefix)))
  }
}

function next(changes: Iterator<RowChange>): RowChange | undefined {
  const result = changes.next()
  return result.done === true ? undefined : result.value
}
