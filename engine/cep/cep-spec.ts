/**
 * What a pattern operator is, as data, and the types of the user functions that get its matches.
 * Source: Flink PatternProcessFunction, TimedOutPartialMatchHandler, PatternStream.
 */
import type { OutputTag, TimeDomain } from '../operator/functions.ts'
import type { PatternSpec } from './pattern-spec.ts'

/** The records of a match by stage, in the order of the pattern; a stage that took no record is absent. */
export type PatternMatch<T> = ReadonlyMap<string, readonly T[]>

/** What a function on matches is given beside the match. */
export interface MatchContext {
  /** Event time of the match in ms, that is of the record that completed it; null in processing time. */
  readonly timestamp: number | null
  /** The clock in whole ms. */
  processingTime(this: void): number
  /** Emits to a side output; `stream.sideOutput(tag)` reads it. */
  output<T>(this: void, tag: OutputTag<T>, value: T): void
}

export interface MatchCollector<O> extends MatchContext {
  collect(this: void, value: O): void
}

/** Makes one value of a match, or of a partial match that timed out. */
export type PatternSelect<T, O> = {
  method(match: PatternMatch<T>, context: MatchContext): O
}['method']

/** Emits any number of values for a match. */
export type PatternProcess<T, O> = {
  method(match: PatternMatch<T>, context: MatchCollector<O>): void
}['method']

/** Partial matches that outlived `within` go through `select` to the side output `tag`. */
export interface PatternTimeout<T, O> {
  readonly tag: string
  readonly select: PatternSelect<T, O>
}

export interface CepSpec {
  readonly pattern: PatternSpec
  /** `event`: records by timestamp when the watermark reaches them; `processing`: as they arrive. */
  readonly time: TimeDomain
  readonly process: PatternProcess<unknown, unknown>
  /** Null: timed-out partial matches vanish. */
  readonly timeout: PatternTimeout<unknown, unknown> | null
  /** Name of the side output of late records; null drops them. */
  readonly lateOutput: string | null
}
