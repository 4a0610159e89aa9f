/** The form in which matches are stored. */
import { expect, test } from 'vitest'
import { SharedBuffer } from '../../../engine/cep/shared-buffer.ts'
import { packMatches, unpackMatches } from '../../../engine/cep/stored-matches.ts'
import type { MatchState } from '../../../engine/cep/nfa.ts'

/** A start, two runs that share a record, and a complete match. */
function someMatches(): MatchState {
  const buffer = new SharedBuffer()
  const first = buffer.register({ id: 1 }, 10)
  const second = buffer.register('second', 10)
  const one = buffer.put('a', first, null, [1])
  const two = buffer.put('b', second, one, [1, 0])
  buffer.put('a', second, null, [2])
  const run = { version: [1, 0, 0], start: { timestamp: 10, index: 0 }, previousTimestamp: 10 }
  return {
    partial: [
      { ...run, state: 'b:0', node: two },
      { ...run, state: 'b', node: one },
      { state: 'a', version: [3], node: null, start: null, previousTimestamp: -1 },
    ],
    completed: [{ ...run, state: ':match', node: two }],
    buffer,
  }
}

test('matches that were packed come back as they were', () => {
  const matches = someMatches()
  expect(unpackMatches(packMatches(matches))).toEqual(matches)
})

test('runs that shared a node share it again', () => {
  const { partial, completed, buffer } = unpackMatches(packMatches(someMatches()))
  const [shared] = partial
  expect(completed[0]?.node).toBe(shared?.node)
  expect([...buffer.events][1]?.nodes[0]).toBe(shared?.node)
  expect(shared?.node?.edges[0]?.target).toBe(partial[1]?.node)
})

test('nothing is as small as its start', () => {
  const state = { partial: [], completed: [], buffer: new SharedBuffer() }
  expect(packMatches(state)).toEqual({ names: [], numbers: Float64Array.of(0, 0, 0), records: [] })
})

test('stored matches that were cut off or have something left are refused', () => {
  const stored = packMatches(someMatches())
  const numbers = [...stored.numbers]
  const cut = { ...stored, numbers: Float64Array.from(numbers.slice(0, -1)) }
  const longer = { ...stored, numbers: Float64Array.from([...numbers, 0]) }
  expect(() => unpackMatches(cut)).toThrow('end too early')
  expect(() => unpackMatches(longer)).toThrow('longer than what was read')
})
