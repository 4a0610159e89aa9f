/** Runs without failures: what they take from a plan, how they differ, and that they are made once. */
import { expect, test } from 'vitest'
import { text } from '../../engine/serializer.ts'
import type { History } from '../../sim/history/history.ts'
import type { Plan } from '../../sim/plan/plan.ts'
import { simulate } from '../../sim/simulate.ts'
import { TwinCache } from '../../sim/twins.ts'
import type { Arrange, Feed, PlacedRecord } from '../../sim/workload/feeder.ts'
import { jobNamed } from '../golden/jobs.ts'

const PLAN: Plan = {
  v: 1,
  job: { builtin: 'traffic-analysis' },
  config: { parallelism: 2, inputPartitions: 2, inputDurationMs: 600, checkpointIntervalMs: 200 },
  seed: 7,
  input: { generator: 'page-views', params: { records: 5, visitors: 2 } },
  faults: [{ kind: 'crash', on: 'worker-1', at: { t: 400 } }],
  mutant: 'window-not-cleared',
}
const job = jobNamed('traffic-analysis')

const NOTHING: History = {
  fed: [],
  checkpoints: [],
  coordination: [],
  savepoints: [],
  outputs: [],
  log: [],
  openTransactions: [],
  stuck: null,
}

/** Asks for the twins of a plan, and notes how they are run. */
function asked(cache: TwinCache, plan: Plan) {
  const runs: { readonly plan: Plan; readonly arrange: Arrange }[] = []
  cache.twinsOf(job, plan, (twin, arrange) => {
    runs.push({ plan: twin, arrange })
    return NOTHING
  })
  return runs
}

/** Page views as `partition@time`. */
function feedOf(records: string): Feed {
  const placed = records.split(' ').map((record): PlacedRecord => {
    const [partition = 0, time = 0] = record.split('@').map(Number)
    const value = text.encode(JSON.stringify({ time }))
    return {
      topic: 'page-views',
      partition,
      record: { key: null, value, timestamp: time, headers: [] },
    }
  })
  return { afterMs: 20, records: placed }
}

function timesOf(feeds: readonly Feed[]): string[] {
  return feeds.map(({ records }) =>
    records.map(({ partition, record }) => `${partition}@${record.timestamp}`).join(' '),
  )
}

test('a twin has no faults and no mutant, the plan’s input and division, and draws of its own', () => {
  const runs = asked(new TwinCache(), PLAN)
  expect(runs).toHaveLength(3)
  for (const { plan } of runs) {
    expect(plan).toMatchObject({ faults: [], input: PLAN.input })
    expect(plan.mutant).toBeUndefined()
    expect(plan.config).toMatchObject({ parallelism: 2, inputPartitions: 2, inputDurationMs: 600 })
  }
  expect(new Set([PLAN.seed, ...runs.map(({ plan }) => plan.seed)]).size).toBe(4)
})

test('twins are made once for all plans that differ in faults and speeds, and anew for another input', () => {
  const cache = new TwinCache()
  expect(asked(cache, PLAN)).toHaveLength(3)
  const faster = { ...PLAN.config, checkpointIntervalMs: 500, recordMicros: 0 }
  expect(asked(cache, { ...PLAN, faults: [], config: faster })).toHaveLength(0)
  expect(asked(cache, { ...PLAN, seed: 8 })).toHaveLength(3)
  expect(asked(cache, { ...PLAN, config: { ...PLAN.config, parallelism: 1 } })).toHaveLength(3)
  expect(asked(new TwinCache(), PLAN)).toHaveLength(3)
})

test('they are fed as planned, partition by partition, and backwards with what can be late at the end', () => {
  const planned = [feedOf('0@100000 1@200000'), feedOf('0@1000 1@300000')]
  const [first, second, third] = asked(new TwinCache(), PLAN).map(({ arrange }) =>
    timesOf(arrange(planned)),
  )
  expect(first).toEqual(['0@100000 1@200000', '0@1000 1@300000'])
  expect(second).toEqual(['0@100000 0@1000', '1@200000 1@300000'])
  expect(third).toEqual(['1@200000 1@300000', '0@100000', '0@1000'])
})

test('the run that is judged is the same, whether its twins are there already or not', () => {
  const twins = new TwinCache()
  const alone = simulate(job, PLAN)
  const [before, after] = [simulate(job, PLAN, { twins }), simulate(job, PLAN, { twins })]
  expect([before.traceHash, after.traceHash]).toEqual([alone.traceHash, alone.traceHash])
  expect([before.verdict, after.verdict]).toEqual([alone.verdict, alone.verdict])
  expect(alone.verdict.violations[0]?.invariant).toBe('S1')
  const { mutant: _, ...right } = PLAN
  expect(simulate(job, right).verdict.outcome).toBe('passed')
})
