/**
 * Fires every interval, at multiples of it, and at the end of the window. The next time to fire is kept in state.
 * Source: Flink ContinuousEventTimeTrigger, ContinuousProcessingTimeTrigger.
 */
import type { TimeDomain } from '../operator/functions.ts'
import type { MergingValueState, NumberState } from '../state/keyed-state-backend.ts'
import { CONTINUE, FIRE } from './running-trigger.ts'
import type { RunningTrigger, TriggerResult } from './running-trigger.ts'
import type { TimeWindow } from './window-spec.ts'
import type { WindowTimers } from './window-timers.ts'

export class ContinuousTrigger implements RunningTrigger {
  readonly #isEventTime: boolean
  readonly #intervalMs: number
  readonly #timers: WindowTimers
  readonly #fireTime: NumberState & MergingValueState<number>

  constructor(
    domain: TimeDomain,
    intervalMs: number,
    timers: WindowTimers,
    fireTime: NumberState & MergingValueState<number>,
  ) {
    this.#isEventTime = domain === 'event'
    this.#intervalMs = intervalMs
    this.#timers = timers
    this.#fireTime = fireTime
  }

  /** By the record's timestamp, or by the clock; the remainder truncates toward zero. */
  onRecord(_value: unknown, timestamp: number, window: TimeWindow): TriggerResult {
    const now = this.#timers.now()
    if (this.#isEventTime) {
      if (window.maxTimestamp <= now) return FIRE
      this.#timers.register(window.maxTimestamp, window)
    }
    if (this.#fireTime.get() === undefined) {
      const time = this.#isEventTime ? timestamp : now
      this.#registerNext(time - (time % this.#intervalMs), window)
    }
    return CONTINUE
  }

  onEventTime(time: number, window: TimeWindow): TriggerResult {
    return this.#isEventTime ? this.#onTime(time, window) : CONTINUE
  }

  onProcessingTime(time: number, window: TimeWindow): TriggerResult {
    return this.#isEventTime ? CONTINUE : this.#onTime(time, window)
  }

  onMerge(window: TimeWindow, starts: readonly number[]): void {
    this.#fireTime.mergeNamespaces(window.start, starts, (a, b) => Math.min(a, b))
    const next = this.#fireTime.get()
    if (next !== undefined) this.#timers.register(next, window)
  }

  /** The timers of a merged window stay, as in Flink: when they are due there is no such window. */
  onMergedAway(): void {}

  clear(window: TimeWindow): void {
    const next = this.#fireTime.get()
    if (next === undefined) return
    this.#timers.delete(next, window)
    this.#fireTime.clear()
  }

  #onTime(time: number, window: TimeWindow): TriggerResult {
    if (time === window.maxTimestamp) return FIRE
    if (this.#fireTime.get() !== time) return CONTINUE
    this.#registerNext(time, window)
    return FIRE
  }

  /** At the end of the input a window without end has its last interval (Flink fires for ever). */
  #registerNext(time: number, window: TimeWindow): void {
    const isLast = window.maxTimestamp === Infinity && this.#timers.now() === Infinity
    const next = isLast ? Infinity : Math.min(time + this.#intervalMs, window.maxTimestamp)
    this.#fireTime.set(next)
    this.#timers.register(next, window)
  }
}
