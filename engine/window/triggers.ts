/**
 * Triggers: when a window fires. Public, under the names of Flink (org.apache.flink.streaming.api.windowing.triggers).
 * Data only; what they do is in running-trigger.ts and the files beside it.
 */
import { ConfigurationError } from '../errors.ts'
import type { Trigger } from './window-spec.ts'

/** Fires when the watermark reaches the window's end, and at every late record after that. */
export function eventTimeTrigger(): Trigger {
  return { type: 'event-time' }
}

/** Fires when the clock reaches the window's end. */
export function processingTimeTrigger(): Trigger {
  return { type: 'processing-time' }
}

/** Fires at every `count`-th record of a window, but not at its end. */
export function countTrigger(count: number): Trigger {
  return { type: 'count', count: wholeAbove0('countTrigger', 'count', count) }
}

/** Fires whenever the watermark has advanced by `intervalMs`, and at the window's end. */
export function continuousEventTimeTrigger(intervalMs: number): Trigger {
  wholeAbove0('continuousEventTimeTrigger', 'intervalMs', intervalMs)
  return { type: 'continuous-event-time', intervalMs }
}

/** Fires whenever the clock has advanced by `intervalMs`. */
export function continuousProcessingTimeTrigger(intervalMs: number): Trigger {
  wholeAbove0('continuousProcessingTimeTrigger', 'intervalMs', intervalMs)
  return { type: 'continuous-processing-time', intervalMs }
}

/** Fires when `delta` of the record that fired last (at first: the first one) and the new one exceeds `threshold`. */
export function deltaTrigger<T>(
  threshold: number,
  delta: (former: T, latter: T) => number,
): Trigger<T> {
  if (Number.isNaN(threshold)) throw badTrigger('deltaTrigger: threshold is NaN; give a number.')
  return { type: 'delta', threshold, delta }
}

/** Whenever `of` fires, the window's contents are removed after the emission. What `of` remembers stays. */
export function purgingTrigger<T>(of: Trigger<T>): Trigger<T> {
  return { type: 'purging', of }
}

export interface TimeoutOptions {
  readonly timeoutMs: number
  /** Every record begins the waiting anew. Default false. */
  readonly resetOnNewRecord?: boolean
  /** What `of` remembers is cleared when the time is over. Default true. */
  readonly clearOnTimeout?: boolean
}

/** As `of`; and fires when the clock has advanced by `timeoutMs` since the first record after a firing. */
export function processingTimeTimeoutTrigger<T>(
  of: Trigger<T>,
  { timeoutMs, resetOnNewRecord = false, clearOnTimeout = true }: TimeoutOptions,
): Trigger<T> {
  wholeAbove0('processingTimeTimeoutTrigger', 'timeoutMs', timeoutMs)
  return { type: 'processing-time-timeout', of, timeoutMs, resetOnNewRecord, clearOnTimeout }
}

/** Never fires. */
export function neverTrigger(): Trigger {
  return { type: 'never' }
}

function wholeAbove0(name: string, option: string, value: number): number {
  if (Number.isSafeInteger(value) && value > 0) return value
  throw badTrigger(`${name}: ${option} is ${String(value)}; it must be a whole number above 0.`)
}

function badTrigger(message: string): ConfigurationError {
  return new ConfigurationError('bad-trigger', message)
}
