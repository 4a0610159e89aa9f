/**
 * Throughput in memory on one core: parse "ip,bytes" strings, keyBy, sum in keyed state, with a checkpoint every second.
 * Peers in the same run: the loop that most people would write (slice, Number, Map), and RxJS groupBy with scan.
 */
import { runLocally } from '../../engine/node/local-world.ts'
import { defineJob, discardSink, generatorSource } from 'weirstream'
import type { Job } from 'weirstream'
import { unitsPerSecond } from './measure.ts'
import type { BenchResult } from './bench-result.ts'
import { rxjsSum } from './rxjs-sum.ts'
import { recordPool } from './traffic-lines.ts'

export interface KeyedSumOptions {
  readonly name: string
  readonly keys: number
  readonly records: number
  readonly rounds: number
  /** RxJS takes so many records; 0 leaves it out. */
  readonly rxjsRecords: number
}

export async function benchKeyedSum(options: KeyedSumOptions): Promise<BenchResult> {
  const { name, keys, records, rounds, rxjsRecords } = options
  const pool = recordPool(keys)
  const mask = pool.length - 1
  let checkpoints = 0
  const candidates = [
    {
      name: 'weir',
      run: async () => {
        await runLocally(
          keyedSumJob((index) => pool[index & mask] ?? '', records, 1000),
          {
            onFact: (fact) => {
              if (fact.type === 'checkpoint-completed') checkpoints += 1
            },
          },
        )
        return records
      },
    },
    { name: 'bare JavaScript loop (slice, Number, Map)', run: () => bareSum(pool, records) },
  ]
  if (rxjsRecords > 0) {
    candidates.push({ name: 'RxJS (groupBy, scan)', run: () => rxjsSum(pool, rxjsRecords) })
  }
  const rates = await unitsPerSecond(candidates, rounds)
  const value = rates.get('weir') ?? 0
  return {
    name,
    value: Math.round(value),
    unit: 'records/s',
    note: `${keys} keys, ${checkpoints} checkpoints during the measurement`,
    peers: [...rates]
      .filter(([peer]) => peer !== 'weir')
      .map(([peer, rate]) => ({ name: peer, value: Math.round(rate), ratio: value / rate })),
  }
}

/** Sums the lines "ip,bytes" by ip; without checkpoints if there is no interval. */
export function keyedSumJob(
  line: (index: number) => string,
  records: number,
  intervalMs: number | undefined,
): Job {
  const checkpointing = intervalMs === undefined ? {} : { checkpointing: { intervalMs } }
  return defineJob('Keyed Sum', { parallelism: 1, ...checkpointing }, (env) => {
    env
      .fromSource(generatorSource(records, line))
      .map((line) => {
        const comma = line.indexOf(',')
        return { ip: line.slice(0, comma), bytes: Number(line.slice(comma + 1)) }
      })
      .keyBy((event) => event.ip)
      .sum('bytes')
      .sinkTo(discardSink())
  })
}

function bareSum(pool: readonly string[], records: number): number {
  const mask = pool.length - 1
  const sums = new Map<string, number>()
  for (let i = 0; i < records; i++) {
    const line = pool[i & mask] ?? ''
    const comma = line.indexOf(',')
    const ip = line.slice(0, comma)
    sums.set(ip, (sums.get(ip) ?? 0) + Number(line.slice(comma + 1)))
  }
  return records
}
