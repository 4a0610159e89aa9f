/** Where records go. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createPartitioner, EVERY_CHANNEL } from '../../../engine/exchange/partitioner.ts'
import type { Partitioner, Partitioning } from '../../../engine/exchange/partitioner.ts'
import { hashKey } from '../../../engine/serializer.ts'
import { keyGroupOf, keyGroupRange } from '../../../engine/state/key-groups.ts'
import { seeded } from '../../seeded.ts'
import { FakeRuntime } from '../fake-runtime.ts'

function partitionerOf(
  partitioning: Partitioning,
  channels: number,
  { index = 0, max = 128, runtime = new FakeRuntime() } = {},
): Partitioner {
  const name = 'map/0>sum'
  return createPartitioner(partitioning, {
    channels,
    subtaskIndex: index,
    runtime,
    name,
    maxParallelism: max,
  })
}

function hashed(
  keySelector: (value: unknown) => unknown,
  channels: number,
  max: number,
): Partitioner {
  return partitionerOf({ type: 'hash', keySelector }, channels, { max })
}

const anyKey = fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.record({ ip: fc.string() }))
const parallelism = fc.integer({ min: 1, max: 40 })

test('for every key the hash edge chooses the subtask whose range holds the key group', () => {
  fc.assert(
    fc.property(anyKey, parallelism, fc.integer({ min: 40, max: 300 }), (key, channels, max) => {
      const partitioner = hashed((value) => value, channels, max)
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
      const partitioner = hashed((value) => (value as { k: unknown }).k, channels, 128)
      partitioner.select({ k: key, other: Math.PI })
      expect(partitioner.hash).toBe(hashKey(key))
    }),
    seeded(),
  )
})

test('the hash edge spreads keys over all its channels', () => {
  const partitioner = hashed((value) => value, 8, 128)
  const counts = Array<number>(8).fill(0)
  for (let i = 0; i < 8000; i++) {
    const channel = partitioner.select(`10.0.${i >> 8}.${i & 0xff}`)
    counts[channel] = (counts[channel] ?? 0) + 1
  }
  for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(300)
})

test('rebalance goes round, from the channel of its own index', () => {
  const partitioner = partitionerOf({ type: 'rebalance' }, 3, { index: 4 })
  expect([1, 2, 3, 4, 5].map(() => partitioner.select(null))).toEqual([1, 2, 0, 1, 2])
})

test('for every number of records rebalance gives each channel its share', () => {
  fc.assert(
    fc.property(parallelism, fc.nat({ max: 100 }), fc.nat({ max: 500 }), (channels, index, n) => {
      const partitioner = partitionerOf({ type: 'rebalance' }, channels, { index })
      const counts = Array<number>(channels).fill(0)
      for (let i = 0; i < n; i++) {
        const channel = partitioner.select(null)
        counts[channel] = (counts[channel] ?? 0) + 1
      }
      expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1)
    }),
    seeded(),
  )
})

test('forward and global choose the first channel, and have no key', () => {
  for (const type of ['forward', 'global'] as const) {
    const partitioner = partitionerOf({ type }, 4)
    expect([partitioner.select(null), partitioner.hash]).toEqual([0, 0])
  }
})

test('broadcast chooses every channel', () => {
  expect(partitionerOf({ type: 'broadcast' }, 4).select(null)).toBe(EVERY_CHANNEL)
})

test('shuffle draws the channel from the seeded source of the run', () => {
  const runtime = new FakeRuntime()
  const partitioner = partitionerOf({ type: 'shuffle' }, 5, { runtime })
  runtime.drawn = 3
  expect(partitioner.select(null)).toBe(3)
  expect(runtime.bounds).toEqual([5])
})

test('a custom partitioner chooses; a channel that does not exist is named with the edge', () => {
  const partition = (value: unknown): number => Number(value)
  const partitioner = partitionerOf({ type: 'custom', partition }, 3)
  expect(partitioner.select(2)).toBe(2)
  expect(() => partitioner.select(3)).toThrow(
    'The custom partitioner of map/0>sum chose 3; it must choose a whole number from 0 to 2.',
  )
})

test('what a function of the user throws is named with the edge', () => {
  const fails = (): never => {
    throw new TypeError('no such field')
  }
  expect(() => hashed(fails, 2, 8).select(1)).toThrow(
    'The function of operator "keyBy of map/0>sum" threw: TypeError: no such field',
  )
  const custom = partitionerOf({ type: 'custom', partition: fails }, 3)
  expect(() => custom.select(1)).toThrow(
    'The function of operator "partitionCustom of map/0>sum" threw: TypeError: no such field',
  )
})
