/** Bugs in what no shipped job uses: each is killed by a job of its own, which passes without it. */
import { expect, test } from 'vitest'
import { text } from 'weirstream'
import type { Job } from 'weirstream'
import { FEATURE_MUTANTS, Simulation, simulate } from 'weirstream/sim'
import type { InvariantId, MutantName, Plan, SimulationResult, WorkloadItem } from 'weirstream/sim'
import { runCampaign } from 'weirstream/testing'
import { Masters } from '../engine/recovery/masters.ts'
import { SEED } from '../seeded.ts'
import {
  asynchronous,
  bounded,
  forgetful,
  impatient,
  narrowed,
  pipelines,
  united,
  windowed,
} from './feature-jobs.ts'

type FeatureMutant = keyof typeof FEATURE_MUTANTS

const PLAN: Plan = {
  v: 1,
  job: { builtin: 'feature' },
  config: { checkpointIntervalMs: 200, inputDurationMs: 2000 },
  seed: 3,
  input: { file: 'lines', sha256: '' },
  faults: [],
}

/** A campaign finds the bug by one of these invariants, and nothing without it. */
const BY_CAMPAIGN: readonly (readonly [
  mutant: FeatureMutant,
  job: Job,
  killedBy: readonly InvariantId[],
])[] = [
  ['in-flight-not-in-snapshot', asynchronous, ['T1']],
  ['union-list-dealt-out', united, ['L1', 'L2']],
  ['final-checkpoint-skipped', bounded, ['T1', 'X4']],
]

test.each(BY_CAMPAIGN)(
  'the mutant %s is caught by a campaign',
  { timeout: 60_000 },
  (mutant, job, killedBy) => {
    const options = {
      seed: SEED,
      services: { lookup: { reply: (line: unknown) => `“${String(line)}”`, latencyMs: 150 } },
      input: { generator: 'traffic', params: { records: 60 } },
    }
    expect(runCampaign(job, { ...options, runs: 20 }).failure).toBeNull()
    const { failure, mutantHits } = runCampaign(job, { ...options, runs: 200, mutant })
    expect(mutantHits).toBeGreaterThan(0)
    expect(killedBy).toContain(failure?.invariant)
  },
)

test('the mutant ttl-ignored-after-restore is caught: what was restored does not expire', () => {
  // The line comes at the beginning and at the end; the worker dies in between.
  const lines = ['a', ...Array.from({ length: 60 }, (_, i) => `other ${i}`), 'a']
  const faults = [{ kind: 'crash', on: 'worker-1', at: { t: 900 }, restartAfterMs: 0 }] as const
  const config = { ...PLAN.config, parallelism: 1 }
  const right = run(forgetful, { ...PLAN, config, faults }, lines)
  expect(right.filter((line) => line.startsWith('a'))).toEqual(['a 1', 'a 1'])
  const mutant = 'ttl-ignored-after-restore'
  const wrong = run(forgetful, { ...PLAN, config, faults, mutant }, lines)
  expect(wrong.filter((line) => line.startsWith('a'))).toEqual(['a 1', 'a 2'])
})

test('the mutant channel-state-not-redistributed is caught: records in flight to a stateless operator are lost', () => {
  const lines = Array.from({ length: 600 }, (_, i) => `line ${i}`)
  const faults = [
    {
      kind: 'crash',
      on: 'worker-1',
      at: { point: 'checkpoint-completed', nth: 3 },
      restartAfterMs: 0,
    },
  ] as const
  const config = { ...PLAN.config, unaligned: true, recordMicros: 2000, inputDurationMs: 500 }
  const plan = { ...PLAN, config, faults }
  expect(verdict(narrowed, plan, lines)).toEqual([])
  const mutant = 'channel-state-not-redistributed'
  expect(verdict(narrowed, { ...plan, mutant }, lines)).toContain('T1')
})

