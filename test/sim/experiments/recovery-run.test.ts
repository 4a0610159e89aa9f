/** One run of the experiment on recoveries: what it measures is what the corrected model says, and nothing else explains. */
import { expect, test } from 'vitest'
import {
  modelRt2Ms,
  modelRt3Ms,
  seedFormulaMs,
} from '../../../engine/metrics/recovery-durations.ts'
import {
  findRecovery,
  measureCapacity,
  runRecovery,
} from '../../../sim/experiments/recovery-run.ts'
import type { MeasuredRecovery } from '../../../sim/experiments/recovery-run.ts'

const INTERVAL_MS = 5000
const BACKLOG = 12_000

function recover(rate: number, stateBytes: number, seed = 1): MeasuredRecovery {
  const trace = runRecovery({
    intervalMs: INTERVAL_MS,
    stateBytes,
    rate,
    durationMs: 45_000,
    seed,
    crashAtMs: 18_000,
  })
  const found = findRecovery(trace)
  if (found === undefined) throw new Error('There is no recovery.')
  return found
}

test('a backlog is worked off as fast as the slowest stage allows', () => {
  const trace = runRecovery({
    intervalMs: INTERVAL_MS,
    stateBytes: 1024,
    rate: BACKLOG * 1000,
    durationMs: 1,
    seed: 1,
    crashAtMs: null,
  })
  // A record costs 1 ms.
  expect(measureCapacity(trace, BACKLOG)).toBeGreaterThan(990)
  expect(measureCapacity(trace, BACKLOG)).toBeLessThanOrEqual(1000)
  expect(findRecovery(trace)).toBeUndefined()
})

test('twice the state takes twice the time to download', () => {
  const [small, large] = [128, 256].map((kilobytes) => recover(100, kilobytes * 1024))
  const perKilobyte = ((large?.restoreMs ?? 0) - (small?.restoreMs ?? 0)) / 128
  // 10 ms per kilobyte, and a little for checking it.
  expect(perKilobyte).toBeGreaterThan(10)
  expect(perKilobyte).toBeLessThan(10.5)
})

test('outage, age and load tell both recovery times; the interval does not', () => {
  const measured = recover(500, 256 * 1024)
  const model = { outageMs: measured.rt1Ms, ageMs: measured.ageMs, load: 0.5 }
  expect(Math.abs(modelRt3Ms(model) / measured.rt3Ms - 1)).toBeLessThan(0.1)
  expect(Math.abs(modelRt2Ms(model) / measured.rt2Ms - 1)).toBeLessThan(0.1)
  expect(seedFormulaMs(INTERVAL_MS, measured.restoreMs) / measured.rt3Ms).toBeLessThan(0.8)
})

test('at a load of 1 or more the backlog never goes', () => {
  expect(modelRt3Ms({ outageMs: 1, ageMs: 1, load: 1 })).toBe(Number.POSITIVE_INFINITY)
})

test('the same run gives the same figures', () => {
  expect(recover(300, 1024, 3)).toEqual(recover(300, 1024, 3))
})
