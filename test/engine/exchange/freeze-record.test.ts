/** Records that nobody may change any more. */
import { expect, test } from 'vitest'
import { freezeRecord } from '../../../engine/exchange/freeze-record.ts'

test('an object and what it holds cannot be changed any more', () => {
  const record = { n: 1, inner: { list: [1, { deep: 2 }] } }
  freezeRecord(record)
  expect(() => {
    record.n = 2
  }).toThrow(TypeError)
  expect(() => record.inner.list.push(3)).toThrow(TypeError)
  expect(Object.isFrozen(record.inner.list[1])).toBe(true)
})

test('objects of classes, maps and bytes are left alone', () => {
  class Counter {
    n = 1
  }
  const record = { counter: new Counter(), map: new Map(), bytes: new Uint8Array(2) }
  freezeRecord(record)
  record.counter.n = 2
  record.map.set('k', 1)
  record.bytes[0] = 3
  expect([record.counter.n, record.map.size, record.bytes[0]]).toEqual([2, 1, 3])
})

test('a record that holds itself, and one that is no object, do no harm', () => {
  const record: { self?: unknown } = {}
  record.self = record
  freezeRecord(record)
  expect(Object.isFrozen(record)).toBe(true)
  for (const value of ['text', 1, null, undefined, () => 1]) freezeRecord(value)
})
