/** Runs a lesson job on its generated input under several plans, and reads what was fed and what was committed. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { text } from '../../../engine/serializer.ts'
import { defaultInput, encodePlan, inputLines, simulate } from '../../../sim/index.ts'
import type { Fault, MutantName, Plan, PlanConfig, SimulationResult } from '../../../sim/index.ts'
import { faultPlan } from '../../../sim/testing/index.ts'
import { jobNamed } from '../../golden/jobs.ts'
import { SEED } from '../../seeded.ts'

/** What was fed, what came out. */
export interface JobRun {
  /** The events that were fed into a topic, in the order of feeding, without heartbeats. */
  readonly fed: <T>(topic: string) => T[]
  /** What is committed in a topic: partition by partition in the order of offsets. */
  readonly committed: <T>(topic: string) => T[]
  /** False: a restored subtask begins without a watermark, and what was late before may be accepted then. */
  readonly hasFaults: boolean
}

const crash = (
  on: string,
  at: Extract<Fault, { kind: 'crash' }>['at'],
  restartAfterMs: number,
): Fault => ({
  kind: 'crash',
  on,
  at,
  restartAfterMs,
})

const PLANS: readonly (readonly [name: string, config: PlanConfig, faults: readonly Fault[]])[] = [
  ['without faults', {}, []],
  ['with one subtask and one partition', { parallelism: 1, inputPartitions: 1 }, []],
  [
    'with three subtasks, by key',
    { parallelism: 3, inputPartitions: 3, inputPartitioning: 'by-key' },
    [],
  ],
  ['with a crash in the middle', {}, [crash('worker-1', { t: 1700 }, 50)]],
  [
    'with a crash at a completed checkpoint and one in the recovery',
    { parallelism: 3, inputPartitions: 3 },
    [
      crash('worker-2', { point: 'checkpoint-completed', nth: 3 }, 0),
      crash('worker-1', { point: 'restart-started', nth: 1 }, 300),
    ],
  ],
  [
    'with a crash after the input',
    { inputPartitioning: 'by-key' },
    [crash('worker-1', { point: 'input-finished', nth: 1 }, 50)],
  ],
  [
    'with lost answers and a crash while committing',
    {},
    [
      { kind: 'lose-response', on: 'worker-1', request: 'end-txn', at: { t: 900 } },
      { kind: 'delay', on: 'worker-2', request: 'fetch', at: { t: 1500 }, delayMs: 400 },
      crash('worker-1', { point: 'transaction-prepared', nth: 6 }, 1000),
    ],
  ],
]

const CONFIG: PlanConfig = { inputDurationMs: 3000, checkpointIntervalMs: 500, recordMicros: 100 }

const RANDOM_PLANS = 5

/**
 * One test for each plan, one for random ones, and one that `check` can fail: runs pass the oracle, the faults of fixed
 * plans strike, and `check` finds the right answer.
 */
export function testUnderPlans(name: string, check: (run: JobRun) => void): void {
  test.each(PLANS)(`${name} %s gives the right answer`, (_title, config, faults) => {
    const result = checkRun(name, { ...CONFIG, ...config }, faults, 11, check)
    expect(result.faults.map(({ outcome }) => outcome)).toEqual(faults.map(() => 'fired'))
  })

  test(`${name} under random plans gives the right answer`, { timeout: 60_000 }, () => {
    const plans = fc.sample(faultPlan(), { numRuns: RANDOM_PLANS, seed: SEED })
    for (const { config, faults, seed } of plans) {
      const { parallelism = 2, inputPartitions = 2, recordMicros = 250 } = config
      const fitting: PlanConfig = {
        ...config,
        // A subtask without a partition has no watermark; slow records make a long run, not another one.
        inputPartitions: Math.max(parallelism, inputPartitions),
        recordMicros: Math.min(recordMicros, 500),
      }
      checkRun(name, fitting, faults, seed, check)
    }
  })

  test(`${name} with a bug that loses output gives a wrong answer, and that is seen`, () => {
    const faults = [4, 6, 8].map((nth) =>
      crash('worker-1', { point: 'checkpoint-completed', nth }, 50),
    )
    const plan: Plan = { ...planFor(name, CONFIG, faults, 11), mutant: BUG }
    const result = simulate(jobNamed(name), plan)
    expect(() => check(runOf(plan, result))).toThrow('missing')
  })
}

/** Loses the output of a checkpoint that was completed but not committed when the worker died. */
const BUG: MutantName = 'handles-not-in-snapshot'

function planFor(name: string, config: PlanConfig, faults: readonly Fault[], seed: number): Plan {
  const input = defaultInput(jobNamed(name))
  return { v: 1, job: { builtin: name }, config, seed, input, faults }
}

function checkRun(
  name: string,
  config: PlanConfig,
  faults: readonly Fault[],
  seed: number,
  check: (run: JobRun) => void,
): SimulationResult {
  const plan = planFor(name, config, faults, seed)
  const result = simulate(jobNamed(name), plan)
  expect(result.verdict, encodePlan(plan)).toEqual({ outcome: 'passed', violations: [] })
  check(runOf(plan, result))
  return result
}

function runOf(plan: Plan, result: SimulationResult): JobRun {
  return {
    hasFaults: plan.faults.length > 0,
    fed: (topic) =>
      inputLines(plan).flatMap((item) => {
        if (typeof item === 'string' || item.topic !== topic || item.key === null) return []
        return [JSON.parse(item.value)]
      }),
    committed: (topic) =>
      result.history.outputs
        .filter((output) => output.topic === topic)
        .flatMap(({ committed }) => committed.map(({ value }) => JSON.parse(text.decode(value)))),
  }
}

/** The same values, in any order; a difference is shown by its first few values. */
export function expectSame<T>(actual: readonly T[], expected: readonly T[]): void {
  const counts = new Map<string, number>()
  for (const value of expected.map(show)) counts.set(value, (counts.get(value) ?? 0) - 1)
  for (const value of actual.map(show)) counts.set(value, (counts.get(value) ?? 0) + 1)
  const which = (isWanted: (count: number) => boolean): string[] =>
    [...counts].filter(([, count]) => isWanted(count)).map(([value]) => value)
  const missing = which((count) => count < 0)
  const surplus = which((count) => count > 0)
  expect({
    missing: missing.slice(0, 5),
    surplus: surplus.slice(0, 5),
    count: actual.length,
  }).toEqual({ missing: [], surplus: [], count: expected.length })
}

function show(value: unknown): string {
  return JSON.stringify(canonical(value))
}

/** With the fields in one order. */
function canonical(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1))
}

export function groupBy<T>(values: readonly T[], keyOf: (value: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>()
  for (const value of values) {
    const group = groups.get(keyOf(value))
    if (group === undefined) groups.set(keyOf(value), [value])
    else group.push(value)
  }
  return groups
}

export function byTime<T extends { readonly time: number }>(values: readonly T[]): T[] {
  return values.toSorted((a, b) => a.time - b.time)
}
