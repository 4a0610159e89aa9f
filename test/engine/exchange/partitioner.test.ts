/** Where records go. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  ForwardPartitioner,
  HashPartitioner,
  RebalancePartitioner,
} from '../../../engine/exchange/partitioner.ts'
import { hashKey } from '../../../engine/serializer.ts'
import { keyGroupOf, keyGroupRange } from '../../../engine/state/key-groups.ts'
import { seeded } from '../../seeded.ts'

const anyKey = fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.record({ ip: fc.string() }))
const parallelism = fc.integer({ min: 1, max: 40 })

test('for every key the hash edge chooses the subtask whose range holds the key group', () => {
  fc.assert(
    fc.property(anyKey, parallelism, fc.integer({ min: 40, max: 300 }), (key, channels, max) => {
      const partitioner = new HashPartitioner((value) => value, channels, max)
      const { first, last } = keyGroupRange(partitioner.select(key), max, channels)
      const keyGroup = keyGroupOf(hashKey(key), max)
      expect(keyGroup).toBeGreaterThanOrEqual(first)
      expect(keyGroup).toBeLessThanOrEqual(last)
    }),
    seeded(),
  )
})

test('for every key the hash that travels with the record is that of the selected key', () => {
  fc.assert(
    fc.property(anyKey, parallelism, (key, channels) => {
      const partitioner = new HashPartitioner((value) => (value as { k: unknown }).k, channels, 128)
      partitioner.select({ k: key, other: Math.PI })
      expect(partitioner.hash).toBe(hashKey(key))
    }),
    seeded(),
  )
})

test('the hash edge spreads keys over all its channels', () => {
  const partitioner = new HashPartitioner((value) => value, 8, 128)
  const counts = Array<number>(8).fill(0)
  for (let i = 0; i < 8000; i++) {
    const channel = partitioner.select(`10.0.${i >> 8}.${i & 0xff}`)
    counts[channel] = (counts[channel] ?? 0) + 1
  }
  for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(300)
})

test('rebalance goes round, from the channel of its own index', () => {
  const partitioner = new RebalancePartitioner(3, 4)
  expect([1, 2, 3, 4, 5].map(() => partitioner.select())).toEqual([1, 2, 0, 1, 2])
})

test('for every number of records rebalance gives each channel its share', () => {
  fc.assert(
    fc.property(parallelism, fc.nat({ max: 100 }), fc.nat({ max: 500 }), (channels, index, n) => {
      const partitioner = new RebalancePartitioner(channels, index)
      const counts = Array<number>(channels).fill(0)
      for (let i = 0; i < n; i++) {
        const channel = partitioner.select()
        counts[channel] = (counts[channel] ?? 0) + 1
      }
      expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1)
    }),
    seeded(),
  )
})

test('forward has one channel, and no key', () => {
  const partitioner = new ForwardPartitioner()
  expect([partitioner.select(), partitioner.hash]).toEqual([0, 0])
})
