/** Which splits there are, where they begin, and who owns them. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { KafkaSplit } from '../../../engine/messages.ts'
import { text } from '../../../engine/serializer.ts'
import { KafkaSplitEnumerator, splitOwner } from '../../../engine/source/kafka-split-enumerator.ts'
import type {
  KafkaStartingOffsets,
  KafkaStoppingOffsets,
} from '../../../engine/source/kafka-offsets.ts'
import type { KafkaSourceOptions } from '../../../engine/source/source-spec.ts'
import { kafkaSource } from '../../../engine/source/sources.ts'
import { seeded } from '../../seeded.ts'
import { ClusterBroker } from '../cluster-broker.ts'
import { FakeRuntime } from '../fake-runtime.ts'

/** `a/0@5`, or `a/0@5-9` with a stopping offset. */
function named({ topic, partition, offset, stoppingOffset }: KafkaSplit): string {
  const end = stoppingOffset === undefined ? '' : `-${stoppingOffset}`
  return `${topic}/${partition}@${offset}${end}`
}

class Discovering {
  readonly runtime = new FakeRuntime()
  readonly broker = new ClusterBroker(this.runtime, {
    topics: [
      { topic: 'a', partitions: 2 },
      { topic: 'b', partitions: 1 },
    ],
  })
  /** Reported splits, a list each time; a complete enumeration ends with `complete`. */
  readonly found: string[][] = []
  readonly failures: string[] = []
  readonly #known = new Set<string>()
  enumerator: KafkaSplitEnumerator | null = null

  /** `discovered` is what a former life had looked at, `known` what it found. */
  start(
    options: Partial<KafkaSourceOptions<string>> = {},
    discovered: readonly string[] = [],
    known: readonly string[] = [],
  ): this {
    const topics = options.topicPattern === undefined ? { topics: ['a'] } : {}
    const { spec } = kafkaSource({ ...topics, groupId: 'g', value: text, ...options })
    if (spec.type !== 'kafka') throw new Error('A Kafka source is one.')
    const { runtime, broker } = this
    for (const one of known) this.#known.add(one)
    this.enumerator = new KafkaSplitEnumerator(spec, { runtime, broker, uid: 'source' }, discovered)
    this.enumerator.start({
      isKnown: ({ topic, partition }) => this.#known.has(`${topic}/${partition}`),
      onSplits: (splits) => {
        for (const { topic, partition } of splits) this.#known.add(`${topic}/${partition}`)
        this.found.push(splits.map(named))
      },
      onComplete: () => this.found.push(['complete']),
      onFailure: (reason) => this.failures.push(reason),
    })
    return this
  }

  /** Records with these timestamps. */
  append(topic: string, partition: number, ...timestamps: number[]): this {
    const records = timestamps.map((timestamp) => ({
      key: null,
      value: null,
      timestamp,
      headers: [],
    }))
    this.broker.cluster.append(topic, partition, records)
    return this
  }

  commit(partition: number, offset: number): this {
    const offsets = [{ topic: 'a', partition, offset }]
    this.broker.cluster.handle({ type: 'offset-commit', groupId: 'g', offsets }, () => undefined)
    return this
  }
}

function discover(options: Partial<KafkaSourceOptions<string>> = {}) {
  const { runtime, broker, enumerator, found } = new Discovering()
    .append('a', 1, 1, 2)
    .start(options)
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
    enumerator?.close()
    runtime.advance(2000)
    expect(found).toEqual([])
  })
})

/** Partition 0 has no records; partition 1 has four, and the group committed offset 1 of it. */
function withOffsets(options: Partial<KafkaSourceOptions<string>>): Discovering {
  const discovering = new Discovering().append('a', 1, 100, 200, 200, 300).commit(1, 1)
  discovering.runtime.advance(5)
  discovering.start(options).runtime.advance(40)
  return discovering
}

describe('starting offsets', () => {
  test.each<[KafkaStartingOffsets, string[]]>([
    ['earliest', ['a/0@0', 'a/1@0']],
    ['latest', ['a/0@0', 'a/1@4']],
    [{ committed: 'earliest' }, ['a/0@0', 'a/1@1']],
    [{ committed: 'latest' }, ['a/0@0', 'a/1@1']],
    [{ timestampMs: 150 }, ['a/0@0', 'a/1@1']],
    [{ timestampMs: 200 }, ['a/0@0', 'a/1@1']],
    [{ timestampMs: 301 }, ['a/0@0', 'a/1@4']],
    [{ offsets: [{ topic: 'a', partition: 1, offset: 3 }] }, ['a/0@0', 'a/1@3']],
    [{ offsets: [{ topic: 'a', partition: 0, offset: 0 }] }, ['a/0@0', 'a/1@1']],
  ])('%j', (startingOffsets, expected) => {
    expect(withOffsets({ startingOffsets }).found).toEqual([expected])
  })

  test.each<KafkaStartingOffsets>([
    { committed: 'none' },
    { offsets: [{ topic: 'a', partition: 1, offset: 3 }], otherwise: 'none' },
  ])('%j fails where the group has committed nothing', (startingOffsets) => {
    const { found, failures } = withOffsets({ startingOffsets })
    expect(found).toEqual([])
    expect(failures).toEqual([
      'The group "g" has committed no offset of a/0, and the source has no other one.',
    ])
  })
})

