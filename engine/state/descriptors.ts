// State descriptors: the name, serializers and options under which an operator asks its backend for a state.
// Must not know backends. A descriptor is plain data (and user functions) and may be shared between subtasks.
// Invariant: the name identifies the state inside one operator and in its snapshots.
// Source: Flink StateDescriptor and its subclasses, StateTtlConfig, AggregateFunction.

import type { Serializer } from '../serializer.ts'

/** How long a value lives without being used; by processing time. Which TTL a state has is not part of a snapshot. */
export interface StateTtl {
  /** Whole milliseconds, at least 1. A value is expired when the clock reads its last use plus this, or more. */
  readonly timeToLiveMs: number
  /** What counts as use. Default: `on-create-and-write`. */
  readonly update?: 'on-create-and-write' | 'on-read-and-write'
  /** Whether a read may still show, once, what is expired and was not removed yet. Default: `never-return-expired`. */
  readonly visibility?: 'never-return-expired' | 'return-expired-if-not-cleaned-up'
  /** Default: expired values are removed only when they are read. */
  readonly cleanup?: StateTtlCleanup
}

/** Ways of removing expired values that nobody reads. Both may be used together. */
export interface StateTtlCleanup {
  /** Snapshots leave out what is expired; the working state keeps it. */
  readonly inFullSnapshot?: boolean
  /** Every use of the state also looks at this many other keys and removes what is expired there. */
  readonly incremental?: { readonly keysPerAccess: number }
}

export interface StateOptions {
  /** Keep one value per (key, namespace) instead of per key; see `setCurrentNamespace`. */
  readonly namespaced?: boolean
}

export interface TtlStateOptions extends StateOptions {
  /** Absent: values stay until they are cleared. Cannot be added to, or taken from, a state that is restored. */
  readonly ttl?: StateTtl
}

export interface ValueStateOptions<T> extends TtlStateOptions {
  /** Makes the value that `value()` returns while nothing is stored. */
  readonly default?: () => T
}

export interface ValueStateDescriptor<T> extends ValueStateOptions<T> {
  readonly type: 'value'
  readonly name: string
  /** Absent: numbers, booleans and big integers are stored directly, the rest through `binary`. */
  readonly serializer?: Serializer<T>
}

/** A running number per key: one table probe for read-modify-write. */
export interface NumberStateDescriptor extends StateOptions {
  readonly type: 'number'
  readonly name: string
}

export interface ListStateDescriptor<T> extends TtlStateOptions {
  readonly type: 'list'
  readonly name: string
  /** Of one element. Absent: as for a value state. */
  readonly serializer?: Serializer<T>
}

/** The serializers of a map state. Absent: as for a value state. */
export interface MapSerializers<K, V> {
  /** Map keys are equal if their bytes are equal. */
  readonly key?: Serializer<K>
  readonly value?: Serializer<V>
}

export interface MapStateDescriptor<K, V> extends TtlStateOptions {
  readonly type: 'map'
  readonly name: string
  readonly serializers: MapSerializers<K, V>
}

export interface ReducingStateDescriptor<T> extends TtlStateOptions {
  readonly type: 'reducing'
  readonly name: string
  reduce(accumulated: T, value: T): T
  readonly serializer?: Serializer<T>
}

/** How values of type I become a result of type O, by way of an accumulator A (Flink AggregateFunction). */
export interface AggregateFunction<I, A, O> {
  createAccumulator(): A
  /** The new accumulator: a changed `accumulator` or another one. */
  add(value: I, accumulator: A): A
  getResult(accumulator: A): O
  /** Needed where windows merge (sessions). */
  merge?(a: A, b: A): A
}

export interface AggregatingStateDescriptor<I, A, O> extends TtlStateOptions {
  readonly type: 'aggregating'
  readonly name: string
  readonly aggregate: AggregateFunction<I, A, O>
  /** Of the accumulator. */
  readonly serializer?: Serializer<A>
}

/** Describes a state holding one value per key. */
export function valueState<T>(
  name: string,
  serializer?: Serializer<T>,
  options: ValueStateOptions<T> = {},
): ValueStateDescriptor<T> {
  const descriptor: ValueStateDescriptor<T> = { type: 'value', name, ...options }
  return serializer === undefined ? descriptor : { ...descriptor, serializer }
}

/** Describes a state holding one running number per key (sums, counts, maxima). */
export function numberState(name: string, options: StateOptions = {}): NumberStateDescriptor {
  return { type: 'number', name, ...options }
}

/** Describes a state holding a list of elements per key. */
export function listState<T>(
  name: string,
  serializer?: Serializer<T>,
  options: TtlStateOptions = {},
): ListStateDescriptor<T> {
  const descriptor: ListStateDescriptor<T> = { type: 'list', name, ...options }
  return serializer === undefined ? descriptor : { ...descriptor, serializer }
}

/** Describes a state holding a map per key; it is iterated in the order in which its keys were put first. */
export function mapState<K, V>(
  name: string,
  serializers: MapSerializers<K, V> = {},
  options: TtlStateOptions = {},
): MapStateDescriptor<K, V> {
  return { type: 'map', name, serializers, ...options }
}

/** Describes a state holding one value per key, into which every added value is reduced. */
export function reducingState<T>(
  name: string,
  reduce: (accumulated: T, value: T) => T,
  serializer?: Serializer<T>,
  options: TtlStateOptions = {},
): ReducingStateDescriptor<T> {
  const descriptor: ReducingStateDescriptor<T> = { type: 'reducing', name, reduce, ...options }
  return serializer === undefined ? descriptor : { ...descriptor, serializer }
}

/** Describes a state holding one accumulator per key, to which every added value is added. */
export function aggregatingState<I, A, O>(
  name: string,
  aggregate: AggregateFunction<I, A, O>,
  serializer?: Serializer<A>,
  options: TtlStateOptions = {},
): AggregatingStateDescriptor<I, A, O> {
  const descriptor = { type: 'aggregating', name, aggregate, ...options } as const
  return serializer === undefined ? descriptor : { ...descriptor, serializer }
}
