/**
 * What checkpoints cost: throughput of the keyed sum with a checkpoint every second and without any, alternated in the
 * same run. Measured from the moment when every key is there, while keys are drawn uniformly. Snapshots are stored in
 * memory: what a disk adds happens off this thread.
 */
import { runLocally } from '../../engine/node/local-world.ts'
import type { Fact } from '../../engine/trace.ts'
import { serialize } from 'node:v8'
import type { BenchResult } from './bench-result.ts'
import { keyedSumJob } from './keyed-sum.ts'
import { median } from './measure.ts'
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
  readonly recordsPerSecond: number
  /** As if nobody else used the processor. */
  readonly recordsPerCpuSecond: number
  readonly checkpoints: number
}

export async function benchCheckpointCost(options: CheckpointCostOptions): Promise<BenchResult> {
  const { name, keys, records, rounds } = options
  const lines = fullPool(keys)
  const withCheckpoints: Run[] = []
  const without: Run[] = []
  for (let round = 0; round <= rounds; round++) {
    const plain = await measure(lines, keys, records, undefined)
    const checkpointed = await measure(lines, keys, records, INTERVAL_MS)
    // Round 0 warms up.
    if (round === 0) continue
    without.push(plain)
    withCheckpoints.push(checkpointed)
  }
  const value = lossOf(withCheckpoints, without, ({ recordsPerSecond }) => recordsPerSecond)
  const cpu = lossOf(withCheckpoints, without, (run) => run.recordsPerCpuSecond)
  const peer = (serializationMs(lines.slice(0, keys)) / INTERVAL_MS) * 100
  const rate = median(withCheckpoints.map(({ recordsPerSecond }) => recordsPerSecond))
  const plainRate = median(without.map(({ recordsPerSecond }) => recordsPerSecond))
  const checkpoints = withCheckpoints.reduce((sum, run) => sum + run.checkpoints, 0)
  return {
    name,
    value: round1(value),
    unit: '%',
    note:
      `${keys} keys, heap, snapshots stored in memory; ${Math.round(rate)} records/s with ${checkpoints} checkpoints, ` +
      `${Math.round(plainRate)} without; of processor time ${round1(cpu)} %`,
    peers: [
      { name: 'v8.serialize of a Map, once a second', value: round1(peer), ratio: value / peer },
    ],
  }
}

async function measure(
  lines: readonly string[],
  keys: number,
  records: number,
  intervalMs: number | undefined,
): Promise<Run> {
  let checkpoints = 0
  let startedAt = 0
  let cpuBefore = 0
  const last = keys + records - 1
  const drawn = lines.length - keys
  let run: Run | undefined
  const line = (index: number): string => {
    if (index < keys) return lines[index] ?? ''
    if (index === keys) {
      checkpoints = 0
      cpuBefore = cpuMs()
      startedAt = performance.now()
    } else if (index === last) {
      const ms = performance.now() - startedAt
      const cpu = cpuMs() - cpuBefore
      run = {
        recordsPerSecond: (records / ms) * 1000,
        recordsPerCpuSecond: (records / cpu) * 1000,
        checkpoints,
      }
    }
    return lines[keys + ((index - keys) % drawn)] ?? ''
  }
  const onFact = ({ type }: Fact): void => {
    if (type === 'checkpoint-completed') checkpoints += 1
  }
  await runLocally(keyedSumJob(line, keys + records, intervalMs), { onFact })
  if (run === undefined) throw new Error('The source was not read to its end.')
  return run
}

/** Of this thread, in ms. */
function cpuMs(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1000
}

/** The median over the rounds of what the second run of a pair lost, in percent. */
function lossOf(runs: readonly Run[], others: readonly Run[], rate: (run: Run) => number): number {
  return median(
    runs.map((run, i) => {
      const other = others[i]
      return other === undefined ? Number.NaN : (1 - rate(run) / rate(other)) * 100
    }),
  )
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

function round1(value: number): number {
  return Math.round(value * 10) / 10
}
