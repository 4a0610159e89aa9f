// The contract every keyed-state backend fulfils (heap, later lsm, rocksdb, changelog).
// Must not know how state is stored, which operator uses it, or where snapshots go.
// Invariants: a value read is never aliased with the stored one; a snapshot shows the state of the
// moment `snapshot()` returned, whatever is written afterwards; everything is synchronous.
// Source: Flink KeyedStateBackend, CheckpointableKeyedStateBackend.

import type { StateFormat, StoredObject } from '../checkpoint/snapshot-handle.ts'
import type { CheckpointId } from '../ids.ts'
import type {
  AggregatingStateDescriptor,
  ListStateDescriptor,
  MapStateDescriptor,
  NumberStateDescriptor,
  ReducingStateDescriptor,
  ValueStateDescriptor,
} from './descriptors.ts'
import type { KeyGroupRange } from './key-groups.ts'
import type { SortedRun } from './lsm/sorted-run.ts'
import type { StoredRow } from './rows/row-change.ts'
import type { StateInfo } from './store-segment.ts'
import type { TimerDomain, TimerQueue } from './timer-queue.ts'

/** One value for the current key (and the current namespace, if the descriptor is namespaced). */
export interface ValueState<T> {
  /** The stored value, else the descriptor's default, else undefined. */
  value(): T | undefined
  /** Stores a value; `undefined` and `null` clear. */
  update(value: T): void
  clear(): void
}

/** A list of elements for the current key. */
export interface ListState<T> {
  /** The elements in the order in which they were added; empty if there are none. */
  get(): readonly T[]
  add(value: T): void
  addAll(values: Iterable<T>): void
  /** Replaces all elements; an empty list clears. */
  update(values: Iterable<T>): void
  clear(): void
}

/**
 * A map for the current key, iterated in the order in which its keys were put first. While it is iterated, entries may
 * be put and removed: those that were added meanwhile are not seen.
 */
export interface MapState<K, V> {
  get(key: K): V | undefined
  put(key: K, value: V): void
  putAll(entries: Iterable<readonly [K, V]>): void
  remove(key: K): void
  contains(key: K): boolean
  entries(): IterableIterator<[K, V]>
  keys(): IterableIterator<K>
  values(): IterableIterator<V>
  isEmpty(): boolean
  clear(): void
}

/** One value for the current key, into which added values are reduced. */
export interface ReducingState<T> {
  get(): T | undefined
  add(value: T): void
  clear(): void
}

/** The aggregate of the values added for the current key. */
export interface AggregatingState<I, O> {
  get(): O | undefined
  add(value: I): void
  clear(): void
}

/** What windows that merge need of their namespaced states (Flink InternalMergingState). */
export interface MergingState {
  /**
   * Merges what the current key has in the `sources` into the `target` and clears the sources. The contents of the
   * target come first, then those of the sources in their order.
   */
  mergeNamespaces(target: number, sources: Iterable<number>): void
}

/** Namespaced value and number states merge by the function that they are given. */
export interface MergingValueState<T> {
  mergeNamespaces(target: number, sources: Iterable<number>, merge: (a: T, b: T) => T): void
}

/** One number for the current key: the fast path of sum, count, min and max. */
export interface NumberState {
  get(): number | undefined
  set(value: number): void
  /** Adds to the stored number (or to 0) and returns the sum, with one table probe. */
  add(delta: number): number
  clear(): void
}

/** All states and timers of one key group, encoded. Self-contained: see `decodeKeyGroup`. */
export interface KeyGroupSegment {
  readonly keyGroup: number
  readonly bytes: Uint8Array
}

/** For which checkpoint a snapshot is taken, if it may be written in the backend's own format. */
export interface SnapshotRequest {
  readonly checkpoint: CheckpointId
  /** The completed checkpoint whose objects may be named again; null: everything is written. */
  readonly base: CheckpointId | null
}

/** What a snapshot in a backend's own format consists of, one after the other. */
export type SnapshotPart =
  /** Something was computed; it was about so many bytes. */
  | { readonly type: 'work'; readonly bytes: number }
  /** Nothing can be done before something outside of this thread is; going on all the same would wait for it. */
  | { readonly type: 'wait' }
  /** An object that a former checkpoint wrote. */
  | { readonly type: 'stored'; readonly object: StoredObject }
  /** An object to be written; it is passed to `onStored` as soon as it has a name. */
  | {
      readonly type: 'new'
      readonly pieces: readonly Uint8Array[]
      readonly checksum: number
      readonly onStored: (object: StoredObject) => void
    }

