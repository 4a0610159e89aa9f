/** `weir bench`: every figure beside its peers, measured in the same run on the same machine. */
import { cpus, totalmem } from 'node:os'
import type { BenchResult } from './bench-result.ts'
import { benchCheckpointCost } from './checkpoint-cost.ts'
import { benchKeyedSum } from './keyed-sum.ts'
import { benchRestore, benchSyncPause } from './heap-state.ts'
import { benchRocksDb } from './rocksdb.ts'
import { benchSimulation } from './simulation.ts'
import { benchWindows } from './windows.ts'

/** The names that can be asked for, with what produces them. */
const BENCHES: Readonly<Record<string, () => Promise<readonly BenchResult[]>>> = {
  'keyed-sum': async () => [
    await benchKeyedSum({
      name: 'keyed-sum',
      keys: 65_536,
      records: 4_000_000,
      rounds: 3,
      rxjsRecords: 200_000,
    }),
  ],
  'keyed-sum-1m': async () => [
    await benchKeyedSum({
      name: 'keyed-sum-1m',
      keys: 1 << 20,
      records: 3_000_000,
      rounds: 3,
      rxjsRecords: 0,
    }),
  ],
  'checkpoint-cost-100k': async () => [
    await benchCheckpointCost({
      name: 'checkpoint-cost-100k',
      keys: 100_000,
      records: 4_000_000,
      rounds: 5,
    }),
  ],
  'checkpoint-cost-1m': async () => [
    await benchCheckpointCost({
      name: 'checkpoint-cost-1m',
      keys: 1 << 20,
      records: 3_000_000,
      rounds: 3,
    }),
  ],
  'sync-pause-1m': async () => [benchSyncPause()],
  'restore-1m': async () => [await benchRestore()],
  rocksdb: benchRocksDb,
  windows: benchWindows,
  simulation: benchSimulation,
}

/** `windows` and `simulation` give two results each. */
const BENCH_OF: Readonly<Record<string, string>> = {
  'tumbling-count': 'windows',
  'session-count': 'windows',
  'simulate-traffic': 'simulation',
  'simulation-events': 'simulation',
}

export const BENCH_NAMES = [
  'keyed-sum',
  'keyed-sum-1m',
  'checkpoint-cost-100k',
  'checkpoint-cost-1m',
  'sync-pause-1m',
  'restore-1m',
  'rocksdb',
  'tumbling-count',
  'session-count',
  'simulate-traffic',
  'simulation-events',
]

export interface BenchReport {
  readonly machine: {
    readonly cpu: string
    readonly cores: number
    readonly memoryGigabytes: number
    readonly node: string
    readonly platform: string
  }
  readonly results: readonly BenchResult[]
}

/** Measures the named results, or all. `onResult` is called as each is ready. */
export async function runBench(
  names: readonly string[],
  onResult: (result: BenchResult) => void,
): Promise<BenchReport> {
  const wanted = new Set(names.length === 0 ? BENCH_NAMES : names)
  const benches = new Set([...wanted].map((name) => BENCH_OF[name] ?? name))
  const results: BenchResult[] = []
  for (const bench of benches) {
    for (const result of (await BENCHES[bench]?.()) ?? []) {
      if (!wanted.has(result.name)) continue
      results.push(result)
      onResult(result)
    }
  }
  return { machine: describeMachine(), results }
}

function describeMachine(): BenchReport['machine'] {
  const all = cpus()
  return {
    cpu: all[0]?.model.trim() ?? 'unknown',
    cores: all.length,
    memoryGigabytes: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
  }
}
