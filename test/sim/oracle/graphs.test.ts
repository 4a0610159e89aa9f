/** Correct runs of jobs of every shape: the oracle must not object, must not throw, and must say what it did not judge. */
import { expect, test } from 'vitest'
import {
  collectionSource,
  defineJob,
  forBoundedOutOfOrderness,
  kafkaSink,
  kafkaSource,
  listState,
  mapState,
  outputTag,
  text,
  tumblingEventTimeWindows,
  tumblingProcessingTimeWindows,
} from '../../../engine/index.ts'
import type { Job, KeyedProcessContext } from '../../../engine/index.ts'
import type { DataStream } from '../../../engine/job/data-stream.ts'
import type { StreamEnvironment } from '../../../engine/job/stream-environment.ts'
import type { Plan, SimulationResult } from '../../../sim/index.ts'
import { simulate } from '../../../sim/simulate.ts'

interface Event {
  readonly k: string
  readonly n: number
}

/** The keys lie in both partitions. */
const LINES = Array.from({ length: 200 }, (_, i) => `${['a', 'd', 'b'][i % 3]},${i}`)

const PLAN: Plan = {
  v: 1,
  job: { builtin: 'none' },
  config: { inputDurationMs: 600, checkpointIntervalMs: 150, inputPartitioning: 'by-key' },
  seed: 5,
  input: { file: 'lines', sha256: '' },
  faults: [{ kind: 'crash', on: 'worker-1', at: { t: 400 }, restartAfterMs: 0 }],
}

const toTopic = (topic: string) =>
  kafkaSink<string>({ topic, value: text, delivery: 'exactly-once' })

function jobOf(build: (env: StreamEnvironment, events: DataStream<Event>) => void): Job {
  return defineJob('Graph', {}, (env) => {
    const source = kafkaSource({ topics: ['in'], groupId: 'g', value: text })
    build(env, env.fromSource(source, { uid: 'source' }).map(parse, { uid: 'parse' }))
  })
}

function parse({ value }: { readonly value: string }): Event {
  return { k: value.slice(0, 1), n: Number(value.slice(2)) }
}

const show = ({ k, n }: Event): string => `${k},${n}`
const byKey = ({ k }: Event): string => k

function run(job: Job, plan: Plan = PLAN): SimulationResult {
  const result = simulate(job, plan, { lines: LINES })
  expect(result.verdict).toEqual({ outcome: 'passed', violations: [] })
  expect(result.summary.outputs).toBeGreaterThan(0)
  return result
}

const odd = outputTag<Event>('odd')
const numbers = listState<number>('numbers')
const counts = mapState<number, number>('counts')

/** Lists and maps of state, without time. */
function remember({ n }: Event, context: KeyedProcessContext<string, string>): void {
  context.state(numbers).add(n)
  context.state(counts).put(n % 2, (context.state(counts).get(n % 2) ?? 0) + 1)
  const list = context.state(numbers).get()
  if (list.length === 5) context.state(numbers).clear()
  context.collect(
    `${context.key} ${list.join(' ')} ${[...context.state(counts).values()].join(' ')}`,
  )
}

