/**
 * A state backend in two tiers: the tables of the heap backend, with all that functions see, over a base store of bytes.
 * The tables are a write-back cache: a row is loaded when it is used first, changes are flushed to the base by snapshots
 * and when the tables grow too large, and then unchanged rows are dropped. Timers stay in memory and are flushed, too.
 * Must not know how the base stores rows, nor checkpoints beyond their ids.
 * Invariants: a row that the tracker knows is in the tables, any other only in the base; flushes reach the base in the
 * order of their lines; rows are dropped only when no flush is under way.
 */

import { assert } from '../../assert.ts'
import type { CheckpointId } from '../../ids.ts'
import type {
  AggregatingStateDescriptor,
  ListStateDescriptor,
  MapStateDescriptor,
  NumberStateDescriptor,
  ReducingStateDescriptor,
  ValueStateDescriptor,
} from '../descriptors.ts'
import { HeapStateBackend, type HeapStateBackendOptions } from '../heap-state-backend.ts'
import { checkInRange, keyGroupOf, type KeyGroupRange } from '../key-groups.ts'
import type {
  AggregatingState,
  KeyedStateBackend,
  KeyedStateSnapshot,
  KeyGroupSegment,
  KeyWithHash,
  ListState,
  MapState,
  MergingState,
  MergingValueState,
  NumberState,
  Prefetch,
  ReducingState,
  SnapshotRequest,
  StateEntry,
  Run,
  StoredRun,
  ValueState,
} from '../keyed-state-backend.ts'
import { cutRun } from '../lsm/cut-run.ts'
import { rowsInRange } from '../lsm/merge-runs.ts'
import type { SortedRun } from '../lsm/sorted-run.ts'
import { LookupKey } from '../lookup-key.ts'
import { ChangeTracker } from '../rows/change-tracker.ts'
import type { Expiry } from '../rows/expired-rows.ts'
import { both } from '../rows/both-observers.ts'
import type { StoredRow } from '../rows/row-change.ts'
import { keyGroupOfRow, timerPrefix } from '../rows/row-key.ts'
import { rowsOfSegment } from '../rows/segment-rows.ts'
import type { StateInfo } from '../store-segment.ts'
import type { TimerDomain, TimerQueue } from '../timer-queue.ts'
import type { BaseStore } from './base-store.ts'
import { Flush } from './flush.ts'
import { lookUpKey, mergedKeys, type Tiers } from './merged-rows.ts'
import { RunNames } from './run-names.ts'
import { TieredSnapshot, type RunSource } from './tiered-snapshot.ts'

/** Rows in the tables before unchanged ones are dropped. */
const ROWS_MAX = 65_536
/** When all keys of a hint had their rows in the tables, so many hints are not looked at. */
const HINTS_SKIPPED = 7
/** Bytes of the tables before that. */
const TABLE_BYTES_MAX = 1 << 28
/** So often, counted in keys, the backend looks whether its tables are too large. */
const KEYS_PER_LOOK = 64
/** Bytes that compaction moves at each look. */
const MAINTENANCE_BYTES = 1 << 15
/** Bytes that one step of a snapshot works on. */
const STEP_BYTES = 1 << 16

export interface TieredStateBackendOptions extends HeapStateBackendOptions {
  readonly base: BaseStore
  /** Present: snapshots may consist of the runs of the base. */
  readonly runs?: RestorableRuns
  /** Default 65 536. */
  readonly rowsMax?: number
  /** Mutant A-21: objects of a checkpoint that was not completed are named by later ones. */
  readonly sharesAborted?: boolean
}

/** Runs that a base store has, and can take over from a snapshot. */
export interface RestorableRuns extends RunSource {
  /** As older than all that are there; the run as it is named by snapshots from now on. */
  adopt(run: SortedRun): Run
}

/** A base store that may keep its changes as runs, too. */
export interface WorkingStore extends BaseStore {
  readonly runs?: RestorableRuns | undefined
}

