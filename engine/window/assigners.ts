/**
 * Window assigners: which windows a record belongs to. Public, under the names of Flink
 * (org.apache.flink.streaming.api.windowing.assigners). All spans are whole ms.
 */
import { ConfigurationError } from '../errors.ts'
import type { TimeDomain } from '../operator/functions.ts'
import type { WindowAssigner } from './window-spec.ts'

export interface TumblingOptions {
  readonly sizeMs: number
  /** Moves all windows, for example to days of another time zone. Default 0; smaller than `sizeMs`. */
  readonly offsetMs?: number
}

export interface SlidingOptions {
  readonly sizeMs: number
  /** A window begins every `slideMs`: with less than `sizeMs` they overlap, with more there are gaps. */
  readonly slideMs: number
  /** Default 0; smaller than `slideMs`. */
  readonly offsetMs?: number
}

export interface SessionOptions<T> {
  /** A session ends when nothing came for so long; a number, or what to make of each record. More than 0. */
  readonly gapMs: number | ((value: T) => number)
}

export interface GlobalOptions {
  /** Fires when a bounded input ends. Default: never, unless a trigger is given. */
  readonly firesAtEndOfStream?: boolean
}

/** Windows of equal size, one behind the other, by the timestamps of records. */
export function tumblingEventTimeWindows(options: TumblingOptions): WindowAssigner {
  return tumbling('tumblingEventTimeWindows', 'event', options)
}

/** Windows of equal size, one behind the other, by the clock when a record arrives. */
export function tumblingProcessingTimeWindows(options: TumblingOptions): WindowAssigner {
  return tumbling('tumblingProcessingTimeWindows', 'processing', options)
}

/** Windows of equal size that begin every `slideMs`, by the timestamps of records. */
export function slidingEventTimeWindows(options: SlidingOptions): WindowAssigner {
  return sliding('slidingEventTimeWindows', 'event', options)
}

/** Windows of equal size that begin every `slideMs`, by the clock when a record arrives. */
export function slidingProcessingTimeWindows(options: SlidingOptions): WindowAssigner {
  return sliding('slidingProcessingTimeWindows', 'processing', options)
}

/** One window for records that follow each other with less than the gap (or just it), by their timestamps. */
export function sessionEventTimeWindows<T>({ gapMs }: SessionOptions<T>): WindowAssigner<T> {
  return session('sessionEventTimeWindows', 'event', gapMs)
}

/** One window for records that arrive with less than the gap (or just it) in between. */
export function sessionProcessingTimeWindows<T>({ gapMs }: SessionOptions<T>): WindowAssigner<T> {
  return session('sessionProcessingTimeWindows', 'processing', gapMs)
}

/** One window per key without end: what it emits, and when, is the trigger's to say. */
export function globalWindows({ firesAtEndOfStream = false }: GlobalOptions = {}): WindowAssigner {
  return { type: 'global', firesAtEnd: firesAtEndOfStream }
}

/** More windows for one record are a mistake (Flink: MAX_WINDOW_NUM). */
const WINDOWS_PER_RECORD_MAX = 10_000_000

function tumbling(name: string, time: TimeDomain, options: TumblingOptions): WindowAssigner {
  const { sizeMs, offsetMs = 0 } = options
  checkSpan(name, 'sizeMs', sizeMs)
  checkOffset(name, offsetMs, 'sizeMs', sizeMs)
  return { type: 'tumbling', time, sizeMs, offsetMs }
}

function sliding(name: string, time: TimeDomain, options: SlidingOptions): WindowAssigner {
  const { sizeMs, slideMs, offsetMs = 0 } = options
  checkSpan(name, 'sizeMs', sizeMs)
  checkSpan(name, 'slideMs', slideMs)
  checkOffset(name, offsetMs, 'slideMs', slideMs)
  if (sizeMs / slideMs > WINDOWS_PER_RECORD_MAX) {
    throw badWindow(
      `${name} would put each record into ${Math.ceil(sizeMs / slideMs)} windows; choose sizeMs and slideMs so that ` +
        `these are at most ${WINDOWS_PER_RECORD_MAX}.`,
    )
  }
  return { type: 'sliding', time, sizeMs, slideMs, offsetMs }
}

function session<T>(
  name: string,
  time: TimeDomain,
  gap: SessionOptions<T>['gapMs'],
): WindowAssigner<T> {
  if (typeof gap !== 'function') checkSpan(name, 'gapMs', gap)
  return { type: 'session', time, gap }
}

function checkSpan(name: string, option: string, span: number): void {
  if (Number.isSafeInteger(span) && span > 0) return
  throw badWindow(`${name}: ${option} is ${String(span)}; it must be a whole number of ms above 0.`)
}

function checkOffset(name: string, offset: number, option: string, span: number): void {
  if (Number.isInteger(offset) && Math.abs(offset) < span) return
  throw badWindow(
    `${name}: offsetMs is ${String(offset)}; it must be a whole number of ms between -${option} and ${option}, which ` +
      `is ${span}.`,
  )
}

function badWindow(message: string): ConfigurationError {
  return new ConfigurationError('bad-window', message)
}
