// The contract every keyed-state backend fulfils (heap, later lsm, rocksdb, changelog).
// Must not know how state is stored, which operator uses it, or where snapshots go.
// Invariants: a value read is never aliased with the stored one; a snapshot shows the state of the
// moment `snapshot()` returned, whatever is written afterwards; everything is synchronous.
// Source: Flink KeyedStateBackend, CheckpointableKeyedStateBackend.

import type { NumberStateDescriptor, ValueStateDescriptor } from './descriptors.ts'
import type { KeyGroupRange } from './key-groups.ts'

/** One value for the current key (and the current namespace, if the descriptor is namespaced). */
export interface ValueState<T> {
  /** The stored value, else the descriptor's default, else undefined. */
  value(): T | undefined
  /** Stores a value; `undefined` clears. */
  update(value: T): void
  clear(): void
}

/** One number for the current key: the fast path of sum, count, min and max. */
export interface NumberState {
  get(): number | undefined
  set(value: number): void
  /** Adds to the stored number (or to 0) and returns the sum, with one table probe. */
  add(delta: number): number
  clear(): void
}

/** All states of one key group, encoded. Self-contained: see `decodeKeyGroup`. */
export interface KeyGroupSegment {
  readonly keyGroup: number
  readonly bytes: Uint8Array
}

/** The state of one moment. Encoding happens while iterating, one key group per `next()`. */
export interface KeyedStateSnapshot {
  /** Non-empty key groups in ascending order. May be iterated more than once until released. */
  keyGroups(): Iterable<KeyGroupSegment>
  /** Lets the backend reuse the pages of this snapshot. Idempotent. */
  release(): void
}

export type StateEntry = readonly [
  keyGroup: number,
  key: unknown,
  value: unknown,
  /** Of namespaced states only. */
  namespace?: number,
]

export interface KeyedStateBackend {
  readonly maxParallelism: number
  readonly range: KeyGroupRange
  /** The key given last, or undefined. */
  readonly currentKey: unknown

  /** Selects the key that all states of this backend refer to; `hash` is `hashKey(key)`. */
  setCurrentKey(key: unknown, hash: number): void
  /** Selects the namespace (for example a window's start) that namespaced states refer to. */
  setCurrentNamespace(namespace: number): void

  /** Registers the state or returns the one registered under that name. */
  valueState<T>(descriptor: ValueStateDescriptor<T>): ValueState<T>
  numberState(descriptor: NumberStateDescriptor): NumberState

  /** The synchronous part of a snapshot: its cost does not depend on the number of keys. */
  snapshot(): KeyedStateSnapshot
  /** Adds whole key groups to an empty backend; each must lie inside `range`. */
  restore(segments: Iterable<KeyGroupSegment>): void

  /** Names of the registered and of the restored states. */
  stateNames(): readonly string[]
  /** For inspection: what is stored for the current key, in the order in which the states were registered. */
  currentValues(): readonly unknown[]
  /** For inspection: ascending key groups, inside one the table's own (deterministic) order. */
  entries(stateName: string): Iterable<StateEntry>
  /** Entries over all states. */
  keyCount(): number
  /** Memory held by tables, without frozen pages of snapshots. */
  sizeBytes(): number
}
