/** Chaining, edges, and what a picture is told. */
import { describe, expect, test } from 'vitest'
import { workerId } from '../../../engine/ids.ts'
import type { StreamEnvironment } from '../../../engine/job/stream-environment.ts'
import { defineJob } from '../../../engine/job/define-job.ts'
import { buildJobGraph, subtasksOf } from '../../../engine/job/job-graph.ts'
import { describeTopology } from '../../../engine/job/topology.ts'
import type { JobGraph } from '../../../engine/job/job-graph.ts'
import type { JobOptions } from '../../../engine/job/job-options.ts'
import { outputTag } from '../../../engine/operator/functions.ts'
import { text } from '../../../engine/serializer.ts'
import type { Sink } from '../../../engine/sink/sink-spec.ts'
import { discardSink, kafkaSink } from '../../../engine/sink/sinks.ts'
import { generatorSource, kafkaSource } from '../../../engine/source/sources.ts'
import type { Numbered } from '../small-jobs.ts'

const numbers = generatorSource<Numbered>(3, (n) => ({ key: 'k', n }))

function graph(build: (env: StreamEnvironment) => void, options: JobOptions = {}): JobGraph {
  return buildJobGraph(defineJob('J', { parallelism: 2, ...options }, build))
}

/** Vertices as `source > parse (2)`: the chain and its parallelism. */
function chains({ vertices }: JobGraph): string[] {
  return vertices.map(
    ({ nodes, parallelism }) => `${nodes.map(({ uid }) => uid).join(' > ')} (${parallelism})`,
  )
}

/** Edges as `source -hash-> sum`, with the side output. */
function edges({ vertices }: JobGraph): string[] {
  return vertices.flatMap(({ outputs }) =>
    outputs.map(
      ({ producer, consumer, partitioning, tag, index }) =>
        `${producer}${tag === null ? '' : `:${tag}`} -${partitioning.type}-> ${consumer} #${index}`,
    ),
  )
}

describe('chaining', () => {
  test('operators behind forward edges of one parallelism run in one vertex, named after its head', () => {
    const built = graph((env) => {
      env
        .fromSource(numbers)
        .map(({ n }) => n)
        .filter((n) => n > 0)
        .sinkTo(discardSink())
    })
    expect(chains(built)).toEqual(['source > map > filter > sink (2)'])
    expect(edges(built)).toEqual([])
    expect(built.vertices[0]?.id).toBe('source')
  })

  test('a keyBy ends a chain', () => {
    const built = graph((env) => {
      env
        .fromSource(numbers)
        .map((value) => value)
        .keyBy(({ key }) => key)
        .sum('n')
        .map((value) => value)
        .sinkTo(discardSink())
    })
    expect(chains(built)).toEqual(['source > map (2)', 'sum > map-2 > sink (2)'])
    expect(edges(built)).toEqual(['source -hash-> sum #0'])
  })

  test('so does a rebalance', () => {
    const built = graph((env) => {
      env
        .fromSource(numbers)
        .rebalance()
        .map(({ n }) => n)
        .sinkTo(discardSink())
    })
    expect(chains(built)).toEqual(['source (2)', 'map > sink (2)'])
    expect(edges(built)).toEqual(['source -rebalance-> map #0'])
  })

  test('a forward edge between different parallelisms becomes a rebalance', () => {
    const built = graph((env) => {
      env
        .fromSource(numbers, { parallelism: 1 })
        .map(({ n }) => n, { parallelism: 3 })
        .sinkTo(discardSink(), { parallelism: 3 })
    })
    expect(chains(built)).toEqual(['source (1)', 'map > sink (3)'])
    expect(edges(built)).toEqual(['source -rebalance-> map #0'])
  })

  test('one that the job asks for is refused there', () => {
    const build = (parallelism: number): JobGraph =>
      graph((env) => {
        env
          .fromSource(numbers)
          .forward()
          .map(({ n }) => n, { parallelism })
          .sinkTo(discardSink(), { parallelism })
      })
    expect(chains(build(2))).toEqual(['source > map > sink (2)'])
    expect(() => build(3)).toThrow(
      'The operator "source" has parallelism 2 and "map" 3, so forward() cannot connect them; ' +
        'give both the same parallelism, or use rebalance() or rescale().',
    )
  })

  test('an explicit parallelism that is that of the job does not end a chain', () => {
    const built = graph((env) => {
      env.fromSource(numbers, { parallelism: 2 }).sinkTo(discardSink())
    })
    expect(chains(built)).toEqual(['source > sink (2)'])
  })
})

