/** Where the timestamp of a record comes from. */
import { expect, test } from 'vitest'
import { NO_TIMESTAMP } from '../../../engine/element.ts'
import { assignTimestamp } from '../../../engine/time/timestamp-assigner.ts'

test('without an assigner a record keeps its timestamp', () => {
  expect(assignTimestamp(null, 'x', 7)).toBe(7)
})

test('the assigner sees the value and the timestamp that it has, null for none', () => {
  const seen: unknown[] = []
  const assigner = (value: unknown, timestamp: number | null): number => {
    seen.push([value, timestamp])
    return 9
  }
  expect(assignTimestamp(assigner, 'x', 7)).toBe(9)
  assignTimestamp(assigner, 'y', NO_TIMESTAMP)
  expect(seen).toEqual([
    ['x', 7],
    ['y', null],
  ])
})

test('an assigner may say that there is no timestamp', () => {
  expect(assignTimestamp(() => NO_TIMESTAMP, 'x', 7)).toBe(NO_TIMESTAMP)
})

test.each([Number.NaN, 1.5, Number.POSITIVE_INFINITY])('%f is no timestamp', (bad) => {
  expect(() => assignTimestamp(() => bad, 'x', 7)).toThrow(`returned ${bad}; it must return whole`)
})
