/**
 * The contract of a trigger at work. It keeps what it remembers of a window in namespaced keyed state and in timers; it
 * has none of its own. Source: Flink Trigger, TriggerResult.
 */
import type { TimeWindow } from './window-spec.ts'

/** What a trigger decides: any of the two bits, or none. */
export type TriggerResult = number
export const CONTINUE = 0
/** The window's contents are emitted. */
export const FIRE = 1
/** Then they are removed. */
export const PURGE = 2

/** In every call the window's start is the current namespace. */
export interface RunningTrigger {
  onRecord(value: unknown, timestamp: number, window: TimeWindow): TriggerResult
  onEventTime(time: number, window: TimeWindow): TriggerResult
  onProcessingTime(time: number, window: TimeWindow): TriggerResult
  /** Windows with those starts were merged into `window`, which may be one of them, only longer. */
  onMerge(window: TimeWindow, starts: readonly number[]): void
  /** After `onMerge`: the timers that a merged window has by its bounds alone are not needed. */
  onMergedAway(window: TimeWindow): void
  /** The window is over: nothing remains. */
  clear(window: TimeWindow): void
}
