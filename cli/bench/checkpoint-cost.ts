/**
 * What checkpoints cost: the keyed sum with a checkpoint every second and without any, alternated in the same run.
 * Measured from the moment when every key is there, while keys are drawn uniformly. Snapshots are stored in a local
 * directory, synced to the disk.
 * The cost is the time of the thread that a checkpoint takes, per interval: without other load that is the throughput
 * lost, and with it, when the thread gets only part of the seconds between two checkpoints, it stays the same.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { serialize, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { openDirectory } from '../../engine/node/directory-storage.ts'
import { runLocally } from '../../engine/node/local-world.ts'
import { storagePort } from '../../engine/node/object-store.ts'
import type { Fact } from '../../engine/trace.ts'
import type { BenchResult } from './bench-result.ts'
import { keyedSumJob } from './keyed-sum.ts'
import { median, round1 } from './measure.ts'
import { fullPool } from './traffic-lines.ts'

export interface CheckpointCostOptions {
  readonly name: string
  readonly keys: number
  /** Drawn uniformly, after one record of every key. */
  readonly records: number
  readonly rounds: number
}

const INTERVAL_MS = 1000
const SERIALIZATIONS = 3

interface Run {
  readonly ms: number
  readonly threadMs: number
  readonly checkpoints: number
}

export async function benchCheckpointCost(options: CheckpointCostOptions): Promise<BenchResult> {
  const { name, keys, records } = options
  const lines = fullPool(keys)
  const pairs = await measurePairs(lines, options)
  const value = median(
    pairs.map(([plain, run]) => (run.threadMs - plain.threadMs) / run.checkpoints / INTERVAL_MS),
  )
  const loss = median(pairs.map(([plain, run]) => 1 - plain.ms / run.ms))
  const peer = serializationMs(lines.slice(0, keys)) / INTERVAL_MS
  const rateOf = (runs: readonly Run[]): number =>
    Math.round((records / median(runs.map(({ ms }) => ms))) * 1000)
  const rate = rateOf(pairs.map(([, run]) => run))
  const plainRate = rateOf(pairs.map(([plain]) => plain))
  const checkpoints = pairs.reduce((sum, [, run]) => sum + run.checkpoints, 0)
  return {
    name,
    value: percent(value),
    unit: '%',
    note:
      `${keys} keys, heap, snapshots stored in a local directory; by the clock ${rate} records/s with ${checkpoints} ` +
      `checkpoints, ${plainRate} without, median of the losses ${percent(loss)} %`,
    peers: [
      { name: 'v8.serialize of a Map, once a second', value: percent(peer), ratio: value / peer },
    ],
  }
}

/** Without and with checkpoints, in turn. */
async function measurePairs(
  lines: readonly string[],
  options: CheckpointCostOptions,
): Promise<(readonly [plain: Run, checkpointed: Run])[]> {
  // Warms up.
  await measure(lines, options, INTERVAL_MS)
  const pairs: (readonly [Run, Run])[] = []
  for (let round = 0; round < options.rounds; round++) {
    const plain = await measure(lines, options, undefined)
    pairs.push([plain, await measure(lines, options, INTERVAL_MS)])
  }
  return pairs
}

function percent(share: number): number {
  return round1(share * 100)
}

async function measure(
  lines: readonly string[],
  { keys, records }: CheckpointCostOptions,
  intervalMs: number | undefined,
): Promise<Run> {
  let checkpoints = 0
  let startedAt = 0
  let threadBefore = 0
  const last = keys + records - 1
  const drawn = lines.length - keys
  let run: Run | undefined
  const line = (index: number): string => {
    if (index < keys) return lines[index] ?? ''
    if (index === keys) {
      checkpoints = 0
      threadBefore = threadMs()
      startedAt = performance.now()
    } else if (index === last) {
      run = { ms: performance.now() - startedAt, threadMs: threadMs() - threadBefore, checkpoints }
    }
    return lines[keys + ((index - keys) % drawn)] ?? ''
  }
  const onFact = ({ type }: Fact): void => {
    if (type === 'checkpoint-completed') checkpoints += 1
  }
  collectGarbage()
  // In a directory of its own: a job goes on with what lies in its storage.
  const path = await mkdtemp(join(tmpdir(), 'weir-bench-'))
  try {
    const directory = await openDirectory(path, true)
    const storage = (post: (action: () => void) => void) => storagePort(directory, post)
    await runLocally(keyedSumJob(line, keys + records, intervalMs), { onFact, storage })
  } finally {
    await rm(path, { recursive: true, force: true })
  }
  if (run === undefined || (intervalMs !== undefined && run.checkpoints === 0)) {
    throw new Error('There was no checkpoint while the costs of checkpoints were measured.')
  }
  return run
}

/** So that no run has to clear away what the one before it left: one whole collection is worth several checkpoints. */
function collectGarbage(): void {
  setFlagsFromString('--expose-gc')
  const collect: unknown = runInNewContext('gc')
  if (typeof collect === 'function') collect()
}

/** The processor time of this thread so far. */
function threadMs(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1000
}

function serializationMs(lines: readonly string[]): number {
  const sums = new Map(lines.map((line, i) => [line.slice(0, line.indexOf(',')), i]))
  const times: number[] = []
  for (let i = 0; i < SERIALIZATIONS; i++) {
    const started = performance.now()
    serialize(sums)
    times.push(performance.now() - started)
  }
  return median(times)
}
