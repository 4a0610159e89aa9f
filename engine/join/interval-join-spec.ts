/** The interval join as data. Source: Flink KeyedStream.intervalJoin, IntervalJoinOperator. Bounds in ms. */
import type { OutputTag } from '../operator/functions.ts'

export interface IntervalJoinOptions<L, R> {
  /** A right record joins when its timestamp is at least the left one's plus this. */
  readonly lowerBoundMs: number
  /** … and at most the left one's plus this. */
  readonly upperBoundMs: number
  /** True: the bound itself does not join. Default false. */
  readonly lowerExclusive?: boolean
  readonly upperExclusive?: boolean
  readonly leftLateOutput?: OutputTag<L>
  readonly rightLateOutput?: OutputTag<R>
}

/** What is known of a joined pair; timestamps in ms. */
export interface IntervalJoinContext<K, O> {
  readonly key: K
  readonly leftTimestamp: number
  readonly rightTimestamp: number
  /** The larger of the two: that of what is emitted. */
  readonly timestamp: number
  collect(this: void, value: O): void
  output<T>(this: void, tag: OutputTag<T>, value: T): void
}

export interface IntervalJoinSpec {
  /** Both inclusive, tightened by 1 ms where they were exclusive. */
  readonly lowerBoundMs: number
  readonly upperBoundMs: number
  readonly leftLateTag: string | null
  readonly rightLateTag: string | null
  readonly process: {
    method(left: unknown, right: unknown, context: IntervalJoinContext<unknown, unknown>): void
  }['method']
}
