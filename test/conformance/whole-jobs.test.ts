// The event-time cases again, as whole jobs with crashes: what is committed must be what Flink gave.
// Each case gets 20 crash plans; test/long gives it more.

import { expect, test } from 'vitest'
import { runCrashPlans, WHOLE_JOB_FAMILIES, wholeJobCases } from './crash-plans.ts'
import { WholeJob } from './whole-job.ts'

const PLANS_EACH = 20

test.each(WHOLE_JOB_FAMILIES)(
  '%s: for random crash plans, whole jobs commit what Flink gives',
  { timeout: 120_000 },
  (family) => {
    const cases = wholeJobCases(family)
    const runs = cases.length * PLANS_EACH
    const { failures, crashes, restarts } = runCrashPlans(cases, PLANS_EACH)
    expect(failures).toEqual([])
    // Not vacuous: crashes fell into most of the runs.
    expect(crashes).toBeGreaterThan(runs / 2)
    expect(restarts).toBeGreaterThan(runs / 2)
  },
)

test('a whole job fails when its expected rows are others', () => {
  const [theCase] = wholeJobCases('tumbling-windows')
  if (theCase === undefined) throw new Error('There is no case.')
  const plan = { config: { parallelism: 3 }, seed: 1, faults: [] }
  expect(new WholeJob(theCase).run(plan).reason).toBeNull()
  const other = { ...theCase, expected: { main: [] } }
  expect(new WholeJob(other).run(plan).reason).toMatch(/^main: key "a": 0 rows expected/)
})
