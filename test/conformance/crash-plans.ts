// Random crash plans for cases as whole jobs.

import { join } from 'node:path'
import fc from 'fast-check'
import type { CrashFault } from 'weirstream/sim'
import { crashFault } from 'weirstream/testing'
import { murmurString } from '../../engine/hash.ts'
import { SEED } from '../seeded.ts'
import { readCases } from './cases.ts'
import type { ConformanceCase } from './cases.ts'
import { CRASH_TIME_MAX_MS, isEventTimeOnly, WholeJob } from './whole-job.ts'
import type { CrashPlan } from './whole-job.ts'

/** One-input keyed families in event time. Every case of `recovery` restarts in its script, so none is here. */
export const WHOLE_JOB_FAMILIES = [
  'tumbling-windows',
  'sliding-windows',
  'session-windows',
  'triggers',
  'evictors',
  'process-functions',
  'cep-contiguity',
  'cep-quantifiers',
  'cep-skip',
  'cep-time',
] as const

/**
 * They register timers behind the watermark. Such a timer waits for the next watermark that advances, and after a
 * restore that is the one which is sent again: it fires earlier than without a crash, in Flink too.
 */
const LATE_TIMERS = new Set([
  'process-functions-p01',
  'process-functions-1001',
  'process-functions-1005',
])

/** The cases of a family that can run as whole jobs. */
export function wholeJobCases(family: string): readonly ConformanceCase[] {
  return readCases(join(import.meta.dirname, 'cases')).filter(
    (theCase) =>
      theCase.family === family && isEventTimeOnly(theCase) && !LATE_TIMERS.has(theCase.id),
  )
}

export interface PlansResult {
  readonly failures: readonly string[]
  /** Workers that died, and jobs that started again, over all runs. */
  readonly crashes: number
  readonly restarts: number
}

/** Runs every case under so many plans of its own. */
export function runCrashPlans(cases: readonly ConformanceCase[], plansEach: number): PlansResult {
  const failures: string[] = []
  let crashes = 0
  let restarts = 0
  for (const theCase of cases) {
    const job = new WholeJob(theCase)
    for (const plan of fc.sample(crashPlan, {
      numRuns: plansEach,
      seed: murmurString(theCase.id, SEED),
    })) {
      const { result, reason } = job.run(plan)
      crashes += result.summary.crashes
      restarts += result.summary.restarts
      if (reason !== null) failures.push(`${theCase.id}: ${reason}\nplan: ${JSON.stringify(plan)}`)
    }
  }
  return { failures, crashes, restarts }
}

const crashPlan: fc.Arbitrary<CrashPlan> = fc.record(
  {
    config: fc.record(
      {
        parallelism: fc.constant(3),
        checkpointIntervalMs: fc.constantFrom(50, 100, 250),
        recordMicros: fc.constantFrom(0, 100, 1000),
      },
      { noNullPrototype: true },
    ),
    // Few, since each needs runs without failures to be compared with.
    seed: fc.constantFrom(1, 2, 3),
    faults: fc.array(crashFault().map(duringScript), { minLength: 1, maxLength: 3, size: 'max' }),
  },
  { noNullPrototype: true },
)

/** Random crashes of whole runs, moved into the time in which the script is done. */
function duringScript(fault: CrashFault): CrashFault {
  return 't' in fault.at ? { ...fault, at: { t: fault.at.t % CRASH_TIME_MAX_MS } } : fault
}
