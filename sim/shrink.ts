/**
 * The domain minimiser: makes a failing plan small while it keeps failing in the same way (the same invariant), so that a
 * person can read it. Drops faults, then halves the input, lowers the parallelism, moves and simplifies what is left,
 * until nothing more can go: the result is 1-minimal in its faults.
 */
import { PLAN_DEFAULTS } from './plan/plan.ts'
import type { Fault, Plan } from './plan/plan.ts'
import type { InvariantId } from './oracle/violation.ts'
import type { SimulationResult } from './summary.ts'
import { findInputSize } from './workload/workload.ts'

export interface Shrunk {
  readonly plan: Plan
  readonly result: SimulationResult
  /** The invariant that the first failure broke, and the shrunk one still breaks. */
  readonly invariant: InvariantId
  /** Runs it took. */
  readonly runs: number
}

type Run = (plan: Plan) => SimulationResult

/** `failed` is the run of `plan`; it must have a violation. At most `runsMax` runs. */
export function shrinkPlan(plan: Plan, failed: SimulationResult, run: Run, runsMax = 150): Shrunk {
  const shrinker = new Shrinker(plan, failed, run, runsMax)
  return shrinker.shrink()
}

class Shrinker {
  readonly #run: Run
  readonly #runsMax: number
  readonly #invariant: InvariantId
  #plan: Plan
  #result: SimulationResult
  #runs = 0

  constructor(plan: Plan, failed: SimulationResult, run: Run, runsMax: number) {
    this.#plan = plan
    this.#result = failed
    this.#run = run
    this.#runsMax = runsMax
    this.#invariant = failed.verdict.violations[0]?.invariant ?? 'assertion'
  }

  shrink(): Shrunk {
    let before: Plan
    do {
      before = this.#plan
      this.#dropActions()
      this.#dropFaults()
      this.#reduceInput()
      this.#reduceConfig()
      this.#simplifyFaults()
    } while (this.#plan !== before && this.#runs < this.#runsMax)
    return {
      plan: this.#plan,
      result: this.#result,
      invariant: this.#invariant,
      runs: this.#runs,
    }
  }

  /** Takes the candidate if it still breaks the same invariant. */
  #try(candidate: Plan): boolean {
    if (this.#runs >= this.#runsMax) return false
    this.#runs += 1
    const result = this.#run(candidate)
    const isSame = result.verdict.violations.some(({ invariant }) => invariant === this.#invariant)
    if (!isSame) return false
    this.#plan = candidate
    this.#result = result
    return true
  }

  /** One by one, the last first; then each as late ones are: at a round time. */
  #dropActions(): void {
    const { actions: all = [] } = this.#plan
    for (let i = all.length - 1; i >= 0; i--) {
      const { actions = [], ...plan } = this.#plan
      const fewer = actions.filter((_, index) => index !== i)
      this.#try(fewer.length === 0 ? plan : { ...plan, actions: fewer })
    }
    for (const [i, action] of (this.#plan.actions ?? []).entries()) {
      const { at } = action
      const rounded = 't' in at ? { t: Math.round(at.t / 100) * 100 } : { ...at, nth: 1 }
      if (JSON.stringify(rounded) === JSON.stringify(at)) continue
      const actions = (this.#plan.actions ?? []).with(i, { ...action, at: rounded })
      this.#try({ ...this.#plan, actions })
    }
  }

  /** Halves first, then one by one, so that the result is 1-minimal. */
  #dropFaults(): void {
    for (
      let size = Math.ceil(this.#plan.faults.length / 2);
      size >= 1;
      size = Math.floor(size / 2)
    ) {
      for (let start = 0; start < this.#plan.faults.length;) {
        const faults = this.#plan.faults.filter((_, i) => i < start || i >= start + size)
        if (!this.#try({ ...this.#plan, faults })) start += size
      }
    }
  }

  /** Halves, down to what a generator plants in any case. */
  #reduceInput(): void {
    const { input } = this.#plan
    if (!('generator' in input)) return
    const size = findInputSize(input.generator)
    if (size === undefined) return
    const { parameter, usual } = size
    let records = input.params[parameter] ?? usual
    while (records > 0) {
      records = Math.floor(records / 2)
      const params = { ...input.params, [parameter]: records }
      if (!this.#try({ ...this.#plan, input: { ...input, params } })) return
    }
  }

  #reduceConfig(): void {
    const { config } = this.#plan
    const parallelism = config.parallelism ?? PLAN_DEFAULTS.parallelism
    if (parallelism > 1)
      this.#try({ ...this.#plan, config: { ...config, parallelism: parallelism - 1 } })
    const partitions = this.#plan.config.inputPartitions ?? PLAN_DEFAULTS.inputPartitions
    if (partitions > 1) {
      this.#try({
        ...this.#plan,
        config: { ...this.#plan.config, inputPartitions: partitions - 1 },
      })
    }
  }

  #simplifyFaults(): void {
    this.#plan.faults.forEach((_, index) => {
      for (const simpler of simplerFaults(this.#plan.faults[index])) {
        const faults = this.#plan.faults.map((fault, i) => (i === index ? simpler : fault))
        if (this.#try({ ...this.#plan, faults })) break
      }
    })
  }
}

/** Fewer fields, rounder numbers, earlier occurrences; simplest first. */
function simplerFaults(fault: Fault | undefined): Fault[] {
  if (fault === undefined) return []
  const plain = withoutOptions(fault)
  return [...(isSame(plain, fault) ? [] : [plain]), ...atSimplerMoment(fault)]
}

/** With its defaults. */
function withoutOptions(fault: Fault): Fault {
  switch (fault.kind) {
    case 'crash':
      return { kind: 'crash', on: fault.on, at: fault.at }
    case 'fail':
    case 'compact':
      return fault
    case 'sever':
      return { kind: 'sever', on: fault.on, to: fault.to, at: fault.at }
    case 'drop':
      return { kind: 'drop', message: fault.message, on: fault.on, at: fault.at }
    case 'delay':
    case 'duplicate':
    case 'lose-response':
      return { kind: fault.kind, on: fault.on, request: fault.request, at: fault.at }
  }
}

function isSame(a: Fault, b: Fault): boolean {
  return Object.keys(a).length === Object.keys(b).length
}

function atSimplerMoment(fault: Fault): Fault[] {
  if ('request' in fault || fault.kind === 'drop') {
    return 'nth' in fault.at && fault.at.nth > 1 ? [{ ...fault, at: { nth: 1 } }] : []
  }
  if ('point' in fault.at) {
    return fault.at.nth > 1 ? [{ ...fault, at: { ...fault.at, nth: 1 } }] : []
  }
  const rounded = Math.round(fault.at.t / 100) * 100
  return rounded === fault.at.t ? [] : [{ ...fault, at: { t: rounded } }]
}
