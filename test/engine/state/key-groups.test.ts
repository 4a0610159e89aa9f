// The three functions describe one assignment: they must agree for every parallelism.

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { keyGroupOf, keyGroupRange, operatorIndexOf } from '../../../engine/state/key-groups.ts'

const parallelisms = fc
  .integer({ min: 1, max: 32768 })
  .chain((max) => fc.tuple(fc.constant(max), fc.integer({ min: 1, max: Math.min(max, 500) })))

test('for every parallelism the ranges partition the key groups in order', () => {
  fc.assert(
    fc.property(parallelisms, ([maxParallelism, parallelism]) => {
      let next = 0
      for (let index = 0; index < parallelism; index += 1) {
        const { first, last } = keyGroupRange(index, maxParallelism, parallelism)
        expect(first).toBe(next)
        expect(last).toBeGreaterThanOrEqual(first)
        next = last + 1
      }
      expect(next).toBe(maxParallelism)
    }),
  )
})

test('for every parallelism a key group lies in the range of its operator index', () => {
  fc.assert(
    fc.property(parallelisms, fc.nat(), ([maxParallelism, parallelism], pick) => {
      const keyGroup = pick % maxParallelism
      const index = operatorIndexOf(keyGroup, maxParallelism, parallelism)
      const { first, last } = keyGroupRange(index, maxParallelism, parallelism)
      expect(first).toBeLessThanOrEqual(keyGroup)
      expect(last).toBeGreaterThanOrEqual(keyGroup)
    }),
  )
})

test('every hash has a key group, negative ones too', () => {
  fc.assert(
    fc.property(fc.integer(), fc.integer({ min: 1, max: 32768 }), (hash, maxParallelism) => {
      const keyGroup = keyGroupOf(hash, maxParallelism)
      expect(Number.isInteger(keyGroup) && keyGroup >= 0 && keyGroup < maxParallelism).toBe(true)
    }),
  )
  expect(keyGroupOf(-1, 128)).toBe(127)
  expect(Object.is(keyGroupOf(-2147483648, 128), 0)).toBe(true)
})

test('the ranges are those of Flink', () => {
  // KeyGroupRangeAssignment.computeKeyGroupRangeForOperatorIndex(10, 3, i).
  expect([0, 1, 2].map((index) => keyGroupRange(index, 10, 3))).toEqual([
    { first: 0, last: 3 },
    { first: 4, last: 6 },
    { first: 7, last: 9 },
  ])
})
