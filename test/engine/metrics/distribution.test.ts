/** Least, most, mean and percentiles. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { distributionOf } from '../../../engine/metrics/distribution.ts'
import { seeded } from '../../seeded.ts'

test('percentiles stand between the ranks', () => {
  expect(distributionOf([40, 10, 30, 20])).toEqual({
    min: 10,
    max: 40,
    avg: 25,
    p50: 25,
    p90: 40,
    p95: 40,
    p99: 40,
    p999: 40,
  })
  const hundred = distributionOf(Array.from({ length: 100 }, (_, index) => index + 1))
  expect(hundred.p50).toBeCloseTo(50.5)
  expect(hundred.p90).toBeCloseTo(90.9)
  expect(hundred.p99).toBeCloseTo(99.99)
})

test('of nothing everything is 0', () => {
  expect(new Set(Object.values(distributionOf([])))).toEqual(new Set([0]))
})

test('for all values the percentiles ascend from the least to the most', () => {
  fc.assert(
    fc.property(fc.array(fc.integer(), { minLength: 1 }), (values) => {
      const { min, p50, p90, p95, p99, p999, max } = distributionOf(values)
      const ascending = [min, p50, p90, p95, p99, p999, max]
      expect(ascending.toSorted((a, b) => a - b)).toEqual(ascending)
    }),
    seeded(),
  )
})
