/** Checkpoints whose barriers overtake give what aligned ones give; those of which nothing is promised do not. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { text } from 'weirstream'
import { Simulation, simulate } from 'weirstream/sim'
import type { Plan, PlanConfig } from 'weirstream/sim'
import { faultPlan } from 'weirstream/testing'
import { jobNamed } from '../golden/jobs.ts'
import { SEED } from '../seeded.ts'
import { anyTopology, expectedOf, jobOf } from './random-topologies.ts'

const RUNS = 30
const RECORDS = 200
const INPUT = { generator: 'traffic', params: { records: RECORDS } }
const LINES = Array.from({ length: RECORDS }, (_, index) => String(index))

/** More comes than can be processed at once, so that records are in flight whenever a barrier is. */
const BUSY: PlanConfig = {
  unaligned: true,
  checkpointIntervalMs: 100,
  inputDurationMs: 300,
}

/** The faults of the plan, and a crash right after a checkpoint, which is restored then. */
function busy(plan: Plan, index: number): Plan {
  const nth = 2 + (index % 5)
  const on = index % 2 === 0 ? 'worker-1' : 'worker-2'
  const crash = { kind: 'crash', on, at: { point: 'checkpoint-completed', nth }, restartAfterMs: 0 }
  const config = {
    ...plan.config,
    ...BUSY,
    recordMicros: index % 2 === 0 ? 500 : 2000,
    alignedTimeoutMs: index % 3 === 0 ? 20 : 0,
  }
  return { ...plan, config, faults: [...plan.faults, crash as Plan['faults'][number]] }
}

test(
  'for random topologies, records that barriers overtook come back, each once',
  { timeout: 120_000 },
  () => {
    const seed = { numRuns: RUNS, seed: SEED }
    const plans = fc.sample(faultPlan({ input: INPUT, faultsMax: 2 }), seed)
    const counts = { input: 0, output: 0, restored: 0, timedOut: 0 }
    for (const [index, topology] of fc.sample(anyTopology, seed).entries()) {
      const drawn = plans[index]
      if (drawn === undefined) throw new Error('There are as many plans as topologies.')
      const plan = busy(drawn, index)
      const simulation = new Simulation(jobOf(topology), plan, { lines: LINES })
      const { verdict, history } = simulation.run()
      expect(verdict, JSON.stringify({ topology, plan })).toEqual({
        outcome: 'passed',
        violations: [],
      })
      const committed = history.outputs
        .flatMap((output) => output.committed)
        .map(({ value }) => text.decode(value))
      expect(committed.toSorted()).toEqual(expectedOf(topology, LINES).toSorted())
      for (const event of simulation.trace) {
        if (event.type === 'channel-state-captured') counts[event.end] += event.count
        if (event.type === 'channel-state-restored') counts.restored += event.count
        if (event.type === 'alignment-timed-out') counts.timedOut += 1
      }
    }
    // Not vacuous: records were overtaken at both ends and came back, and barriers became too old.
    expect(counts.input).toBeGreaterThan(1000)
    expect(counts.output).toBeGreaterThan(100)
    expect(counts.restored).toBeGreaterThan(500)
    expect(counts.timedOut).toBeGreaterThan(20)
  },
)

test('for every plan, keys have the same totals with aligned and with unaligned checkpoints', () => {
  fc.assert(
    fc.property(faultPlan({ faultsMax: 2 }), fc.nat(10), (drawn, index) => {
      const job = jobNamed('traffic-statistics')
      const plan = busy(drawn, index)
      const overtaken = simulate(job, plan)
      const inLine = simulate(job, { ...plan, config: { ...plan.config, unaligned: false } })
      expect(overtaken.verdict).toEqual({ outcome: 'passed', violations: [] })
      const { keys, totalBytes, malformed, top } = inLine.summary
      expect(overtaken.summary).toMatchObject({ keys, totalBytes, malformed, top })
    }),
    { numRuns: 15, seed: SEED },
  )
})

test('with at-least-once records count twice after a failure, which is seen, and none is lost', () => {
  const plan: Plan = {
    v: 1,
    job: { builtin: 'traffic-statistics' },
    config: {
      checkpointIntervalMs: 100,
      inputDurationMs: 600,
      recordMicros: 1000,
      parallelism: 2,
      inputPartitions: 3,
      inputPartitioning: 'by-key',
    },
    seed: 1,
    input: { generator: 'traffic', params: { records: 1200, addresses: 8 } },
    faults: [
      {
        kind: 'crash',
        on: 'worker-1',
        at: { point: 'checkpoint-completed', nth: 4 },
        restartAfterMs: 0,
      },
    ],
  }
  const broken = (config: PlanConfig): string[] => {
    const job = jobNamed('traffic-statistics')
    const { verdict } = simulate(job, { ...plan, config: { ...plan.config, ...config } })
    return [...new Set(verdict.violations.map(({ invariant }) => invariant))]
  }
  expect(broken({})).toEqual([])
  expect(broken({ unaligned: true })).toEqual([])
  const weaker = broken({ checkpointMode: 'at-least-once' })
  expect(weaker).toContain('T2')
  expect(weaker).not.toContain('T1')
})
