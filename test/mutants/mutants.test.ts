/** Every invariant of the slice has a mutant that it kills, and every mutant is killed by the invariant it should break. */
import { expect, test } from 'vitest'
import { MUTANTS, checkMutant, simulate } from 'weirstream/sim'
import type { FEATURE_MUTANTS, InvariantId, MutantName } from 'weirstream/sim'
import { runCampaign, withDeterminism } from 'weirstream/testing'
import { defineJob, kafkaSink, kafkaSource, text } from 'weirstream'
import { jobNamed } from '../golden/jobs.ts'
import { SEED } from '../seeded.ts'

interface Target {
  readonly job: string
  /** Any of these may be the first that shows it. */
  readonly killedBy: readonly InvariantId[]
}

const TRAFFIC = 'traffic-statistics'

/** The mutants that shipped jobs show; feature-mutants.test.ts has the others. */
type ShownMutant = Exclude<MutantName, keyof typeof FEATURE_MUTANTS>

const TARGETS: Readonly<Record<ShownMutant, Target>> = {
  'barrier-not-aligned': { job: TRAFFIC, killedBy: ['S1', 'S2'] },
  'snapshot-aliases-state': { job: TRAFFIC, killedBy: ['S1'] },
  'checkpoint-completes-early': { job: TRAFFIC, killedBy: ['B3', 'S1'] },
  'savepoint-subsumes-checkpoint': { job: TRAFFIC, killedBy: ['F-I2', 'F-I10', 'S4', 'S5', 'X2'] },
  'savepoint-commits': { job: TRAFFIC, killedBy: ['F-I2', 'X2'] },
  'key-group-range-off': { job: TRAFFIC, killedBy: ['S1', 'T4'] },
  'restore-older-checkpoint': { job: TRAFFIC, killedBy: ['S4', 'O1'] },
  'offset-of-last-read': { job: TRAFFIC, killedBy: ['S1', 'O1', 'O3', 'T2'] },
  'restart-from-group-offsets': { job: TRAFFIC, killedBy: ['O1', 'O3'] },
  'commit-on-pre-commit': { job: TRAFFIC, killedBy: ['X2'] },
  'handles-not-in-snapshot': { job: TRAFFIC, killedBy: ['X3', 'T1'] },
  'abort-on-restore': { job: TRAFFIC, killedBy: ['X3', 'L2', 'T1'] },
  'fence-before-recommit': { job: TRAFFIC, killedBy: ['X3', 'L2', 'T1'] },
  'sum-emits-former-total': { job: TRAFFIC, killedBy: ['T4'] },
  'barrier-sent-twice': { job: TRAFFIC, killedBy: ['B1'] },
  'commits-newest-first': { job: TRAFFIC, killedBy: ['F-I3'] },
  'batch-reversed': { job: TRAFFIC, killedBy: ['T3', 'T4'] },
  'snapshot-truncated': { job: TRAFFIC, killedBy: ['S5'] },
  'master-forgets-checkpoints': { job: TRAFFIC, killedBy: ['S4', 'O1'] },
  'checkpoint-id-reused': { job: TRAFFIC, killedBy: ['F-I1', 'B1', 'S4'] },
  'lost-event-ignored': { job: TRAFFIC, killedBy: ['F-I9', 'L1', 'T1'] },
  'flush-omitted': { job: TRAFFIC, killedBy: ['X2', 'T1'] },
  'random-transactional-id': { job: TRAFFIC, killedBy: ['X4'] },
  'no-epoch-check': { job: TRAFFIC, killedBy: ['X1'] },
  'no-sequence-check': { job: TRAFFIC, killedBy: ['T2'] },
  'lso-is-high-watermark': { job: TRAFFIC, killedBy: ['T5'] },
  'marker-on-one-partition': { job: 'address-profile', killedBy: ['X6'] },
  'timers-not-restored': { job: 'traffic-analysis', killedBy: ['T1', 'T4', 'S1'] },
  'timer-under-former-key': { job: 'traffic-analysis', killedBy: ['T1', 'T4', 'S1'] },
  'window-not-cleared': { job: 'traffic-analysis', killedBy: ['S1'] },
  'merged-session-loses-part': { job: 'traffic-analysis', killedBy: ['T1', 'T4', 'S1'] },
  'local-copy-shared-by-operators': { job: TRAFFIC, killedBy: ['S1', 'T1', 'T4', 'L2'] },
  'stale-local-copy': { job: TRAFFIC, killedBy: ['S1', 'T1', 'T4'] },
  'shared-run-deleted': { job: TRAFFIC, killedBy: ['S5', 'L1', 'L2', 'F-I10'] },
  'snapshot-after-barrier': { job: TRAFFIC, killedBy: ['S1', 'S2', 'L2'] },
  'in-flight-dropped': { job: TRAFFIC, killedBy: ['S1', 'S2', 'T1'] },
  'unaligned-consumes-behind-barrier': { job: TRAFFIC, killedBy: ['S1', 'S2'] },
  'broadcast-restored-once': { job: 'network-security', killedBy: ['T1', 'T4', 'S1', 'L2'] },
}

test.each(Object.entries(TARGETS))(
  'the mutant %s is caught',
  { timeout: 300_000 },
  (name, target) => {
    const { job, killedBy } = target
    const mutant = checkMutant(name)
    const { failure, mutantHits } = runCampaign(jobNamed(job), {
      runs: 1000,
      seed: SEED,
      job: { builtin: job },
      mutant,
    })
    expect(MUTANTS[mutant]).not.toBe('')
    expect(mutantHits).toBeGreaterThan(0)
    expect(failure, `${mutant} survived`).not.toBeNull()
    expect(killedBy).toContain(failure?.invariant)
    // Shrunk to what a person can read, and still failing in the same way.
    expect(failure?.plan.faults.length).toBeLessThanOrEqual(3)
    const again = failure === null ? null : simulate(jobNamed(job), failure.plan)
    expect(again?.verdict.violations.map(({ invariant }) => invariant)).toContain(
      failure?.invariant,
    )
  },
)

test('a job that depends on a random number is caught by the repeated run (D1)', () => {
  const job = defineJob('Careless', {}, (env) => {
    env
      .fromSource(kafkaSource({ topics: ['in'], groupId: 'careless', value: text }))
      .map(({ value }) => `${value} ${Math.random()}`)
      .sinkTo(kafkaSink({ topic: 'out', value: text, delivery: 'exactly-once' }))
  })
  const { failure } = runCampaign(job, { runs: 3, seed: SEED, repeatEvery: 1 })
  expect(failure?.result.verdict.violations.map(({ invariant }) => invariant)).toContain('D1')
})

test('two runs with the same hash are left as they are', () => {
  const job = jobNamed(TRAFFIC)
  const plan = {
    v: 1,
    job: { builtin: TRAFFIC },
    config: { inputDurationMs: 1000 },
    seed: 1,
    input: { generator: 'traffic', params: { records: 50 } },
    faults: [],
  } as const
  const first = simulate(job, plan)
  expect(withDeterminism(first, simulate(job, plan))).toBe(first)
})
