/** What became of every planned fault: whether it fired, and what it hit. A run without effective fault proves little. */
import { assert, present } from '../../engine/assert.ts'
import type { Fault } from '../plan/plan.ts'
import type { Phase } from './phase-tracker.ts'

export type FaultOutcome =
  /** It happened and hit something. */
  | 'fired'
  /** Its moment never came. */
  | 'not-reached'
  /** Its moment came, but there was nothing to hit: the worker was dead, or no subtask was deployed on it. */
  | 'no-effect'

export interface FaultReport {
  readonly kind: Fault['kind']
  readonly at: Fault['at']
  readonly on: string
  readonly outcome: FaultOutcome
  /** What was in flight when it fired; null when it did not. */
  readonly phase: Phase | null
  /** When it fired, in virtual ms. */
  readonly firedAt: number | null
}

export class FaultLedger {
  readonly #reports: FaultReport[]

  constructor(faults: readonly Fault[]) {
    this.#reports = faults.map(({ kind, at, on }) => ({
      kind,
      at,
      on,
      outcome: 'not-reached',
      phase: null,
      firedAt: null,
    }))
  }

  settle(index: number, outcome: 'fired' | 'no-effect', phase: Phase, firedAt: number): void {
    const report = present(this.#reports[index], `There is no fault ${index}.`)
    assert(report.outcome === 'not-reached', `Fault ${index} came twice.`)
    this.#reports[index] = { ...report, outcome, phase, firedAt }
  }

  get reports(): readonly FaultReport[] {
    return this.#reports
  }
}
