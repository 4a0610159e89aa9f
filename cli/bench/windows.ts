/**
 * Throughput of event-time windows in memory on one core: 10 000 keys, 100 000 records per second of event time, a
 * watermark every 200 ms of the clock, a checkpoint every second. Peer in the same run: a loop that keeps its windows in
 * Maps and closes them as time passes.
 */
import { runLocally } from '../../engine/node/local-world.ts'
import {
  defineJob,
  discardSink,
  forMonotonousTimestamps,
  generatorSource,
  sessionEventTimeWindows,
  tumblingEventTimeWindows,
} from 'weirstream'
import type { Job } from 'weirstream'
import type { BenchResult } from './bench-result.ts'
import { unitsPerSecond } from './measure.ts'

const KEYS = 10_000
const RECORDS_PER_MS = 100
const WINDOW_MS = 1000
/** On average a key comes every 100 ms, so that a session has between two and three records. */
const GAP_MS = 100
const RECORDS = 1_000_000
const ROUNDS = 3

interface Click {
  readonly key: string
  readonly time: number
}

export async function benchWindows(): Promise<readonly BenchResult[]> {
  const clicks = clickPool()
  return [
    await bench('tumbling-count', clicks, (job) => tumblingCount(job, clicks), bareTumbling),
    await bench('session-count', clicks, (job) => sessionCount(job, clicks), bareSessions),
  ]
}

async function bench(
  name: string,
  clicks: readonly Click[],
  define: (name: string) => Job,
  bare: (clicks: readonly Click[]) => number,
): Promise<BenchResult> {
  let stateBytes = 0
  const run = async (): Promise<number> => {
    await runLocally(define(name), {
      onFact: (fact) => {
        if (fact.type === 'checkpoint-completed') stateBytes = Math.max(stateBytes, fact.sizeBytes)
      },
    })
    return clicks.length
  }
  const peer = 'bare JavaScript loop (Maps)'
  const candidates = [
    { name: 'weir', run },
    { name: peer, run: () => bare(clicks) },
  ]
  const rates = await unitsPerSecond(candidates, ROUNDS)
  const value = rates.get('weir') ?? 0
  const rate = rates.get(peer) ?? 0
  return {
    name,
    value: Math.round(value),
    unit: 'records/s',
    note: `${KEYS} keys, ${Math.round(stateBytes / KEYS)} bytes of state per key in a checkpoint`,
    peers: [{ name: peer, value: Math.round(rate), ratio: value / rate }],
  }
}

function tumblingCount(name: string, clicks: readonly Click[]): Job {
  return defineJob(name, { checkpointing: { intervalMs: 1000 } }, (env) => {
    env
      .fromSource(generatorSource(clicks.length, (i) => clickAt(clicks, i)))
      .assignTimestampsAndWatermarks(forMonotonousTimestamps({ timestampAssigner: timeOf }))
      .keyBy(({ key }) => key)
      .window(tumblingEventTimeWindows({ sizeMs: WINDOW_MS }))
      .count()
      .sinkTo(discardSink())
  })
}

function sessionCount(name: string, clicks: readonly Click[]): Job {
  return defineJob(name, { checkpointing: { intervalMs: 1000 } }, (env) => {
    env
      .fromSource(generatorSource(clicks.length, (i) => clickAt(clicks, i)))
      .assignTimestampsAndWatermarks(forMonotonousTimestamps({ timestampAssigner: timeOf }))
      .keyBy(({ key }) => key)
      .window(sessionEventTimeWindows({ gapMs: GAP_MS }))
      .count()
      .sinkTo(discardSink())
  })
}

function timeOf({ time }: Click): number {
  return time
}

function clickAt(clicks: readonly Click[], index: number): Click {
  return clicks[index] ?? { key: '', time: 0 }
}

/** Counts by key of the window that is open; a record of the next one closes it. */
function bareTumbling(clicks: readonly Click[]): number {
  let counts = new Map<string, number>()
  let emitted = 0
  let end = WINDOW_MS
  for (const { key, time } of clicks) {
    if (time >= end) {
      for (const count of counts.values()) emitted += count
      counts = new Map()
      end += WINDOW_MS
    }
    counts.set(key, (counts.get(key) ?? 0) + 1)
  }
  for (const count of counts.values()) emitted += count
  return emitted
}

/** A record behind the gap closes its key's session and opens the next. */
function bareSessions(clicks: readonly Click[]): number {
  const sessions = new Map<string, { end: number; count: number }>()
  let emitted = 0
  for (const { key, time } of clicks) {
    const session = sessions.get(key)
    if (session !== undefined && time <= session.end) {
      session.end = time + GAP_MS
      session.count += 1
      continue
    }
    if (session !== undefined) emitted += session.count
    sessions.set(key, { end: time + GAP_MS, count: 1 })
  }
  for (const { count } of sessions.values()) emitted += count
  return emitted
}

/** Keys drawn uniformly, times ascending. */
function clickPool(): readonly Click[] {
  const keys = Array.from({ length: KEYS }, (_, i) => `user-${i}`)
  let state = 12345
  return Array.from({ length: RECORDS }, (_, i) => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff
    return { key: keys[(state >>> 4) % KEYS] ?? '', time: Math.floor(i / RECORDS_PER_MS) }
  })
}
