/** sum: Flink's running total, with the other fields of the key's first record. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { UserFunctionError } from '../../../engine/errors.ts'
import { seeded } from '../../seeded.ts'
import { Operating, type Saved } from './operating.ts'

interface Row {
  readonly k: string
  readonly v: number
  readonly [other: string]: unknown
}

function summing(saved: Saved | null = null): Operating {
  return new Operating({ type: 'sum', field: 'v' }, (row: Row) => row.k, saved)
}

test('every record is answered with the sum so far of its key', () => {
  const sum = summing()
  expect(sum.process({ k: 'a', v: 1 })).toEqual([{ k: 'a', v: 1 }])
  expect(sum.process({ k: 'b', v: 10 })).toEqual([{ k: 'b', v: 10 }])
  expect(sum.process({ k: 'a', v: 2 })).toEqual([{ k: 'a', v: 3 }])
})

test('the other fields stay those of the first record of the key', () => {
  const sum = summing()
  sum.process({ k: 'a', v: 1, id: 1, g: 'first' })
  expect(sum.process({ k: 'a', v: 2, id: 2, g: 'second' })).toEqual([
    { k: 'a', v: 3, id: 1, g: 'first' },
  ])
})

test('a field that only later records have does not appear', () => {
  const sum = summing()
  sum.process({ k: 'a', v: 1 })
  expect(sum.process({ k: 'a', v: 2, late: true })).toEqual([{ k: 'a', v: 3 }])
  expect(sum.process({ k: 'a', v: 4 })).toEqual([{ k: 'a', v: 7 }])
})

test('a first record of key and sum alone is not stored', () => {
  const sum = summing()
  for (let i = 0; i < 5; i++) sum.process({ k: `k${i}`, v: i })
  expect([sum.stored('op.sum'), sum.stored('op.first')]).toEqual([5, 0])
  sum.process({ k: 'wide', v: 1, more: 1 })
  expect([sum.stored('op.sum'), sum.stored('op.first')]).toEqual([6, 1])
})

test('the input record is not changed', () => {
  const sum = summing()
  const row = { k: 'a', v: 1 }
  sum.process(row)
  sum.process(row)
  expect(row).toEqual({ k: 'a', v: 1 })
})

test('the timestamp is that of the record', () => {
  const sum = summing()
  sum.process({ k: 'a', v: 1 }, 5)
  sum.process({ k: 'a', v: 1 }, 3)
  expect(sum.context.emitted.get('main')?.map(({ timestamp }) => timestamp)).toEqual([5, 3])
})

describe('over a checkpoint', () => {
  test('sums go on', () => {
    const before = summing()
    before.process({ k: 'a', v: 1 })
    expect(summing(before.save()).process({ k: 'a', v: 2 })).toEqual([{ k: 'a', v: 3 }])
  })

  test('and so do the first records, whether they were stored or not', () => {
    const before = summing()
    before.process({ k: 'narrow', v: 1 })
    before.process({ k: 'wide', v: 1, id: 1 })
    const after = summing(before.save())
    expect(after.process({ k: 'narrow', v: 2, id: 7 })).toEqual([{ k: 'narrow', v: 3 }])
    expect(after.process({ k: 'wide', v: 2, id: 8 })).toEqual([{ k: 'wide', v: 3, id: 1 }])
  })
})

/** The definition: the first record, with the field replaced by the sum. */
function reference(rows: readonly Row[]): unknown[] {
  const firsts = new Map<string, Row>()
  const sums = new Map<string, number>()
  return rows.map((row) => {
    const first = firsts.get(row.k) ?? row
    firsts.set(row.k, first)
    sums.set(row.k, (sums.get(row.k) ?? 0) + row.v)
    return { ...first, v: sums.get(row.k) }
  })
}

test('for all records, with checkpoints in between, the output is that of the definition', () => {
  const row = fc.oneof(
    fc.record({ k: fc.constantFrom('a', 'b', 'c'), v: fc.integer() }),
    fc.record({ k: fc.constantFrom('a', 'b', 'c'), v: fc.integer(), id: fc.nat() }),
    fc.record({ v: fc.integer(), k: fc.constantFrom('a', 'b', 'c'), g: fc.string(), id: fc.nat() }),
  )
  const script = fc.array(fc.tuple(row, fc.nat({ max: 9 })), { maxLength: 30, size: 'max' })
  fc.assert(
    fc.property(script, (steps) => {
      let sum = summing()
      const found = steps.flatMap(([record, dice]) => {
        if (dice === 0) sum = summing(sum.save())
        return sum.process(record)
      })
      expect(found).toEqual(reference(steps.map(([record]) => record)))
    }),
    seeded(300),
  )
})

describe('what cannot be summed', () => {
  test.each([
    ['a text', { k: 'a', v: '1' }, 'needs a number, got string 1.'],
    ['a missing field', { k: 'a' }, 'needs a number, got undefined undefined.'],
  ])('%s is an error of the function, with what was given', (_, row, message) => {
    const sum = summing()
    expect(() => sum.process(row)).toThrow(UserFunctionError)
    expect(() => sum.process(row)).toThrow(
      `The function of operator "op" threw: TypeError: sum('v') ${message}`,
    )
  })

  test('a record without fields too', () => {
    const sum = new Operating({ type: 'sum', field: 'v' }, () => 'k')
    expect(() => sum.process(7)).toThrow("sum('v') needs records with fields, got 7.")
    expect(() => sum.process(null)).toThrow("sum('v') needs records with fields, got null.")
  })
})
