/**
 * Golden hashes: the same plan gives the same run for ever, until a change means it not to. `WEIR_UPDATE_GOLDEN=1` writes
 * the file anew, from the plans in it or, where their number is another, from sampled ones: ten of each of the first jobs,
 * two of each scenario job.
 */
import { writeFileSync } from 'node:fs'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { checkPlan } from 'weirstream/sim'
import type { Plan } from 'weirstream/sim'
import { faultPlan } from 'weirstream/testing'
import { BUILTIN_JOBS } from '../lessons/jobs/index.ts'
import { shapeFor } from '../sim/testing/fault-plan.ts'
import { goldenRuns, hashOf } from './golden/hashes.ts'
import { jobNamed } from './golden/jobs.ts'

const PLANS: readonly (readonly [job: string, count: number])[] = Object.keys(BUILTIN_JOBS).map(
  (job) => [job, job === 'traffic-statistics' || job === 'address-profile' ? 10 : 2],
)
const COUNT = PLANS.reduce((sum, [, count]) => sum + count, 0)

if (process.env['WEIR_UPDATE_GOLDEN'] === '1') {
  const kept = goldenRuns().map(({ plan }) => checkPlan(plan))
  const runs = (kept.length === COUNT ? kept : samplePlans()).map((plan) => ({
    plan,
    traceHash: hashOf(plan),
  }))
  writeFileSync(
    new URL('./golden/hashes.json', import.meta.url),
    `${JSON.stringify(runs, null, 1)}\n`,
  )
}

test('plans of every job give their recorded hashes in Node', { timeout: 60_000 }, () => {
  expect(goldenRuns().length).toBe(COUNT)
  for (const { plan, traceHash } of goldenRuns()) {
    const checked = checkPlan(plan)
    expect(hashOf(checked), JSON.stringify(plan)).toBe(traceHash)
  }
})

test('a trace of every record changes nothing in what happens', { timeout: 60_000 }, () => {
  for (const { plan, traceHash } of goldenRuns()) {
    expect(hashOf(checkPlan(plan), 'records'), JSON.stringify(plan)).toBe(traceHash)
  }
})

test('runs before and after another one in the same process have the same hash', () => {
  const [a, b] = goldenRuns().map(({ plan }) => checkPlan(plan))
  if (a === undefined || b === undefined) throw new Error('There are no golden plans.')
  const before = hashOf(a)
  hashOf(b)
  expect(hashOf(a)).toBe(before)
})

function samplePlans(): Plan[] {
  return PLANS.flatMap(([builtin, count]) =>
    fc.sample(faultPlan(shapeFor(jobNamed(builtin), { job: { builtin } })), {
      numRuns: count,
      seed: 2026,
    }),
  )
}
