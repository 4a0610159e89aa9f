/**
 * Jobs that end by themselves, crashed on their way and in the middle of their end: they finish, and what they committed
 * is what they commit without a crash. One source ends long before the other, results leave by every kind of sink.
 */
import { describe, expect, test } from 'vitest'
import {
  collectSink,
  CollectedResults,
  defineJob,
  discardSink,
  fileSink,
  forBoundedOutOfOrderness,
  generatorSource,
  kafkaSink,
  mapState,
  outputTag,
  text,
  tumblingEventTimeWindows,
  valueState,
} from '../../engine/index.ts'
import type { Job, JobOptions, Source } from '../../engine/index.ts'
import type { FactType } from '../../engine/trace.ts'
import { BoundedWorld } from './bounded-world.ts'

interface Numbered {
  readonly key: string
  readonly n: number
}

/** A job and what it has committed. */
interface Committing {
  readonly job: Job
  readonly committed: (world: BoundedWorld) => string[]
}

const OUT = kafkaSink<string>({
  topic: 'out',
  value: text,
  key: (value) => value,
  delivery: 'exactly-once',
})

const numbers = (count: number): Source<Numbered> =>
  generatorSource({
    count,
    ratePerSecond: 6000,
    generate: (n) => ({ key: `k${n % 7}`, n }),
  })

function inTopic({ cluster }: BoundedWorld): string[] {
  return [0, 1].flatMap((partition) =>
    cluster
      .readCommitted('out', partition)
      .map(({ record }) => `topic ${text.decode(record.value ?? new Uint8Array(0))}`),
  )
}

function inFiles({ files }: BoundedWorld): string[] {
  return files.contents
    .filter(([path]) => path.startsWith('results/part-'))
    .flatMap(([, bytes]) => text.decode(bytes).trimEnd().split('\n'))
    .map((line) => `file ${line}`)
}

/** Event-time windows over a union, one part of which ends early. */
function windows(options: JobOptions): Committing {
  const results = new CollectedResults<string>()
  const watermarks = forBoundedOutOfOrderness<Numbered>(5, { timestampAssigner: ({ n }) => n })
  const job = defineJob('Windows', options, (env) => {
    const short = env.fromSource(numbers(300), { name: 'short', watermarks })
    const long = env.fromSource(numbers(1800), { name: 'long', watermarks })
    short
      .union(long)
      .keyBy(({ key }) => key)
      .window(tumblingEventTimeWindows({ sizeMs: 100 }))
      .count<string>((count, context) => {
        context.collect(`${String(context.key)} ${context.window.start} ${count}`)
      })
      .sinkTo(collectSink(results))
  })
  return { job, committed: () => [...results.values] }
}

/** Keyed state, several edges between two vertices, two sinks that commit, another parallelism behind. */
function sums(options: JobOptions): Committing {
  const total = valueState<number>('total')
  const job = defineJob('Sums', options, (env) => {
    const short = env.fromSource(numbers(100), { name: 'short', parallelism: 1 })
    const long = env.fromSource(numbers(1500), { name: 'long' })
    const counted = long
      .union(short, short)
      .keyBy(({ key }) => key)
      .process<string>(({ key, n }, context) => {
        const state = context.state(total)
        state.update((state.value() ?? 0) + 1)
        context.collect(`${key} ${n}`)
      })
    counted
      .rebalance()
      .map((line) => line, { parallelism: 3 })
      .sinkTo(OUT)
    counted.sinkTo(fileSink<string>({ directory: 'results', format: String, rollBytes: 500 }))
  })
  return { job, committed: (world) => [...inTopic(world), ...inFiles(world)] }
}

/** Calls in flight when the input ends. */
function calls(options: JobOptions): Committing {
  const results = new CollectedResults<string>()
  const job = defineJob('Calls', options, (env) => {
    const stream = env.fromSource(numbers(400)).rebalance()
    const call = {
      service: 'echo',
      result: ({ key, n }: Numbered, reply: Numbered) => [`${key} ${n} ${reply.n}`],
      timeoutMs: 10_000,
      capacity: 10,
    }
    stream.asyncWait({ ...call, order: 'unordered' }).sinkTo(OUT)
    stream.asyncWait({ ...call, order: 'ordered' }).sinkTo(collectSink(results))
  })
  return { job, committed: (world) => [...inTopic(world), ...results.values] }
}

