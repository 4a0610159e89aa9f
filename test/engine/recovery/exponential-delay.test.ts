/** The pause of an attempt. Expected values: Java's `(long) (initial * Math.pow(multiplier, n))`. */
import { expect, test } from 'vitest'
import { exponentialDelayMs } from '../../../engine/recovery/exponential-delay.ts'

const options = {
  strategy: 'exponential-delay',
  initialDelayMs: 1000,
  maxDelayMs: 1_000_000_000,
  multiplier: 1.2,
  resetThresholdMs: 1,
  jitter: 0,
  attempts: Number.POSITIVE_INFINITY,
} as const

const never = (): number => {
  throw new Error('Without jitter nothing is drawn.')
}

test.each([
  [1.2, [1000, 1200, 1440, 1727, 2073]],
  [1.5, [1000, 1500, 2250, 3375, 5062]],
  [1.1, [1000, 1100, 1210, 1331, 1464]],
])('the pauses grow by %f as in Java, to the ms', (multiplier, expected) => {
  const found = expected.map((_, n) => exponentialDelayMs({ ...options, multiplier }, n, never))
  expect(found).toEqual(expected)
})

test('a power that is rounded once is right where repeated rounding is not', () => {
  const delay = exponentialDelayMs({ ...options, maxDelayMs: 4e15, multiplier: 2.1 }, 38, never)
  expect(delay).toBe(1_755_226_632_288_627)
})

test('however many attempts came before, the pause is at most the greatest', () => {
  expect(exponentialDelayMs(options, 1_000_000, never)).toBe(1_000_000_000)
})

test('jitter draws from both sides, its ends included', () => {
  const jittered = { ...options, jitter: 0.1 }
  const bounds: number[] = []
  const least = exponentialDelayMs(jittered, 1, (bound) => {
    bounds.push(bound)
    return 0
  })
  const most = exponentialDelayMs(jittered, 1, (bound) => bound - 1)
  expect([least, most]).toEqual([1080, 1320])
  expect(bounds).toEqual([241])
})

test('jitter draws from no more values than the runtime has', () => {
  const wide = { ...options, maxDelayMs: 1e15, jitter: 1 }
  const draws: number[] = []
  const most = exponentialDelayMs(wide, 200, (bound) => {
    draws.push(bound)
    return bound - 1
  })
  expect(draws).toEqual([0x7fff_ffff])
  expect(most).toBe(1e15)
})
