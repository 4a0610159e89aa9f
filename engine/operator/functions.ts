/**
 * The types of user functions and what they are given. Functions are erased to `unknown` inside the engine: the
 * method form of these types lets a function of any record type in without a cast (method parameters are bivariant).
 * Source: Flink ProcessFunction, KeyedProcessFunction, KeyedCoProcessFunction, KeyedBroadcastProcessFunction.
 */
import type {
  AggregatingState,
  ListState,
  MapState,
  ReducingState,
  ValueState,
} from '../state/keyed-state-backend.ts'
import type {
  AggregatingStateDescriptor,
  ListStateDescriptor,
  MapStateDescriptor,
  ReducingStateDescriptor,
  ValueStateDescriptor,
} from '../state/descriptors.ts'
import type { BroadcastState, ReadOnlyBroadcastState } from './broadcast-state.ts'
import type { CheckpointedFunction } from './operator-states.ts'

/** Names a side output and the type of its values (Flink OutputTag). */
export interface OutputTag<T> {
  readonly name: string
  /** Only there for the type; never set. */
  type?(value: T): T
}

/** Makes the tag of a side output. Two tags with the same name are the same side output. */
export function outputTag<T>(name: string): OutputTag<T> {
  return { name }
}

/** The two domains of time that timers live in. */
export type TimeDomain = 'event' | 'processing'

/** The clocks of a function and the timers of the current key (Flink TimerService). Times in ms. */
export interface Timers {
  /** Of the operator; -Infinity before the first watermark. */
  readonly currentWatermark: number
  processingTime(): number
  /**
   * Calls `onTimer` when the watermark reaches `time`; one that is due already, at the next watermark that advances.
   * Registering the same time again for the same key changes nothing. Throws ConfigurationError without a key.
   */
  registerEventTime(time: number): void
  deleteEventTime(time: number): void
  /** Calls `onTimer` when the clock reaches `time`. */
  registerProcessingTime(time: number): void
  deleteProcessingTime(time: number): void
}

/** What a process function is given beside the value (Flink ProcessFunction.Context and Collector). */
export interface ProcessContext<O> {
  /** Timestamp of the record (in `onTimer`: of the timer) in ms, or null when it has none. */
  readonly timestamp: number | null
  readonly timers: Timers
  collect(this: void, value: O): void
  /** Emits to a side output; `stream.sideOutput(tag)` reads it. */
  output<T>(this: void, tag: OutputTag<T>, value: T): void
}

/** Access to the states of the current key. Throws ConfigurationError outside a keyed context. */
export interface KeyedStates {
  state<T>(descriptor: ValueStateDescriptor<T>): ValueState<T>
  state<T>(descriptor: ListStateDescriptor<T>): ListState<T>
  state<K, V>(descriptor: MapStateDescriptor<K, V>): MapState<K, V>
  state<T>(descriptor: ReducingStateDescriptor<T>): ReducingState<T>
  state<I, A, O>(descriptor: AggregatingStateDescriptor<I, A, O>): AggregatingState<I, O>
}

/** The context behind a keyBy (Flink KeyedProcessFunction.Context and the runtime context's state). */
export interface KeyedProcessContext<K, O> extends ProcessContext<O>, KeyedStates {
  readonly key: K
}

/** What `onTimer` is given beside the timer's time. */
export interface OnTimerContext<K, O> extends KeyedProcessContext<K, O> {
  readonly domain: TimeDomain
}

/** What every function may have beside its own methods; `F` is the function's type. */
export interface FunctionLifecycle<F> extends CheckpointedFunction {
  /** Makes the function of one subtask. Absent: all subtasks share this one, so it must keep nothing in itself. */
  copy?(): F
  /** Before the first record of an attempt. */
  open?(): void
  /** After the last record of an attempt, also of a failed one. */
  close?(): void
}

/** A function on records without key. */
export interface ProcessFunction<T, O> extends FunctionLifecycle<ProcessFunction<T, O>> {
  processElement(value: T, context: ProcessContext<O>): void
}

/** A function on the records of one key, with state and timers. */
export interface KeyedProcessFunction<T, K, O> extends FunctionLifecycle<
  KeyedProcessFunction<T, K, O>
> {
  processElement(value: T, context: KeyedProcessContext<K, O>): void
  /** A timer that this function registered is due; `time` is its time in ms. */
  onTimer?(time: number, context: OnTimerContext<K, O>): void
}

/** A function on two streams that share state and timers of a key. */
export interface KeyedCoProcessFunction<A, B, K, O> extends FunctionLifecycle<
  KeyedCoProcessFunction<A, B, K, O>
> {
  processElement1(value: A, context: KeyedProcessContext<K, O>): void
  processElement2(value: B, context: KeyedProcessContext<K, O>): void
  onTimer?(time: number, context: OnTimerContext<K, O>): void
}

/** A function on two streams without key. */
export interface CoProcessFunction<A, B, O> extends FunctionLifecycle<CoProcessFunction<A, B, O>> {
  processElement1(value: A, context: ProcessContext<O>): void
  processElement2(value: B, context: ProcessContext<O>): void
}

/** Reads the broadcast states that were named in `stream.broadcast(…)`. */
export interface ReadOnlyBroadcastStates {
  broadcastState<K, V>(descriptor: MapStateDescriptor<K, V>): ReadOnlyBroadcastState<K, V>
}

/** What the broadcast side is given: it alone writes, and must do the same on every subtask. */
export interface BroadcastContext<O> extends ProcessContext<O> {
  broadcastState<K, V>(descriptor: MapStateDescriptor<K, V>): BroadcastState<K, V>
}

export interface KeyedBroadcastContext<K, O> extends BroadcastContext<O> {
  /** Calls `visit` for every key that has such a state, with that key current. */
  applyToKeyedState<T>(
    descriptor: ValueStateDescriptor<T>,
    visit: (key: K, state: ValueState<T>) => void,
  ): void
  applyToKeyedState<T>(
    descriptor: ListStateDescriptor<T>,
    visit: (key: K, state: ListState<T>) => void,
  ): void
  applyToKeyedState<U, V>(
    descriptor: MapStateDescriptor<U, V>,
    visit: (key: K, state: MapState<U, V>) => void,
  ): void
}

/** A function on a keyed stream and a broadcast stream. */
export interface KeyedBroadcastProcessFunction<T, B, K, O> extends FunctionLifecycle<
  KeyedBroadcastProcessFunction<T, B, K, O>
> {
  processElement(value: T, context: KeyedProcessContext<K, O> & ReadOnlyBroadcastStates): void
  processBroadcastElement(value: B, context: KeyedBroadcastContext<K, O>): void
  onTimer?(time: number, context: OnTimerContext<K, O> & ReadOnlyBroadcastStates): void
}

/** A function on a stream without key and a broadcast stream. */
export interface BroadcastProcessFunction<T, B, O> extends FunctionLifecycle<
  BroadcastProcessFunction<T, B, O>
> {
  processElement(value: T, context: ProcessContext<O> & ReadOnlyBroadcastStates): void
  processBroadcastElement(value: B, context: BroadcastContext<O>): void
}

export type MapFunction = { method(value: unknown): unknown }['method']
export type FlatMapFunction = { method(value: unknown): Iterable<unknown> }['method']
export type FilterFunction = { method(value: unknown): boolean }['method']
export type ReduceFunction = { method(left: unknown, right: unknown): unknown }['method']
