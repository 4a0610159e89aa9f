/** The clock of one domain of time and the timers of windows in it. */
import type { TimeDomain } from '../operator/functions.ts'
import type { TimerService } from '../operator/operator.ts'
import type { TimeWindow } from './window-spec.ts'

export interface WindowTimers {
  /** The watermark, or the clock. */
  now(): number
  register(time: number, window: TimeWindow): void
  delete(time: number, window: TimeWindow): void
}

export function windowTimers(domain: TimeDomain, timers: TimerService): WindowTimers {
  if (domain === 'event') {
    return {
      now: () => timers.currentWatermark,
      register(time, { start, end }) {
        timers.registerEventTime(time, start, end)
      },
      delete(time, { start, end }) {
        timers.deleteEventTime(time, start, end)
      },
    }
  }
  return {
    now: () => timers.processingTime(),
    register(time, { start, end }) {
      timers.registerProcessingTime(time, start, end)
    },
    delete(time, { start, end }) {
      timers.deleteProcessingTime(time, start, end)
    },
  }
}
