/** A runtime with a clock that the test turns, and a storage in memory. Nothing happens by itself. */
import { concatenate } from '../../engine/concatenate.ts'
import { assert } from '../../engine/assert.ts'
import { type ActorId, type Millis, millis, workerId } from '../../engine/ids.ts'
import type { Message } from '../../engine/messages.ts'
import type { Runtime, StoragePort, StorageResult, Timer, Work } from '../../engine/runtime.ts'
import type { Fact, FactType, TraceLevel } from '../../engine/trace.ts'

interface Pending {
  readonly at: number
  readonly timer: Timer
  readonly callback: () => void
}

/** A message on its way, with the name of its receiver. */
export type Sent = { readonly to: ActorId } & Message

export class FakeRuntime implements Runtime {
  readonly self: ActorId
  traceLevel: TraceLevel = 'control'
  readonly facts: Fact[] = []
  readonly spent = { records: 0, bytes: 0 }
  /** Bounds that `random` was asked for; it always draws `drawn`. */
  readonly bounds: number[] = []
  drawn = 0
  #sent: Sent[] = []
  #pending: Pending[] = []
  #now = 0

  constructor(self: ActorId = workerId('worker-1')) {
    this.self = self
  }

  now(): Millis {
    return millis(this.#now)
  }

  schedule(delayMs: number, label: string, callback: () => void): Timer {
    assert(delayMs >= 0, `${label} is scheduled in the past.`)
    const timer: Timer = { label }
    this.#pending.push({ at: this.#now + delayMs, timer, callback })
    return timer
  }

  cancel(timer: Timer): void {
    this.#pending = this.#pending.filter((pending) => pending.timer !== timer)
  }

  send(to: ActorId, message: Message): void {
    this.#sent.push({ to, ...message })
  }

  trace(fact: Fact): void {
    this.facts.push(fact)
  }

  spend({ records, bytes }: Work): void {
    this.spent.records += records
    this.spent.bytes += bytes
  }

  random(_stream: string, bound: number): number {
    this.bounds.push(bound)
    return this.drawn
  }

  /** Lets `ms` pass and does what is due, in order of time and then of scheduling. */
  advance(ms = 0): void {
    const until = this.#now + ms
    for (;;) {
      const next = this.#earliest(until)
      if (next === undefined) break
      this.#pending.splice(this.#pending.indexOf(next), 1)
      this.#now = next.at
      next.callback()
    }
    this.#now = until
  }

  /** Whoever set them is dead: no timer fires any more. */
  forget(): void {
    this.#pending = []
  }

  /** Labels of the timers that are set. */
  get timers(): string[] {
    return this.#pending.map(({ timer }) => timer.label)
  }

  /** What was sent since the last call. */
  takeSent(): Sent[] {
    const sent = this.#sent
    this.#sent = []
    return sent
  }

  factsOf<T extends FactType>(type: T): Extract<Fact, { type: T }>[] {
    return this.facts.filter((fact): fact is Extract<Fact, { type: T }> => fact.type === type)
  }

  #earliest(until: number): Pending | undefined {
    let earliest: Pending | undefined
    for (const pending of this.#pending) {
      if (pending.at <= until && (earliest === undefined || pending.at < earliest.at)) {
        earliest = pending
      }
    }
    return earliest
  }
}

/** Does and answers everything in a later turn; refuses every put while `refusal` is set, or those of keys that match. */
export class FakeStorage implements StoragePort {
  readonly objects = new Map<string, Uint8Array>()
  refusal: string | null = null
  refusedKeys = /./
  readonly #runtime: FakeRuntime
  readonly #delayMs: number

  constructor(runtime: FakeRuntime, delayMs = 0) {
    this.#runtime = runtime
    this.#delayMs = delayMs
  }

  put(
    key: string,
    pieces: readonly Uint8Array[],
    onResult: (result: StorageResult<null>) => void,
  ): void {
    this.#runtime.schedule(this.#delayMs, `put ${key}`, () => {
      if (this.refusal !== null && this.refusedKeys.test(key)) {
        return onResult({ type: 'failed', reason: this.refusal })
      }
      this.objects.set(key, concatenate(pieces))
      onResult({ type: 'ok', value: null })
    })
  }

  get(key: string, onResult: (result: StorageResult<Uint8Array>) => void): void {
    this.#runtime.schedule(this.#delayMs, `get ${key}`, () => {
      const value = this.objects.get(key)
      onResult(
        value === undefined
          ? { type: 'failed', reason: 'there is no such object' }
          : { type: 'ok', value },
      )
    })
  }

  list(prefix: string, onResult: (result: StorageResult<readonly string[]>) => void): void {
    this.#runtime.schedule(this.#delayMs, `list ${prefix}`, () => {
      const keys = [...this.objects.keys()].filter((key) => key.startsWith(prefix))
      onResult({ type: 'ok', value: keys.sort() })
    })
  }

  delete(key: string, onResult?: (result: StorageResult<null>) => void): void {
    this.objects.delete(key)
    if (onResult === undefined) return
    this.#runtime.schedule(this.#delayMs, `delete ${key}`, () => {
      onResult({ type: 'ok', value: null })
    })
  }
}
