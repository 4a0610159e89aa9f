/** The fingerprint of a run: equal for equal runs, different as soon as anything is. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Fingerprint } from '../../../sim/world/fingerprint.ts'
import { seeded } from '../../seeded.ts'

function of(...values: readonly unknown[]): string {
  const fingerprint = new Fingerprint()
  for (const value of values) fingerprint.mixValue(value)
  return fingerprint.toString()
}

test('it is 16 hexadecimal digits', () => {
  expect(of()).toMatch(/^[0-9a-f]{16}$/)
  expect(of('a', 1, -1, 2 ** 40)).toMatch(/^[0-9a-f]{16}$/)
})

test('equal values in equal order give equal fingerprints', () => {
  fc.assert(
    fc.property(fc.array(fc.jsonValue()), (values) => {
      expect(of(...values)).toBe(of(...values))
    }),
    seeded(),
  )
})

test('for all lists, a changed number changes the fingerprint', () => {
  const numbers = fc.array(fc.integer(), { minLength: 1, maxLength: 20 })
  fc.assert(
    fc.property(numbers, fc.nat(), fc.integer({ min: 1, max: 1000 }), (list, at, change) => {
      const changed = [...list]
      const index = at % list.length
      changed[index] = (changed[index] ?? 0) + change
      expect(of(...changed)).not.toBe(of(...list))
    }),
    seeded(300),
  )
})

test('the order of values counts', () => {
  expect(of('a', 'b')).not.toBe(of('b', 'a'))
  expect(of(1, 2)).not.toBe(of(2, 1))
})

test('so does one value more, even a zero', () => {
  expect(of(0)).not.toBe(of())
  expect(of(0, 0)).not.toBe(of(0))
})

test('true, false, null and numbers are told apart', () => {
  const all = [of(true), of(false), of(null), of(0)]
  expect(new Set(all).size).toBe(all.length)
})

test('numbers above 32 bits count with all their digits', () => {
  expect(of(2 ** 32 + 5)).not.toBe(of(5))
  expect(of(2 ** 40)).not.toBe(of(2 ** 41))
})

test('a remembered word is the same word', () => {
  const fingerprint = new Fingerprint()
  fingerprint.mixWord('step')
  fingerprint.mixWord('step')
  expect(fingerprint.toString()).toBe(of('step', 'step'))
})
