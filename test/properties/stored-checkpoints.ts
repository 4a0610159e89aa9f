/**
 * Checkpoints of a simulated job that keeps everything a snapshot can hold: all kinds of state and key, every serializer,
 * time to live, windows, timers of both domains, operator and broadcast-like lists, positions, prepared transactions.
 */
import {
  aggregatingState,
  defineJob,
  forMonotonousTimestamps,
  json,
  kafkaSink,
  kafkaSource,
  listState,
  mapState,
  number,
  reducingState,
  text,
  tumblingEventTimeWindows,
  valueState,
} from 'weirstream'
import type { KafkaRecord, KeyedProcessFunction, ProcessFunction, Serializer } from 'weirstream'
import { Simulation } from 'weirstream/sim'
import type { Plan, PlanConfig } from 'weirstream/sim'

/** A serializer that only the job knows. */
export const reversed: Serializer<string> = {
  name: 'reversed',
  encode: (value) => text.encode(value).toReversed(),
  decode: (bytes) => text.decode(bytes.toReversed()),
}

const seen = listState<string>('seen')
const everywhere = listState<number>('everywhere')

const census: ProcessFunction<KafkaRecord<string>, { line: string }> = {
  snapshotState(context) {
    context.listState(seen).update(['a', 'b'])
    context.unionListState(everywhere).update([Number.NaN, -0, 7])
  },
  processElement({ value }, context) {
    context.collect({ line: value })
  },
}

const states = {
  count: valueState<number>('count'),
  anything: valueState<unknown>('anything'),
  word: valueState('word', text),
  figure: valueState('figure', number),
  document: valueState('document', json),
  secret: valueState('secret', reversed),
  fading: valueState<unknown>('fading', undefined, { ttl: { timeToLiveMs: 100_000 } }),
  fadingFigure: valueState('fading-figure', number, { ttl: { timeToLiveMs: 100_000 } }),
  fadingList: listState<string>('fading-list', undefined, { ttl: { timeToLiveMs: 100_000 } }),
  list: listState<unknown>('list'),
  map: mapState<unknown, unknown>('map'),
  secrets: mapState('secrets', { key: reversed, value: reversed }),
  maximum: reducingState<number>('maximum', (a, b) => Math.max(a, b)),
  mean: aggregatingState('mean', {
    createAccumulator: () => ({ sum: 0, count: 0 }),
    add: (value: number, { sum, count }) => ({ sum: sum + value, count: count + 1 }),
    getResult: ({ sum, count }) => sum / count,
  }),
}

/** What JSON has no word for, among what it has. */
const VALUES: readonly unknown[] = [
  0,
  -0,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  1.5,
  2n ** 70n,
  -3n,
  true,
  false,
  'plain',
  'ünï水🎉',
  'x'.repeat(300),
  '\ud800',
  new Date(5),
  new Uint8Array([1, 2]),
  { nested: { list: [undefined, null, -0], map: new Map<unknown, unknown>([[1, 'one']]) } },
  new Set(['a', 2]),
  new Float64Array([1.5, -0]),
  { $type: 'looks like a tag' },
  [],
]

const KEYS: readonly unknown[] = [
  'a',
  'key',
  'ünïcode',
  'long '.repeat(20),
  '',
  '1',
  1,
  1.5,
  -7,
  2n ** 65n,
  true,
  { id: 1, name: 'x' },
  ['a', 1],
]

const keeper: KeyedProcessFunction<unknown, { line: string }, string> = {
  processElement({ line }, context) {
    const n = Number(line)
    const value = VALUES[n % VALUES.length]
    const count = (context.state(states.count).value() ?? 0) + 1
    context.state(states.count).update(count)
    context.state(states.anything).update(value)
    context.state(states.word).update(`word ${n}`)
    context.state(states.figure).update(n / 3)
    context.state(states.document).update({ n })
    context.state(states.secret).update(`secret ${n}`)
    context.state(states.fading).update(value)
    context.state(states.fadingFigure).update(n / 7)
    context.state(states.fadingList).add(`f${n}`)
    context.state(states.list).add(value)
    context.state(states.map).put(VALUES[(n + 1) % 9], value)
    context.state(states.secrets).put(`k${n % 3}`, `v${n}`)
    context.state(states.maximum).add(n)
    context.state(states.mean).add(n)
    context.timers.registerEventTime(1_000_000 + n)
    context.timers.registerProcessingTime(2_000_000 + n)
    context.collect(`${line} ${count}`)
  },
  onTimer() {
    throw new Error('The run is shorter than the timers.')
  },
}

export const everything = defineJob(
  'Everything',
  { checkpointing: { intervalMs: 100 }, maxParallelism: 16 },
  (env) => {
    const lines = env
      .fromSource(kafkaSource({ topics: ['in'], groupId: 'everything', value: text }), {
        watermarks: forMonotonousTimestamps(),
      })
      .process(census, { name: 'census' })
    const out = kafkaSink<string>({ topic: 'out', value: text, delivery: 'exactly-once' })
    lines
      .keyBy(({ line }) => KEYS[Number(line) % KEYS.length])
      .process(keeper, { name: 'keeper' })
      .sinkTo(out)
    lines
      .keyBy(({ line }) => Number(line) % 5)
      .window(tumblingEventTimeWindows({ sizeMs: 50 }))
      .reduce((a, b) => ({ line: `${Number(a.line) + Number(b.line)}` }), { name: 'windows' })
      .map(({ line }) => line)
      .sinkTo(out)
  },
)

/** The objects of the first completed checkpoints of a run, as they lay in the storage when the last was completed. */
export function storedCheckpoints(
  count: number,
  config: PlanConfig = {},
): ReadonlyMap<string, Uint8Array> {
  const lines = Array.from({ length: 400 }, (_, i) => `${i}`)
  const plan: Plan = {
    v: 1,
    job: { builtin: 'everything' },
    config: { inputDurationMs: 1000, ...config },
    seed: 5,
    input: { generator: 'none', params: {} },
    faults: [],
  }
  const simulation = new Simulation(everything, plan, { lines })
  const kept = new Map<string, Uint8Array>()
  const completed = (): number =>
    simulation.trace.filter(({ type }) => type === 'checkpoint-completed').length
  while (completed() < count && simulation.advance(20)) {
    for (const [key, bytes] of simulation.snapshots) kept.set(key, bytes.slice())
  }
  return kept
}