describe('edges', () => {
  test('a side output is chained like the main output, and tells which one it is', () => {
    const late = outputTag<Numbered>('late')
    const built = graph((env) => {
      const events = env.fromSource(numbers).process<Numbered>(() => undefined)
      events.sideOutput(late).sinkTo(discardSink(), { name: 'late-sink' })
      events
        .sideOutput(late)
        .keyBy(({ key }) => key)
        .sum('n')
        .sinkTo(discardSink())
    })
    expect(chains(built)).toEqual(['source > process > late-sink (2)', 'sum > sink (2)'])
    expect(edges(built)).toEqual(['source:late -hash-> sum #0'])
  })

  test('of one producer are numbered, also when they leave from different operators of its chain', () => {
    const built = graph((env) => {
      const source = env.fromSource(numbers)
      const mapped = source.map((value) => value)
      source
        .keyBy(({ key }) => key)
        .sum('n')
        .sinkTo(discardSink())
      mapped
        .keyBy(({ key }) => key)
        .reduce((a) => a)
        .sinkTo(discardSink())
    })
    expect(edges(built)).toEqual(['source -hash-> sum #0', 'source -hash-> reduce #1'])
    expect(built.vertices.map(({ inputs }) => inputs.map(({ fromNode }) => fromNode))).toEqual([
      [],
      [0],
      [1],
    ])
  })
})

describe('parallelism', () => {
  test('is that of the run where the run says so', () => {
    const job = defineJob('J', { parallelism: 2 }, (env) => {
      env.fromSource(numbers).sinkTo(discardSink())
    })
    const built = buildJobGraph(job, { parallelism: 5 })
    expect(chains(built)).toEqual(['source > sink (5)'])
    expect(built.vertices.flatMap(subtasksOf)).toEqual([0, 1, 2, 3, 4].map((i) => `source/${i}`))
  })

  test('above the number of key groups is refused with one sentence', () => {
    const build = (): JobGraph =>
      graph(
        (env) => {
          env.fromSource(numbers, { uid: 'wide', parallelism: 9 }).sinkTo(discardSink())
        },
        { maxParallelism: 8 },
      )
    expect(build).toThrow(
      'The operator "wide" has parallelism 9, but its maxParallelism is 8; lower the one or raise the other.',
    )
  })
})

test('a job needs a final checkpoint when a sink commits what it wrote, or when it takes periodic ones', () => {
  const needs = (sink: Sink<string>, options: JobOptions = {}): boolean =>
    graph((env) => {
      env
        .fromSource(numbers)
        .map(() => '')
        .sinkTo(sink)
    }, options).needsFinalCheckpoint
  expect(needs(kafkaSink({ topic: 'out', value: text, delivery: 'exactly-once' }))).toBe(true)
  expect(needs(discardSink())).toBe(false)
  const checkpointing = { intervalMs: 1000 }
  expect(needs(discardSink(), { checkpointing })).toBe(true)
  expect(needs(discardSink(), { checkpointing, runtimeMode: 'batch' }), 'no periodic ones').toBe(
    false,
  )
})

describe('the topology', () => {
  const built = graph((env) => {
    env
      .fromSource(kafkaSource({ topics: ['in', 'more'], groupId: 'g', value: text }))
      .map(({ value }) => value, { name: 'parse' })
      .keyBy((value) => value)
      .reduce((a) => a)
      .sinkTo(kafkaSink({ topic: 'out', value: text, delivery: 'exactly-once' }), {
        parallelism: 1,
      })
  })
  const topology = describeTopology(built, [workerId('worker-1')], (topic) => topic.length)

  test('names the vertices with their operators and subtasks', () => {
    expect(topology.job).toBe('J')
    expect(topology.workers).toEqual(['worker-1'])
    expect(topology.vertices).toEqual([
      {
        id: 'source',
        operators: [
          { uid: 'source', name: 'source', kind: 'source' },
          { uid: 'parse', name: 'parse', kind: 'map' },
        ],
        subtasks: ['source/0', 'source/1'],
      },
      {
        id: 'reduce',
        operators: [{ uid: 'reduce', name: 'reduce', kind: 'reduce' }],
        subtasks: ['reduce/0', 'reduce/1'],
      },
      {
        id: 'sink',
        operators: [{ uid: 'sink', name: 'sink', kind: 'sink' }],
        subtasks: ['sink/0'],
      },
    ])
  })

  test('names every channel once', () => {
    expect(topology.channels.map(({ id }) => id)).toEqual([
      'source/0>reduce/0',
      'source/0>reduce/1',
      'source/1>reduce/0',
      'source/1>reduce/1',
      'reduce/0>sink/0',
      'reduce/1>sink/0',
    ])
    expect(topology.channels[1]).toEqual({
      id: 'source/0>reduce/1',
      from: 'source/0',
      to: 'reduce/1',
      input: 0,
    })
  })

  test('names the topics with their partitions and the vertex at the edge', () => {
    expect(topology.inputs).toEqual([
      { topic: 'in', partitions: 2, vertex: 'source' },
      { topic: 'more', partitions: 4, vertex: 'source' },
    ])
    expect(topology.outputs).toEqual([
      { topic: 'out', partitions: 3, vertex: 'sink', isTransactional: true },
    ])
  })
})