/** A broadcast side that ends at once, side outputs over edges of their own. */
function rules(options: JobOptions): Committing {
  const results = new CollectedResults<string>()
  const side = outputTag<string>('side')
  const state = mapState<string, number>('rules')
  const job = defineJob('Rules', options, (env) => {
    const rule = env.fromSource(
      generatorSource(1, () => 'rule'),
      { name: 'rule' },
    )
    const judged = env
      .fromSource(numbers(1500))
      .keyBy(({ key }) => key)
      .connect(rule.broadcast(state))
      .process<string>({
        processElement({ n }, context) {
          if (n % 10 === 0) context.output(side, `side ${n}`)
          else context.collect(`main ${n}`)
        },
        processBroadcastElement(value, context) {
          context.broadcastState(state).put(value, 1)
        },
      })
    judged
      .sideOutput(side)
      .rescale()
      .map((line) => line, { parallelism: 4 })
      .sinkTo(collectSink(results), { name: 'sides' })
    judged.map((line) => line).sinkTo(collectSink(results))
  })
  return { job, committed: () => [...results.values] }
}

const JOBS = { windows, sums, calls, rules }
const MODES: Readonly<Record<string, JobOptions>> = {
  'with periodic checkpoints': {
    parallelism: 2,
    checkpointing: { intervalMs: 15, tolerableFailures: 1000 },
  },
  'with nothing but the final checkpoint': { parallelism: 2 },
  'as a batch': { parallelism: 2, runtimeMode: 'batch' },
}
/** What may happen to the final checkpoint, in this order. */
const FINAL_POINTS: readonly FactType[] = [
  'checkpoint-triggered',
  'barrier-received',
  'snapshot-taken',
  'checkpoint-acknowledged',
  'checkpoint-completed',
  'completion-received',
]
const WORLD = {
  workers: 3,
  topics: [{ topic: 'out', partitions: 2 }],
  services: { echo: (request: unknown) => request },
}

/** What it committed, without order; it must have finished and left nothing open. */
function outcome({ committed }: Committing, world: BoundedWorld): string {
  expect(world.run()).toBe('finished')
  expect(world.cluster.openTransactions()).toEqual([])
  return committed(world).toSorted().join('\n')
}

for (const [mode, options] of Object.entries(MODES)) {
  describe(mode, () => {
    for (const [name, make] of Object.entries(JOBS)) {
      test(`${name} are the same with crashes on the way and at the end`, () => {
        const undisturbed = make(options)
        const calm = new BoundedWorld(undisturbed.job, WORLD)
        const right = outcome(undisturbed, calm)
        const final = calm.all('checkpoint-completed').at(-1)?.checkpoint ?? 0
        const endAt = calm.all('job-status-changed').at(-1)?.at ?? 0
        for (const [index, point] of FINAL_POINTS.entries()) {
          const committing = make(options)
          const world = new BoundedWorld(committing.job, WORLD)
          world.crashOn(`worker-${1 + (index % 3)}`, point, (event) => {
            return 'checkpoint' in event && Number(event.checkpoint) >= final
          })
          if (index % 2 === 0) world.crashAt('worker-3', (endAt * (index + 1)) / 8)
          expect(outcome(committing, world) === right, point).toBe(true)
          expect(world.all('worker-crashed').length, point).toBeGreaterThan(0)
        }
      })
    }
  })
}

