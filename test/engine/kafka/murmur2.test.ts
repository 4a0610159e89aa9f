/** The hash of Kafka's default partitioner, against vectors that others published. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { murmur2, partitionForKey } from '../../../engine/kafka/murmur2.ts'
import { seeded } from '../../seeded.ts'

const bytes = (key: string): Uint8Array => new TextEncoder().encode(key)

// Apache Kafka, UtilsTest.testMurmur2.
test.each([
  ['21', -973_932_308],
  ['foobar', -790_332_482],
  ['a-little-bit-long-string', -985_981_536],
  ['a-little-bit-longer-string', -1_486_304_829],
  ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58_897_971],
  ['abc', 479_470_107],
])('the hash of %s is that of Kafka', (key, hash) => {
  expect(murmur2(bytes(key))).toBe(hash)
})

// kafka-python, test_murmur2_java_compatibility: partitions of a topic with 1000.
test.each([
  ['', 681],
  ['a', 524],
  ['ab', 434],
  ['abc', 107],
  ['123456789', 566],
  ['\u0000 ', 742],
])('the partition of %j is that of the Java client', (key, partition) => {
  expect(partitionForKey(bytes(key), 1000)).toBe(partition)
})

test('for every key the partition exists', () => {
  fc.assert(
    fc.property(fc.uint8Array(), fc.integer({ min: 1, max: 1000 }), (key, partitions) => {
      const partition = partitionForKey(key, partitions)
      expect(partition).toBeGreaterThanOrEqual(0)
      expect(partition).toBeLessThan(partitions)
    }),
    seeded(),
  )
})
