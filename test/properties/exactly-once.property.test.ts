/** The main theorem, over random plans of every kind of fault in the slice. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { defineJob, kafkaSink, kafkaSource, text } from 'weirstream'
import { Simulation, simulate } from 'weirstream/sim'
import { exactlyOnce, faultPlan, runCampaign } from 'weirstream/testing'
import { BUILTIN_JOBS } from '../../lessons/jobs/index.ts'
import { hasEventTime } from '../../sim/event-time.ts'
import { jobNamed } from '../golden/jobs.ts'
import { SEED } from '../seeded.ts'
import { BOUNDED_JOBS } from './bounded-jobs.ts'

const RUNS = 170
const TIMED_RUNS = 25
const BOUNDED_RUNS = 60
/** What the reference model does not know is compared with runs without failures. */
const [TIMED, MODELED] = [true, false].map((isTimed) =>
  Object.entries(BUILTIN_JOBS)
    .filter(([, { graph }]) => hasEventTime(graph) === isTimed)
    .map(([name]) => name),
)

test.each(MODELED ?? [])(
  'for every workload and fault plan, the committed output of %s equals the reference model',
  { timeout: 120_000 },
  (name) => {
    const result = runCampaign(jobNamed(name), { runs: RUNS, seed: SEED, job: { builtin: name } })
    expect(result.failure).toBeNull()
    expect(result.runs).toBe(RUNS)
    // Not vacuous: faults bit, in most runs, and the deterministic repetition really took place.
    expect(result.effective).toBeGreaterThan(RUNS / 2)
    expect(result.repeated).toBeGreaterThan(5)
    for (const [kind, { fired }] of Object.entries(result.faults)) {
      // Only a changelog in Kafka can be compacted, and few plans have one.
      expect(fired, kind).toBeGreaterThan(kind === 'compact' ? 0 : 5)
    }
    expect(result.coverage.crash.restoring).toBeGreaterThan(0)
    expect(result.coverage.crash.committing).toBeGreaterThan(0)
    expect(result.coverage.crash.aligning).toBeGreaterThan(0)
  },
)

/** Topics with records that can come too late, so that it depends on timing what becomes of them. */
const UNJUDGED = ['device-ranges', 'late-readings', 'late-wins']

test.each(TIMED ?? [])(
  'for every workload and fault plan, the committed output of %s equals that of runs without failures',
  { timeout: 120_000 },
  (name) => {
    const options = { runs: TIMED_RUNS, seed: SEED, job: { builtin: name } }
    const result = runCampaign(jobNamed(name), options)
    expect(result.failure).toBeNull()
    expect(result.effective).toBeGreaterThan(TIMED_RUNS / 2)
    expect(result.coverage.crash.restoring).toBeGreaterThan(0)
    expect(UNJUDGED).toEqual(expect.arrayContaining(result.unjudged.map(({ topic }) => topic)))
  },
)

test.each(BOUNDED_JOBS)(
  'for every fault plan, a bounded job ($name) finishes and has committed exactly its output',
  { timeout: 60_000 },
  ({ job, expected }) => {
    const input = { generator: 'traffic', params: { records: 1 } }
    let effective = 0
    fc.assert(
      fc.property(faultPlan({ input, hasEventTime: hasEventTime(job.graph) }), (plan) => {
        const simulation = new Simulation(job, plan, { lines: [] })
        const { verdict, history, faults, summary } = simulation.run()
        expect(verdict).toEqual({ outcome: 'passed', violations: [] })
        const values = history.outputs.flatMap(({ committed }) => committed)
        const committed = values.map(({ value }) => text.decode(value))
        expect(committed.toSorted()).toEqual(expected.toSorted())
        expect(summary.unjudgedTopics).toEqual([])
        const status = simulation.trace.findLast(({ type }) => type === 'job-status-changed')
        expect(status).toMatchObject({ status: 'finished' })
        if (faults.some(({ outcome }) => outcome === 'fired')) effective += 1
      }),
      { numRuns: BOUNDED_RUNS, seed: SEED },
    )
    expect(effective).toBeGreaterThan(BOUNDED_RUNS / 5)
  },
)

