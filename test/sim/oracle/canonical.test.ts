/** Values as text. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { canonical } from '../../../sim/oracle/canonical.ts'
import { sameValue } from '../../../sim/oracle/same-value.ts'
import { seeded } from '../../seeded.ts'

test('for all JSON values, texts are equal if and only if the values are', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), (a, b) => {
      expect(canonical(a) === canonical(b)).toBe(sameValue(a, b))
      expect(canonical(a)).toBe(canonical(structuredClone(a)))
    }),
    seeded(200),
  )
})

test('the order of fields and entries makes no difference, that of a list does', () => {
  expect(canonical({ a: 1, b: 2 })).toBe(canonical({ b: 2, a: 1 }))
  const entries: readonly [string, number][] = [
    ['a', 1],
    ['b', 2],
  ]
  expect(canonical(new Map(entries))).toBe(canonical(new Map(entries.toReversed())))
  expect(canonical(new Set([1, 2]))).toBe(canonical(new Set([2, 1])))
  expect(canonical([1, 2])).not.toBe(canonical([2, 1]))
})

test('told apart are values that JSON does not tell apart', () => {
  const values = [0, -0, Number.NaN, null, undefined, '0', 0n, [], {}, new Map(), new Set(), true]
  const texts = [...values, new Uint8Array([1, 2]), new Uint8Array([12])].map(canonical)
  expect(new Set(texts).size).toBe(texts.length)
})
