/** The order in which a keyed operator gets its records in batch mode. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { hashKey } from '../../../engine/serializer.ts'
import { BatchSorter } from '../../../engine/task/batch-sorter.ts'
import { seeded } from '../../seeded.ts'

interface Given {
  readonly key: string
  readonly time: number
  readonly input: number
}

/** `k:0@5#2` for the record number 2 of input 0 with timestamp 5, `|` for the end of a key. */
function sorted(records: readonly Given[]): string[] {
  const sorter = new BatchSorter()
  for (const [value, { key, time, input }] of records.entries()) {
    sorter.add({ key, hash: hashKey(key), value, timestamp: time, input, origins: null })
  }
  const steps: string[] = []
  for (let step = sorter.next(); step !== null; step = sorter.next()) {
    steps.push(
      step.type === 'end-of-key'
        ? '|'
        : `${String(step.key)}:${step.input}@${step.timestamp}#${String(step.value)}`,
    )
  }
  expect(sorter.isDrained).toBe(true)
  return steps
}

const record = fc.record({
  key: fc.constantFrom('a', 'b', 'c'),
  time: fc.oneof(fc.nat({ max: 4 }), fc.constant(Number.NEGATIVE_INFINITY)),
  input: fc.nat({ max: 1 }),
})

test('records come by key, then by timestamp, then by arrival', () => {
  const steps = sorted([
    { key: 'a', time: 5, input: 0 },
    { key: 'b', time: 1, input: 0 },
    { key: 'a', time: 2, input: 1 },
    { key: 'a', time: 5, input: 1 },
  ])
  const keys = steps.join(' ').split(' |')
  expect(keys.map((key) => key.trim()).toSorted()).toEqual([
    '',
    'a:1@2#2 a:0@5#0 a:1@5#3',
    'b:0@1#1',
  ])
})

test('for all records every key comes once, whole and in order, and the keys do not depend on who came first', () => {
  fc.assert(
    fc.property(fc.array(record, { maxLength: 30 }), (records) => {
      const steps = sorted(records)
      expect(steps.filter((step) => step !== '|')).toHaveLength(records.length)
      const keysOf = (all: readonly string[]): string[] =>
        all
          .join(' ')
          .split('|')
          .map((key) => key.trim().charAt(0))
      expect(keysOf(sorted(records.toReversed()))).toEqual(keysOf(steps))
      expect(new Set(keysOf(steps)).size).toBe(keysOf(steps).length)
    }),
    seeded(),
  )
})

test('a record that comes while the batch is read is a violated assertion', () => {
  const sorter = new BatchSorter()
  sorter.next()
  expect(() => {
    sorter.add({ key: 'a', hash: 1, value: 0, timestamp: 0, input: 0, origins: null })
  }).toThrow('A record was added to a batch that is being read.')
})
