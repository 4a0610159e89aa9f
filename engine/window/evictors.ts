/**
 * Evictors: which records of a window are removed before its function, or after it. Public, under the names of Flink
 * (org.apache.flink.streaming.api.windowing.evictors). Data only; see evict.ts.
 */
import { ConfigurationError } from '../errors.ts'
import type { Evictor } from './window-spec.ts'

export interface EvictorOptions {
  /** Evicts after the function instead of before it. Default false. */
  readonly after?: boolean
}

/** Keeps the last `count` records. */
export function countEvictor(count: number, { after = false }: EvictorOptions = {}): Evictor {
  return { type: 'count', count: whole('countEvictor', 'count', count), isAfter: after }
}

/** Keeps the records that are less than `sizeMs` older than the one with the greatest timestamp. */
export function timeEvictor(sizeMs: number, { after = false }: EvictorOptions = {}): Evictor {
  return { type: 'time', sizeMs: whole('timeEvictor', 'sizeMs', sizeMs), isAfter: after }
}

/** Removes the records from which `delta` to the last one is `threshold` or more. */
export function deltaEvictor<T>(
  threshold: number,
  delta: (former: T, latter: T) => number,
  { after = false }: EvictorOptions = {},
): Evictor<T> {
  if (Number.isNaN(threshold)) throw badEvictor('deltaEvictor: threshold is NaN; give a number.')
  return { type: 'delta', threshold, delta, isAfter: after }
}

function whole(name: string, option: string, value: number): number {
  if (Number.isSafeInteger(value) && value >= 0) return value
  throw badEvictor(
    `${name}: ${option} is ${String(value)}; it must be a whole number that is not negative.`,
  )
}

function badEvictor(message: string): ConfigurationError {
  return new ConfigurationError('bad-evictor', message)
}
