// What a job's result must not depend on: how many subtasks there are, how the input is dealt out over
// partitions, partitions in which nothing comes, and whether a bounded input is a stream or a batch.

import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  CollectedResults,
  collectSink,
  defineJob,
  forBoundedOutOfOrderness,
  generatorSource,
} from 'weirstream'
import type { DataStream, RuntimeMode } from 'weirstream'
import { simulate } from 'weirstream/sim'
import type { Plan, WorkloadItem } from 'weirstream/sim'
import { operatorHarness } from 'weirstream/testing'
import { present } from '../../engine/assert.ts'
import { runLocally } from '../../engine/node/local-world.ts'
import { text } from '../../engine/serializer.ts'
import { seeded } from '../seeded.ts'
import { ARRIVAL_PROGRAMS, EVENT_PROGRAMS, eventJob, OUT_OF_ORDER_MS } from './event-programs.ts'
import type { Event, EventProgram } from './event-programs.ts'

const KEYS = ['a', 'b', 'c', 'd']
/** Event time at the end, when every window is over. */
const LAST_MS = 1_000_000

/** Events in order of arrival: no two of a key with the same time, and out of order by less than the bound. */
const eventsArbitrary: fc.Arbitrary<readonly Event[]> = fc
  .array(
    fc.record(
      {
        k: fc.constantFrom(...KEYS),
        v: fc.integer({ min: 0, max: 9 }),
        gap: fc.constantFrom(1, 2, 5, 20, 60),
        delay: fc.integer({ min: 0, max: OUT_OF_ORDER_MS - 1 }),
      },
      { noNullPrototype: true },
    ),
    { minLength: 8, maxLength: 60, size: 'max' },
  )
  .map((drawn) => {
    let time = 0
    const arrivals = drawn.map(({ k, v, gap, delay }, n) => {
      time += gap
      const event: Event = { k, n, v, time, kind: 'event' }
      return { at: time + delay, event }
    })
    return arrivals.sort((a, b) => a.at - b.at || a.event.n - b.event.n).map(({ event }) => event)
  })

interface World {
  readonly parallelism: number
  readonly inputPartitions: number
  readonly inputPartitioning: 'round-robin' | 'by-key'
  readonly seed: number
  readonly idlenessMs?: number
  /** Keys whose partitions are told that event time is over; null: every partition. */
  readonly closing: readonly string[] | null
}

/** The committed rows of a run without faults. */
function rowsOf(program: EventProgram, events: readonly Event[], world: World): readonly string[] {
  const { idlenessMs, closing, seed, ...config } = world
  const plan: Plan = {
    v: 1,
    job: { builtin: program.name },
    config: { ...config, checkpointIntervalMs: 100, inputDurationMs: 200, recordMicros: 100 },
    seed,
    input: { generator: 'traffic', params: {} },
    faults: [],
  }
  const end = (key: string | null): WorkloadItem =>
    itemOf({ k: key ?? '', n: -1, v: 0, time: LAST_MS, kind: 'end' }, key)
  const lines = [...events.map((event) => itemOf(event, event.k)), ...(closing ?? [null]).map(end)]
  const job = eventJob(program, idlenessMs === undefined ? {} : { idlenessMs })
  const result = simulate(job, plan, { lines })
  expect(result.verdict).toEqual({ outcome: 'passed', violations: [] })
  return result.history.outputs.flatMap(({ committed }) =>
    committed.map(({ value }) => JSON.parse(text.decode(value)) as string),
  )
}

function itemOf(event: Event, key: string | null): WorkloadItem {
  return { topic: 'events', key, value: JSON.stringify(event), timestamp: event.time }
}

/** What is the same in every run: the rows of each key in order, or only which there are. */
function essence({ isOrdered }: EventProgram, rows: readonly string[]): unknown {
  if (!isOrdered) return rows.toSorted()
  const byKey = new Map<string, string[]>()
  for (const row of rows) {
    const [key = ''] = row.split(' ')
    byKey.set(key, [...(byKey.get(key) ?? []), row])
  }
  return [...byKey].sort(([a], [b]) => (a < b ? -1 : 1))
}

const ONE: World = {
  parallelism: 1,
  inputPartitions: 1,
  inputPartitioning: 'by-key',
  seed: 1,
  closing: null,
}

const parallelisms = fc.integer({ min: 2, max: 3 })
const seeds = fc.nat({ max: 0xffff })

test.each([...EVENT_PROGRAMS, ...ARRIVAL_PROGRAMS])(
  'for every input, several subtasks give what one gives: $name',
  (program) => {
    fc.assert(
      fc.property(eventsArbitrary, parallelisms, seeds, (events, parallelism, seed) => {
        const one = rowsOf(program, events, ONE)
        const many = rowsOf(program, events, { ...ONE, parallelism, inputPartitions: 3, seed })
        expect(essence(program, many)).toEqual(essence(program, one))
      }),
      seeded(8),
    )
  },
)

