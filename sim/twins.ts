/**
 * Runs without failures of the job of a plan, on the plan's input, for the oracle to compare with. They differ in what a
 * failure may change as well: when records come, in which order those of two partitions do (both are tried), and whether
 * records that can come too late do. Made when they are asked for; a cache keeps them for plans with the same input.
 * When a run differs from them, a few more are to confirm that it is the run's fault.
 */
import type { Job } from '../engine/job/define-job.ts'
import { jobSettings } from '../engine/job/job-options.ts'
import type { History } from './history/history.ts'
import { twinOf } from './oracle/run-results.ts'
import type { TwinRun, Twins } from './oracle/run-results.ts'
import type { Plan, PlanConfig } from './plan/plan.ts'
import { arrangementsFor, hasStragglers } from './workload/arrangements.ts'
import type { Arrange } from './workload/feeder.ts'
import { Randomness } from './world/randomness.ts'

/** Runs a plan to its end, with the records of its input at other times. */
export type RunTwin = (plan: Plan, arrange: Arrange) => History

/** Enough for the candidates of a shrinker. */
const KEPT_MAX = 64
/** More runs before somebody is told that something is wrong. */
const CONFIRMING = 4

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
  const arrangements = arrangementsFor(job.graph, settleMs)
  let count = 0
  const runNext = (name: string, arrange: Arrange): TwinRun => {
    count += 1
    // Another seed draws other delays; the input was made from the plan's own.
    const seed = (plan.seed ^ (0x5000_0000 + count)) >>> 0
    return twinOf(name, run({ ...plan, seed }, arrange))
  }
  let isLatePossible = false
  const asPlanned: Arrange = (planned) => {
    isLatePossible = hasStragglers(job.graph, planned)
    return planned
  }
  const runs = [
    runNext('as planned', asPlanned),
    runNext('partition by partition', arrangements.forwards),
    runNext('partition by partition, backwards', arrangements.backwards),
  ]
  let more: Twins | null = null
  const confirm = (): Twins => {
    if (more !== null) return more
    const random = new Randomness(plan.seed)
    const others = Array.from({ length: CONFIRMING }, () =>
      runNext('in any order', arrangements.anyOrder(random)),
    )
    const idle = arrangements.idling.map((arrange) => runNext('with pauses', arrange))
    more = { ...twins, runs: [...runs, ...others, ...idle] }
    return more
  }
  const twins: Twins = { runs, hasStragglers: isLatePossible, confirm }
  return twins
}
