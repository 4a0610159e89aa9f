/**
 * The simulated world: virtual time, the event queue, the trace and the fingerprint. One action runs at a time, to its
 * end; what it schedules comes later, and later still by the CPU time that it said it spent.
 */
import { assert } from '../../engine/assert.ts'
import { millis } from '../../engine/ids.ts'
import type { Millis } from '../../engine/ids.ts'
import type { Fact, FactType, TraceEvent, TraceLevel } from '../../engine/trace.ts'
import { EventQueue } from './event-queue.ts'
import type { ScheduledEvent } from './event-queue.ts'
import { Fingerprint } from './fingerprint.ts'
import { Randomness } from './randomness.ts'

/** Facts of level `records`: they must not change the fingerprint, because they are not always there. */
const RECORD_FACTS: ReadonlySet<FactType> = new Set<FactType>([
  'buffer-sent',
  'buffer-received',
  'records-fetched',
  'records-processed',
  'watermark-advanced',
  'state-updated',
])

export class World {
  readonly traceLevel: TraceLevel
  readonly random: Randomness
  readonly fingerprint = new Fingerprint()
  readonly trace: TraceEvent[] = []
  readonly #queue = new EventQueue()
  readonly #listeners: ((event: TraceEvent) => void)[] = []
  #nowMicros = 0
  #spentMicros = 0
  #sequence = 0
  #cause = -1
  #dispatched = 0

  constructor(seed: number, traceLevel: TraceLevel) {
    this.random = new Randomness(seed)
    this.traceLevel = traceLevel
  }

  now(): Millis {
    return millis(this.#nowMicros / 1000)
  }

  get nowMicros(): number {
    return this.#nowMicros
  }

  /** When the current action ends: now, plus the CPU time it spent so far. */
  get turnEndMicros(): number {
    return this.#nowMicros + this.#spentMicros
  }

  get dispatched(): number {
    return this.#dispatched
  }

  /** Calls for every fact, in order, also for those of level `records` when they are on. */
  listen(listener: (event: TraceEvent) => void): void {
    this.#listeners.push(listener)
  }

  spend(micros: number): void {
    this.#spentMicros += micros
  }

  /** Schedules an action at an absolute time, which must not be past. */
  at(atMicros: number, label: string, actor: string, action: () => void): ScheduledEvent {
    assert(atMicros >= this.#nowMicros, `Event ${label} of ${actor} was scheduled in the past.`)
    const event: ScheduledEvent = {
      atMicros,
      sequence: this.#sequence++,
      label,
      actor,
      cause: this.#cause,
      isCanceled: false,
      action,
    }
    this.#queue.push(event)
    return event
  }

  /** Schedules an action so long after the end of the current one. */
  after(delayMs: number, label: string, actor: string, action: () => void): ScheduledEvent {
    return this.at(this.turnEndMicros + Math.round(delayMs * 1000), label, actor, action)
  }

  record(fact: Fact): void {
    const event: TraceEvent = {
      ...fact,
      seq: this.trace.length,
      at: this.now(),
      cause: this.#cause,
    }
    this.#cause = event.seq
    this.trace.push(event)
    if (!RECORD_FACTS.has(fact.type)) this.fingerprint.mixValue(fact)
    for (const listener of this.#listeners) listener(event)
  }

  /** Dispatches the next event; false when nothing is left. */
  step(): boolean {
    const event = this.#queue.pop()
    if (event === undefined) return false
    if (event.isCanceled) return true
    this.#nowMicros = event.atMicros
    this.#spentMicros = 0
    this.#cause = event.cause
    this.#dispatched += 1
    this.fingerprint.mix(event.atMicros)
    this.fingerprint.mixWord(event.label)
    this.fingerprint.mixWord(event.actor)
    event.action()
    return true
  }
}