test.each(EVENT_PROGRAMS)(
  'for every input, dealing it out over partitions changes nothing: $name',
  (program) => {
    fc.assert(
      fc.property(eventsArbitrary, fc.integer({ min: 2, max: 5 }), seeds, (events, count, seed) => {
        const dealt: World = {
          ...ONE,
          parallelism: 2,
          inputPartitions: count,
          inputPartitioning: 'round-robin',
          seed,
        }
        const one = rowsOf(program, events, ONE)
        expect(essence(program, rowsOf(program, events, dealt))).toEqual(essence(program, one))
      }),
      seeded(8),
    )
  },
)

/** Longer than the input is fed, shorter than the time until the run is at rest. */
const IDLENESS_MS = 400

test.each(EVENT_PROGRAMS)(
  'for every input, partitions in which nothing comes change nothing when idleness is set: $name',
  (program) => {
    fc.assert(
      fc.property(eventsArbitrary, parallelisms, seeds, (events, parallelism, seed) => {
        const closing = [...new Set(events.map(({ k }) => k))]
        const many: World = { ...ONE, parallelism, inputPartitions: 7, seed, closing }
        const one = rowsOf(program, events, ONE)
        const idle = rowsOf(program, events, { ...many, idlenessMs: IDLENESS_MS })
        expect(essence(program, idle)).toEqual(essence(program, one))
        // Without it they hold event time back for ever: four keys leave three partitions empty.
        if (program.isImmediate !== true) expect(rowsOf(program, events, many)).toEqual([])
      }),
      seeded(4),
    )
  },
)

function inHarness(
  program: EventProgram,
  events: readonly Event[],
  runtimeMode: RuntimeMode,
): readonly string[] {
  const build = (stream: DataStream<Event>): DataStream<string> => program.build(stream)
  const harness = operatorHarness(build, { runtimeMode })
  let greatest = -Infinity
  for (const event of events) {
    greatest = Math.max(greatest, event.time)
    harness.push(event, event.time)
    harness.watermark(greatest - OUT_OF_ORDER_MS - 1)
  }
  harness.endInput()
  return harness.output().map(({ value }) => value)
}

test.each(EVENT_PROGRAMS)(
  'for every bounded input, a batch gives the final result of the stream: $name',
  (program) => {
    let rows = 0
    fc.assert(
      fc.property(eventsArbitrary, (events) => {
        const batch = inHarness(program, events, 'batch')
        const streaming = inHarness(program, events, 'streaming')
        expect(essence(program, batch)).toEqual(essence(program, streaming))
        rows += streaming.length
      }),
      seeded(50),
    )
    expect(rows).toBeGreaterThan(50)
  },
)

/** The rows of a whole job in this process, whose source deals the events out to its subtasks. */
async function locally(
  program: EventProgram,
  events: readonly Event[],
  options: { readonly runtimeMode: RuntimeMode; readonly parallelism: number },
): Promise<readonly string[]> {
  const results = new CollectedResults<string>()
  const job = defineJob(program.name, options, (env) => {
    const watermarks = forBoundedOutOfOrderness<Event>(OUT_OF_ORDER_MS, {
      timestampAssigner: ({ time }) => time,
    })
    const source = generatorSource(events.length, (index) => present(events[index], 'No event.'))
    program.build(env.fromSource(source, { watermarks })).sinkTo(collectSink(results))
  })
  expect(await runLocally(job)).toBe('finished')
  return results.values
}

test.each(EVENT_PROGRAMS)(
  'for every bounded input, whole batch jobs of any parallelism give what streaming ones give: $name',
  async (program) => {
    await fc.assert(
      fc.asyncProperty(eventsArbitrary, parallelisms, async (events, parallelism) => {
        const batch = await locally(program, events, { runtimeMode: 'batch', parallelism })
        const streaming = await locally(program, events, { runtimeMode: 'streaming', parallelism })
        const one = await locally(program, events, { runtimeMode: 'batch', parallelism: 1 })
        expect(essence(program, batch)).toEqual(essence(program, streaming))
        expect(essence(program, batch)).toEqual(essence(program, one))
      }),
      seeded(15),
    )
  },
)

test('for every bounded input in order of time, a batch gives the last of the running results', () => {
  fc.assert(
    fc.property(eventsArbitrary, (events) => {
      const [running] = ARRIVAL_PROGRAMS
      if (running === undefined) throw new Error('There is no running program.')
      const inOrder = events.toSorted((a, b) => a.time - b.time)
      const last = new Map<string, string>()
      for (const row of inHarness(running, inOrder, 'streaming')) {
        last.set(row.slice(0, row.indexOf(' ')), row)
      }
      const batch = inHarness(running, inOrder, 'batch')
      expect(batch.toSorted()).toEqual([...last.values()].sort())
    }),
    seeded(50),
  )
})
