/** The DataStream API as a builder of the stream graph. */
import { describe, expect, test } from 'vitest'
import { ConfigurationError } from '../../../engine/errors.ts'
import { StreamEnvironment } from '../../../engine/job/stream-environment.ts'
import { defineJob, isJob } from '../../../engine/job/define-job.ts'
import { kindOf } from '../../../engine/job/job-graph.ts'
import { edgesInto, isKeyed } from '../../../engine/job/stream-graph.ts'
import { outputTag } from '../../../engine/operator/functions.ts'
import { discardSink } from '../../../engine/sink/sinks.ts'
import { generatorSource } from '../../../engine/source/sources.ts'
import type { Numbered } from '../small-jobs.ts'

const numbers = generatorSource<Numbered>(3, (n) => ({ key: 'k', n }))

/** The nodes as `uid: kind <input:tag partitioning [keyed]`. */
function graphOf(build: (env: StreamEnvironment) => void): string[] {
  const env = new StreamEnvironment()
  build(env)
  const { nodes } = env.graph()
  return nodes.map((node) => {
    const from = edgesInto(node).map(
      (edge) => ` <${nodes[edge.from]?.uid}:${edge.tag ?? 'main'} ${edge.partitioning.type}`,
    )
    return `${node.uid}: ${kindOf(node)}${from.join('')}${isKeyed(node) ? ' keyed' : ''}`
  })
}

test('every call adds one operator behind the one before', () => {
  expect(
    graphOf((env) => {
      env
        .fromSource(numbers)
        .map(({ n }) => n)
        .filter((n) => n > 0)
        .flatMap((n) => [n])
        .sinkTo(discardSink())
    }),
  ).toEqual([
    'source: source',
    'map: map <source:main forward',
    'filter: filter <map:main forward',
    'flatMap: flat-map <filter:main forward',
    'sink: sink <flatMap:main forward',
  ])
})

test('behind a keyBy an operator is partitioned by hash and keyed; what follows is neither', () => {
  expect(
    graphOf((env) => {
      const keyed = env.fromSource(numbers).keyBy(({ key }) => key)
      keyed.sum('n').map(({ n }) => n)
      keyed.reduce((a) => a)
      keyed.process<number>((value, context) => {
        context.collect(value.n)
      })
    }),
  ).toEqual([
    'source: source',
    'sum: sum <source:main hash keyed',
    'map: map <sum:main forward',
    'reduce: reduce <source:main hash keyed',
    'process: process <source:main hash keyed',
  ])
})

test('a side output is read from the operator that writes it', () => {
  expect(
    graphOf((env) => {
      const events = env.fromSource(numbers).process<number>(() => undefined)
      events.map((n) => n)
      events.sideOutput(outputTag<string>('late')).map((late) => late.length, { name: 'lengths' })
    }),
  ).toEqual([
    'source: source',
    'process: process <source:main forward',
    'map: map <process:main forward',
    'lengths: map <process:late forward',
  ])
})

test('rebalance changes the edge, and adds no operator', () => {
  expect(
    graphOf((env) => {
      env
        .fromSource(numbers)
        .rebalance()
        .map(({ n }) => n)
    }),
  ).toEqual(['source: source', 'map: map <source:main rebalance'])
})

describe('uids', () => {
  test('are the name, numbered from the second of that name on', () => {
    const uids = graphOf((env) => {
      const source = env.fromSource(numbers)
      for (let i = 0; i < 3; i++) source.map(({ n }) => n)
      source.map(({ n }) => n, { name: 'named' })
    }).map((node) => node.split(':')[0])
    expect(uids).toEqual(['source', 'map', 'map-2', 'map-3', 'named'])
  })

  test('that are given twice are refused with one sentence', () => {
    const build = (): void => {
      const env = new StreamEnvironment()
      const source = env.fromSource(numbers)
      source.map(({ n }) => n, { uid: 'same' })
      source.filter(() => true, { uid: 'same' })
    }
    expect(build).toThrow(ConfigurationError)
    expect(build).toThrow(
      'Two operators have the uid "same"; every uid names one operator, so give one of them another.',
    )
  })

  test('of the user stay what they are when the job changes around them', () => {
    const graph = graphOf((env) => {
      env
        .fromSource(numbers)
        .map(({ n }) => n)
        .map((n) => n, { uid: 'mine', name: 'other' })
    })
    expect(graph[2]).toBe('mine: map <map:main forward')
  })
})

test.each([0, -1, 1.5, 40_000])('an operator with parallelism %d is refused', (parallelism) => {
  const build = (): void => {
    new StreamEnvironment().fromSource(numbers, { parallelism })
  }
  expect(build).toThrow(
    `The option parallelism of operator "source" is ${parallelism}; it must be a whole number from 1 to 32768.`,
  )
})

describe('a job', () => {
  test('is built once, at its definition, and is a description', () => {
    let built = 0
    const job = defineJob('J', { parallelism: 2 }, (env) => {
      built += 1
      env.fromSource(numbers).sinkTo(discardSink())
    })
    expect(built).toBe(1)
    expect(job).toMatchObject({ name: 'J', options: { parallelism: 2 } })
    expect(job.graph.nodes).toHaveLength(2)
    expect(isJob(job)).toBe(true)
  })

  test('without source is refused', () => {
    expect(() => defineJob('Empty', {}, () => undefined)).toThrow(
      'The job "Empty" has no source; begin with env.fromSource(kafkaSource({ … })).',
    )
  })

  test('with options out of range is refused before anything is built', () => {
    const define = (): unknown =>
      defineJob('J', { parallelism: 0 }, () => {
        throw new Error('It was built.')
      })
    expect(define).toThrow('The option parallelism is 0')
  })

  test.each([null, 7, {}, { name: 'J', options: {} }])('is not %j', (value) => {
    expect(isJob(value)).toBe(false)
  })
})
