/** The same plans as in Node, in real Chromium: the same hashes. */
import { expect, test } from 'vitest'
import { checkPlan } from 'weirstream/sim'
import { goldenRuns, hashOf } from '../golden/hashes.ts'

test('plans of every job give the hashes recorded in Node', { timeout: 60_000 }, () => {
  expect(goldenRuns().length).toBeGreaterThan(20)
  for (const { plan, traceHash } of goldenRuns()) {
    expect(hashOf(checkPlan(plan)), JSON.stringify(plan)).toBe(traceHash)
  }
})
