/**
 * One run of the automaton: where it stands and where its records are. Runs wait in a binary heap ordered by their first
 * record, and the heap's layout, which is part of the stored state, decides the order among equals: Flink iterates over a
 * PriorityQueue without sorting it, and the order of matches comes from there.
 * Source: Flink ComputationState, NFAState.
 */
import { present } from '../assert.ts'
import { isEqualVersion } from './dewey-number.ts'
import type { DeweyNumber } from './dewey-number.ts'
import type { EventId, Node } from './shared-buffer.ts'

export interface PartialMatch {
  /** Name of the automaton's state. */
  readonly state: string
  readonly version: DeweyNumber
  /** Of the newest record; null before the first. */
  readonly node: Node | null
  readonly start: EventId | null
  /** Of the newest record; -1 before the first. */
  readonly previousTimestamp: number
}

/** By time, then in the order of registration. */
export function compareEvents(left: EventId, right: EventId): number {
  if (left.timestamp !== right.timestamp) return left.timestamp < right.timestamp ? -1 : 1
  return left.index - right.index
}

/** Runs without a record come last. */
export function compareMatches(left: PartialMatch, right: PartialMatch): number {
  if (left.start === null) return right.start === null ? 0 : 1
  return right.start === null ? -1 : compareEvents(left.start, right.start)
}

export function isSameMatch(left: PartialMatch, right: PartialMatch): boolean {
  return (
    left.state === right.state &&
    left.node === right.node &&
    left.previousTimestamp === right.previousTimestamp &&
    compareMatches(left, right) === 0 &&
    isEqualVersion(left.version, right.version)
  )
}

/** The heap is an array: the children of slot i are in the slots 2i + 1 and 2i + 2. */
export function enqueue(heap: PartialMatch[], match: PartialMatch): void {
  let slot = heap.length
  heap.push(match)
  while (slot > 0) {
    const parent = (slot - 1) >>> 1
    const above = at(heap, parent)
    if (compareMatches(match, above) >= 0) break
    heap[slot] = above
    slot = parent
  }
  heap[slot] = match
}

/** Takes the first run out. */
export function dequeue(heap: PartialMatch[]): void {
  const last = heap.pop()
  if (last !== undefined && heap.length > 0) siftDown(heap, 0, last)
}

/** Takes out the runs that `isRemoved` names, and gives them in the order of the heap. */
export function removeWhere(
  heap: PartialMatch[],
  isRemoved: (match: PartialMatch) => boolean,
): readonly PartialMatch[] {
  const removed = heap.filter(isRemoved)
  if (removed.length === 0) return removed
  const kept = heap.filter((match) => !isRemoved(match))
  heap.length = 0
  for (const match of kept) heap.push(match)
  for (let slot = (heap.length >>> 1) - 1; slot >= 0; slot -= 1) {
    siftDown(heap, slot, at(heap, slot))
  }
  return removed
}

function siftDown(heap: PartialMatch[], from: number, match: PartialMatch): void {
  const half = heap.length >>> 1
  let slot = from
  while (slot < half) {
    let child = 2 * slot + 1
    const right = child + 1
    if (right < heap.length && compareMatches(at(heap, child), at(heap, right)) > 0) child = right
    if (compareMatches(match, at(heap, child)) <= 0) break
    heap[slot] = at(heap, child)
    slot = child
  }
  heap[slot] = match
}

function at(heap: readonly PartialMatch[], slot: number): PartialMatch {
  return present(heap[slot], `The heap of partial matches has no slot ${slot}.`)
}