test('exactly once is more than the other guarantees: at least once repeats, and none loses', () => {
  // Records wait behind a slow request when a checkpoint completes, and their process dies.
  const plan = {
    v: 1,
    job: { builtin: 'weaker' },
    config: { checkpointIntervalMs: 250, inputDurationMs: 1500, outputPartitions: 1 },
    seed: 1,
    input: { generator: 'traffic', params: { records: 300 } },
    faults: [
      { kind: 'delay', on: 'worker-1', request: 'produce', at: { t: 420 }, delayMs: 400 },
      { kind: 'crash', on: 'worker-1', at: { t: 760 }, restartAfterMs: 0 },
    ],
  } as const
  const found = (['exactly-once', 'at-least-once', 'none'] as const).map((delivery) => {
    const job = defineJob('Weaker', { failover: 'full' }, (env) => {
      env
        .fromSource(kafkaSource({ topics: ['in'], groupId: 'weaker', value: text }))
        .map(({ value }) => value)
        .sinkTo(kafkaSink({ topic: 'out', value: text, delivery }))
    })
    const { verdict, history, summary } = simulate(job, plan)
    expect(verdict).toEqual({ outcome: 'passed', violations: [] })
    const committed = history.outputs.flatMap((output) => output.committed)
    const origins = committed.flatMap((output) => output.origins ?? [])
    const distinct = new Set(origins.map(({ partition, offset }) => `${partition}@${offset}`))
    return {
      delivery,
      repeats: committed.length > distinct.size,
      loses: distinct.size < summary.records,
    }
  })
  expect(found).toEqual([
    { delivery: 'exactly-once', repeats: false, loses: false },
    { delivery: 'at-least-once', repeats: true, loses: false },
    { delivery: 'none', repeats: true, loses: true },
  ])
})

test('exactlyOnce is a property that fast-check can assert, and whose failure names invariant and plan', () => {
  const job = jobNamed('traffic-statistics')
  fc.assert(exactlyOnce(job), { numRuns: 10, seed: SEED })
  const failing = fc.check(exactlyOnce(job, { mutant: 'commit-on-pre-commit' }), {
    numRuns: 20,
    seed: SEED,
    endOnFailure: true,
  })
  expect(failing.failed).toBe(true)
  expect(String(failing.errorInstance)).toMatch(/X2: .*\nplan: \{"v":1/s)
})

test('for every plan, what a run does not depend on changes nothing: a crash of a worker after the end', () => {
  fc.assert(
    fc.property(faultPlan({ faultsMax: 1 }), (plan) => {
      const job = jobNamed('traffic-statistics')
      const alone = simulate(job, plan)
      const never = {
        kind: 'crash',
        on: 'worker-2',
        at: { point: 'checkpoint-completed', nth: 9999 },
      } as const
      const beside = simulate(job, { ...plan, faults: [...plan.faults, never] })
      expect(beside.traceHash).toBe(alone.traceHash)
      expect(beside.faults.at(-1)?.outcome).toBe('not-reached')
    }),
    { numRuns: 15, seed: SEED },
  )
})

test('for every plan, keys have the same totals with parallelism 1 and 3 (M1)', () => {
  fc.assert(
    fc.property(faultPlan(), (plan) => {
      const job = jobNamed('traffic-statistics')
      const narrow = simulate(job, { ...plan, config: { ...plan.config, parallelism: 1 } })
      const wide = simulate(job, { ...plan, config: { ...plan.config, parallelism: 3 } })
      const { keys, totalBytes, malformed, top } = wide.summary
      expect(narrow.summary).toMatchObject({ keys, totalBytes, malformed, top })
    }),
    { numRuns: 15, seed: SEED },
  )
})
