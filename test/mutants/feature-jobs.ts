/** Small jobs that use what no shipped job uses, for the mutants of those features. */
import {
  collectionSource,
  defineJob,
  forBoundedOutOfOrderness,
  kafkaSink,
  kafkaSource,
  listState,
  text,
  tumblingEventTimeWindows,
  valueState,
} from 'weirstream'
import type { DataStream, Job, KafkaRecord, ProcessFunction } from 'weirstream'

const CHECKPOINTS = { checkpointing: { intervalMs: 200 } }

/** From the topic `in` to the topic `out`, a text each. */
function jobOf(build: (lines: DataStream<KafkaRecord<string>>) => DataStream<string>): Job {
  return defineJob('Feature', CHECKPOINTS, (env) => {
    const source = kafkaSource({ topics: ['in'], groupId: 'feature', value: text })
    build(env.fromSource(source)).sinkTo(outputSink)
  })
}

const outputSink = kafkaSink<string>({ topic: 'out', value: text, delivery: 'exactly-once' })

/** Counts lines; gives checkpoints up quickly, and goes on without them. */
export const impatient = defineJob(
  'Impatient',
  {
    // A vertex of its own has stored its state while another still waits.
    chaining: false,
    checkpointing: { intervalMs: 200, timeoutMs: 150, tolerableFailures: 100 },
  },
  (env) => {
    env
      .fromSource(kafkaSource({ topics: ['in'], groupId: 'impatient', value: text }))
      .map(({ value }) => ({ line: value, count: 1 }))
      .keyBy(({ line }) => line)
      .sum('count')
      .map(({ line, count }) => `${line} ${count}`)
      .sinkTo(outputSink)
  },
)

/** Asks a service about each line. */
export const asynchronous = jobOf((lines) =>
  lines
    .map(({ value }) => value)
    .asyncWait({
      order: 'unordered',
      service: 'lookup',
      timeoutMs: 5000,
      result: (value, reply: string) => [`${value} is ${reply}`],
    }),
)

const items = listState<string>('items')

/** Every subtask writes one item, and wants to see those of all others when it is restored. */
const census: ProcessFunction<KafkaRecord<string>, string> = {
  initializeState(context) {
    const found = context.unionListState(items).get().length
    if (context.isRestored && found < 2) throw new Error(`Of two subtasks only ${found} are known.`)
  },
  snapshotState(context) {
    context.unionListState(items).update(['here'])
  },
  processElement({ value }, context) {
    context.collect(value)
  },
}

/** With two subtasks. */
export const united = jobOf((lines) => lines.process(census, { name: 'census', parallelism: 2 }))

const visits = valueState<number>('visits', undefined, { ttl: { timeToLiveMs: 400 } })

/** Counts lines, and forgets a line that did not come for a while. */
export const forgetful = jobOf((lines) =>
  lines
    .keyBy(({ value }) => value)
    .process<string>(({ value }, context) => {
      const count = (context.state(visits).value() ?? 0) + 1
      context.state(visits).update(count)
      context.collect(`${value} ${count}`)
    }),
)

/** Numbers without end of their own, but with one. */
export const bounded = defineJob('Bounded', CHECKPOINTS, (env) => {
  const numbers = Array.from({ length: 300 }, (_, number) => number)
  env
    .fromSource(collectionSource(numbers))
    .map((number) => `number ${number}`)
    .sinkTo(outputSink)
})

/** Two pipelines side by side, each a region. Nothing but a right failover brings them back: no checkpoint expires. */
export const pipelines = defineJob(
  'Pipelines',
  { chaining: false, checkpointing: { intervalMs: 200, timeoutMs: 600_000 } },
  (env) => {
    const source = kafkaSource({ topics: ['in'], groupId: 'feature', value: text })
    env
      .fromSource(source, { uid: 'read' })
      .map(({ value }) => value.toUpperCase(), { uid: 'shout' })
      .sinkTo(outputSink)
  },
)

/** Windows over events, with partitions that may fall silent. */
export const windowed = defineJob('Windowed', CHECKPOINTS, (env) => {
  env
    .fromSource(kafkaSource({ topics: ['in'], groupId: 'feature', value: text }), {
      watermarks: forBoundedOutOfOrderness(0, { idlenessMs: 300 }),
    })
    .keyBy(({ key }) => text.decode(key ?? new Uint8Array(0)))
    .window(tumblingEventTimeWindows({ sizeMs: 1000 }))
    .process<string>((events, context) => {
      const values = [...events].map(({ value }) => value).toSorted()
      context.collect(`${context.key} ${context.window.start}: ${values.join(' ')}`)
    })
    .sinkTo(outputSink)
})

/** Two subtasks feed one that keeps no state: what waits for it is in the channels. */
export const narrowed = jobOf((lines) =>
  lines
    .map(({ value }) => value)
    .rebalance()
    .map((value) => value, { name: 'collected', parallelism: 1 }),
)
