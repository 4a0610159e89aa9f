/**
 * Golden hashes: the same plan gives the same run for ever, until a change means it not to. `WEIR_UPDATE_GOLDEN=1` writes
 * the file anew, from the plans in it or, where there is none, from twenty sampled ones.
 */
import { writeFileSync } from 'node:fs'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { checkPlan } from 'weirstream/sim'
import type { Plan } from 'weirstream/sim'
import { faultPlan } from 'weirstream/testing'
import { goldenRuns, hashOf } from './golden/hashes.ts'

const COUNT = 20

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

test('twenty plans give their recorded hashes in Node', { timeout: 60_000 }, () => {
  expect(goldenRuns().length).toBe(COUNT)
  for (const { plan, traceHash } of goldenRuns()) {
    const checked = checkPlan(plan)
    expect(hashOf(checked), JSON.stringify(plan)).toBe(traceHash)
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
  const jobs = ['traffic-statistics', 'address-profile']
  return jobs.flatMap((builtin) =>
    fc.sample(faultPlan({ job: { builtin } }), { numRuns: COUNT / jobs.length, seed: 2026 }),
  )
}
