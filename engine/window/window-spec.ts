/**
 * Windows as data: assigners, triggers and evictors, and what a window operator does with them. The names and semantics
 * are Flink's (org.apache.flink.streaming.api.windowing). All spans in ms. A window is [start, end).
 */
import type {
  KeyedStates,
  OutputTag,
  ProcessContext,
  ReduceFunction,
  TimeDomain,
} from '../operator/functions.ts'
import type { Reduction } from '../operator/rolling.ts'
import type { AggregateFunction } from '../state/descriptors.ts'
import { checkWindow } from './check-window.ts'

export type WindowAssigner<T = unknown> =
  | {
      readonly type: 'tumbling'
      readonly time: TimeDomain
      readonly sizeMs: number
      readonly offsetMs: number
    }
  | {
      readonly type: 'sliding'
      readonly time: TimeDomain
      readonly sizeMs: number
      readonly slideMs: number
      readonly offsetMs: number
    }
  | {
      readonly type: 'session'
      readonly time: TimeDomain
      /** A number, or the gap behind each record. */
      readonly gap: number | { method(value: T): number }['method']
    }
  | { readonly type: 'global'; readonly firesAtEnd: boolean }

export type Trigger<T = unknown> =
  | { readonly type: 'event-time' }
  | { readonly type: 'processing-time' }
  | { readonly type: 'count'; readonly count: number }
  | { readonly type: 'continuous-event-time'; readonly intervalMs: number }
  | { readonly type: 'continuous-processing-time'; readonly intervalMs: number }
  | {
      readonly type: 'processing-time-timeout'
      readonly of: Trigger<T>
      readonly timeoutMs: number
      readonly resetOnNewRecord: boolean
      readonly clearOnTimeout: boolean
    }
  | {
      readonly type: 'delta'
      readonly threshold: number
      readonly delta: { method(former: T, latter: T): number }['method']
    }
  | { readonly type: 'purging'; readonly of: Trigger<T> }
  | { readonly type: 'never' }

export type Evictor<T = unknown> = { readonly isAfter: boolean } & (
  | { readonly type: 'count'; readonly count: number }
  | { readonly type: 'time'; readonly sizeMs: number }
  | {
      readonly type: 'delta'
      readonly threshold: number
      readonly delta: { method(former: T, latter: T): number }['method']
    }
)

export type { AggregateFunction }

/** A time window [start, end) in ms; of a global window the bounds are infinite. */
export interface TimeWindow {
  readonly start: number
  readonly end: number
  /** The last timestamp that belongs to it: end - 1. */
  readonly maxTimestamp: number
}

/** What a window function is given (Flink ProcessWindowFunction.Context). `key` is null behind `windowAll`. */
export interface ProcessWindowContext<K, O> extends Pick<ProcessContext<O>, 'collect' | 'output'> {
  readonly key: K
  readonly window: TimeWindow
  readonly currentWatermark: number
  processingTime(this: void): number
  /** State of this key and window; cleared with the window. */
  readonly windowState: KeyedStates['state']
  /** State of this key, shared by its windows. */
  readonly globalState: KeyedStates['state']
}

/** Emits what a fired window results in. */
export type ProcessWindowFunction<T, K, O> = (
  elements: Iterable<T>,
  context: ProcessWindowContext<K, O>,
) => void

/** Emits what a fired window with a pre-aggregated result results in. */
export type ProcessWindowResultFunction<R, K, O> = (
  result: R,
  context: ProcessWindowContext<K, O>,
) => void

export interface WindowOptions<T> {
  /** Default: the assigner's, event time or processing time; of a global window: never. */
  readonly trigger?: Trigger<T>
  /** Removes records before or after the function; the window then keeps every record (no pre-aggregation). */
  readonly evictor?: Evictor<T>
  /** How long behind the watermark a window stays for late records. Default 0. Event time only. */
  readonly allowedLatenessMs?: number
  /** Where records go that come too late for all their windows; default: dropped and counted. */
  readonly lateOutput?: OutputTag<T>
}

type AnyFunction = {
  method(elements: unknown, context: ProcessWindowContext<unknown, unknown>): void
}['method']

/** What a window operator keeps of its records, and what it does when a window fires. */
export type WindowContents =
  | {
      readonly type: 'reduce'
      readonly reduce: ReduceFunction
      /** Throws when the first record of a window cannot take part. */
      readonly check?: Reduction['check']
      /** Null: the result itself is emitted. */
      readonly process: AnyFunction | null
    }
  /** Only how many records there are. */
  | { readonly type: 'count'; readonly process: AnyFunction | null }
  | {
      readonly type: 'aggregate'
      readonly aggregate: AggregateFunction<unknown, unknown, unknown>
      readonly process: AnyFunction | null
    }
  /** All records, in the order of their arrival. */
  | { readonly type: 'list'; readonly process: AnyFunction }

export interface WindowSpec {
  readonly assigner: WindowAssigner
  readonly trigger: Trigger
  readonly evictor: Evictor | null
  readonly allowedLatenessMs: number
  /** Name of the late side output. */
  readonly lateTag: string | null
  readonly contents: WindowContents
}

/** Fills in the defaults. What cannot work is refused with a ConfigurationError that names `operator`. */
export function windowSpec(
  operator: string,
  assigner: WindowAssigner,
  options: WindowOptions<unknown>,
  contents: WindowContents,
): WindowSpec {
  checkWindow(operator, assigner, options, contents)
  const { trigger, evictor, allowedLatenessMs = 0, lateOutput } = options
  return {
    assigner,
    trigger: trigger ?? defaultTrigger(assigner),
    evictor: evictor ?? null,
    allowedLatenessMs,
    lateTag: lateOutput?.name ?? null,
    contents,
  }
}

/** Of a global window the event-time trigger fires at the end of the input. */
function defaultTrigger(assigner: WindowAssigner): Trigger {
  if (assigner.type === 'global') return { type: assigner.firesAtEnd ? 'event-time' : 'never' }
  return { type: assigner.time === 'event' ? 'event-time' : 'processing-time' }
}
