/** Windows, joins, patterns, timers and connected streams under every kind of fault, judged by runs without failures. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { simulate } from 'weirstream/sim'
import type { WorkloadItem } from 'weirstream/sim'
import { faultPlan } from 'weirstream/testing'
import { TwinCache } from '../../sim/twins.ts'
import { SEED } from '../seeded.ts'
import { ARRIVAL_PROGRAMS, EVENT_PROGRAMS, eventJob, OUT_OF_ORDER_MS } from './event-programs.ts'
import type { Event } from './event-programs.ts'

const RUNS = 20
/** Plans that share an input, and so its runs without failures. */
const SHARING = 10
/** Event time at the end, when every window is over. */
const LAST_MS = 1_000_000

/** Events in the order of their arrival; with `tooLateMs` some of them come later than the bound. */
function inputOf(tooLateMs: number): fc.Arbitrary<readonly WorkloadItem[]> {
  const drawn = fc.record({
    k: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
    v: fc.integer({ min: 0, max: 9 }),
    gap: fc.constantFrom(1, 2, 5, 20, 60),
    delay: fc.integer({ min: 0, max: OUT_OF_ORDER_MS - 1 }),
    more: fc.constantFrom(0, 0, 0, 0, tooLateMs),
  })
  return fc.array(drawn, { minLength: 20, maxLength: 80, size: 'max' }).map((events) => {
    let time = 0
    const arrivals = events.map(({ k, v, gap, delay, more }, n) => {
      time += gap
      return { at: time + delay + more, n, item: itemOf(k, { k, n, v, time, kind: 'event' }) }
    })
    const ordered = arrivals.toSorted((a, b) => a.at - b.at || a.n - b.n)
    const end = itemOf(null, { k: '', n: -1, v: 0, time: LAST_MS, kind: 'end' })
    return [...ordered.map(({ item }) => item), end]
  })
}

function itemOf(key: string | null, event: Event): WorkloadItem {
  return { topic: 'events', key, value: JSON.stringify(event), timestamp: event.time }
}

/** Runs the program under random plans; returns how many runs left something unjudged, and had a fault. */
function runAll(
  program: (typeof EVENT_PROGRAMS)[number],
  tooLateMs: number,
  options: Parameters<typeof eventJob>[1],
): { readonly unjudged: number; readonly effective: number } {
  const job = eventJob(program, options)
  const inputs = fc.sample(inputOf(tooLateMs), { numRuns: RUNS / SHARING, seed: SEED })
  const shape = { hasEventTime: true, input: { generator: 'none', params: {} } }
  const plans = fc.sample(faultPlan(shape), { numRuns: RUNS, seed: SEED })
  /** One for each input: plans do not name it. */
  const caches: TwinCache[] = []
  let unjudged = 0
  let effective = 0
  for (const [index, drawn] of plans.entries()) {
    const group = Math.floor(index / SHARING)
    const { seed, config } = plans[group * SHARING] ?? drawn
    const { recordMicros = 0, checkpointIntervalMs = 500 } = drawn.config
    const plan = { ...drawn, seed, config: { ...config, recordMicros, checkpointIntervalMs } }
    const lines = inputs[group] ?? []
    const twins = caches[group] ?? new TwinCache()
    caches[group] = twins
    const { verdict, summary, faults } = simulate(job, plan, { lines, twins })
    expect(verdict, JSON.stringify(plan)).toEqual({ outcome: 'passed', violations: [] })
    if (summary.unjudgedTopics.length > 0) unjudged += 1
    if (faults.some(({ outcome }) => outcome === 'fired')) effective += 1
  }
  return { unjudged, effective }
}

test.each(EVENT_PROGRAMS)(
  'for every input and fault plan, $name give what they give without failures',
  { timeout: 60_000 },
  (program) => {
    const { unjudged, effective } = runAll(program, 0, {})
    expect(unjudged).toBe(0)
    expect(effective).toBeGreaterThan(RUNS / 3)
  },
)

test.each([...EVENT_PROGRAMS, ...ARRIVAL_PROGRAMS])(
  'with late events and idle partitions no difference of $name is taken for a violation',
  { timeout: 60_000 },
  (program) => {
    const { effective } = runAll(program, 600, { idlenessMs: 400 })
    expect(effective).toBeGreaterThan(RUNS / 3)
  },
)