const JUDGED: Readonly<Record<string, Job>> = {
  'rolling aggregations': jobOf((_, events) => {
    const keyed = events.keyBy(byKey)
    keyed.min('n').map(show).sinkTo(toTopic('min'))
    keyed.max('n').map(show).sinkTo(toTopic('max'))
    keyed.minBy('n').map(show).sinkTo(toTopic('min-by'))
    keyed.maxBy('n').map(show).sinkTo(toTopic('max-by'))
  }),
  'lists and maps of state': jobOf((_, events) => {
    events.keyBy(byKey).process(remember).sinkTo(toTopic('out'))
  }),
  'a union in front of a fold': jobOf((_, events) => {
    const doubled = events.map(({ k, n }) => ({ k, n: 2 * n }))
    events.union(doubled).keyBy(byKey).sum('n').map(show).sinkTo(toTopic('out'))
  }),
  'two sinks of one topic': jobOf((_, events) => {
    events.map(show).sinkTo(toTopic('out'))
    events
      .filter(({ n }) => n % 2 === 0)
      .map(show)
      .sinkTo(toTopic('out'))
  }),
  'two sources of one topic': jobOf((env, events) => {
    const again = env.fromSource(kafkaSource({ topics: ['in'], groupId: 'h', value: text }))
    events.keyBy(byKey).sum('n').map(show).sinkTo(toTopic('sums'))
    again.map(({ value }) => value).sinkTo(toTopic('lines'))
  }),
  'event time that nobody asks for': jobOf((_, events) => {
    events
      .assignTimestampsAndWatermarks(
        forBoundedOutOfOrderness<Event>(5, { timestampAssigner: ({ n }) => n }),
      )
      .process<string>(({ n }, context) => {
        context.collect(`${n} at ${context.timestamp}`)
      })
      .sinkTo(toTopic('out'))
  }),
  'a part with windows and one without': jobOf((_, events) => {
    const timed = events.assignTimestampsAndWatermarks(
      forBoundedOutOfOrderness<Event>(50, { timestampAssigner: ({ n }) => n }),
    )
    timed.keyBy(byKey).sum('n').map(show).sinkTo(toTopic('sums'))
    timed
      .keyBy(byKey)
      .window(tumblingEventTimeWindows({ sizeMs: 50 }))
      .reduce((a, b) => ({ k: a.k, n: a.n + b.n }))
      .map(show)
      .sinkTo(toTopic('windows'))
  }),
  'a broadcast of every record': jobOf((_, events) => {
    events.broadcast().map(show, { parallelism: 2 }).sinkTo(toTopic('out'))
  }),
  'a timer for some records only': jobOf((_, events) => {
    events
      .keyBy(byKey)
      .process<string>(({ k, n }, context) => {
        if (n === 100) context.timers.registerEventTime(0)
        context.collect(`${k} ${n}`)
      })
      .sinkTo(toTopic('out'))
  }),
  'a side output of what is not interpreted': jobOf((_, events) => {
    const parts = events.process<Event>({
      open: () => undefined,
      processElement(event, context) {
        if (event.n % 2 === 0) context.collect(event)
        else context.output(odd, event)
      },
    })
    parts.map(show).sinkTo(toTopic('even'))
    parts.sideOutput(odd).map(show).sinkTo(toTopic('odd'))
  }),
  'a bounded source beside Kafka': jobOf((env, events) => {
    const more = env.fromSource(collectionSource([{ k: 'k0', n: 1000 }]))
    events.union(more).map(show).sinkTo(toTopic('out'))
  }),
}

test.each(Object.entries(JUDGED))('%s: judged', (_name, job) => {
  expect(run(job).summary.unjudgedTopics).toEqual([])
})

// After the restart timers are overdue, and fire before the sink knows its partitions.
test.each(['exactly-once', 'at-least-once', 'none'] as const)(
  'windows by the clock (%s): not judged, and that is said',
  (delivery) => {
    const job = jobOf((_, events) => {
      events
        .keyBy(byKey)
        .window(tumblingProcessingTimeWindows({ sizeMs: 50 }))
        .reduce((a, b) => ({ k: a.k, n: a.n + b.n }))
        .map(show)
        .sinkTo(kafkaSink({ topic: 'windows', value: text, delivery }))
      events.map(show).sinkTo(toTopic('events'))
    })
    expect(run(job).summary.unjudgedTopics).toEqual([
      { topic: 'windows', reason: 'the result depends on timing' },
    ])
  },
)

test('the order of two streams: not judged, whichever of them came first', () => {
  const job = defineJob('Race', {}, (env) => {
    const read = (topic: string) =>
      env.fromSource(kafkaSource({ topics: [topic], groupId: 'g', value: text })).map(parse)
    const first = listState<string>('first')
    read('a')
      .map(({ k, n }) => ({ k, n, from: 'a' }))
      .union(read('b').map(({ k, n }) => ({ k, n, from: 'b' })))
      .keyBy(({ n }) => n)
      .process<string>(
        {
          open: () => undefined,
          processElement({ from }, context) {
            context.state(first).add(from)
            const came = context.state(first).get()
            if (came.length === 2) context.collect(`${context.key} ${came.join(' ')}`)
          },
        },
        { name: 'race' },
      )
      .sinkTo(toTopic('out'))
  })
  expect(run(job).summary.unjudgedTopics).toEqual([
    { topic: 'out', reason: 'the result depends on timing' },
  ])
})

test('a sink that promises less is held to what it promises', () => {
  for (const delivery of ['at-least-once', 'none'] as const) {
    const sink = kafkaSink<string>({ topic: 'out', value: text, delivery })
    const plain = jobOf((_, events) => events.map(show).sinkTo(sink))
    const windowed = jobOf((_, events) =>
      events
        .assignTimestampsAndWatermarks(
          forBoundedOutOfOrderness<Event>(50, { timestampAssigner: ({ n }) => n }),
        )
        .keyBy(byKey)
        .window(tumblingEventTimeWindows({ sizeMs: 10 }))
        .reduce((a, b) => ({ k: a.k, n: a.n + b.n }))
        .map(show)
        .sinkTo(sink),
    )
    for (const job of [plain, windowed]) expect(run(job).summary.unjudgedTopics).toEqual([])
  }
})
