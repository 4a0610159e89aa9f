/** Programs that cannot work are refused before they start, with one sentence that names the operator. */
import { describe, expect, test } from 'vitest'
import {
  collectSink,
  CollectedResults,
  defineJob,
  forBoundedOutOfOrderness,
  forMonotonousTimestamps,
  generatorSource,
  kafkaSink,
  kafkaSource,
  text,
  tumblingEventTimeWindows,
  tumblingProcessingTimeWindows,
} from '../../../engine/index.ts'
import type { DataStream, JobOptions, StreamEnvironment } from '../../../engine/index.ts'
import type { Job } from '../../../engine/job/define-job.ts'
import { buildJobGraph } from '../../../engine/job/job-graph.ts'

const numbers = generatorSource(3, (n) => n)

function jobOf(build: (env: StreamEnvironment) => void, options: JobOptions = {}): Job {
  return defineJob('J', options, build)
}

function graphOf(build: (env: StreamEnvironment) => void, options: JobOptions = {}) {
  return buildJobGraph(jobOf(build, options))
}

const windowed = (stream: DataStream<number>): void => {
  stream
    .keyBy((n) => n)
    .window(tumblingEventTimeWindows({ sizeMs: 10 }))
    .reduce((a) => a, { uid: 'per-ten' })
    .sinkTo(collectSink(new CollectedResults()))
}

describe('event time', () => {
  test('a window that no watermark reaches is refused', () => {
    expect(() => graphOf((env) => windowed(env.fromSource(numbers)))).toThrow(
      'The operator "per-ten" works in event time, but no watermarks reach it',
    )
  })

  test('a strategy in the source, or in front of the window, is enough', () => {
    graphOf((env) => {
      windowed(env.fromSource(numbers, { watermarks: forMonotonousTimestamps() }))
    })
    graphOf((env) => {
      windowed(env.fromSource(numbers).assignTimestampsAndWatermarks(forBoundedOutOfOrderness(5)))
    })
  })

  test('of a union every part needs watermarks, because the window waits for all', () => {
    expect(() =>
      graphOf((env) => {
        const timed = env.fromSource(numbers, { watermarks: forMonotonousTimestamps() })
        windowed(timed.union(env.fromSource(numbers)))
      }),
    ).toThrow('The operator "per-ten" works in event time')
  })

  test('an interval join needs them on both sides', () => {
    expect(() =>
      graphOf((env) => {
        const left = env
          .fromSource(numbers, { watermarks: forMonotonousTimestamps() })
          .keyBy((n) => n)
        const right = env.fromSource(numbers).keyBy((n) => n)
        left
          .intervalJoin(right, { lowerBoundMs: 0, upperBoundMs: 5 })
          .process<number>(() => undefined, { uid: 'pairs' })
      }),
    ).toThrow('The operator "pairs" works in event time')
  })

  test('processing time and batch mode need none', () => {
    graphOf((env) => {
      env
        .fromSource(numbers)
        .keyBy((n) => n)
        .window(tumblingProcessingTimeWindows({ sizeMs: 10 }))
        .reduce((a) => a)
    })
    graphOf((env) => windowed(env.fromSource(numbers)), { runtimeMode: 'batch' })
  })
})

describe('the shape of the graph', () => {
  test('a stream that feeds itself is refused', () => {
    const job = jobOf((env) => {
      const mapped = env.fromSource(numbers).map((n) => n, { uid: 'first' })
      mapped.union(env.fromSource(numbers)).map((n) => n, { uid: 'second' })
    })
    const { nodes } = job.graph
    const cyclic = nodes.map((node) => {
      if (node.uid !== 'first') return node
      const edge = { from: 3, tag: null, partitioning: { type: 'forward' } } as const
      return { ...node, inputs: [{ edges: [edge], keySelector: null }] }
    })
    expect(() => buildJobGraph({ ...job, graph: { nodes: cyclic } })).toThrow(
      'The operator "first" reads "second", which reads "first" itself or stands behind it',
    )
  })

  test('two sinks that would fence each other are refused, whatever script their names are in', () => {
    const withSinks = (...uids: readonly string[]) =>
      graphOf((env) => {
        const lines = env.fromSource(numbers).map(String)
        for (const uid of uids) {
          lines.sinkTo(kafkaSink({ topic: uid, value: text, delivery: 'exactly-once' }), { uid })
        }
      })
    expect(withSinks('热门', '错误').vertices).toHaveLength(1)
    expect(() => withSinks('top ten', 'Top-Ten')).toThrow(
      'The sinks "top ten" and "Top-Ten" have the same prefix of transactional ids, "j-top-ten"',
    )
    const shared = kafkaSink<string>({
      topic: 'out',
      value: text,
      delivery: 'exactly-once',
      transactionalIdPrefix: 'mine',
    })
    expect(() =>
      graphOf((env) => {
        const stream = env.fromSource(numbers).map(String)
        stream.sinkTo(shared, { uid: 'one' })
        stream.sinkTo(shared, { uid: 'two' })
      }),
    ).toThrow('give each its own transactionalIdPrefix.')
  })

  test('streams of two jobs cannot be united, connected or joined', () => {
    const foreign: DataStream<number>[] = []
    jobOf((env) => foreign.push(env.fromSource(numbers)))
    const [other] = foreign
    if (other === undefined) throw new Error('There is a stream.')
    jobOf((env) => {
      const own = env.fromSource(numbers)
      const message = 'a stream of another; make both from the same environment.'
      expect(() => own.union(other)).toThrow(message)
      expect(() => own.connect(other)).toThrow(message)
      expect(() => own.keyBy((n) => n).connect(other.keyBy((n) => n))).toThrow(message)
    })
  })
})

describe('the runtime mode', () => {
  const endless = kafkaSource({ topics: ['t'], groupId: 'g', value: text })

  test('a batch over a source without end is refused', () => {
    expect(() =>
      graphOf((env) => env.fromSource(endless, { uid: 'clicks' }), { runtimeMode: 'batch' }),
    ).toThrow('The job "J" has runtimeMode "batch", but its source "clicks" has no end')
  })

  test('automatic is batch when every source ends', () => {
    const modeOf = (build: (env: StreamEnvironment) => void): string =>
      graphOf(build, { runtimeMode: 'automatic' }).runtimeMode
    expect(modeOf((env) => env.fromSource(numbers))).toBe('batch')
    expect(
      modeOf((env) => {
        env.fromSource(numbers)
        env.fromSource(endless)
      }),
    ).toBe('streaming')
  })
})
