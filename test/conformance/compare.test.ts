// What counts as equal. The cases themselves are in conformance.test.ts.

import { expect, test } from 'vitest'
import { difference } from './compare.ts'
import type { Comparison, JsonObject } from './cases.ts'

const a1 = { key: 'a', v: 1, start: 0, end: 10 }
const a2 = { key: 'a', v: 2, start: 10, end: 20 }
const b1 = { key: 'b', v: 1, start: 0, end: 10 }

function differs(
  rule: Comparison,
  expected: readonly JsonObject[],
  actual: readonly JsonObject[],
): boolean {
  return difference(rule, { main: expected }, { main: actual }) !== null
}

test('a sequence is equal in this order only', () => {
  expect(differs('sequence', [a1, b1], [a1, b1])).toBe(false)
  expect(differs('sequence', [a1, b1], [b1, a1])).toBe(true)
})

test('per key, rows of other keys may come in between, but those of a key keep their order', () => {
  expect(differs('sequence-per-key', [a1, a2, b1], [b1, a1, a2])).toBe(false)
  expect(differs('sequence-per-key', [a1, a2, b1], [a2, a1, b1])).toBe(true)
})

test('per window, rows of other windows of the key may come in between', () => {
  expect(differs('sequence-per-window', [a1, a2], [a2, a1])).toBe(false)
  const again = { ...a1, v: 5 }
  expect(differs('sequence-per-window', [a1, again], [again, a1])).toBe(true)
})

test('a multiset counts how often each row is there', () => {
  expect(differs('multiset', [a1, b1, a1], [b1, a1, a1])).toBe(false)
  expect(differs('multiset', [a1, b1, a1], [b1, b1, a1])).toBe(true)
})

test('the order of fields and the sign of zero mean nothing; null is not absence', () => {
  expect(differs('sequence', [{ x: 0, y: [1] }], [{ y: [1], x: -0 }])).toBe(false)
  expect(differs('sequence', [{ x: null }], [{}])).toBe(true)
  expect(differs('sequence', [{ x: 1 }], [{ x: '1' }])).toBe(true)
})

test('watermarks are a sequence whatever the rule, and a count is compared as a number', () => {
  const up = [{ w: 1 }, { w: 2 }]
  expect(difference('multiset', { watermarks: up }, { watermarks: up.toReversed() })).not.toBeNull()
  expect(difference('multiset', { lateDropped: 1 }, { lateDropped: 1 })).toBeNull()
  expect(difference('multiset', { lateDropped: 1 }, { lateDropped: 2 })).not.toBeNull()
})

test('an output that nobody expected is a difference', () => {
  expect(difference('multiset', { main: [] }, { main: [], late: [a1] })).not.toBeNull()
})