/** A snapshot in the format of its backend. All its objects are shared with later checkpoints. */
export interface OwnSnapshot {
  readonly format: StateFormat
  /** To be iterated once, slice by slice; objects come in the order in which the handle names them. */
  parts(): Iterable<SnapshotPart>
  /** Waits for what is written elsewhere than in objects: null once it is there, else one sentence. Absent: nothing is. */
  whenWritten?(onWritten: (failure: string | null) => void): void
  /** What a restore has to know beside the objects; asked for when everything is written. */
  manifest(): Uint8Array
}

/** The state of one moment. Encoding happens while iterating, one key group per `next()`. */
export interface KeyedStateSnapshot {
  /** Non-empty key groups in ascending order. May be iterated more than once until released. */
  keyGroups(): Iterable<KeyGroupSegment>
  /** Null: there is no other form than key groups, or none was asked for. */
  readonly own: OwnSnapshot | null
  /** Lets the backend reuse the pages of this snapshot. Idempotent. */
  release(): void
}

/** A run as a snapshot writes it; its bytes may lie elsewhere until they are asked for. */
export interface Run {
  readonly sizeBytes: number
  readonly bytes: Uint8Array
  /** Covers every byte. */
  readonly checksum: number
}

/** A run of a snapshot and the object that holds it. */
export interface StoredRun {
  readonly run: SortedRun
  readonly object: StoredObject
}

export type StateEntry = readonly [
  keyGroup: number,
  key: unknown,
  value: unknown,
  /** Of namespaced states only. */
  namespace?: number,
]

export interface KeyWithHash {
  readonly key: unknown
  readonly hash: number
}

export type Prefetch = (keys: readonly unknown[], hashes: readonly number[]) => void

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
  valueState<T>(descriptor: ValueStateDescriptor<T>): ValueState<T> & MergingValueState<T>
  numberState(descriptor: NumberStateDescriptor): NumberState & MergingValueState<number>
  listState<T>(descriptor: ListStateDescriptor<T>): ListState<T> & MergingState
  mapState<K, V>(descriptor: MapStateDescriptor<K, V>): MapState<K, V>
  reducingState<T>(descriptor: ReducingStateDescriptor<T>): ReducingState<T> & MergingState
  aggregatingState<I, A, O>(
    descriptor: AggregatingStateDescriptor<I, A, O>,
  ): AggregatingState<I, O> & MergingState

  /** Clears what the current key (and namespace) has in that state, registered or only restored. */
  clearState(stateName: string): void

  /** The timers of a domain, of all keys; part of snapshots. There is one queue per domain. */
  timerQueue(domain: TimerDomain): TimerQueue

  /**
   * Strict mode: throws a ConfigurationError that names operator, state and key if an object that a state handed out
   * since the last call was changed in place and not stored again. Does nothing otherwise. To be called after each
   * record and timer, and before the key changes.
   */
  checkHandedOut(): void

  /** A hint: these keys (with their hashes) will soon be set. Absent: it would help nobody. */
  readonly prefetch?: Prefetch | undefined

  /** The synchronous part of a snapshot: its cost does not depend on the number of keys. */
  snapshot(request?: SnapshotRequest): KeyedStateSnapshot
  /** Adds whole key groups to an empty backend; each must lie inside `range`. */
  restore(segments: Iterable<KeyGroupSegment>): void
  /** Adds rows of key groups that are not here yet, in ascending order; each must lie inside `range`. */
  restoreRows(states: readonly StateInfo[], rows: Iterable<StoredRow>): void
  /**
   * Adds what the runs of one former subtask hold, newest first; what lies outside of `range` is left out. `checkpoint`
   * is the one that is restored: its objects may be named again by the first snapshot that has it as its base.
   */
  restoreRuns(
    states: readonly StateInfo[],
    runs: readonly StoredRun[],
    checkpoint: CheckpointId,
  ): void

  /** Names of the registered and of the restored states. */
  stateNames(): readonly string[]
  /** What their rows mean. */
  stateInfos(): readonly StateInfo[]
  /** For inspection: what is stored for the current key, in the order in which the states were registered. */
  currentValues(): readonly unknown[]
  /**
   * For inspection: ascending key groups, inside one the table's own (deterministic) order. The value of a list state
   * is an array, of a map state a Map, of an aggregating state the accumulator; expired values are still there.
   */
  entries(stateName: string): Iterable<StateEntry>
  /**
   * The keys that have something in that state (if it is namespaced: in the current namespace), in the order of
   * `entries`. For applying a function to all keys: set each as the current one. States may be changed meanwhile.
   */
  keysOf(stateName: string): readonly KeyWithHash[]
  /** Entries over all states: a list or a map is one. */
  keyCount(): number
  /** Memory held by tables, without frozen pages of snapshots. */
  sizeBytes(): number
  /** Gives back what is not memory. */
  close(): void
}
