/**
 * A campaign: many random plans, each run and judged, with the ledger of what the faults hit. Stops at the first
 * violation and shrinks its plan. The same seed gives the same campaign.
 */
import fc from 'fast-check'
import type { Job } from '../../engine/job/define-job.ts'
import { FAULT_KINDS } from '../plan/names.ts'
import type { FaultKind, Plan } from '../plan/plan.ts'
import { PHASES } from '../faults/phase-tracker.ts'
import type { Phase } from '../faults/phase-tracker.ts'
import type { UnjudgedTopic } from '../oracle/output-findings.ts'
import { canInterpret } from '../oracle/reference-model.ts'
import { shrinkPlan } from '../shrink.ts'
import type { Shrunk } from '../shrink.ts'
import { simulate } from '../simulate.ts'
import type { SimulateOptions } from '../simulate.ts'
import type { SimulationResult } from '../summary.ts'
import { TwinCache } from '../twins.ts'
import type { SimulatedServices } from '../world/simulated-services.ts'
import { faultPlan, shapeFor } from './fault-plan.ts'
import type { PlanArbitraryOptions } from './fault-plan.ts'

export interface CampaignOptions extends PlanArbitraryOptions {
  readonly runs: number
  readonly seed: number
  /** Of `of` equal parts of the campaign, run only the `index`-th, counted from 1. */
  readonly shard?: { readonly index: number; readonly of: number }
  /** Content of the input file, when the input is one. */
  readonly lines?: readonly string[]
  /** What the job's asynchronous operators call. */
  readonly services?: SimulatedServices
  /** Every so many runs one is repeated, and must give the same hash (D1). Default 20. */
  readonly repeatEvery?: number
  readonly onRun?: (done: number, result: SimulationResult) => void
}

export interface FaultCounts {
  readonly fired: number
  readonly notReached: number
  readonly noEffect: number
}

export interface CampaignResult {
  readonly runs: number
  /** Runs in which at least one fault fired: the others prove little. */
  readonly effective: number
  readonly repeated: number
  readonly mutantHits: number
  readonly faults: Readonly<Record<FaultKind, FaultCounts>>
  /** How often each kind of fault hit each phase. */
  readonly coverage: Readonly<Record<FaultKind, Readonly<Record<Phase, number>>>>
  /** Output topics whose content was not judged, or not wholly, in some runs: in how many, and why. */
  readonly unjudged: readonly (UnjudgedTopic & { readonly runs: number })[]
  /** Null: every run passed. */
  readonly failure: (Shrunk & { readonly found: Plan; readonly run: number }) | null
}

/** So many plans have one input, where the oracle needs runs without failures of it. */
const SHARING = 10

/** Runs a campaign of random plans against a job. */
export function runCampaign(job: Job, options: CampaignOptions): CampaignResult {
  return new Campaign(job, options).run()
}

class Campaign {
  readonly #job: Job
  readonly #options: CampaignOptions
  readonly #faults = new Map<FaultKind, { fired: number; notReached: number; noEffect: number }>()
  readonly #coverage = new Map<string, number>()
  readonly #twins = new TwinCache()
  readonly #unjudged = new Map<string, UnjudgedTopic & { readonly runs: number }>()
  #runs = 0
  #effective = 0
  #repeated = 0
  #mutantHits = 0

  constructor(job: Job, options: CampaignOptions) {
    this.#job = job
    this.#options = options
    for (const kind of FAULT_KINDS) this.#faults.set(kind, { fired: 0, notReached: 0, noEffect: 0 })
  }