describe('stopping offsets', () => {
  test.each<[KafkaStoppingOffsets, string[]]>([
    ['latest', ['a/0@0-0', 'a/1@0-4']],
    [{ timestampMs: 200 }, ['a/0@0-0', 'a/1@0-1']],
    [{ timestampMs: 999 }, ['a/0@0-0', 'a/1@0-4']],
    [{ offsets: [{ topic: 'a', partition: 1, offset: 9 }] }, ['a/0@0-0', 'a/1@0-9']],
  ])('%j', (stoppingOffsets, expected) => {
    expect(withOffsets({ stoppingOffsets }).found).toEqual([expected, ['complete']])
  })

  test('at the committed offsets, which must be there', () => {
    const { found, failures } = withOffsets({ stoppingOffsets: 'committed' })
    expect(found).toEqual([])
    expect(failures).toHaveLength(1)
    const both = new Discovering().append('a', 1, 1, 2, 3).commit(0, 0).commit(1, 2)
    both.runtime.advance(5)
    both.start({ stoppingOffsets: 'committed' }).runtime.advance(40)
    expect(both.found).toEqual([['a/0@0-0', 'a/1@0-2'], ['complete']])
  })

  test('a range that was found before a restart is not looked for again', () => {
    const restored = new Discovering().start({ stoppingOffsets: 'latest' }, ['a'])
    expect(restored.found).toEqual([['complete']])
    restored.runtime.advance(1000)
    expect(restored.broker.sent).toEqual([])
  })
})

describe('discovery from time to time', () => {
  test('finds what was added, and reads it from its earliest offset', () => {
    const every = { partitionDiscoveryIntervalMs: 1000 }
    const discovering = new Discovering().append('a', 0, 1)
    discovering.start({ ...every, startingOffsets: 'latest' }).runtime.advance(500)
    discovering.broker.cluster.setPartitions('a', 3)
    discovering.append('a', 2, 7, 8)
    expect(discovering.found).toEqual([['a/0@1', 'a/1@0']])
    discovering.runtime.advance(1000)
    expect(discovering.found).toEqual([['a/0@1', 'a/1@0'], ['a/2@0']])
    discovering.runtime.advance(5000)
    expect(discovering.found).toHaveLength(2)
  })

  test('after a restart what is new is still new', () => {
    const restored = new Discovering().append('a', 1, 1, 2)
    restored.start({ startingOffsets: 'latest' }, ['a'], ['a/0']).runtime.advance(100)
    expect(restored.found).toEqual([['a/1@0']])
    expect(restored.enumerator?.discovered).toEqual(['a'])
  })

  test('does not happen when it is off', () => {
    const discovering = new Discovering().start({ partitionDiscoveryIntervalMs: 0 })
    discovering.runtime.advance(100)
    const { length } = discovering.broker.sent
    discovering.runtime.advance(1_000_000)
    expect(discovering.broker.sent).toHaveLength(length)
  })

  test('looks for topics of a pattern, too', () => {
    const discovering = new Discovering().append('b', 0, 5)
    discovering
      .start({
        topicPattern: /^[bc]$/,
        startingOffsets: 'latest',
        partitionDiscoveryIntervalMs: 100,
      })
      .runtime.advance(50)
    expect(discovering.found).toEqual([['b/0@1']])
    discovering.broker.cluster.setPartitions('c', 2)
    discovering.append('c', 1, 6)
    discovering.runtime.advance(100)
    expect(discovering.found).toEqual([['b/0@1'], ['c/0@0', 'c/1@0']])
  })

  test('a topic that comes into being later is no new part of one that was read', () => {
    const discovering = new Discovering()
    discovering.start({ topics: ['a', 'c'], startingOffsets: 'latest' }).runtime.advance(100)
    discovering.broker.cluster.setPartitions('c', 1)
    discovering.append('c', 0, 1, 2)
    discovering.runtime.advance(1000)
    expect(discovering.found).toEqual([['a/0@0', 'a/1@0'], ['c/0@2']])
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
