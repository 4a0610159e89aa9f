/** The heap of partial matches. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  compareMatches,
  dequeue,
  enqueue,
  isSameMatch,
  removeWhere,
  type PartialMatch,
} from '../../../engine/cep/partial-match.ts'
import { SharedBuffer } from '../../../engine/cep/shared-buffer.ts'

function match(state: string, timestamp: number | null, index = 0): PartialMatch {
  return {
    state,
    version: [1],
    node: null,
    start: timestamp === null ? null : { timestamp, index },
    previousTimestamp: timestamp ?? -1,
  }
}

function heapOf(matches: readonly PartialMatch[]): PartialMatch[] {
  const heap: PartialMatch[] = []
  for (const each of matches) enqueue(heap, each)
  return heap
}

test('runs come out by the time of their first record, those without one last', () => {
  const times = fc.array(fc.option(fc.integer({ min: 0, max: 9 })))
  fc.assert(
    fc.property(times, (starts) => {
      const heap = heapOf(starts.map((start, i) => match(`s${i}`, start, i)))
      const taken: PartialMatch[] = []
      for (let first = heap[0]; first !== undefined; [first] = heap) {
        taken.push(first)
        dequeue(heap)
      }
      expect(taken).toHaveLength(starts.length)
      expect(taken).toEqual(taken.toSorted(compareMatches))
    }),
  )
})

test('a heap that is rebuilt from its own layout has the same layout, so a restart changes no order', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 3 })), (starts) => {
      const heap = heapOf(starts.map((start, i) => match(`s${i}`, start)))
      expect(heapOf(heap)).toEqual(heap)
    }),
  )
})

test('equal runs keep the layout of a binary heap, not the order in which they came', () => {
  const heap = heapOf(['a', 'b', 'c', 'd'].map((state) => match(state, 5)))
  dequeue(heap)
  expect(heap.map(({ state }) => state)).toEqual(['d', 'b', 'c'])
})

test('removing runs leaves a heap of the others', () => {
  const heap = heapOf([match('a', 1), match('d', 4), match('b', 2), match('c', 5)])
  const removed = removeWhere(heap, ({ state }) => state === 'a')
  expect(removed.map(({ state }) => state)).toEqual(['a'])
  expect(heap.map(({ state }) => state)).toEqual(['b', 'd', 'c'])
})

test('runs differ by state, version, record and times', () => {
  const run = match('a', 1)
  const event = new SharedBuffer().register('r', 1)
  expect(isSameMatch(run, { ...run })).toBe(true)
  const others: readonly PartialMatch[] = [
    { ...run, state: 'b' },
    { ...run, version: [2] },
    { ...run, node: { event, stage: 'a', edges: [], locks: 1 } },
    { ...run, start: { timestamp: 1, index: 1 } },
    { ...run, previousTimestamp: 2 },
  ]
  expect(others.filter((other) => isSameMatch(run, other))).toEqual([])
})
