/** Fires at the end of the window. Source: Flink EventTimeTrigger, ProcessingTimeTrigger. */
import type { TimeDomain } from '../operator/functions.ts'
import { CONTINUE, FIRE } from './running-trigger.ts'
import type { RunningTrigger, TriggerResult } from './running-trigger.ts'
import type { TimeWindow } from './window-spec.ts'
import type { WindowTimers } from './window-timers.ts'

export class TimeTrigger implements RunningTrigger {
  readonly #isEventTime: boolean
  readonly #timers: WindowTimers

  constructor(domain: TimeDomain, timers: WindowTimers) {
    this.#isEventTime = domain === 'event'
    this.#timers = timers
  }

  /** A record behind the watermark fires at once; one behind the clock cannot be. */
  onRecord(_value: unknown, _timestamp: number, window: TimeWindow): TriggerResult {
    if (this.#isEventTime && window.maxTimestamp <= this.#timers.now()) return FIRE
    this.#timers.register(window.maxTimestamp, window)
    return CONTINUE
  }

  onEventTime(time: number, window: TimeWindow): TriggerResult {
    return this.#isEventTime && time === window.maxTimestamp ? FIRE : CONTINUE
  }

  /** Whatever timer it is: the only one of a window in this domain is its end. */
  onProcessingTime(): TriggerResult {
    return this.#isEventTime ? CONTINUE : FIRE
  }

  /** In processing time also if the window ends right now, with a gap of 1 ms (Flink fails there). */
  onMerge(window: TimeWindow): void {
    if (this.#isEventTime && window.maxTimestamp <= this.#timers.now()) return
    this.#timers.register(window.maxTimestamp, window)
  }

  onMergedAway(window: TimeWindow): void {
    this.#timers.delete(window.maxTimestamp, window)
  }

  clear(window: TimeWindow): void {
    this.#timers.delete(window.maxTimestamp, window)
  }
}
