/** Jobs whose input has an end, each with what it must have committed when it has finished. */
import {
  collectionSource,
  customSource,
  defineJob,
  forMonotonousTimestamps,
  generatorSource,
  kafkaSink,
  text,
  tumblingEventTimeWindows,
} from 'weirstream'
import type { DataStream, Job, Source, StreamEnvironment } from 'weirstream'

export interface BoundedJob {
  readonly name: string
  readonly job: Job
  /** In any order. */
  readonly expected: readonly string[]
}

const COUNT = 400
const NUMBERS = Array.from({ length: COUNT }, (_, number) => number)

function jobOf(
  name: string,
  expected: readonly string[],
  build: (env: StreamEnvironment) => DataStream<string>,
): BoundedJob {
  const job = defineJob(name, { checkpointing: { intervalMs: 100 } }, (env) => {
    build(env).sinkTo(kafkaSink({ topic: 'out', value: text, delivery: 'exactly-once' }))
  })
  return { name, job, expected }
}

const shown = NUMBERS.map((number) => `${number}`)

/** Every so many-th number, from the next on. */
interface Lane {
  next: number
  readonly step: number
}

/** Keeps its lanes in the snapshot, so that others can go on with them; now and then it has nothing. */
const counting: Source<number> = customSource<number>({
  name: 'counting',
  isBounded: true,
  createReader(context, restored) {
    const { subtaskIndex, parallelism } = context
    const lanes = (restored as readonly Lane[] | null)?.map((lane) => ({ ...lane })) ?? [
      { next: subtaskIndex, step: parallelism },
    ]
    let isPausing = false
    return {
      poll(output) {
        const [lane] = lanes.toSorted((a, b) => a.next - b.next)
        if (lane === undefined || lane.next >= COUNT) return 'finished'
        if (isPausing) return 'idle'
        output.emit(lane.next, lane.next)
        lane.next += lane.step
        isPausing = lane.next % 7 === 0
        if (isPausing) {
          context.schedule(20, () => {
            isPausing = false
          })
        }
        return 'emitted'
      },
      snapshot: () => lanes.map((lane) => ({ ...lane })),
    }
  },
})

/** In windows of 100, of which the end of the input makes the last. */
const sums = [0, 1, 2, 3].map((window) => {
  const inside = NUMBERS.filter((number) => Math.floor(number / 100) === window)
  return `${window}: ${inside.reduce((sum, number) => sum + number, 0)}`
})

export const BOUNDED_JOBS: readonly BoundedJob[] = [
  jobOf('a collection', shown, (env) =>
    env.fromSource(collectionSource(NUMBERS)).map((number) => `${number}`),
  ),
  jobOf('a generator with a rate', shown, (env) =>
    env
      .fromSource(generatorSource({ count: COUNT, ratePerSecond: 300, generate: (i) => i }))
      .map((number) => `${number}`),
  ),
  jobOf('a source of its own', shown, (env) =>
    env.fromSource(counting).map((number) => `${number}`),
  ),
  jobOf('windows', sums, (env) =>
    env
      .fromSource(counting, { watermarks: forMonotonousTimestamps() })
      .keyBy((number) => Math.floor(number / 100))
      .window(tumblingEventTimeWindows({ sizeMs: 100 }))
      .process<string>((numbers, context) => {
        const sum = [...numbers].reduce((total, number) => total + number, 0)
        context.collect(`${context.key}: ${sum}`)
      }),
  ),
  jobOf('two streams, of which one ends early', [...shown, '-1', '-2'], (env) =>
    env
      .fromSource(counting)
      .union(env.fromSource(collectionSource([-1, -2])))
      .map((number) => `${number}`),
  ),
]
