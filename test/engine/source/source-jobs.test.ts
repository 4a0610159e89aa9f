/** Sources in whole jobs that crash: nothing is lost, nothing comes twice. */
import { describe, expect, test } from 'vitest'
import {
  collectionSource,
  collectSink,
  CollectedResults,
  defineJob,
  fileSource,
  forMonotonousTimestamps,
  generatorSource,
  hybridSource,
  kafkaSource,
  text,
} from '../../../engine/index.ts'
import type { DataStream, KafkaRecord, KafkaSourceOptions, Source } from '../../../engine/index.ts'
import type { Job, JobOptions } from '../../../engine/index.ts'
import type { TraceEvent } from '../../../engine/trace.ts'
import { SourceWorld } from './source-world.ts'

const topic = (options: Partial<KafkaSourceOptions<string>>): Source<KafkaRecord<string>> =>
  kafkaSource({ topics: ['in'], groupId: 'g', value: text, ...options })

/** What comes out is what was read: `in/0@5=7`, or the value when it is not Kafka's. */
function reading<T>(
  source: Source<T>,
  results: CollectedResults<string>,
  options: JobOptions = {},
): Job {
  return defineJob('Reading', options, (env) => {
    const stream: DataStream<T> = env.fromSource(source)
    stream.map(nameOf).sinkTo(collectSink(results))
  })
}

function nameOf(value: unknown): string {
  if (typeof value !== 'object' || value === null || !('offset' in value)) return String(value)
  // The only objects in these tests are Kafka's records.
  const record = value as KafkaRecord<string>
  return `${record.topic}/${record.partition}@${record.offset}=${record.value}`
}

const numbers = (from: number, to: number): number[] =>
  Array.from({ length: to - from }, (_, i) => from + i)

describe('a bounded Kafka source', () => {
  test('reads what was there at the start, and then the job is finished', () => {
    const results = new CollectedResults<string>()
    const world = new SourceWorld(reading(topic({ stoppingOffsets: 'latest' }), results), { in: 3 })
    world.append('in', 0, 1, 2, 3).append('in', 1, 4, 5)
    world.at(500, () => world.append('in', 0, 99)).run()
    expect(world.status, world.reason).toBe('finished')
    expect(results.values.toSorted()).toEqual([
      'in/0@0=1',
      'in/0@1=2',
      'in/0@2=3',
      'in/1@0=4',
      'in/1@1=5',
    ])
  })

  test('waits for records up to offsets that are not there yet', () => {
    const results = new CollectedResults<string>()
    const stoppingOffsets = { offsets: [{ topic: 'in', partition: 0, offset: 4 }] }
    const world = new SourceWorld(reading(topic({ stoppingOffsets }), results), { in: 2 })
    world.append('in', 0, 1, 2).append('in', 1, 7)
    world.at(700, () => {
      expect(world.status).toBe('running')
      world.append('in', 0, 3, 4, 5)
    })
    world.run()
    expect(world.status, world.reason).toBe('finished')
    expect(results.values).toEqual(['in/0@0=1', 'in/0@1=2', 'in/0@2=3', 'in/0@3=4'])
  })

  test.each([1, 2, 3, 4])('crashes after checkpoint %i: the same input, once', (nth) => {
    const results = new CollectedResults<string>()
    const stoppingOffsets = {
      offsets: [0, 1, 2].map((partition) => ({ topic: 'in', partition, offset: 40 })),
    }
    const world = new SourceWorld(reading(topic({ stoppingOffsets }), results), { in: 3 })
    for (const i of numbers(0, 50)) {
      world.at(10 + i * 10, () => {
        for (const partition of [0, 1, 2]) world.append('in', partition, i)
      })
    }
    world.crashOn('worker-1', ({ type }) => type === 'checkpoint-completed', nth).run()
    expect(world.status, world.reason).toBe('finished')
    expect(world.factsOf('restart-started')).toHaveLength(1)
    const expected = [0, 1, 2].flatMap((p) => numbers(0, 40).map((i) => `in/${p}@${i}=${i}`))
    expect(results.values.toSorted()).toEqual(expected.toSorted())
  })
})

