/** Plans that once failed, shrunk, each with the reason; they must pass for ever. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { checkPlan, simulate } from 'weirstream/sim'
import { jobNamed } from '../golden/jobs.ts'

interface Regression {
  readonly reason: string
  readonly plan: unknown
}

const regressions: readonly Regression[] = JSON.parse(
  readFileSync(new URL('./plans.json', import.meta.url), 'utf8'),
)

test.each(regressions.map(({ reason, plan }) => [reason, plan] as const))(
  'no longer: %s',
  (_reason, value) => {
    const plan = checkPlan(value)
    const job = jobNamed('builtin' in plan.job ? plan.job.builtin : '')
    expect(simulate(job, plan).verdict).toEqual({ outcome: 'passed', violations: [] })
  },
)
