/**
 * A job that is stopped with a savepoint and started again with more or fewer subtasks, canceled and started again, or
 * of which savepoints are taken, in the middle of failures: every key keeps its state, and the output is exactly once.
 */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { simulate } from 'weirstream/sim'
import type { Action, Plan, SimulationResult } from 'weirstream/sim'
import { faultPlan } from 'weirstream/testing'
import { jobNamed } from '../golden/jobs.ts'
import { seeded } from '../seeded.ts'

const JOBS = ['traffic-statistics', 'address-profile', 'traffic-analysis', 'order-saga'] as const

/** Up and down again, at any time. */
const rescaled = fc
  .tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 }), fc.nat({ max: 1500 }))
  .map(([first, second, t]): Action[] => [
    { kind: 'rescale', at: { t: 200 + t }, parallelism: first },
    { kind: 'rescale', at: { t: 900 + t }, parallelism: second },
  ])

function passes(result: SimulationResult): boolean {
  expect(result.verdict).toEqual({ outcome: 'passed', violations: [] })
  return result.actions.every(({ outcome }) => outcome === 'done')
}

describe('for every moment and parallelism', () => {
  test.each(JOBS)('%s keeps every key and is exactly once over two rescalings', (name) => {
    const plan: Plan = {
      v: 1,
      job: { builtin: name },
      config: { checkpointIntervalMs: 500, inputDurationMs: 2000, inputPartitions: 3 },
      seed: 5,
      input:
        name === 'traffic-statistics' || name === 'address-profile'
          ? { generator: 'traffic', params: { records: 200, addresses: 20 } }
          : name === 'traffic-analysis'
            ? { generator: 'page-views', params: { records: 60, visitors: 4 } }
            : { generator: 'order-events', params: { orders: 20 } },
      faults: [],
    }
    let done = 0
    fc.assert(
      fc.property(rescaled, (actions) => {
        if (passes(simulate(jobNamed(name), { ...plan, actions }))) done += 1
      }),
      seeded(6),
    )
    expect(done).toBe(6)
  })

  test('also in the middle of failures', { timeout: 120_000 }, () => {
    let done = 0
    fc.assert(
      fc.property(faultPlan({ isBatch: true }), rescaled, (plan, actions) => {
        if (passes(simulate(jobNamed('traffic-statistics'), { ...plan, actions }))) done += 1
      }),
      seeded(40),
    )
    expect(done).toBeGreaterThan(30)
  })
})
