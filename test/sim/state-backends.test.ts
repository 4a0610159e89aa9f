/** What plans choose for keyed state: with every choice the job gives the same result, and the trace tells the costs. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ConfigurationError, defineJob, kafkaSink, kafkaSource, text } from 'weirstream'
import { Simulation, inputLines, simulate } from 'weirstream/sim'
import type { Plan, PlanConfig } from 'weirstream/sim'
import { faultPlan } from 'weirstream/testing'
import { jobNamed } from '../golden/jobs.ts'
import { seeded } from '../seeded.ts'

const PLAN: Plan = {
  v: 1,
  job: { builtin: 'traffic-statistics' },
  config: { inputDurationMs: 3000, checkpointIntervalMs: 250 },
  seed: 7,
  input: { generator: 'traffic', params: { records: 600, addresses: 300 } },
  faults: [],
}

const CHOICES: readonly PlanConfig[] = (['heap', 'lsm'] as const).flatMap((stateBackend) =>
  [false, true].map((incremental) => ({ stateBackend, incremental })),
)

const CHANGELOGS: readonly PlanConfig[] = (['heap', 'lsm'] as const).flatMap((stateBackend) =>
  (['storage', 'kafka'] as const).map((changelog) => ({
    stateBackend,
    changelog,
    materializeIntervalMs: 400,
  })),
)

test('for every plan, every state backend gives the same result', { timeout: 120_000 }, () => {
  fc.assert(
    fc.property(faultPlan(), (plan) => {
      const results = [...CHOICES, ...CHANGELOGS].map((choice) => {
        const result = simulate(jobNamed('traffic-statistics'), {
          ...plan,
          config: { ...plan.config, changelog: 'none', ...choice },
        })
        expect(result.verdict).toEqual({ outcome: 'passed', violations: [] })
        const { keys, totalBytes, malformed, top } = result.summary
        return { keys, totalBytes, malformed, top }
      })
      for (const result of results) expect(result).toEqual(results[0])
    }),
    seeded(15),
  )
})

test('incremental checkpoints write less than they hold; others write everything', () => {
  const written = (choice: PlanConfig): readonly (readonly [number, number])[] =>
    traceOf({ config: { ...PLAN.config, ...choice } }).flatMap((fact) =>
      fact.type === 'checkpoint-completed' ? [[fact.writtenBytes, fact.sizeBytes] as const] : [],
    )
  const incremental = written({ stateBackend: 'lsm', incremental: true })
  expect(incremental.some(([bytes, size]) => bytes < size / 2)).toBe(true)
  for (const choice of [{}, { stateBackend: 'lsm' }, { incremental: true }] as const) {
    for (const [bytes, size] of written(choice)) expect(bytes).toBe(size)
  }
})

describe('a changelog', () => {
  const config = (changelog: 'storage' | 'kafka', materializeIntervalMs: number): PlanConfig => ({
    ...PLAN.config,
    changelog,
    materializeIntervalMs,
  })

  test('in the storage makes checkpoints small, whether the backend is incremental or not', () => {
    const facts = traceOf({ config: config('storage', 1000) })
    const ratios = facts.flatMap((fact) =>
      fact.type === 'checkpoint-completed' ? [fact.writtenBytes / fact.sizeBytes] : [],
    )
    expect(ratios.filter((ratio) => ratio < 0.5).length).toBeGreaterThan(ratios.length / 2)
    expect(facts.filter(({ type }) => type === 'state-materialized').length).toBeGreaterThan(1)
  })

  test('in Kafka adds what changed, in one transaction for each checkpoint and subtask', () => {
    const facts = traceOf({ config: config('kafka', 60_000) })
    const appended = facts.flatMap((fact) => (fact.type === 'changelog-appended' ? [fact] : []))
    const committed = facts.flatMap((fact) =>
      fact.type === 'transaction-committed' && fact.transactionalId.includes('changelog')
        ? [fact.transactionalId]
        : [],
    )
    expect(appended.reduce((sum, { count }) => sum + count, 0)).toBeGreaterThan(300)
    expect(committed).toHaveLength(appended.filter(({ count }) => count > 0).length)
  })

  test.each(['storage', 'kafka'] as const)(
    'in %s survives the loss of everything on a worker, and compaction at any moment',
    (changelog) => {
      const faults: Plan['faults'] = [
        { kind: 'compact', on: '*', at: { t: 1400 } },
        { kind: 'crash', on: 'worker-1', at: { t: 1450 } },
        { kind: 'compact', on: 'changelog-*', at: { point: 'restore-started', nth: 1 } },
      ]
      const facts = traceOf({ config: config(changelog, 300), faults })
      const read = facts.flatMap((fact) =>
        fact.type === 'state-restored' && fact.keyCount > 0 ? [fact.sizeBytes] : [],
      )
      expect(read.length).toBeGreaterThan(0)
      for (const sizeBytes of read) expect(sizeBytes).toBeGreaterThan(0)
    },
  )

  test('without a checkpoint there is nothing to compact, and no topic of another kind is', () => {
    const plan = {
      ...PLAN,
      faults: [{ kind: 'compact', on: '*', at: { t: 1400 } }],
    } as const
    expect(simulate(jobNamed('traffic-statistics'), plan).faults[0]?.outcome).toBe('no-effect')
  })
})

test('an acknowledgement for a former job master takes nothing away that its successor restores', () => {
  // It comes while the successor still reads what there is.
  const faults: Plan['faults'] = [
    {
      kind: 'crash',
      on: 'job-master',
      at: { point: 'snapshot-taken', nth: 14 },
      restartAfterMs: 0,
    },
    { kind: 'fail', on: 'sum/*', at: { t: 2000 } },
  ]
  for (const choice of [
    { stateBackend: 'lsm', incremental: true },
    { changelog: 'storage' },
  ] as const) {
    const facts = traceOf({ config: { ...PLAN.config, ...choice }, faults })
    expect(facts.filter(({ type }) => type === 'restart-started').length).toBeGreaterThan(0)
  }
})

test('a backend that needs files is refused with one sentence', () => {
  const job = defineJob('Refused', { state: { backend: 'rocksdb' } }, (env) => {
    const source = kafkaSource({ topics: ['in'], groupId: 'refused', value: text })
    const out = kafkaSink<string>({ topic: 'out', value: text, delivery: 'exactly-once' })
    env
      .fromSource(source)
      .map(({ value }) => value)
      .sinkTo(out)
  })
  expect(() => simulate(job, PLAN)).toThrow(ConfigurationError)
  expect(() => simulate(job, PLAN)).toThrow(/"rocksdb" needs files.*: use "heap" or "lsm" here/)
})

describe('local recovery', () => {
  /** Of each restore: what it read, and what of it from own copies. */
  function downloads(choice: PlanConfig, faults: Plan['faults']): (readonly [number, number])[] {
    return traceOf({ config: { ...PLAN.config, ...choice }, faults }).flatMap((fact) =>
      fact.type === 'state-downloaded' && fact.sizeBytes > 0
        ? [[fact.sizeBytes, fact.localBytes] as const]
        : [],
    )
  }

  const failing: Plan['faults'] = [{ kind: 'fail', on: '*/0', at: { t: 1600 } }]
  const crashing: Plan['faults'] = [{ kind: 'crash', on: 'worker-1', at: { t: 1600 } }]

  test.each([...CHOICES, { changelog: 'storage', materializeIntervalMs: 300 } as const])(
    'reads nothing from the storage when only subtasks failed: %o',
    (choice) => {
      const read = downloads({ ...choice, localRecovery: true }, failing)
      expect(read.length).toBeGreaterThan(0)
      for (const [size, local] of read) expect(local).toBe(size)
    },
  )

  test('reads everything from the storage where the worker is another', () => {
    const read = downloads({ localRecovery: true }, crashing)
    expect(read.some(([, local]) => local === 0)).toBe(true)
    // The other worker has survived, and its subtasks are there again.
    expect(read.some(([size, local]) => local === size)).toBe(true)
  })

  test('is off by default', () => {
    const read = downloads({}, failing)
    expect(read.length).toBeGreaterThan(0)
    for (const [, local] of read) expect(local).toBe(0)
  })
})

function traceOf(change: Partial<Plan>): Simulation['trace'] {
  const plan = { ...PLAN, ...change }
  const lines = inputLines(plan)
  const simulation = new Simulation(jobNamed('traffic-statistics'), plan, { lines })
  const { verdict } = simulation.run()
  expect(verdict).toEqual({ outcome: 'passed', violations: [] })
  return simulation.trace
}
