import { expect, test } from 'vitest'
import { NO_TIMESTAMP } from '../../../engine/element.ts'
import { evict, type TimestampedRecord } from '../../../engine/window/evict.ts'
import { countEvictor, deltaEvictor, timeEvictor } from '../../../engine/window/evictors.ts'
import type { Evictor } from '../../../engine/window/window-spec.ts'

const left = (evictor: Evictor, records: readonly TimestampedRecord[]): unknown[] =>
  evict(evictor, records).map(([value]) => value)

const difference = (a: number, b: number): number => b - a

test('a count evictor keeps the last records', () => {
  const records: TimestampedRecord[] = [
    [1, 0],
    [2, 0],
    [3, 0],
  ]
  expect(left(countEvictor(2), records)).toEqual([2, 3])
  expect(left(countEvictor(4), records)).toEqual([1, 2, 3])
  expect(left(countEvictor(0), records)).toEqual([])
})

test('a time evictor looks at the greatest timestamp, wherever that is', () => {
  const records: TimestampedRecord[] = [
    [1, 100],
    [2, 40],
    [3, 51],
    [4, 50],
  ]
  expect(left(timeEvictor(50), records)).toEqual([1, 3])
})

test('a time evictor leaves records without timestamps alone', () => {
  const records: TimestampedRecord[] = [
    [1, NO_TIMESTAMP],
    [2, 40],
  ]
  expect(left(timeEvictor(0), records)).toEqual([1, 2])
  expect(left(timeEvictor(0), [])).toEqual([])
})

test('a delta evictor compares with the last record, which may evict itself', () => {
  const records: TimestampedRecord[] = [
    [1, 0],
    [5, 0],
    [4, 0],
  ]
  expect(left(deltaEvictor(3, difference), records)).toEqual([5, 4])
  expect(left(deltaEvictor(0, difference), records)).toEqual([5])
  expect(left(deltaEvictor(0, difference), [])).toEqual([])
})
