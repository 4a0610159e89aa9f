/**
 * The types of user functions and what they are given. Functions are erased to `unknown` inside the engine: the
 * method form of these types lets a function of any record type in without a cast (method parameters are bivariant).
 */
import type { ValueState } from '../state/keyed-state-backend.ts'
import type { ValueStateDescriptor } from '../state/descriptors.ts'

/** Names a side output and the type of its values (Flink OutputTag). */
export interface OutputTag<T> {
  readonly name: string
  /** Only there for the type; never set. */
  readonly type?: (value: T) => T
}

/** Makes the tag of a side output. Two tags with the same name are the same side output. */
export function outputTag<T>(name: string): OutputTag<T> {
  return { name }
}

/** What a process function is given beside the value (Flink ProcessFunction.Context and Collector). */
export interface ProcessContext<O> {
  /** Timestamp of the record in ms, or null when it has none. */
  readonly timestamp: number | null
  collect(value: O): void
  /** Emits to a side output; `stream.sideOutput(tag)` reads it. */
  output<T>(tag: OutputTag<T>, value: T): void
}

/** The context behind a keyBy (Flink KeyedProcessFunction.Context and the runtime context's state). */
export interface KeyedProcessContext<K, O> extends ProcessContext<O> {
  readonly key: K
  /** The state of this name for the current key. Throws ConfigurationError outside a keyed context. */
  state<T>(descriptor: ValueStateDescriptor<T>): ValueState<T>
}

export type MapFunction = { method(value: unknown): unknown }['method']
export type FlatMapFunction = { method(value: unknown): Iterable<unknown> }['method']
export type FilterFunction = { method(value: unknown): boolean }['method']
export type ReduceFunction = { method(left: unknown, right: unknown): unknown }['method']
export type ProcessFunction = {
  method(value: unknown, context: KeyedProcessContext<unknown, unknown>): void
}['method']
