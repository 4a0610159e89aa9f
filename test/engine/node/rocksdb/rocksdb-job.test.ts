// Whole jobs with their keyed state in RocksDB: the results are those of the heap, also behind a restart from runs.

import { readdirSync } from 'node:fs'
import { expect, test, vi } from 'vitest'
import {
  collectSink,
  CollectedResults,
  defineJob,
  generatorSource,
  type JobOptions,
} from '../../../../engine/index.ts'
import { runLocally } from '../../../../engine/node/local-world.ts'
import type { Fact } from '../../../../engine/trace.ts'
import { describeRocksDb, temporaryDirectory } from './rocksdb-here.ts'

const RECORDS = 60_000
const KEYS = 2000

vi.setConfig({ testTimeout: 120_000 })

interface Run {
  /** The last sum of each key. */
  readonly sums: ReadonlyMap<string, number>
  readonly count: number
  readonly facts: readonly Fact[]
}

async function run(options: JobOptions, failsAt: number | null, directory: string): Promise<Run> {
  const results = new CollectedResults<{ readonly key: string; readonly n: number }>()
  const facts: Fact[] = []
  const hasCheckpoint = (): boolean => facts.some(({ type }) => type === 'checkpoint-completed')
  let hasFailed = false
  const job = defineJob('In RocksDB', { parallelism: 2, ...options }, (env) => {
    env
      .fromSource(generatorSource(RECORDS, (i) => ({ key: `k${i % KEYS}`, n: i })))
      .map((record) => {
        if (record.n >= (failsAt ?? RECORDS) && !hasFailed && hasCheckpoint()) {
          hasFailed = true
          throw new Error('once')
        }
        return record
      })
      .keyBy(({ key }) => key)
      .sum('n')
      .sinkTo(collectSink(results))
  })
  const onFact = (fact: Fact): void => {
    facts.push(fact)
  }
  expect(await runLocally(job, { onFact, stateDirectory: directory })).toBe('finished')
  expect(hasFailed).toBe(failsAt !== null)
  return {
    sums: new Map(results.values.map(({ key, n }) => [key, n])),
    count: results.values.length,
    facts,
  }
}

describeRocksDb('a job with the state backend rocksdb', () => {
  const directory = temporaryDirectory()
  const heap = run({}, null, directory)

  test.each([
    ['whole checkpoints', false],
    ['incremental ones', true],
  ])('with %s ends with the sums of the heap, and leaves no file', async (_, incremental) => {
    const checkpointing = { intervalMs: 20, incremental }
    const rocksdb = await run({ checkpointing, state: { backend: 'rocksdb' } }, null, directory)
    expect(rocksdb.sums).toEqual((await heap).sums)
    expect(rocksdb.count).toBe(RECORDS)
    expect(readdirSync(directory)).toEqual([])
  })

  test.each([
    ['whole checkpoints', false],
    ['incremental ones', true],
  ])('with %s every record counts once behind a restart', async (_, incremental) => {
    const checkpointing = { intervalMs: 20, incremental }
    const options: JobOptions = { checkpointing, state: { backend: 'rocksdb' } }
    const rocksdb = await run(options, 1000, directory)
    const restored = rocksdb.facts.filter(({ type }) => type === 'state-restored')
    expect(restored.length).toBeGreaterThan(0)
    expect(rocksdb.sums).toEqual((await heap).sums)
    expect(rocksdb.count).toBe(RECORDS)
    expect(readdirSync(directory)).toEqual([])
  })
})