describe('discovery', () => {
  const everyTenth = (world: SourceWorld, partition: number, from: number, to: number): void => {
    for (const ms of numbers(from, to).filter((n) => n % 10 === 0)) {
      world.at(ms, () => world.append('in', partition, ms))
    }
  }

  test.each([380, 420, 600])(
    'a partition that is added during the run is read from its first record (crash at %i ms)',
    (crashAt) => {
      const results = new CollectedResults<string>()
      const source = topic({ startingOffsets: 'latest', partitionDiscoveryIntervalMs: 100 })
      const world = new SourceWorld(reading(source, results), { in: 1 })
      world.append('in', 0, 1)
      everyTenth(world, 0, 200, 1000)
      world.at(300, () => {
        world.cluster.setPartitions('in', 3)
      })
      everyTenth(world, 2, 310, 1000)
      world.at(crashAt, () => world.crash('worker-2')).run(2500)
      expect(world.factsOf('restart-started')).toHaveLength(1)
      const fed = (from: number): number[] => numbers(from, 1000).filter((n) => n % 10 === 0)
      expect(results.values.toSorted()).toEqual(
        [
          ...fed(200).map((ms, i) => `in/0@${i + 1}=${ms}`),
          ...fed(310).map((ms, i) => `in/2@${i}=${ms}`),
        ].toSorted(),
      )
    },
  )

  test('without it the partition is not read', () => {
    const results = new CollectedResults<string>()
    const source = topic({ partitionDiscoveryIntervalMs: 0 })
    const world = new SourceWorld(reading(source, results), { in: 1 })
    world.at(300, () => {
      world.cluster.setPartitions('in', 2)
      world.append('in', 1, 1)
    })
    world.run(2000)
    expect(results.values).toEqual([])
  })

  test('a pattern reads all topics that match, also those that come into being later', () => {
    const results = new CollectedResults<string>()
    const source = kafkaSource({
      topicPattern: /^orders-/g,
      groupId: 'g',
      value: text,
      partitionDiscoveryIntervalMs: 100,
    })
    const world = new SourceWorld(reading(source, results), { 'orders-a': 1, other: 1 })
    world.append('orders-a', 0, 1).append('other', 0, 2)
    world.at(400, () => {
      world.cluster.setPartitions('orders-b', 1)
      world.append('orders-b', 0, 3)
    })
    world.at(620, () => world.crash('worker-1')).run(2000)
    expect(results.values.toSorted()).toEqual(['orders-a/0@0=1', 'orders-b/0@0=3'])
  })
})

