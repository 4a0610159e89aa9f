/**
 * Carries out the faults of a plan at their moments: crashes by time or protocol point, request faults by counting the
 * requests of each process. Everything it does goes into the ledger, with the phase it hit.
 */
import { millis } from '../../engine/ids.ts'
import type { RequestType } from '../../engine/kafka/protocol.ts'
import type { Fact, TraceEvent } from '../../engine/trace.ts'
import { FAULT_DEFAULTS } from '../plan/plan.ts'
import type { CrashFault, Fault, RequestFault } from '../plan/plan.ts'
import type { World } from '../world/world.ts'
import { FaultLedger } from './fault-ledger.ts'
import { PhaseTracker } from './phase-tracker.ts'

/** What the injector does to one request. */
export interface RequestTreatment {
  readonly delayMs: number
  /** Null: it is not duplicated. */
  readonly duplicateAfterMs: number | null
  readonly losesResponse: boolean
}

const UNTOUCHED: RequestTreatment = { delayMs: 0, duplicateAfterMs: null, losesResponse: false }

export class FaultInjector {
  readonly ledger: FaultLedger
  readonly #faults: readonly Fault[]
  readonly #world: World
  readonly #phases = new PhaseTracker()
  readonly #pending = new Set<number>()
  readonly #pointCounts = new Map<string, number>()
  readonly #requestCounts = new Map<string, number>()
  /** Kills the worker and starts it again; false when it is dead already. */
  readonly #crashWorker: (worker: string, restartAfterMs: number) => boolean

  constructor(
    faults: readonly Fault[],
    world: World,
    crashWorker: (worker: string, restartAfterMs: number) => boolean,
  ) {
    this.#faults = faults
    this.#world = world
    this.#crashWorker = crashWorker
    this.ledger = new FaultLedger(faults)
    faults.forEach((fault, index) => {
      this.#pending.add(index)
      if (fault.kind === 'crash' && 't' in fault.at) {
        world.at(Math.round(fault.at.t * 1000), 'fault', fault.on, () => {
          this.#crash(index, fault)
        })
      }
    })
    world.listen((event) => {
      this.#observe(event)
    })
  }

  /** False when a fault with a time is still to come. */
  get isTimeOver(): boolean {
    for (const index of this.#pending) {
      const fault = this.#faults[index]
      if (fault !== undefined && 't' in fault.at && fault.at.t > this.#world.now()) return false
    }
    return true
  }

  /** Asked once for every request that a process sends. */
  onRequest(from: string, request: RequestType): RequestTreatment {
    const key = `${from} ${request}`
    const nth = (this.#requestCounts.get(key) ?? 0) + 1
    this.#requestCounts.set(key, nth)
    let treatment = UNTOUCHED
    for (const index of this.#pending) {
      const fault = this.#faults[index]
      if (fault === undefined || fault.kind === 'crash') continue
      if (fault.on !== from || fault.request !== request) continue
      const isDue = 't' in fault.at ? fault.at.t <= this.#world.now() : fault.at.nth === nth
      if (!isDue) continue
      this.#settle(index, 'fired')
      treatment = combine(treatment, fault)
    }
    return treatment
  }

  #observe(event: TraceEvent): void {
    this.#phases.observe(event)
    const nth = (this.#pointCounts.get(event.type) ?? 0) + 1
    this.#pointCounts.set(event.type, nth)
    for (const index of this.#pending) {
      const fault = this.#faults[index]
      if (fault?.kind !== 'crash' || !('point' in fault.at)) continue
      if (fault.at.point !== event.type || fault.at.nth !== nth) continue
      // In its own event: the fact's author first finishes what it was doing.
      this.#world.at(this.#world.turnEndMicros, 'fault', fault.on, () => {
        this.#crash(index, fault)
      })
    }
  }

  #crash(index: number, fault: CrashFault): void {
    if (!this.#pending.has(index)) return
    const { phase } = this.#phases
    const hosts = this.#phases.hosts(fault.on)
    const restartAfterMs = fault.restartAfterMs ?? FAULT_DEFAULTS.restartAfterMs
    const wasAlive = this.#crashWorker(fault.on, restartAfterMs)
    // With the phase from before the crash: what it hit.
    this.#settle(index, wasAlive && hosts ? 'fired' : 'no-effect', phase)
  }

  #settle(index: number, outcome: 'fired' | 'no-effect', phase = this.#phases.phase): void {
    this.#pending.delete(index)
    this.ledger.settle(index, outcome, phase, millis(this.#world.now()))
    const fault = this.#faults[index]
    if (fault === undefined || outcome === 'no-effect') return
    const fact: Fact = { type: 'fault-fired', fault: index, kind: fault.kind, on: fault.on, phase }
    this.#world.record(fact)
  }
}

function combine(treatment: RequestTreatment, fault: RequestFault): RequestTreatment {
  switch (fault.kind) {
    case 'delay':
      return {
        ...treatment,
        delayMs: treatment.delayMs + (fault.delayMs ?? FAULT_DEFAULTS.delayMs),
      }
    case 'duplicate':
      return { ...treatment, duplicateAfterMs: fault.delayMs ?? FAULT_DEFAULTS.duplicateAfterMs }
    case 'lose-response':
      return { ...treatment, losesResponse: true }
  }
}
