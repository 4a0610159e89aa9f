/** Whole jobs in this process: bounded sources, every sink that needs no Kafka, stream and batch. */
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import {
  collectSink,
  CollectedResults,
  defineJob,
  fileSink,
  generatorSource,
  kafkaSink,
  text,
} from '../../../engine/index.ts'
import type { DataStream, JobOptions } from '../../../engine/index.ts'
import { runLocally } from '../../../engine/node/local-world.ts'
import type { StoragePort } from '../../../engine/runtime.ts'

interface Numbered {
  readonly key: string
  readonly n: number
}

const numbers = generatorSource<Numbered>(1000, (i) => ({ key: `k${i % 7}`, n: i }))

async function collected<T>(
  options: JobOptions,
  build: (stream: DataStream<Numbered>) => DataStream<T>,
): Promise<readonly T[]> {
  const results = new CollectedResults<T>()
  const job = defineJob('Local', options, (env) => {
    build(env.fromSource(numbers)).sinkTo(collectSink(results))
  })
  expect(await runLocally(job)).toBe('finished')
  return results.values
}

const sums = (stream: DataStream<Numbered>): DataStream<Numbered> =>
  stream.keyBy(({ key }) => key).sum('n')

const lastOf = (values: readonly Numbered[]): Record<string, number> =>
  Object.fromEntries(values.map(({ key, n }) => [key, n]))

test('a job that never takes a periodic checkpoint commits at its end what it collected', async () => {
  const values = await collected({}, sums)
  expect(values).toHaveLength(1000)
  expect(lastOf(values)['k0']).toBe(71_071)
})

test('with checkpoints on the way nothing is collected twice', async () => {
  const values = await collected({ checkpointing: { intervalMs: 10 }, parallelism: 3 }, sums)
  expect(values).toHaveLength(1000)
})

test('in batch mode every key has its final result only, the same as the last of the stream', async () => {
  const streamed = await collected({ parallelism: 2 }, sums)
  const batch = await collected({ parallelism: 2, runtimeMode: 'batch' }, sums)
  expect(batch).toHaveLength(7)
  expect(lastOf(batch)).toEqual(lastOf(streamed))
  const automatic = await collected({ runtimeMode: 'automatic' }, sums)
  expect(automatic).toHaveLength(7)
})

test('lines are in files with their final names when the job has finished', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'weir-job-'))
  const job = defineJob('Files', { parallelism: 2 }, (env) => {
    env.fromSource(numbers).sinkTo(fileSink<Numbered>({ directory, format: ({ n }) => String(n) }))
  })
  await runLocally(job)
  const names = readdirSync(directory)
  expect(names.filter((name) => !name.startsWith('part-'))).toEqual([])
  const lines = names.flatMap((name) =>
    readFileSync(join(directory, name), 'utf8').trimEnd().split('\n'),
  )
  expect(lines.map(Number).toSorted((a, b) => a - b)).toEqual(
    Array.from({ length: 1000 }, (_, i) => i),
  )
})

test('an endless job whose sink commits on checkpoints is refused without any', async () => {
  const job = defineJob('Endless', {}, (env) => {
    env
      .fromSource(generatorSource({ generate: (n) => n }), { uid: 'numbers' })
      .sinkTo(collectSink(new CollectedResults<number>()), { uid: 'results' })
  })
  await expect(runLocally(job)).rejects.toThrow(
    'The sink "results" of the job "Endless" commits when a checkpoint completes, but there are none',
  )
})

test('a job with Kafka is refused with one sentence', async () => {
  const job = defineJob('Kafka', {}, (env) => {
    env
      .fromSource(numbers)
      .map(() => '')
      .sinkTo(kafkaSink({ topic: 'out', value: text, delivery: 'exactly-once' }))
  })
  await expect(runLocally(job)).rejects.toThrow('which a local run does not have')
})

test('an operator may have more subtasks than the job has key groups by default', async () => {
  const results = new CollectedResults<Numbered>()
  const job = defineJob('Wide', {}, (env) => {
    env
      .fromSource(numbers)
      .keyBy(({ key }) => key)
      .sum('n', { parallelism: 130, maxParallelism: 256 })
      .sinkTo(collectSink(results))
  })
  expect(await runLocally(job)).toBe('finished')
  expect(results.values).toHaveLength(1000)
})

test('snapshots go to the storage that is given, and the job goes on in turns of the engine', async () => {
  const stored: string[] = []
  const deleted: string[] = []
  const job = defineJob('Stored', { checkpointing: { intervalMs: 10 } }, (env) => {
    sums(env.fromSource(numbers)).sinkTo(collectSink(new CollectedResults()))
  })
  const storage = (post: (action: () => void) => void): StoragePort => ({
    put: (key, _, onResult) => {
      stored.push(key)
      post(() => onResult({ type: 'ok', value: null }))
    },
    get: (_, onResult) => post(() => onResult({ type: 'failed', reason: 'nothing to restore' })),
    list: (_, onResult) => post(() => onResult({ type: 'ok', value: [] })),
    delete: (key) => deleted.push(key),
  })
  expect(await runLocally(job, { storage })).toBe('finished')
  expect(stored.some((key) => key.startsWith('chk-1/'))).toBe(true)
  expect(stored).toEqual(expect.arrayContaining(deleted))
})

test('a storage that fails fails the job once no more failures are tolerated', async () => {
  const job = defineJob('Not Stored', { checkpointing: { intervalMs: 10 } }, (env) => {
    sums(env.fromSource(numbers)).sinkTo(collectSink(new CollectedResults()))
  })
  const storage = (post: (action: () => void) => void): StoragePort => ({
    put: (key, _, onResult) =>
      post(() => {
        if (key.startsWith('chk-')) onResult({ type: 'failed', reason: 'the disk is full' })
        else onResult({ type: 'ok', value: null })
      }),
    get: (_, onResult) => post(() => onResult({ type: 'failed', reason: 'nothing to restore' })),
    list: (_, onResult) => post(() => onResult({ type: 'ok', value: [] })),
    delete: () => undefined,
  })
  const overrides: JobOptions = { restart: { strategy: 'none' } }
  await expect(runLocally(job, { storage, overrides })).rejects.toThrow('in a row failed')
})
