/** Equality by content. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { sameValue, show } from '../../../sim/oracle/same-value.ts'
import { seeded } from '../../seeded.ts'

const anyValue = fc.anything({
  withMap: true,
  withSet: true,
  withTypedArray: false,
  withObjectString: false,
})

test('every value equals its copy', () => {
  fc.assert(
    fc.property(fc.clone(anyValue, 2), ([a, b]) => {
      expect(sameValue(a, b)).toBe(true)
    }),
    seeded(200),
  )
})

test('for all pairs it is symmetric', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), (a, b) => {
      expect(sameValue(a, b)).toBe(sameValue(b, a))
      expect(sameValue(a, b)).toBe(JSON.stringify(sorted(a)) === JSON.stringify(sorted(b)))
    }),
    seeded(200),
  )
})

/** Objects with their fields in order, and zeros told apart, so that JSON tells whether values are equal. */
function sorted(value: unknown): unknown {
  if (Object.is(value, -0)) return 'minus zero'
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).map(([name, field]) => [name, sorted(field)] as const)
  return { object: entries.toSorted(([a], [b]) => (a < b ? -1 : 1)) }
}

describe('told apart are', () => {
  test.each<[string, unknown, unknown]>([
    ['zero and minus zero', 0, -0],
    ['a number and its text', 1, '1'],
    ['null and undefined', null, undefined],
    ['an array and an object', [], {}],
    ['a longer array', [1], [1, 2]],
    ['a longer object', { a: 1 }, { a: 1, b: undefined }],
    ['objects with other fields', { a: undefined }, { b: undefined }],
    ['other bytes', new Uint8Array([1]), new Uint8Array([2])],
    ['more bytes', new Uint8Array([1]), new Uint8Array([1, 0])],
    ['other maps', new Map([[1, 2]]), new Map([[1, 3]])],
    ['other sets', new Set([1]), new Set([2])],
  ])('%s', (_, a, b) => {
    expect(sameValue(a, b)).toBe(false)
    expect(sameValue(b, a)).toBe(false)
  })
})

test('equal are NaN and NaN, and objects whose fields stand in another order', () => {
  expect(sameValue(Number.NaN, Number.NaN)).toBe(true)
  expect(sameValue({ a: 1, b: [2] }, { b: [2], a: 1 })).toBe(true)
  expect(sameValue(new Uint8Array([1, 2]), new Uint8Array([1, 2]))).toBe(true)
})

test('values are shown in messages', () => {
  expect([undefined, 5n, { a: 1 }, 'x'].map(show)).toEqual(['absent', '5', '{"a":1}', '"x"'])
})
