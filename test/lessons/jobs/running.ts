/** Runs a lesson job on its generated input under several plans, and reads what was fed and what was committed. */
import { expect, test } from 'vitest'
import { text } from '../../../engine/serializer.ts'
import { defaultInput, inputLines, simulate } from '../../../sim/index.ts'
import type { Fault, Plan, PlanConfig, SimulationResult } from '../../../sim/index.ts'
import { jobNamed } from '../../golden/jobs.ts'

/** What was fed, what came out. */
export interface JobRun {
  /** The events that were fed into a topic, in the order of feeding, without heartbeats. */
  fed<T>(topic: string): T[]
  /** What is committed in a topic: partition by partition in the order of offsets. */
  committed<T>(topic: string): T[]
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
      crash('worker-1', { point: 'state-restored', nth: 12 }, 300),
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
      { kind: 'lose-response', on: 'worker-1', request: 'end-txn', at: { nth: 2 } },
      { kind: 'delay', on: 'worker-2', request: 'fetch', at: { nth: 10 }, delayMs: 400 },
      crash('worker-1', { point: 'transaction-prepared', nth: 9 }, 1000),
    ],
  ],
]

const CONFIG: PlanConfig = { inputDurationMs: 3000, checkpointIntervalMs: 500, recordMicros: 100 }

/** One test for each plan: the run passes the oracle, its faults strike, and `check` finds the right answer. */
export function testUnderPlans(name: string, check: (run: JobRun) => void): void {
  test.each(PLANS)(`${name} %s gives the right answer`, (_title, config, faults) => {
    const job = jobNamed(name)
    const plan: Plan = {
      v: 1,
      job: { builtin: name },
      config: { ...CONFIG, ...config },
      seed: 11,
      input: defaultInput(job),
      faults,
    }
    const result = simulate(job, plan)
    expect(result.verdict).toEqual({ outcome: 'passed', violations: [] })
    expect(result.faults.map(({ outcome }) => outcome)).toEqual(faults.map(() => 'fired'))
    check(runOf(plan, result))
  })
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

/** The same values, in any order. */
export function expectSame<T>(actual: readonly T[], expected: readonly T[]): void {
  expect(sorted(actual)).toEqual(sorted(expected))
}

function sorted(values: readonly unknown[]): string[] {
  return values.map((value) => JSON.stringify(canonical(value))).toSorted()
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
