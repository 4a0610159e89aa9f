/** The changes of several runs as one: of each key the newest. Must not know how runs are stored. */

import type { KeyGroupRange } from '../key-groups.ts'
import { compareBytes, type RowChange, type StoredRow } from '../rows/row-change.ts'
import { keyGroupPrefix } from '../rows/row-key.ts'
import type { SortedRun } from './sorted-run.ts'

/** A run as far as it is not merged yet. */
interface Source {
  readonly rest: Iterator<RowChange>
  /** The smaller, the newer. */
  readonly age: number
  head: RowChange
}

/** `runs` newest first, each in ascending order of keys. Removals are changes, too. */
export function* mergeChanges(runs: readonly Iterable<RowChange>[]): Iterable<RowChange> {
  const heap: Source[] = []
  for (const [age, run] of runs.entries()) {
    const rest = run[Symbol.iterator]()
    const head = next(rest)
    if (head !== undefined) heap.push({ rest, age, head })
  }
  for (let at = heap.length >>> 1; at >= 0; at -= 1) siftDown(heap, at)
  let last: RowChange | undefined
  for (let [first] = heap; first !== undefined; [first] = heap) {
    const change = first.head
    const head = next(first.rest)
    if (head === undefined) removeFirst(heap)
    else {
      first.head = head
      siftDown(heap, 0)
    }
    // Of equal keys the newest came first.
    if (last !== undefined && compareBytes(change.key, last.key) === 0) continue
    last = change
    yield change
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

function removeFirst(heap: Source[]): void {
  const last = heap.pop()
  if (last === undefined || heap.length === 0) return
  heap[0] = last
  siftDown(heap, 0)
}

/** Puts the source at `from` behind those below it that come first. */
function siftDown(heap: Source[], from: number): void {
  const source = heap[from]
  if (source === undefined) return
  let at = from
  for (;;) {
    const left = heap[2 * at + 1]
    const right = heap[2 * at + 2]
    if (left === undefined) break
    const isRight = right !== undefined && comesFirst(right, left)
    const child = isRight ? right : left
    if (!comesFirst(child, source)) break
    heap[at] = child
    at = 2 * at + (isRight ? 2 : 1)
  }
  heap[at] = source
}

function comesFirst(a: Source, b: Source): boolean {
  const order = compareBytes(a.head.key, b.head.key)
  return order === 0 ? a.age < b.age : order < 0
}