export class TieredStateBackend implements KeyedStateBackend {
  readonly maxParallelism: number
  readonly range: KeyGroupRange
  readonly prefetch: Prefetch | undefined
  readonly #base: BaseStore
  readonly #runs: RestorableRuns | undefined
  readonly #rowsMax: number
  readonly #keysPerLook: number
  readonly #tracker: ChangeTracker
  readonly #tables: HeapStateBackend
  readonly #names: RunNames
  readonly #lookup = new LookupKey()
  /** Under way, oldest first. */
  #flushes: readonly Flush[] = []
  readonly #restoredGroups = new Set<number>()
  #namespace = 0
  #keysUntilLook: number

  constructor(options: TieredStateBackendOptions) {
    const { maxParallelism, range, base, runs, observer, aliasSnapshots = false } = options
    this.maxParallelism = maxParallelism
    this.range = range
    this.#base = base
    this.#runs = runs
    this.#rowsMax = options.rowsMax ?? ROWS_MAX
    this.#keysPerLook = Math.min(KEYS_PER_LOOK, this.#rowsMax)
    this.#keysUntilLook = this.#keysPerLook
    this.#names = new RunNames(options.sharesAborted)
    this.#tracker = new ChangeTracker({
      maxParallelism,
      aliasSnapshots,
      onEvict: (store, key) => observer?.evicts?.(store, key),
      load: (store, rowKey, key) => {
        const value = base.get(rowKey)
        if (value !== undefined) store.decodeRow(key, value)
      },
    })
    const observers = observer === undefined ? this.#tracker : both(this.#tracker, observer)
    this.#tables = new HeapStateBackend({ ...options, observer: observers })
    this.prefetch = this.#prefetchFrom(base)
  }

  get currentKey(): unknown {
    return this.#tables.currentKey
  }

  setCurrentKey(key: unknown, hash: number): void {
    this.#keysUntilLook -= 1
    if (this.#keysUntilLook === 0) this.#look()
    this.#tables.setCurrentKey(key, hash)
  }

  setCurrentNamespace(namespace: number): void {
    this.#namespace = namespace === 0 ? 0 : namespace
    this.#tables.setCurrentNamespace(namespace)
  }

  valueState<T>(descriptor: ValueStateDescriptor<T>): ValueState<T> & MergingValueState<T> {
    return this.#tables.valueState(descriptor)
  }
  numberState(descriptor: NumberStateDescriptor): NumberState & MergingValueState<number> {
    return this.#tables.numberState(descriptor)
  }
  listState<T>(descriptor: ListStateDescriptor<T>): ListState<T> & MergingState {
    return this.#tables.listState(descriptor)
  }
  mapState<K, V>(descriptor: MapStateDescriptor<K, V>): MapState<K, V> {
    return this.#tables.mapState(descriptor)
  }
  reducingState<T>(descriptor: ReducingStateDescriptor<T>): ReducingState<T> & MergingState {
    return this.#tables.reducingState(descriptor)
  }
  aggregatingState<I, A, O>(
    descriptor: AggregatingStateDescriptor<I, A, O>,
  ): AggregatingState<I, O> & MergingState {
    return this.#tables.aggregatingState(descriptor)
  }
  clearState(stateName: string): void {
    this.#tables.clearState(stateName)
  }
  timerQueue(domain: TimerDomain): TimerQueue {
    return this.#tables.timerQueue(domain)
  }
  checkHandedOut(): void {
    this.#tables.checkHandedOut()
  }
  currentValues(): readonly unknown[] {
    return this.#tables.currentValues()
  }
  stateNames(): readonly string[] {
    return this.#tables.stateNames()
  }
  stateInfos(): readonly StateInfo[] {
    return this.#tables.stateInfos()
  }

  snapshot(request?: SnapshotRequest): KeyedStateSnapshot {
    const snapshot: TieredSnapshot = new TieredSnapshot({
      maxParallelism: this.maxParallelism,
      states: this.#states(),
      expiries: this.#expiries(),
      base: this.#base,
      runs: this.#runs,
      names: this.#names,
      request,
      flush: (isToTheEnd) => ({
        bytes: this.#advance(flush, isToTheEnd ? Number.POSITIVE_INFINITY : STEP_BYTES),
        isDone: flush.isDone,
      }),
    })
    const flush = this.#flush(() => {
      snapshot.flushed()
    })
    return snapshot
  }

  restore(segments: Iterable<KeyGroupSegment>): void {
    const sorted = [...segments].sort((a, b) => a.keyGroup - b.keyGroup)
    for (const { keyGroup } of sorted) {
      checkInRange(this.range, keyGroup)
      this.#restored(keyGroup)
    }
    const all = sorted.map((segment) => rowsOfSegment(segment))
    this.restoreRows(
      all.flatMap(({ states }) => states),
      all.flatMap(({ rows }) => rows),
    )
  }

  restoreRows(states: readonly StateInfo[], rows: Iterable<StoredRow>): void {
    for (const info of states) this.#tables.storeOf(info)
    const batch = this.#base.batch()
    let range: KeyGroupRange | undefined
    for (const row of rows) {
      const keyGroup = keyGroupOfRow(row.key)
      checkInRange(this.range, keyGroup)
      range = { first: range?.first ?? keyGroup, last: keyGroup }
      batch.put(row)
    }
    batch.commit()
    if (range !== undefined) this.#loadTimers(range)
  }

  restoreRuns(
    states: readonly StateInfo[],
    runs: readonly StoredRun[],
    checkpoint: CheckpointId,
  ): void {
    if (this.#runs === undefined) {
      this.restoreRows(states, rowsInRange(runs, this.range))
      return
    }
    for (const info of states) this.#tables.storeOf(info)
    for (const stored of runs) {
      const cut = cutRun(stored.run, this.range)
      if (cut === undefined) continue
      const adopted = this.#runs.adopt(cut)
      if (cut === stored.run) this.#names.add(checkpoint, adopted, stored.object)
    }
    // Of the key groups in these runs nothing can be in any other.
    const range = rangeOfRuns(runs, this.range)
    if (range !== undefined) this.#loadTimers(range)
  }

  *entries(stateName: string): Iterable<StateEntry> {
    const store = this.#tables.findStore(stateName)
    if (store === undefined) return
    for (const merged of mergedKeys(this.#tiers, store)) {
      lookUpKey(this.#lookup, merged)
      const entry = [merged.keyGroup, merged.key, store.peek(this.#lookup)] as const
      yield store.info.isNamespaced ? [...entry, merged.namespace] : entry
    }
  }

  keysOf(stateName: string): readonly KeyWithHash[] {
    const store = this.#tables.findStore(stateName)
    if (store === undefined) return []
    return [...mergedKeys(this.#tiers, store)]
      .filter(({ namespace }) => !store.info.isNamespaced || namespace === this.#namespace)
      .map(({ key, hash }) => ({ key, hash }))
  }

  keyCount(): number {
    let count = 0
    for (const store of this.#tables.stores()) count += [...mergedKeys(this.#tiers, store)].length
    return count
  }

  sizeBytes(): number {
    return this.#tables.sizeBytes() + this.#base.sizeBytes
  }

  close(): void {
    this.#base.close()
  }

  /** Of states without namespaces; with which namespaces a key will be used, nobody knows yet. */
  #prefetchFrom(base: BaseStore): Prefetch | undefined {
    if (base.prefetch === undefined) return undefined
    const lookup = new LookupKey()
    let skipped = 0
    return (keys, hashes) => {
      if (skipped > 0) {
        skipped -= 1
        return
      }
      const rowKeys: Uint8Array[] = []
      for (const store of this.#tables.stores()) {
        if (store.info.isNamespaced) continue
        for (const [at, key] of keys.entries()) {
          const hash = hashes[at] ?? 0
          lookup.set(key, hash, keyGroupOf(hash, this.maxParallelism))
          const rowKey = this.#tracker.unknownRow(store, lookup)
          if (rowKey !== null) rowKeys.push(rowKey)
        }
      }
      if (rowKeys.length > 0) base.prefetch?.(rowKeys)
      else skipped = HINTS_SKIPPED
    }
  }

  get #tiers(): Tiers {
    return { base: this.#base, tracker: this.#tracker, range: this.range }
  }

  #states(): readonly StateInfo[] {
    return Array.from(this.#tables.stores(), ({ info }) => info)
  }

  #expiries(): ReadonlyMap<string, Expiry> {
    const expiries = new Map<string, Expiry>()
    for (const store of this.#tables.stores()) {
      const isExpired = store.leftOut()
      if (isExpired !== undefined) expiries.set(store.info.name, { info: store.info, isExpired })
    }
    return expiries
  }

  #restored(keyGroup: number): void {
    assert(!this.#restoredGroups.has(keyGroup), `Key group ${keyGroup} was restored twice.`)
    this.#restoredGroups.add(keyGroup)
  }

  /** Once in a while: compaction goes on, and tables that are too large are relieved. */
  #look(): void {
    this.#keysUntilLook = this.#keysPerLook
    this.#base.maintain?.(MAINTENANCE_BYTES)
    const rows = this.#tracker.rowCount
    if (rows <= this.#rowsMax && this.#tables.sizeBytes() <= TABLE_BYTES_MAX) return
    const half = rows >>> 1
    this.#dropUnchanged(half)
    if (this.#tracker.rowCount <= half) return
    this.#advance(
      this.#flush(() => undefined),
      Number.POSITIVE_INFINITY,
    )
    this.#dropUnchanged(half)
  }

  #dropUnchanged(rowsMax: number): void {
    for (const flush of this.#flushes) this.#advance(flush, Number.POSITIVE_INFINITY)
    this.#tracker.evict(rowsMax)
  }

  #flush(onCommitted: () => void): Flush {
    const flush = new Flush(this.#tracker, this.#base, onCommitted)
    this.#flushes = [...this.#flushes, flush]
    return flush
  }

  /** Flushes reach the base in order: those before this one come to their end first. The bytes that were worked on. */
  #advance(flush: Flush, bytesMax: number): number {
    let bytes = 0
    for (const next of this.#flushes) {
      bytes += next.step(bytesMax)
      if (next === flush || !next.isDone) break
    }
    this.#flushes = this.#flushes.filter(({ isDone }) => !isDone)
    return bytes
  }

  /** Timers live in memory; their rows in the base are for snapshots. */
  #loadTimers({ first, last }: KeyGroupRange): void {
    const view = this.#base.view()
    for (const domain of ['event', 'processing'] as const) {
      for (let keyGroup = first; keyGroup <= last; keyGroup += 1) {
        for (const row of view.scan(timerPrefix(keyGroup, domain))) {
          this.#tables.loadTimer(domain, row)
        }
      }
    }
    view.release()
  }
}

/** The key groups between the first and the last row of the runs, as far as they are in `range`. */
function rangeOfRuns(runs: readonly StoredRun[], range: KeyGroupRange): KeyGroupRange | undefined {
  let { first, last } = { first: range.last + 1, last: range.first - 1 }
  for (const { run } of runs) {
    if (run.firstKey === undefined) continue
    first = Math.min(first, keyGroupOfRow(run.firstKey))
    last = Math.max(last, keyGroupOfRow(run.lastKey))
  }
  const cut = { first: Math.max(first, range.first), last: Math.min(last, range.last) }
  return cut.first <= cut.last ? cut : undefined
}