  run(): CampaignResult {
    const { runs, seed, shard } = this.#options
    const plans = fc.sample(faultPlan(shapeFor(this.#job, this.#options)), {
      numRuns: runs,
      seed,
    })
    const isShared = !this.#job.graph.nodes.every(canInterpret)
    for (const [index, drawn] of plans.entries()) {
      if (shard !== undefined && index % shard.of !== shard.index - 1) continue
      const first = plans[index - (index % SHARING)] ?? drawn
      const plan = isShared ? withInputOf(first, drawn) : drawn
      const result = this.#runOne(plan)
      this.#count(result)
      this.#options.onRun?.(this.#runs, result)
      const violation = result.verdict.violations[0]
      if (violation !== undefined) {
        const shrunk = shrinkPlan(plan, result, (candidate) => this.#runOne(candidate))
        return this.#result({ ...shrunk, found: plan, run: this.#runs })
      }
    }
    return this.#result(null)
  }

  #runOne(plan: Plan): SimulationResult {
    const { lines, services = {} } = this.#options
    const given = lines === undefined ? {} : { lines }
    const options: SimulateOptions = { services, twins: this.#twins, ...given }
    const result = simulate(this.#job, plan, options)
    const { repeatEvery = 20 } = this.#options
    if (this.#runs % repeatEvery !== 0) return result
    this.#repeated += 1
    return withDeterminism(result, simulate(this.#job, plan, options))
  }

  #count({ faults, mutantHits, summary }: SimulationResult): void {
    this.#runs += 1
    for (const { topic, reason } of summary.unjudgedTopics) {
      const runs = (this.#unjudged.get(topic)?.runs ?? 0) + 1
      this.#unjudged.set(topic, { topic, reason, runs })
    }
    this.#mutantHits += mutantHits
    if (faults.some(({ outcome }) => outcome === 'fired')) this.#effective += 1
    for (const { kind, outcome, phase } of faults) {
      const counts = this.#faults.get(kind)
      if (counts === undefined) continue
      if (outcome === 'fired') counts.fired += 1
      else if (outcome === 'not-reached') counts.notReached += 1
      else counts.noEffect += 1
      const cell = `${kind} ${String(phase)}`
      if (phase !== null) this.#coverage.set(cell, (this.#coverage.get(cell) ?? 0) + 1)
    }
  }

  #result(failure: CampaignResult['failure']): CampaignResult {
    const counts = (kind: FaultKind): FaultCounts =>
      this.#faults.get(kind) ?? { fired: 0, notReached: 0, noEffect: 0 }
    const row = (kind: FaultKind): Record<Phase, number> => {
      const cells = PHASES.map(
        (phase) => [phase, this.#coverage.get(`${kind} ${phase}`) ?? 0] as const,
      )
      return Object.fromEntries(cells) as Record<Phase, number>
    }
    return {
      runs: this.#runs,
      effective: this.#effective,
      repeated: this.#repeated,
      mutantHits: this.#mutantHits,
      faults: perKind(counts),
      coverage: perKind(row),
      unjudged: [...this.#unjudged.values()],
      failure,
    }
  }
}

/** The faults and the speeds of one plan on the input of another, divided as there: they have the same twins. */
function withInputOf({ seed, input, config }: Plan, plan: Plan): Plan {
  const { checkpointIntervalMs, recordMicros, unaligned, alignedTimeoutMs } = plan.config
  const speeds = {
    ...(checkpointIntervalMs === undefined ? {} : { checkpointIntervalMs }),
    ...(recordMicros === undefined ? {} : { recordMicros }),
    ...(unaligned === undefined ? {} : { unaligned }),
    ...(alignedTimeoutMs === undefined ? {} : { alignedTimeoutMs }),
  }
  return { ...plan, seed, input, config: { ...config, ...speeds } }
}

function perKind<T>(make: (kind: FaultKind) => T): Record<FaultKind, T> {
  return {
    crash: make('crash'),
    fail: make('fail'),
    sever: make('sever'),
    drop: make('drop'),
    compact: make('compact'),
    delay: make('delay'),
    duplicate: make('duplicate'),
    'lose-response': make('lose-response'),
  }
}

/** The result, with a violation of D1 when the second run of the same plan went another way. */
export function withDeterminism(
  first: SimulationResult,
  second: SimulationResult,
): SimulationResult {
  if (first.traceHash === second.traceHash) return first
  const message =
    `Two runs of the same plan have the hashes ${first.traceHash} and ${second.traceHash}: ` +
    'something in the job depends on more than its input (a clock, a random number, state between runs).'
  const violations = [{ invariant: 'D1' as const, message, seq: -1 }, ...first.verdict.violations]
  return { ...first, verdict: { outcome: 'correctness', violations } }
}
