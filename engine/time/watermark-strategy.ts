/**
 * Watermark strategies: how a stream gets its timestamps and its watermarks, as data with functions in it. A source
 * or `stream.assignTimestampsAndWatermarks` makes one generator of it per split or per subtask.
 * Source: Flink WatermarkStrategy (generating_watermarks.md); the Dataflow Model, section 2.3.
 */
import { ConfigurationError, inRange } from '../errors.ts'

/** Takes what a generator yields. */
export interface WatermarkOutput {
  /** No record with a timestamp up to `watermark` (ms) is expected any more. One that does not advance is dropped. */
  emitWatermark(watermark: number): void
  /** No records will come for a while: others need not wait for this stream. */
  markIdle(): void
  markActive(): void
}

/** Decides on watermarks, from records or from time to time. One per split or subtask; not part of snapshots. */
export interface WatermarkGenerator<T> {
  /** After each record. `timestamp` in ms, -Infinity when the record has none. */
  onEvent(value: T, timestamp: number, output: WatermarkOutput): void
  /** Every `autoWatermarkIntervalMs`. */
  onPeriodicEmit(output: WatermarkOutput): void
}

/** The timestamp of a value in whole ms. `recordTimestamp` is the one it has, such as Kafka's, or null. */
export type TimestampAssigner<T> = {
  method(value: T, recordTimestamp: number | null): number
}['method']

/** Sources of one group wait for each other: none reads on when it is too far ahead (Flink watermark alignment). */
export interface WatermarkAlignment {
  readonly group: string
  /** How far ahead of the slowest of the group a split may be. */
  readonly maxDriftMs: number
  /** How often the group's bound is announced. */
  readonly updateIntervalMs: number
}

export interface WatermarkStrategyOptions<T> {
  /** Default: the timestamp that the record has. */
  readonly timestampAssigner?: TimestampAssigner<T>
  /** Without a record for so long the stream counts as idle. Default: never. */
  readonly idlenessMs?: number
  /** Only sources can align. `updateIntervalMs` defaults to 1000. */
  readonly alignment?: Omit<WatermarkAlignment, 'updateIntervalMs'> &
    Partial<Pick<WatermarkAlignment, 'updateIntervalMs'>>
}

/** The generator of a strategy, as data where it is one of ours. */
export type GeneratorSpec<T> =
  | { readonly type: 'none' }
  | { readonly type: 'bounded-out-of-orderness'; readonly maxOutOfOrdernessMs: number }
  | { readonly type: 'custom'; create(): WatermarkGenerator<T> }

/** Made by `forMonotonousTimestamps`, `forBoundedOutOfOrderness`, `forGenerator` and `noWatermarks`. */
export interface WatermarkStrategy<T> {
  readonly generator: GeneratorSpec<T>
  /** Null: the record's own. */
  readonly timestampAssigner: TimestampAssigner<T> | null
  readonly idlenessMs: number | null
  readonly alignment: WatermarkAlignment | null
}

/** For records whose timestamps never decrease within a split. Throws ConfigurationError for an option out of range. */
export function forMonotonousTimestamps<T>(
  options: WatermarkStrategyOptions<T> = {},
): WatermarkStrategy<T> {
  return forBoundedOutOfOrderness(0, options)
}

/**
 * For records that come at most `maxOutOfOrdernessMs` later than a record with a greater timestamp: the watermark is
 * the greatest timestamp − maxOutOfOrdernessMs − 1. Throws ConfigurationError for an option out of range.
 */
export function forBoundedOutOfOrderness<T>(
  maxOutOfOrdernessMs: number,
  options: WatermarkStrategyOptions<T> = {},
): WatermarkStrategy<T> {
  inRange('maxOutOfOrdernessMs', maxOutOfOrdernessMs, 0, Number.MAX_SAFE_INTEGER)
  return strategy({ type: 'bounded-out-of-orderness', maxOutOfOrdernessMs }, options)
}

/** With a generator of one's own; `create` is called for each split or subtask of each attempt. */
export function forGenerator<T>(
  create: () => WatermarkGenerator<T>,
  options: WatermarkStrategyOptions<T> = {},
): WatermarkStrategy<T> {
  return strategy({ type: 'custom', create }, options)
}

/** Timestamps only: event time stands still until the input ends. */
export function noWatermarks<T>(options: WatermarkStrategyOptions<T> = {}): WatermarkStrategy<T> {
  return strategy({ type: 'none' }, options)
}

function strategy<T>(
  generator: GeneratorSpec<T>,
  { timestampAssigner, idlenessMs, alignment }: WatermarkStrategyOptions<T>,
): WatermarkStrategy<T> {
  const most = Number.MAX_SAFE_INTEGER
  return {
    generator,
    timestampAssigner: timestampAssigner ?? null,
    idlenessMs: idlenessMs === undefined ? null : inRange('idlenessMs', idlenessMs, 1, most),
    alignment: alignment === undefined ? null : alignmentOf(alignment),
  }
}

function alignmentOf({
  group,
  maxDriftMs,
  updateIntervalMs = 1000,
}: Exclude<WatermarkStrategyOptions<unknown>['alignment'], undefined>): WatermarkAlignment {
  if (group === '') {
    throw new ConfigurationError(
      'empty-alignment-group',
      'The option alignment.group is empty; give the same name to all sources that are to align.',
    )
  }
  const most = Number.MAX_SAFE_INTEGER
  return {
    group,
    maxDriftMs: inRange('alignment.maxDriftMs', maxDriftMs, 0, most),
    updateIntervalMs: inRange('alignment.updateIntervalMs', updateIntervalMs, 1, most),
  }
}
