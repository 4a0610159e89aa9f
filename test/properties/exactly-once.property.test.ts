/** The main theorem, over random plans of every kind of fault in the slice. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { simulate } from 'weirstream/sim'
import { exactlyOnce, faultPlan, runCampaign } from 'weirstream/testing'
import { BUILTIN_JOBS } from '../../lessons/jobs/index.ts'
import { hasEventTime } from '../../sim/event-time.ts'
import { jobNamed } from '../golden/jobs.ts'
import { SEED } from '../seeded.ts'

const RUNS = 170
/** Jobs with event time have tests with right answers of their own, in test/lessons/. */
const MODELED = Object.entries(BUILTIN_JOBS).filter(([, { graph }]) => !hasEventTime(graph))

test.each(MODELED.map(([name]) => name))(
  'for every workload and fault plan, the committed output of %s equals the reference model',
  { timeout: 120_000 },
  (name) => {
    const result = runCampaign(jobNamed(name), { runs: RUNS, seed: SEED, job: { builtin: name } })
    expect(result.failure).toBeNull()
    expect(result.runs).toBe(RUNS)
    // Not vacuous: faults bit, in most runs, and the deterministic repetition really took place.
    expect(result.effective).toBeGreaterThan(RUNS / 2)
    expect(result.repeated).toBeGreaterThan(5)
    for (const { fired } of Object.values(result.faults)) expect(fired).toBeGreaterThan(5)
    expect(result.coverage.crash.restoring).toBeGreaterThan(0)
    expect(result.coverage.crash.committing).toBeGreaterThan(0)
    expect(result.coverage.crash.aligning).toBeGreaterThan(0)
  },
)

test('exactlyOnce is a property that fast-check can assert, and whose failure names invariant and plan', () => {
  const job = jobNamed('traffic-statistics')
  fc.assert(exactlyOnce(job), { numRuns: 10, seed: SEED })
  const failing = fc.check(exactlyOnce(job, { mutant: 'commit-on-pre-commit' }), {
    numRuns: 20,
    seed: SEED,
    endOnFailure: true,
  })
  expect(failing.failed).toBe(true)
  expect(String(failing.errorInstance)).toMatch(/X2: .*\nplan: \{"v":1/s)
})

test('for every plan, what a run does not depend on changes nothing: a crash of a worker after the end', () => {
  fc.assert(
    fc.property(faultPlan({ faultsMax: 1 }), (plan) => {
      const job = jobNamed('traffic-statistics')
      const alone = simulate(job, plan)
      const never = {
        kind: 'crash',
        on: 'worker-2',
        at: { point: 'checkpoint-completed', nth: 9999 },
      } as const
      const beside = simulate(job, { ...plan, faults: [...plan.faults, never] })
      expect(beside.traceHash).toBe(alone.traceHash)
      expect(beside.faults.at(-1)?.outcome).toBe('not-reached')
    }),
    { numRuns: 15, seed: SEED },
  )
})

test('for every plan, keys have the same totals with parallelism 1 and 3 (M1)', () => {
  fc.assert(
    fc.property(faultPlan(), (plan) => {
      const job = jobNamed('traffic-statistics')
      const narrow = simulate(job, { ...plan, config: { ...plan.config, parallelism: 1 } })
      const wide = simulate(job, { ...plan, config: { ...plan.config, parallelism: 3 } })
      const { keys, totalBytes, malformed, top } = wide.summary
      expect(narrow.summary).toMatchObject({ keys, totalBytes, malformed, top })
    }),
    { numRuns: 15, seed: SEED },
  )
})
