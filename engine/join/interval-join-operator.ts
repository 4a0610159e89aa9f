/**
 * The interval join: each side keeps its records by timestamp until no record at or after the watermark can join them,
 * and a record is joined with what the other side keeps when it comes. Bounds are inclusive here.
 * Source: Flink IntervalJoinOperator.
 */
import { NO_TIMESTAMP } from '../element.ts'
import { ConfigurationError } from '../errors.ts'
import { functionError } from '../operator/function-errors.ts'
import { FunctionOutputs } from '../operator/function-outputs.ts'
import type { OutputTag } from '../operator/functions.ts'
import { keyedBackend } from '../operator/keyed-states.ts'
import type { Operator, OperatorContext, TimerService, TimerTarget } from '../operator/operator.ts'
import { mapState } from '../state/descriptors.ts'
import type { KeyedStateBackend, MapState } from '../state/keyed-state-backend.ts'
import type { IntervalJoinContext, IntervalJoinSpec } from './interval-join-spec.ts'

/** Records of a key by timestamp, those of one timestamp in order of arrival. */
type Buffer = MapState<number, readonly unknown[]>

/** Timers that clean up tell the sides apart by the place where others have the start of their window. */
const LEFT = 0
const RIGHT = 1

interface Side {
  readonly buffer: Buffer
  readonly isLeft: boolean
  readonly timerId: number
  readonly lateTag: OutputTag<unknown> | null
  /** A record of the other side joins one of this side at `t` if it lies from `t + from` to `t + to`. */
  readonly from: number
  readonly to: number
}

export class IntervalJoinOperator implements Operator, TimerTarget {
  readonly uid: string
  readonly #name: string
  readonly #join: IntervalJoinSpec
  readonly #timers: TimerService
  readonly #left: Side
  readonly #right: Side
  readonly #pair: JoinedPair

  constructor(join: IntervalJoinSpec, context: OperatorContext) {
    this.uid = context.uid
    this.#name = context.name
    this.#join = join
    const state = keyedBackend(context, 'its buffers')
    const { lowerBoundMs, upperBoundMs, leftLateTag, rightLateTag } = join
    this.#left = {
      buffer: state.mapState(mapState<number, readonly unknown[]>(`${context.uid}.left`)),
      isLeft: true,
      timerId: LEFT,
      lateTag: leftLateTag === null ? null : { name: leftLateTag },
      from: lowerBoundMs,
      to: upperBoundMs,
    }
    this.#right = {
      buffer: state.mapState(mapState<number, readonly unknown[]>(`${context.uid}.right`)),
      isLeft: false,
      timerId: RIGHT,
      lateTag: rightLateTag === null ? null : { name: rightLateTag },
      from: -upperBoundMs,
      to: -lowerBoundMs,
    }
    this.#pair = new JoinedPair(new FunctionOutputs(context), state)
    this.#timers = context.timers(this)
  }

  process(value: unknown, timestamp: number): void {
    this.#take(value, timestamp, this.#left, this.#right)
  }

  processSecond(value: unknown, timestamp: number): void {
    this.#take(value, timestamp, this.#right, this.#left)
  }

  onEventTime(time: number, timerId: number): void {
    const { buffer, to } = timerId === LEFT ? this.#left : this.#right
    buffer.remove(time - Math.max(0, to))
  }

  /** There are no timers of this kind. */
  onProcessingTime(): void {}

  #take(value: unknown, timestamp: number, own: Side, other: Side): void {
    if (timestamp === NO_TIMESTAMP) throw this.#noTimestamp()
    if (timestamp < this.#timers.currentWatermark) {
      if (own.lateTag !== null) this.#pair.late(own.lateTag, value, timestamp)
      return
    }
    own.buffer.put(timestamp, [...(own.buffer.get(timestamp) ?? []), value])
    for (const [otherTimestamp, others] of other.buffer.entries()) {
      if (otherTimestamp < timestamp + own.from || otherTimestamp > timestamp + own.to) continue
      for (const otherValue of others) {
        if (own.isLeft) this.#emit(value, otherValue, timestamp, otherTimestamp)
        else this.#emit(otherValue, value, otherTimestamp, timestamp)
      }
    }
    this.#timers.registerEventTime(timestamp + Math.max(0, own.to), own.timerId, own.timerId)
  }

  #emit(left: unknown, right: unknown, leftTimestamp: number, rightTimestamp: number): void {
    this.#pair.set(leftTimestamp, rightTimestamp)
    try {
      this.#join.process(left, right, this.#pair)
    } catch (error) {
      throw functionError(this.#name, error)
    }
  }

  #noTimestamp(): ConfigurationError {
    return new ConfigurationError(
      'no-timestamp',
      `The interval join "${this.#name}" got a record without a timestamp; give its source watermarks with timestamps.`,
    )
  }
}

/** What the function is given for each pair. */
class JoinedPair implements IntervalJoinContext<unknown, unknown> {
  leftTimestamp = NO_TIMESTAMP
  rightTimestamp = NO_TIMESTAMP
  readonly #outputs: FunctionOutputs
  readonly #state: KeyedStateBackend

  constructor(outputs: FunctionOutputs, state: KeyedStateBackend) {
    this.#outputs = outputs
    this.#state = state
  }

  get key(): unknown {
    return this.#state.currentKey
  }

  get timestamp(): number {
    return Math.max(this.leftTimestamp, this.rightTimestamp)
  }

  set(leftTimestamp: number, rightTimestamp: number): void {
    this.leftTimestamp = leftTimestamp
    this.rightTimestamp = rightTimestamp
    this.#outputs.timestamp = this.timestamp
  }

  late(tag: OutputTag<unknown>, value: unknown, timestamp: number): void {
    this.#outputs.timestamp = timestamp
    this.#outputs.output(tag, value)
  }

  /** A field, as the others that emit, so that a function may take it out of its context. */
  readonly collect = (value: unknown): void => {
    this.#outputs.collect(value)
  }

  readonly output = <T>(tag: OutputTag<T>, value: T): void => {
    this.#outputs.output(tag, value)
  }
}
