/** Keyed randomness: every draw is a function of seed, stream and number. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Randomness } from '../../../sim/world/randomness.ts'
import { seeded } from '../../seeded.ts'

const MAX = 0x7fff_ffff

function draws(random: Randomness, stream: string, count: number): number[] {
  return Array.from({ length: count }, () => random.draw(stream, MAX))
}

test('for all streams, draws in one do not shift the draws of another', () => {
  const streams = fc.array(fc.constantFrom('link:a', 'link:b', 'faults'), {
    maxLength: 50,
    size: 'max',
  })
  fc.assert(
    fc.property(fc.integer({ min: 0 }), streams, (seed, order) => {
      const random = new Randomness(seed)
      const mixed = new Map<string, number[]>()
      for (const stream of order) {
        const list = mixed.get(stream) ?? []
        list.push(random.draw(stream, MAX))
        mixed.set(stream, list)
      }
      for (const [stream, list] of mixed) {
        expect(list).toEqual(draws(new Randomness(seed), stream, list.length))
      }
    }),
    seeded(),
  )
})

test('streams and seeds are independent of each other', () => {
  const a = draws(new Randomness(1), 'a', 20)
  expect(draws(new Randomness(1), 'b', 20)).not.toEqual(a)
  expect(draws(new Randomness(2), 'a', 20)).not.toEqual(a)
  expect(new Set(a).size).toBe(20)
})

test('for every bound a draw lies below it', () => {
  fc.assert(
    fc.property(fc.nat(), fc.integer({ min: 1, max: 2 ** 31 }), (seed, bound) => {
      const random = new Randomness(seed)
      for (let i = 0; i < 20; i++) {
        const draw = random.draw('s', bound)
        expect(Number.isInteger(draw) && draw >= 0 && draw < bound).toBe(true)
      }
    }),
    seeded(),
  )
})

test('every value comes about as often as every other', () => {
  const random = new Randomness(42)
  const counts = Array<number>(10).fill(0)
  for (let i = 0; i < 10_000; i++) {
    const draw = random.draw('s', 10)
    counts[draw] = (counts[draw] ?? 0) + 1
  }
  // Chi-square with nine degrees of freedom: 27.9 is exceeded once in a thousand seeds.
  const chiSquare = counts.reduce((sum, count) => sum + (count - 1000) ** 2 / 1000, 0)
  expect(chiSquare).toBeLessThan(27.9)
})

test('one draw does not tell the next: pairs are spread too', () => {
  const random = new Randomness(7)
  const pairs = new Set<number>()
  for (let i = 0; i < 2000; i++) pairs.add(random.draw('s', 16) * 16 + random.draw('s', 16))
  expect(pairs.size).toBe(256)
})