describe('what has ended', () => {
  const numbersOnly = (count: number): Source<number> => generatorSource(count, (n) => n)

  test('one source that ended does not end the checkpoints of the others, whatever the sink', () => {
    const job = defineJob('Uneven', { checkpointing: { intervalMs: 50 } }, (env) => {
      const short = env.fromSource(numbersOnly(1), { name: 'short' })
      const long = env.fromSource(numbersOnly(50_000), { name: 'long' })
      short
        .union(long)
        .map((n) => n)
        .sinkTo(discardSink())
    })
    const world = new BoundedWorld(job)
    expect(world.run()).toBe('finished')
    expect(world.all('checkpoint-completed').length).toBeGreaterThan(5)
  })

  test('a finished subtask is lost with its worker as long as what it wrote waits for a consumer', () => {
    const seen = new Set<number>()
    const job = defineJob('Slow', { parallelism: 2 }, (env) => {
      env
        .fromSource(numbersOnly(3000))
        .rebalance()
        .asyncWait<number, number>(
          {
            order: 'ordered',
            service: 'echo',
            result: (n) => {
              seen.add(n)
              return []
            },
            timeoutMs: 10_000,
            capacity: 10,
          },
          { parallelism: 1 },
        )
        .sinkTo(discardSink(), { parallelism: 1 })
    })
    const world = new BoundedWorld(job, { ...WORLD, workers: 2 })
    world.crashOn('worker-2', 'subtask-status-changed', ({ subtask, status }) => {
      return subtask === 'source/1' && status === 'finished'
    })
    expect(world.run()).toBe('finished')
    expect(world.all('restart-started')).toHaveLength(1)
    expect(seen.size).toBe(3000)
  })

  test('timers that became due during a restart reach a sink that does not know its partitions yet', () => {
    const seen = valueState<boolean>('seen')
    const job = defineJob('Due', { checkpointing: { intervalMs: 30 } }, (env) => {
      env
        .fromSource(numbers(200))
        .keyBy(({ key }) => key)
        .process<string>({
          processElement(_, context) {
            if (context.state(seen).value() === true) return
            context.state(seen).update(true)
            context.timers.registerProcessingTime(context.timers.processingTime() + 100)
          },
          onTimer(_, context) {
            context.collect(String(context.key))
          },
        })
        .sinkTo(OUT)
      env.fromSource(numbersOnly(60_000), { name: 'long' }).sinkTo(discardSink(), { name: 'none' })
    })
    const world = new BoundedWorld(job, { ...WORLD, workers: 1 })
    world.crashAt('worker-1', 80)
    expect(world.run()).toBe('finished')
    expect(inTopic(world).toSorted()).toEqual(Array.from({ length: 7 }, (_, i) => `topic k${i}`))
  })
})

test('processing-time timers wait for their consumers as records do, and leave the input its turn', () => {
  const results = new CollectedResults<number>()
  let ticks = 0
  const job = defineJob('Ticking', {}, (env) => {
    env
      .fromSource(generatorSource({ count: 200, ratePerSecond: 100, generate: (n) => n }))
      .keyBy(() => 'one')
      .process<number>({
        processElement(n, context) {
          if (n === 0) context.timers.registerProcessingTime(context.timers.processingTime() + 1)
        },
        onTimer(time, context) {
          ticks += 1
          context.timers.registerProcessingTime(time + 1)
          context.collect(ticks)
        },
      })
      .rebalance()
      .asyncWait<number, number>({
        order: 'ordered',
        service: 'echo',
        result: (_, reply) => [reply],
        timeoutMs: 10_000,
        capacity: 1,
      })
      .sinkTo(collectSink(results))
  })
  const world = new BoundedWorld(job, WORLD)
  expect(world.run()).toBe('finished')
  expect(results.values).toHaveLength(ticks)
})

describe('records in a strict run', () => {
  interface Changing {
    n: number
  }
  const changing = generatorSource<Changing>(3, (n) => ({ n }))
  const change = (record: Changing): Changing => {
    record.n += 100
    return record
  }
  const failureOf = (job: Job): string | undefined => {
    const world = new BoundedWorld(job, { overrides: { restart: { strategy: 'none' } } })
    expect(world.run()).toBe('failed')
    return world.all('job-status-changed').at(-1)?.reason
  }
  const CHANGED =
    /operator "change" threw: TypeError: Cannot assign to read only property 'n' of object '#<Object>'$/

  test('must not be changed by one of several consumers, chained or not', () => {
    for (const chaining of [true, false]) {
      const job = defineJob('Shared', { chaining }, (env) => {
        const stream = env.fromSource(changing)
        stream.map(change, { name: 'change' }).sinkTo(discardSink(), { name: 'one' })
        stream.sinkTo(discardSink(), { name: 'two' })
      })
      expect(failureOf(job)).toMatch(CHANGED)
    }
  })

  test('must not be changed by whoever emitted them', () => {
    const job = defineJob('Kept', {}, (env) => {
      const kept = { n: 0 }
      env
        .fromSource(changing)
        .map(() => change(kept), { name: 'change' })
        .rebalance()
        .sinkTo(discardSink())
    })
    expect(failureOf(job)).toMatch(CHANGED)
  })

  test('may be changed by the only operator that sees them', () => {
    const results = new CollectedResults<Changing>()
    const job = defineJob('Own', {}, (env) => {
      env.fromSource(changing).map(change).sinkTo(collectSink(results))
    })
    expect(new BoundedWorld(job).run()).toBe('finished')
    expect(results.values).toEqual([{ n: 100 }, { n: 101 }, { n: 102 }])
  })
})
