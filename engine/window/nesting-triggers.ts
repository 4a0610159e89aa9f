/** Triggers around another one. Source: Flink PurgingTrigger, ProcessingTimeoutTrigger. */
import type { NumberState } from '../state/keyed-state-backend.ts'
import { FIRE, PURGE } from './running-trigger.ts'
import type { RunningTrigger, TriggerResult } from './running-trigger.ts'
import type { TimeWindow, Trigger } from './window-spec.ts'
import type { WindowTimers } from './window-timers.ts'

export class PurgingTrigger implements RunningTrigger {
  readonly #of: RunningTrigger

  constructor(of: RunningTrigger) {
    this.#of = of
  }

  onRecord(value: unknown, timestamp: number, window: TimeWindow): TriggerResult {
    return purging(this.#of.onRecord(value, timestamp, window))
  }

  onEventTime(time: number, window: TimeWindow): TriggerResult {
    return purging(this.#of.onEventTime(time, window))
  }

  onProcessingTime(time: number, window: TimeWindow): TriggerResult {
    return purging(this.#of.onProcessingTime(time, window))
  }

  onMerge(window: TimeWindow, starts: readonly number[]): void {
    this.#of.onMerge(window, starts)
  }

  onMergedAway(window: TimeWindow): void {
    this.#of.onMergedAway(window)
  }

  clear(window: TimeWindow): void {
    this.#of.clear(window)
  }
}

function purging(result: TriggerResult): TriggerResult {
  return (result & FIRE) === 0 ? result : FIRE | PURGE
}

type TimeoutSpec = Extract<Trigger, { type: 'processing-time-timeout' }>

/** Any timer of the window fires it, that of its end too. */
export class TimeoutTrigger implements RunningTrigger {
  readonly #spec: TimeoutSpec
  readonly #of: RunningTrigger
  readonly #timers: WindowTimers
  /** When the wait is over; stays after that unless it is cleared. */
  readonly #timeout: NumberState

  constructor(spec: TimeoutSpec, of: RunningTrigger, timers: WindowTimers, timeout: NumberState) {
    this.#spec = spec
    this.#of = of
    this.#timers = timers
    this.#timeout = timeout
  }

  onRecord(value: unknown, timestamp: number, window: TimeWindow): TriggerResult {
    const result = this.#of.onRecord(value, timestamp, window)
    if ((result & FIRE) !== 0) {
      this.clear(window)
      return result
    }
    const pending = this.#timeout.get()
    if (pending !== undefined && !this.#spec.resetOnNewRecord) return result
    if (pending !== undefined) this.#timers.delete(pending, window)
    const timeout = this.#timers.now() + this.#spec.timeoutMs
    this.#timeout.set(timeout)
    this.#timers.register(timeout, window)
    return result
  }

  onEventTime(time: number, window: TimeWindow): TriggerResult {
    return this.#onTime(this.#of.onEventTime(time, window), window)
  }

  onProcessingTime(time: number, window: TimeWindow): TriggerResult {
    return this.#onTime(this.#of.onProcessingTime(time, window), window)
  }

  /** It cannot merge; see check-window.ts. */
  onMerge(): void {}

  onMergedAway(): void {}

  clear(window: TimeWindow): void {
    const pending = this.#timeout.get()
    if (pending !== undefined) {
      this.#timers.delete(pending, window)
      this.#timeout.clear()
    }
    this.#of.clear(window)
  }

  #onTime(result: TriggerResult, window: TimeWindow): TriggerResult {
    if (this.#spec.clearOnTimeout) this.clear(window)
    return result | FIRE
  }
}
