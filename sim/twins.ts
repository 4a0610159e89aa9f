/**
 * Runs without failures of the job of a plan, on the plan's input, for the oracle to compare with. They differ in what a
 * failure may change as well: when records come, in which order those of two partitions do (both are tried), and whether
 * records that can come too late do. Made when they are asked for; a cache keeps them for plans with the same input.
 */
import type { Job } from '../engine/job/define-job.ts'
import { jobSettings } from '../engine/job/job-options.ts'
import type { StreamGraph } from '../engine/job/stream-graph.ts'
import type { History } from './history/history.ts'
import { twinOf } from './oracle/run-results.ts'
import type { Twins } from './oracle/run-results.ts'
import type { Plan, PlanConfig } from './plan/plan.ts'
import type { Arrange, Feed, PlacedRecord } from './workload/feeder.ts'
import { findStragglers } from './workload/stragglers.ts'

/** Runs a plan to its end, with the records of its input at other times. */
export type RunTwin = (plan: Plan, arrange: Arrange) => History

/** Enough for the candidates of a shrinker. */
const KEPT_MAX = 64

/** Keeps the twins of the plans that were judged last. Use one for a campaign; it holds nothing else. */
export class TwinCache {
  readonly #byJob = new WeakMap<Job, Map<string, Twins>>()

  /** The twins of a plan. They depend on its input and on what divides it, not on faults and speeds. */
  twinsOf(job: Job, plan: Plan, run: RunTwin): Twins {
    const kept = this.#byJob.get(job) ?? new Map<string, Twins>()
    this.#byJob.set(job, kept)
    const twin = withoutFailures(plan)
    const name = JSON.stringify([twin.seed, twin.input, twin.config])
    const found = kept.get(name)
    if (found !== undefined) return found
    const twins = runTwins(job, twin, run)
    kept.set(name, twins)
    const [oldest] = kept.keys()
    if (kept.size > KEPT_MAX && oldest !== undefined) kept.delete(oldest)
    return twins
  }
}

/** What a twin does not take from the plan is made cheap. */
function withoutFailures({ v, job, seed, input, config }: Plan): Plan {
  const { parallelism, inputPartitions, inputPartitioning, inputDurationMs, workers } = config
  const taken = { parallelism, inputPartitions, inputPartitioning, inputDurationMs, workers }
  const given = Object.entries(taken).filter(([, value]) => value !== undefined)
  const cheap: PlanConfig = {
    checkpointIntervalMs: 1000,
    heartbeatIntervalMs: 1000,
    heartbeatTimeoutMs: 60_000,
    outputPartitions: 1,
    recordMicros: 0,
  }
  return { v, job, seed, input, config: { ...cheap, ...Object.fromEntries(given) }, faults: [] }
}

function runTwins(job: Job, plan: Plan, run: RunTwin): Twins {
  const settleMs = 3 * jobSettings(job.options).autoWatermarkIntervalMs + 100
  let hasStragglers = false
  const backwards: Arrange = (planned) => {
    const records = planned.flatMap((feed) => feed.records)
    const stragglers = findStragglers(job.graph, records)
    const others = records.filter((placed) => !stragglers.has(placed))
    // An operator that assigns watermarks does so for all partitions of its subtask: one may make another late.
    const pauseMs = assignsLater(job.graph) ? settleMs : STAGGER_MS
    const feeds = byPartition(others, pauseMs).toReversed()
    hasStragglers = stragglers.size > 0
    // In the end, when all watermarks have passed, whatever can be late is.
    return hasStragglers ? [...feeds, { afterMs: settleMs, records: [...stragglers] }] : feeds
  }
  const forwards: Arrange = (planned) =>
    byPartition(
      planned.flatMap(({ records }) => records),
      STAGGER_MS,
    )
  const arrangements: readonly (readonly [name: string, arrange: Arrange])[] = [
    ['as planned', (planned) => planned],
    // Each is read before a watermark is sent, and the last one moves event time: nothing is late.
    ['partition by partition', forwards],
    ['partition by partition, backwards', backwards],
  ]
  const runs = arrangements.map(([name, arrange], index) => {
    // Another seed draws other delays; the input was made from the plan's own.
    const seed = (plan.seed ^ (0x5000_0000 + index)) >>> 0
    return twinOf(name, run({ ...plan, seed }, arrange))
  })
  return { runs, hasStragglers }
}

/** Long enough for a partition to be read before the next one has records. */
const STAGGER_MS = 60

function assignsLater({ nodes }: StreamGraph): boolean {
  return nodes.some(
    ({ work }) => work.type === 'operator' && work.operator.type === 'assign-watermarks',
  )
}

function byPartition(records: readonly PlacedRecord[], pauseMs: number): Feed[] {
  const partitions = new Map<string, PlacedRecord[]>()
  for (const placed of records) {
    const name = `${placed.topic}/${placed.partition}`
    const others = partitions.get(name)
    if (others === undefined) partitions.set(name, [placed])
    else others.push(placed)
  }
  return Array.from(partitions.values(), (partition) => ({
    afterMs: pauseMs,
    records: partition,
  }))
}