describe('a hybrid source', () => {
  const range = (name: string, offset: number): Source<KafkaRecord<string>> =>
    topic({
      topics: [name],
      stoppingOffsets: { offsets: [0, 1].map((partition) => ({ topic: name, partition, offset })) },
    })
  const isAssigned =
    (name: string) =>
    (event: TraceEvent): boolean =>
      event.type === 'split-assigned' && event.topic === name
  const fedTo = (name: string, to: number): string[] =>
    [0, 1].flatMap((p) => numbers(0, to).map((i) => `${name}/${p}@${i}=${i}`))

  /** `old` up to offset 30, then `new`; both are fed all the time. */
  function oldThenNew(results: CollectedResults<string>, options: JobOptions = {}): SourceWorld {
    const source = hybridSource({ sources: [range('old', 30), topic({ topics: ['new'] })] })
    const world = new SourceWorld(reading(source, results, options), { old: 2, new: 2 })
    for (const i of numbers(0, 40)) {
      world.at(10 + i * 20, () => {
        for (const name of ['old', 'new']) {
          for (const partition of [0, 1]) world.append(name, partition, i)
        }
      })
    }
    return world
  }

  const expected = [...fedTo('old', 30), ...fedTo('new', 40)].toSorted()

  test('reads one to its end and then the other', () => {
    const results = new CollectedResults<string>()
    const world = oldThenNew(results, { parallelism: 1 }).run(3000)
    expect(results.values.toSorted()).toEqual(expected)
    const firstNew = results.values.findIndex((value) => value.startsWith('new'))
    expect(results.values.slice(firstNew).filter((value) => value.startsWith('old'))).toEqual([])
    expect(world.factsOf('restart-started')).toHaveLength(0)
  })

  /** The switch is at about 610 ms. */
  const crashes = [400, ...numbers(0, 20).map((i) => 590 + i * 3), 1000]

  test.each(crashes)('crashes at %i ms: nothing is lost or comes twice', (ms) => {
    for (const worker of ['worker-1', 'worker-2']) {
      const results = new CollectedResults<string>()
      const world = oldThenNew(results).at(ms, () => world.crash(worker))
      world.run(4000)
      expect(world.factsOf('restart-started')).toHaveLength(1)
      expect(results.values.toSorted(), worker).toEqual(expected)
    }
  })

  test.each([1, 2])('crashes when split %i of the next source is assigned', (nth) => {
    const results = new CollectedResults<string>()
    const world = oldThenNew(results).crashOn('worker-1', isAssigned('new'), nth).run(4000)
    expect(world.factsOf('restart-started')).toHaveLength(1)
    expect(results.values.toSorted()).toEqual(expected)
  })

  test.each(numbers(0, 12))('crashes twice around the switch, seed %i', (seed) => {
    const results = new CollectedResults<string>()
    const source = hybridSource({ sources: [range('old', 30), topic({ topics: ['new'] })] })
    const world = new SourceWorld(reading(source, results), { old: 2, new: 2 }, {}, seed)
    for (const name of ['old', 'new']) {
      for (const partition of [0, 1]) world.append(name, partition, ...numbers(0, 40))
    }
    world.at(20 + seed * 13, () => world.crash('worker-1'))
    world.at(300 + seed * 17, () => world.crash('worker-2'))
    world.run(4000)
    expect(results.values.toSorted()).toEqual(expected)
  })

  test('a file, then Kafka from the time at which the file ends', () => {
    const results = new CollectedResults<string>()
    const lines = numbers(0, 100).map((n) => `${n}\n`)
    const source = hybridSource({
      sources: [fileSource('yesterday.log'), topic({})],
      switchAt: ({ source: next, lastTimestamp }) => {
        expect(next).toBe(1)
        return { timestampMs: lastTimestamp + 1 }
      },
    })
    const job = defineJob('Reading', {}, (env) => {
      env
        .fromSource(source, {
          watermarks: forMonotonousTimestamps({
            timestampAssigner: (value) =>
              typeof value === 'string' ? Number(value) : value.timestamp,
          }),
        })
        .map((value) => (typeof value === 'string' ? value : value.value))
        .sinkTo(collectSink(results))
    })
    const world = new SourceWorld(job, { in: 1 }, { 'yesterday.log': lines.join('') })
    world.append('in', 0, ...numbers(80, 120))
    world.at(300, () => world.crash('worker-1')).run(2000)
    expect(results.values.map(Number).toSorted((a, b) => a - b)).toEqual(numbers(0, 120))
  })

  test('the first range may be followed by the rest of the same topic', () => {
    const results = new CollectedResults<string>()
    const source = hybridSource({
      sources: [range('in', 10), topic({})],
      switchAt: ({ offsets }) => ({ offsets, otherwise: 'none' }),
    })
    const world = new SourceWorld(reading(source, results), { in: 2 })
    for (const partition of [0, 1]) world.append('in', partition, ...numbers(0, 25))
    world.run(2000)
    expect(results.values.toSorted()).toEqual(fedTo('in', 25).toSorted())
  })

  test('all bounded: the job ends when the last one has', () => {
    const results = new CollectedResults<string>()
    const source = hybridSource({
      sources: [
        collectionSource(['a', 'b', 'c']),
        generatorSource(5, (i) => `g${i}`),
        range('in', 2),
      ],
    })
    const world = new SourceWorld(reading(source, results, { parallelism: 1 }), { in: 2 })
    for (const partition of [0, 1]) world.append('in', partition, 7, 8, 9)
    world.run()
    expect(world.status, world.reason).toBe('finished')
    expect(results.values.slice(0, 3).toSorted()).toEqual(['a', 'b', 'c'])
    expect(results.values.slice(3, 8).toSorted()).toEqual(['g0', 'g1', 'g2', 'g3', 'g4'])
    expect(results.values.slice(8).toSorted()).toEqual([
      'in/0@0=7',
      'in/0@1=8',
      'in/1@0=7',
      'in/1@1=8',
    ])
  })

  test('a switchAt that throws fails the job with its sentence', () => {
    const source = hybridSource({
      sources: [collectionSource([1]), topic({})],
      switchAt: () => {
        throw new RangeError('no such day')
      },
    })
    const job = reading(source, new CollectedResults<string>(), { restart: { strategy: 'none' } })
    const world = new SourceWorld(job, { in: 1 }).run()
    expect(world.status).toBe('failed')
    expect(world.reason).toContain(
      'The source "source" failed: switchAt threw RangeError: no such day',
    )
  })
})

test('an offset of the group that is not there fails the job with one sentence', () => {
  const source = topic({ startingOffsets: { committed: 'none' } })
  const job = reading(source, new CollectedResults<string>(), { restart: { strategy: 'none' } })
  const world = new SourceWorld(job, { in: 1 }).run()
  expect(world.status).toBe('failed')
  expect(world.reason).toContain('The group "g" has committed no offset of in/0')
})