/** An event with its time; the key `a` and the key `d` lie in two partitions. */
function event(key: string | null, timestamp: number): WorkloadItem {
  return { topic: 'in', key, value: `@${timestamp}`, timestamp }
}

const BY_KEY = { ...PLAN.config, inputPartitioning: 'by-key' } as const

/** `a` goes on alone. */
const silent = Array.from({ length: 60 }, (_, i) => event('a', i * 100))
/** `d` comes back, with what is long over. */
const returning = [
  event('d', 100),
  ...silent,
  event('d', 200),
  ...Array.from({ length: 20 }, (_, i) => event('a', 6000 + i * 100)),
]

test('the mutant idle-channel-holds-back is caught: windows wait for a partition that is silent', () => {
  const plan = { ...PLAN, config: BY_KEY }
  expect(verdict(windowed, plan, silent)).toEqual([])
  expect(run(windowed, plan, silent)).toHaveLength(5)
  expect(verdict(windowed, { ...plan, mutant: 'idle-channel-holds-back' }, silent)).toContain('T1')
})

test('the mutant returning-channel-sets-back is caught: a watermark never goes back', () => {
  const plan = { ...PLAN, config: BY_KEY }
  expect(verdict(windowed, plan, returning)).toEqual([])
  const mutant = 'returning-channel-sets-back'
  expect(verdict(windowed, { ...plan, mutant }, returning)).toContain('assertion')
})

test('the mutant late-record-accepted is caught: a window that is over comes again', () => {
  const config = { ...BY_KEY, parallelism: 1, inputPartitions: 1 }
  const late = [...silent, event('a', 150)]
  const windows = (lines: readonly string[]): number =>
    lines.filter((line) => line.startsWith('a 0:')).length
  expect(windows(run(windowed, { ...PLAN, config }, late))).toBe(1)
  const mutant = 'late-record-accepted'
  expect(windows(run(windowed, { ...PLAN, config, mutant }, late))).toBe(2)
})

test('the mutant region-too-small is caught: nobody reads what a subtask that restarted alone writes', () => {
  const lines = Array.from({ length: 60 }, (_, i) => `line ${i}`)
  const faults = [{ kind: 'fail', on: 'shout/0', at: { t: 900 } }] as const
  expect(verdict(pipelines, { ...PLAN, faults }, lines)).toEqual([])
  const mutant = 'region-too-small'
  expect(verdict(pipelines, { ...PLAN, faults, mutant }, lines)).toContain('L1')
})

test('the mutant lost-worker-ignored is caught: what ran on a worker that stays away runs nowhere', () => {
  const lines = Array.from({ length: 60 }, (_, i) => `line ${i}`)
  // One that came back would say that it runs nothing.
  const faults = [
    { kind: 'crash', on: 'worker-1', at: { t: 900 }, restartAfterMs: 100_000 },
  ] as const
  expect(verdict(pipelines, { ...PLAN, faults }, lines)).toEqual([])
  const mutant = 'lost-worker-ignored'
  expect(verdict(pipelines, { ...PLAN, faults, mutant }, lines)).toContain('L1')
})

test('the mutant unreadable-checkpoint-skipped is caught: an older checkpoint is restored without a word', () => {
  const begin = (options: Parameters<Masters['begin']>[0]): string => {
    const masters = new Masters()
    masters.begin()
    return masters.complete(2).complete(3, true).begin(options)
  }
  expect(begin({})).toContain('The newest checkpoint cannot be restored')
  expect(begin({ mutant: 'unreadable-checkpoint-skipped' })).toContain('from 2')
})

test('the mutant aborted-upload-shared is caught: a checkpoint names what an aborted one wrote', () => {
  // A transaction cannot be prepared for a while: checkpoints time out, for which all others have stored their state.
  const faults = [
    { kind: 'delay', on: 'worker-1', request: 'produce', at: { t: 500 }, delayMs: 300 },
  ] as const
  const config = { ...PLAN.config, stateBackend: 'lsm', incremental: true } as const
  const lines = Array.from({ length: 400 }, (_, i) => `${i % 50}`)
  const plan = { ...PLAN, config, faults }
  const right = new Simulation(impatient, plan, { lines })
  right.run()
  expect(right.trace.map(({ type }) => type)).toContain('checkpoint-aborted')
  expect(verdict(impatient, plan, lines)).toEqual([])
  expect(verdict(impatient, { ...plan, mutant: 'aborted-upload-shared' }, lines)).toContain('S5')
})

