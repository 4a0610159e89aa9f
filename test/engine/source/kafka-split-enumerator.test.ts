/** Which splits there are, where they begin, and who owns them. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { PartitionOffset } from '../../../engine/kafka/protocol.ts'
import { text } from '../../../engine/serializer.ts'
import { KafkaSplitEnumerator, splitOwner } from '../../../engine/source/kafka-split-enumerator.ts'
import type { KafkaSourceOptions } from '../../../engine/source/source-spec.ts'
import { kafkaSource } from '../../../engine/source/sources.ts'
import { seeded } from '../../seeded.ts'
import { ClusterBroker } from '../cluster-broker.ts'
import { FakeRuntime } from '../fake-runtime.ts'

function discover(options: Partial<KafkaSourceOptions<string>> = {}) {
  const runtime = new FakeRuntime()
  const broker = new ClusterBroker(runtime, {
    topics: [
      { topic: 'a', partitions: 2 },
      { topic: 'b', partitions: 1 },
    ],
  })
  broker.append('a', 1, 'x', 'y')
  const { spec } = kafkaSource({ topics: ['a'], groupId: 'g', value: text, ...options })
  if (spec.type !== 'kafka') throw new Error('A Kafka source is one.')
  const found: string[][] = []
  const enumerator = new KafkaSplitEnumerator(spec, { runtime, broker, uid: 'source' })
  const named = ({ topic, partition, offset }: PartitionOffset): string =>
    `${topic}/${partition}@${offset}`
  enumerator.start({
    isKnown: () => false,
    onSplits: (splits) => found.push(splits.map(named)),
    onComplete: () => undefined,
    onFailure: () => undefined,
  })
  return { runtime, broker, enumerator, found }
}

describe('discovery', () => {
  test('every partition is a split, in order, from its earliest offset', () => {
    const { runtime, found } = discover()
    runtime.advance(20)
    expect(found).toEqual([['a/0@0', 'a/1@0']])
  })

  test('or from its latest', () => {
    const { runtime, found } = discover({ startingOffsets: 'latest' })
    runtime.advance(20)
    expect(found).toEqual([['a/0@0', 'a/1@2']])
  })

  test('every topic is found on its own', () => {
    const { runtime, found } = discover({ topics: ['a', 'b'] })
    runtime.advance(20)
    expect(found).toEqual([['a/0@0', 'a/1@0'], ['b/0@0']])
  })

  test('a question without answer is asked again', () => {
    const { runtime, broker, found } = discover()
    broker.loseAnswer('list-offsets')
    runtime.advance(20)
    expect(found).toEqual([])
    runtime.advance(2000)
    expect(found).toEqual([['a/0@0', 'a/1@0']])
  })

  test('a topic that does not exist yet is waited for', () => {
    const { runtime, broker, found } = discover({ topics: ['later'] })
    runtime.advance(500)
    expect(found).toEqual([])
    expect(broker.sent.filter((request) => request === 'metadata').length).toBeGreaterThan(2)
  })

  test('nothing is found after it was closed', () => {
    const { runtime, enumerator, found } = discover()
    enumerator.close()
    runtime.advance(2000)
    expect(found).toEqual([])
  })
})

describe('ownership', () => {
  // ((topic.hashCode() * 31) & 0x7FFFFFFF) % readers, with Java's overflow:
  // "traffic-events".hashCode() is 489_710_313, "in".hashCode() is 3_365.
  test.each([
    ['traffic-events', 5, 2],
    ['traffic-events', 7, 3],
    ['in', 3, 2],
    ['', 4, 0],
  ])('of %j with %i readers begins as in Flink and goes round', (topic, readers, start) => {
    const owners = [0, 1, 2, 3, 4, 5].map((partition) => splitOwner({ topic, partition }, readers))
    expect(owners).toEqual([0, 1, 2, 3, 4, 5].map((partition) => (start + partition) % readers))
  })

  test('for every topic every reader gets its share', () => {
    const anyTopic = fc.stringMatching(/^[a-zA-Z0-9._-]{1,40}$/)
    fc.assert(
      fc.property(anyTopic, fc.integer({ min: 1, max: 20 }), (topic, readers) => {
        const owners = Array.from({ length: readers }, (_, partition) =>
          splitOwner({ topic, partition }, readers),
        )
        expect(new Set(owners).size).toBe(readers)
        expect(Math.min(...owners)).toBe(0)
      }),
      seeded(),
    )
  })
})

test('a source without topics is refused with one sentence', () => {
  expect(() => kafkaSource({ topics: [], groupId: 'g', value: text })).toThrow(
    'kafkaSource got an empty list of topics; name at least one, as in topics: ["traffic-events"].',
  )
})
