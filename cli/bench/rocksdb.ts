/**
 * Throughput with keyed state in RocksDB: the keyed sum with a million keys and an incremental checkpoint every second.
 * Measured from the moment when every key is there, while keys are drawn uniformly. The tables above RocksDB have room for
 * as many rows as there are keys, as a Flink with its usual memory has in its memtables and its block cache. Peer in the same run: the heap backend, with whole checkpoints as often.
 */
import { runLocally } from '../../engine/node/local-world.ts'
import type { LocalRunOptions } from '../../engine/node/local-world.ts'
import { ConfigurationError } from '../../engine/errors.ts'
import type { Fact } from '../../engine/trace.ts'
import type { BenchResult } from './bench-result.ts'
import { keyedSumJob } from './keyed-sum.ts'
import { fullPool } from './traffic-lines.ts'

const KEYS = 1 << 20
const RECORDS = 1_000_000
const INTERVAL_MS = 1000

/** No result, and a sentence on standard error, where RocksDB is not available. */
export async function benchRocksDb(): Promise<readonly BenchResult[]> {
  const lines = fullPool(KEYS)
  try {
    const rocksdb = await measure(lines, {
      checkpointing: { intervalMs: INTERVAL_MS, incremental: true },
      state: { backend: 'rocksdb' },
    })
    const heap = await measure(lines, { checkpointing: { intervalMs: INTERVAL_MS } })
    const peer = { name: 'heap, whole checkpoints', value: Math.round(heap.rate) }
    return [
      {
        name: 'rocksdb',
        value: Math.round(rocksdb.rate),
        unit: 'records/s',
        note:
          `${KEYS} keys, ${rocksdb.checkpoints} checkpoints, snapshots and most rows in memory; ` +
          'Flink 2.2 with RocksDB, incremental, did 120 000 records/s on two cores like the ones that this was written on',
        peers: [{ ...peer, ratio: rocksdb.rate / heap.rate }],
      },
    ]
  } catch (error) {
    if (!(error instanceof ConfigurationError) || error.code !== 'missing-package') throw error
    process.stderr.write(`weir: the benchmark rocksdb is left out. ${error.message}\n`)
    return []
  }
}

async function measure(
  lines: readonly string[],
  overrides: LocalRunOptions['overrides'] & {},
): Promise<{ readonly rate: number; readonly checkpoints: number }> {
  let [startedAt, checkpoints] = [0, 0]
  let result = { rate: Number.NaN, checkpoints }
  const drawn = lines.length - KEYS
  const line = (index: number): string => {
    if (index < KEYS) return lines[index] ?? ''
    if (index === KEYS) {
      checkpoints = 0
      startedAt = performance.now()
    } else if (index === KEYS + RECORDS - 1) {
      result = { rate: (RECORDS / (performance.now() - startedAt)) * 1000, checkpoints }
    }
    return lines[KEYS + ((index - KEYS) % drawn)] ?? ''
  }
  const onFact = ({ type }: Fact): void => {
    if (type === 'checkpoint-completed') checkpoints += 1
  }
  await runLocally(keyedSumJob(line, KEYS + RECORDS, undefined), { overrides, onFact })
  return result
}