test('the mutant stop-ends-input is caught: a window that was not over comes out in two halves', () => {
  const actions = [{ kind: 'rescale', at: { t: 900 }, parallelism: 1 }] as const
  const plan = { ...PLAN, config: BY_KEY, actions }
  const windows = (lines: readonly string[]): number =>
    lines.filter((line) => line.startsWith('a 2000:')).length
  expect(windows(run(windowed, plan, silent))).toBe(1)
  const mutant = 'stop-ends-input'
  expect(windows(run(windowed, { ...plan, mutant }, silent))).toBe(2)
})

/** The cleaner cleans, and the writer dies at once, at the eighth such moment. */
const BY_CHANGELOG = [
  // The transaction of a checkpoint that never completes is in the log.
  ['changelog-restored-to-end', 'transaction-prepared'],
  ['compaction-drops-needed', 'transaction-prepared'],
  // The transaction of a checkpoint that is complete is about to be committed.
  ['changelog-stops-early', 'checkpoint-completed'],
] as const

test.each(BY_CHANGELOG)(
  'the mutant %s is caught: a changelog gives back another state',
  (mutant, point) => {
    const at = { point, nth: 8 }
    const faults = [
      { kind: 'compact', on: '*', at },
      { kind: 'crash', on: 'worker-1', at, restartAfterMs: 0 },
    ] as const
    const lines = Array.from({ length: 400 }, (_, i) => `${i % 50}`)
    const config = { ...PLAN.config, parallelism: 1, changelog: 'kafka' } as const
    const plan = { ...PLAN, config, faults }
    const right = simulated(impatient, plan, lines)
    expect(right.faults.map(({ outcome }) => outcome)).toEqual(['fired', 'fired'])
    expect(verdict(impatient, plan, lines)).toEqual([])
    expect(verdict(impatient, { ...plan, mutant }, lines)).toContain('S1')
  },
)

test('every mutant of a feature is killed here', () => {
  const killed: readonly MutantName[] = [
    ...BY_CAMPAIGN.map(([mutant]) => mutant),
    'ttl-ignored-after-restore',
    'channel-state-not-redistributed',
    'idle-channel-holds-back',
    'returning-channel-sets-back',
    'late-record-accepted',
    'region-too-small',
    'lost-worker-ignored',
    'unreadable-checkpoint-skipped',
    'aborted-upload-shared',
    'stop-ends-input',
    ...BY_CHANGELOG.map(([mutant]) => mutant),
    // By test/properties/corrupt-runs.property.test.ts: no run damages what is stored.
    'checksum-ignored',
  ]
  expect(killed.toSorted()).toEqual(Object.keys(FEATURE_MUTANTS).toSorted())
})

function simulated(job: Job, plan: Plan, lines: readonly WorkloadItem[]): SimulationResult {
  const result = simulate(job, plan, { lines })
  if (plan.mutant !== undefined) expect(result.mutantHits).toBeGreaterThan(0)
  return result
}

/** What is committed in the end. */
function run(job: Job, plan: Plan, lines: readonly WorkloadItem[]): string[] {
  return simulated(job, plan, lines).history.outputs.flatMap(({ committed }) =>
    committed.map(({ value }) => text.decode(value)),
  )
}

/** The invariants that are broken, each once. */
function verdict(job: Job, plan: Plan, lines: readonly WorkloadItem[]): string[] {
  const { violations } = simulated(job, plan, lines).verdict
  return [...new Set(violations.map(({ invariant }) => invariant))]
}
