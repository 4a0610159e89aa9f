/** Running minima and maxima, and all reductions in batch mode. */
import { describe, expect, test } from 'vitest'
import { UserFunctionError } from '../../../engine/errors.ts'
import type { OperatorSpec, RollingSpec } from '../../../engine/operator/operator-spec.ts'
import { Operating, type Saved } from './operating.ts'

interface Row {
  readonly k: string
  readonly v: unknown
  readonly id: number
}

const row = (v: unknown, id: number, k = 'a'): Row => ({ k, v, id })
const keyOf = ({ k }: Row): string => k

function rolling(
  fn: RollingSpec['fn'],
  { keepsFirst = true, saved = null }: { keepsFirst?: boolean; saved?: Saved | null } = {},
): Operating {
  return new Operating({ type: 'rolling', rolling: { fn, field: 'v', keepsFirst } }, keyOf, saved)
}

test.each([
  ['min', [3, 3, 1, 1], [1, 1, 1, 1]],
  ['max', [3, 5, 5, 5], [1, 1, 1, 1]],
  ['minBy', [3, 3, 1, 1], [1, 1, 3, 3]],
  ['maxBy', [3, 5, 5, 5], [1, 2, 2, 2]],
] as const)('%s answers every record with the extreme so far', (fn, values, ids) => {
  const operating = rolling(fn)
  const found = [3, 5, 1, 4].flatMap((v, i) => operating.process(row(v, i + 1))) as Row[]
  expect(found.map(({ v }) => v)).toEqual(values)
  expect(found.map(({ id }) => id)).toEqual(ids)
})

test.each(['minBy', 'maxBy'] as const)('of equal records %s keeps the first or the last', (fn) => {
  for (const keepsFirst of [true, false]) {
    const operating = rolling(fn, { keepsFirst })
    operating.process(row(3, 1))
    expect(operating.process(row(3, 2))).toEqual([row(3, keepsFirst ? 1 : 2)])
  }
})

test('every key has its own extreme, and it survives a checkpoint', () => {
  const before = rolling('max')
  before.process(row(3, 1, 'a'))
  expect(before.process(row(1, 2, 'b'))).toEqual([row(1, 2, 'b')])
  expect(rolling('max', { saved: before.save() }).process(row(2, 3, 'a'))).toEqual([row(3, 1, 'a')])
})

test('texts and big integers have an order, too', () => {
  const texts = rolling('min')
  texts.process(row('b', 1))
  expect(texts.process(row('a', 2))).toEqual([row('a', 1)])
  const integers = rolling('max')
  integers.process(row(2n, 1))
  expect(integers.process(row(10n, 2))).toEqual([row(10n, 1)])
})

test.each([
  [row(undefined, 1), "max('v') needs a number or a text, got undefined undefined."],
  [null, "max('v') needs records with fields, got null."],
])('what has no value to compare is refused, also as the first of its key', (value, message) => {
  const operating = new Operating(
    { type: 'rolling', rolling: { fn: 'max', field: 'v', keepsFirst: true } },
    () => 'k',
  )
  expect(() => operating.process(value)).toThrow(UserFunctionError)
  expect(() => operating.process(value)).toThrow(message)
})

describe('in batch mode', () => {
  const specs: readonly (readonly [string, OperatorSpec, Row])[] = [
    ['sum', { type: 'sum', field: 'v' }, row(9, 1)],
    ['max', { type: 'rolling', rolling: { fn: 'max', field: 'v', keepsFirst: true } }, row(5, 1)],
    [
      'minBy',
      { type: 'rolling', rolling: { fn: 'minBy', field: 'v', keepsFirst: true } },
      row(1, 3),
    ],
    ['reduce', { type: 'reduce', reduce: (_, right) => right }, row(1, 3)],
  ]

  test.each(specs)('%s emits only the last value of a key, at the end of time', (_, spec, last) => {
    const operating = new Operating(spec, keyOf, null, 'op', { runtimeMode: 'batch' })
    const during = [3, 5, 1].flatMap((v, i) => operating.process(row(v, i + 1), 10))
    expect(during).toEqual([])
    expect(operating.endKey()).toEqual([last])
    expect(operating.context.emitted.get('main')?.[0]?.timestamp).toBe(Infinity)
    expect(operating.process(row(7, 4, 'b'))).toEqual([])
    expect(operating.endKey()).toEqual([row(7, 4, 'b')])
    expect(operating.stored('op.reduced')).toBe(0)
  })

  test('a sum needs numbers, also of the only record of a key', () => {
    const spec: OperatorSpec = { type: 'sum', field: 'v' }
    const operating = new Operating(spec, keyOf, null, 'op', { runtimeMode: 'batch' })
    expect(() => operating.process(row('1', 1))).toThrow("sum('v') needs a number, got string 1.")
  })
})
