/** Exactly once for random topologies, in every mode of checkpoints that promises it. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { text } from 'weirstream'
import { Simulation } from 'weirstream/sim'
import { faultPlan } from 'weirstream/testing'
import { SEED } from '../seeded.ts'
import { anyTopology, expectedOf, jobOf } from './random-topologies.ts'

const RUNS = 60
const RECORDS = 60
const INPUT = { generator: 'traffic', params: { records: RECORDS } }
const LINES = Array.from({ length: RECORDS }, (_, index) => String(index))

test(
  'for random topologies and fault plans, what is committed is what a plain program computes',
  { timeout: 120_000 },
  () => {
    let effective = 0
    let restarts = 0
    const kinds = new Set<string>()
    fc.assert(
      fc.property(anyTopology, faultPlan({ input: INPUT }), (topology, plan) => {
        const simulation = new Simulation(jobOf(topology), plan, { lines: LINES })
        const { verdict, history, faults, summary } = simulation.run()
        expect(verdict).toEqual({ outcome: 'passed', violations: [] })
        const committed = history.outputs
          .flatMap((output) => output.committed)
          .map(({ value }) => text.decode(value))
        expect(committed.toSorted()).toEqual(expectedOf(topology, LINES).toSorted())
        if (faults.some(({ outcome }) => outcome === 'fired')) effective += 1
        restarts += summary.restarts
        for (const { type } of topology.stages) kinds.add(type)
      }),
      { numRuns: RUNS, seed: SEED },
    )
    // Not vacuous: faults bit, restarts happened, every kind of stage was there.
    expect(effective).toBeGreaterThan(RUNS / 3)
    expect(restarts).toBeGreaterThan(RUNS / 6)
    expect(kinds.size).toBe(6)
  },
)
