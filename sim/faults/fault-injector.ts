/**
 * Carries out the faults of a plan at their moments: crashes and failures by time or protocol point, severed links from
 * there until they heal, requests and messages by counting those of each process. Everything it does goes into the
 * ledger, with the phase it hit.
 */
import { millis } from '../../engine/ids.ts'
import type { RequestType } from '../../engine/kafka/protocol.ts'
import type { Fact, TraceEvent } from '../../engine/trace.ts'
import { FAULT_DEFAULTS } from '../plan/plan.ts'
import type { Fault, RequestFault, SentMessage, SeverFault } from '../plan/plan.ts'
import type { World } from '../world/world.ts'
import { FaultLedger } from './fault-ledger.ts'
import { MessageCounter } from './message-counter.ts'
import { PhaseTracker } from './phase-tracker.ts'

/** What the injector does to one request. */
export interface RequestTreatment {
  readonly delayMs: number
  /** Null: it is not duplicated. */
  readonly duplicateAfterMs: number | null
  readonly losesResponse: boolean
}

/** What faults strike. */
export interface FaultTargets {
  /** Kills the process and starts it again; false when it is dead already. */
  crash(process: string, restartAfterMs: number): boolean
  /** Fails a running subtask that the pattern matches; false when there is none. */
  fail(pattern: string): boolean
  /** Cleans the compacted topics that the pattern matches; how many records are gone. */
  compact(pattern: string): number
}

/** Faults that strike at a moment of the world. */
type TimedFault = Extract<Fault, { kind: 'crash' | 'fail' | 'sever' | 'compact' }>

interface Severed {
  readonly index: number
  readonly fault: SeverFault
}

const UNTOUCHED: RequestTreatment = { delayMs: 0, duplicateAfterMs: null, losesResponse: false }

export class FaultInjector {
  readonly ledger: FaultLedger
  readonly #faults: readonly Fault[]
  readonly #world: World
  readonly #targets: FaultTargets
  readonly #phases = new PhaseTracker()
  readonly #pending = new Set<number>()
  readonly #pointCounts = new Map<string, number>()
  readonly #requestCounts = new Map<string, number>()
  readonly #messages = new MessageCounter()
  readonly #severed = new Set<Severed>()

  constructor(faults: readonly Fault[], world: World, targets: FaultTargets) {
    this.#faults = faults
    this.#world = world
    this.#targets = targets
    this.ledger = new FaultLedger(faults)
    faults.forEach((fault, index) => {
      this.#pending.add(index)
      if (isTimed(fault) && 't' in fault.at) {
        world.at(Math.round(fault.at.t * 1000), 'fault', fault.on, () => {
          this.#strike(index, fault)
        })
      }
    })
    world.listen((event) => {
      this.#observe(event)
    })
  }

  /** False when a fault with a time is still to come, or a link has not healed. */
  get isTimeOver(): boolean {
    if (this.#severed.size > 0) return false
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
      if (fault === undefined || !isRequestFault(fault)) continue
      if (fault.on !== from || fault.request !== request) continue
      const isDue = 't' in fault.at ? fault.at.t <= this.#world.now() : fault.at.nth === nth
      if (!isDue) continue
      this.#settle(index, 'fired')
      treatment = combine(treatment, fault)
    }
    return treatment
  }

  /** Asked once for every message between two processes: whether it is lost. */
  loses(from: string, to: string, message: SentMessage, isHeard: boolean): boolean {
    const outcome = isHeard ? 'fired' : 'no-effect'
    let isLost = false
    for (const { index, fault } of this.#severed) {
      const isOnLink =
        (fault.on === from && fault.to === to) ||
        (fault.isOneWay !== true && fault.on === to && fault.to === from)
      if (!isOnLink) continue
      if (isHeard && this.#pending.has(index)) this.#settle(index, 'fired')
      isLost = true
    }
    this.#messages.count(from, to, message)
    this.#faults.forEach((fault, index) => {
      if (fault.kind !== 'drop' || fault.on !== from || fault.message !== message) return
      if (fault.to !== undefined && fault.to !== to) return
      if (!this.#messages.takes(index, fault, this.#world.now())) return
      if (this.#pending.has(index)) this.#settle(index, outcome)
      isLost = true
    })
    return isLost
  }

  #observe(event: TraceEvent): void {
    this.#phases.observe(event)
    const nth = (this.#pointCounts.get(event.type) ?? 0) + 1
    this.#pointCounts.set(event.type, nth)
    for (const index of this.#pending) {
      const fault = this.#faults[index]
      if (fault === undefined || !isTimed(fault) || !('point' in fault.at)) continue
      if (fault.at.point !== event.type || fault.at.nth !== nth) continue
      // In its own event: the fact's author first finishes what it was doing.
      this.#world.at(this.#world.turnEndMicros, 'fault', fault.on, () => {
        this.#strike(index, fault)
      })
    }
  }

  #strike(index: number, fault: TimedFault): void {
    if (!this.#pending.has(index)) return
    // From before the fault: what it hit.
    const { phase } = this.#phases
    switch (fault.kind) {
      case 'crash': {
        const isHosting = fault.on === 'job-master' || this.#phases.hosts(fault.on)
        const restartAfterMs = fault.restartAfterMs ?? FAULT_DEFAULTS.restartAfterMs
        const wasAlive = this.#targets.crash(fault.on, restartAfterMs)
        this.#settle(index, wasAlive && isHosting ? 'fired' : 'no-effect', phase)
        return
      }
      case 'fail':
        this.#settle(index, this.#targets.fail(fault.on) ? 'fired' : 'no-effect', phase)
        return
      case 'sever':
        this.#sever(index, fault)
        return
      case 'compact':
        this.#settle(index, this.#targets.compact(fault.on) > 0 ? 'fired' : 'no-effect', phase)
    }
  }

  /** It has fired with the first message that is lost. */
  #sever(index: number, fault: SeverFault): void {
    const severed = { index, fault }
    this.#severed.add(severed)
    this.#world.after(fault.forMs ?? FAULT_DEFAULTS.forMs, 'heal', fault.on, () => {
      this.#severed.delete(severed)
      if (this.#pending.has(index)) this.#settle(index, 'no-effect')
    })
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

function isTimed(fault: Fault): fault is TimedFault {
  return ['crash', 'fail', 'sever', 'compact'].includes(fault.kind)
}

function isRequestFault(fault: Fault): fault is RequestFault {
  return 'request' in fault
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
