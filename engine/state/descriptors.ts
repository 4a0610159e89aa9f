// State descriptors: the name and serializer under which an operator asks its backend for a state.
// Must not know backends. A descriptor is plain data and may be shared between subtasks.
// Invariant: the name identifies the state inside one operator and in its snapshots.
// Source: Flink StateDescriptor, ValueStateDescriptor.

import type { Serializer } from '../serializer.ts'

export interface StateOptions {
  /** Keep one value per (key, namespace) instead of per key; see `setCurrentNamespace`. */
  readonly namespaced?: boolean
}

export interface ValueStateOptions<T> extends StateOptions {
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
