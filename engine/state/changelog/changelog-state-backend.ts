/**
 * Any backend with a log of its changes: a checkpoint is a whole state that was stored some time ago and the changes since,
 * so it has little to write, however large the state is. Once in a while the whole state is stored anew, beside the
 * checkpoints; then what is older can go. Must not know how the log keeps changes, nor the backend below.
 * Invariants: every change is in the batch of the first line drawn behind it; batches are written in the order of their
 * lines; a snapshot names only what will be there as long as its checkpoint.
 * Source: Flink ChangelogKeyedStateBackend and PeriodicMaterializationManager (flink-semantics.md 1.3).
 */

import type { StoredObject } from '../../checkpoint/snapshot-handle.ts'
import type { CheckpointId } from '../../ids.ts'
import type {
  AggregatingStateDescriptor,
  ListStateDescriptor,
  MapStateDescriptor,
  NumberStateDescriptor,
  ReducingStateDescriptor,
  ValueStateDescriptor,
} from '../descriptors.ts'
import type { KeyGroupRange } from '../key-groups.ts'
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
  StoredRun,
  ValueState,
} from '../keyed-state-backend.ts'
import { rowsInRange } from '../lsm/merge-runs.ts'
import type { SortedRun } from '../lsm/sorted-run.ts'
import type { ChangeTracker, FrozenChanges } from '../rows/change-tracker.ts'
import type { StoredRow } from '../rows/row-change.ts'
import { keyGroupOfRow } from '../rows/row-key.ts'
import type { StateInfo } from '../store-segment.ts'
import type { TimerDomain, TimerQueue } from '../timer-queue.ts'
import { ChangelogSnapshot } from './changelog-snapshot.ts'
import { encodeWhole } from './encode-whole.ts'
import type { BatchSize, LogLine, StateLog } from './state-log.ts'
import { WholeState, WholeStates } from './whole-states.ts'

/** Bytes that one step of a snapshot encodes. */
const STEP_BYTES = 1 << 16

export interface ChangelogStateBackendOptions {
  /** Its observer is the tracker. */
  readonly inner: KeyedStateBackend
  readonly tracker: ChangeTracker
  readonly log: StateLog
  /** The changes of the checkpoint are in the log. */
  readonly onAppended?: (checkpoint: CheckpointId, size: BatchSize) => void
  /** A snapshot wrote the whole state. */
  readonly onWholeStored?: (sizeBytes: number) => void
}

/** The whole state on its way to the storage, beside all checkpoints. */
export interface Materialization {
  readonly line: LogLine
  /** Yields the bytes of each step; in the end the run, or null if there is nothing to store. */
  readonly steps: Generator<number, SortedRun | null>
  /** Null: nothing had to be stored. */
  stored(object: StoredObject | null): void
  failed(): void
}

interface Batch {
  readonly line: LogLine
  readonly checkpoint: CheckpointId
  readonly changes: FrozenChanges
  size: BatchSize | null
}

export class ChangelogStateBackend implements KeyedStateBackend {
  readonly #options: ChangelogStateBackendOptions
  readonly #inner: KeyedStateBackend
  readonly #log: StateLog
  readonly #wholes = new WholeStates()
  /** Not written yet, oldest first. */
  #batches: readonly Batch[] = []
  #line: LogLine = 0
  /** Changes since the newest whole state. */
  #changes = 0
  #restored: readonly StoredObject[] = []
  #isMaterializing = false

  constructor(options: ChangelogStateBackendOptions) {
    this.#options = options
    this.#inner = options.inner
    this.#log = options.log
    this.#wholes.add(new WholeState(0, []))
  }

  get maxParallelism(): number {
    return this.#inner.maxParallelism
  }
  get range(): KeyGroupRange {
    return this.#inner.range
  }
  get prefetch(): Prefetch | undefined {
    return this.#inner.prefetch
  }
  get currentKey(): unknown {
    return this.#inner.currentKey
  }
  setCurrentKey(key: unknown, hash: number): void {
    this.#inner.setCurrentKey(key, hash)
  }
  setCurrentNamespace(namespace: number): void {
    this.#inner.setCurrentNamespace(namespace)
  }
  valueState<T>(descriptor: ValueStateDescriptor<T>): ValueState<T> & MergingValueState<T> {
    return this.#inner.valueState(descriptor)
  }
  numberState(descriptor: NumberStateDescriptor): NumberState & MergingValueState<number> {
    return this.#inner.numberState(descriptor)
  }
  listState<T>(descriptor: ListStateDescriptor<T>): ListState<T> & MergingState {
    return this.#inner.listState(descriptor)
  }
  mapState<K, V>(descriptor: MapStateDescriptor<K, V>): MapState<K, V> {
    return this.#inner.mapState(descriptor)
  }
  reducingState<T>(descriptor: ReducingStateDescriptor<T>): ReducingState<T> & MergingState {
    return this.#inner.reducingState(descriptor)
  }
  aggregatingState<I, A, O>(
    descriptor: AggregatingStateDescriptor<I, A, O>,
  ): AggregatingState<I, O> & MergingState {
    return this.#inner.aggregatingState(descriptor)
  }
  clearState(stateName: string): void {
    this.#inner.clearState(stateName)
  }
  timerQueue(domain: TimerDomain): TimerQueue {
    return this.#inner.timerQueue(domain)
  }
  checkHandedOut(): void {
    this.#inner.checkHandedOut()
  }
  stateNames(): readonly string[] {
    return this.#inner.stateNames()
  }
  stateInfos(): readonly StateInfo[] {
    return this.#inner.stateInfos()
  }
  currentValues(): readonly unknown[] {
    return this.#inner.currentValues()
  }
  entries(stateName: string): Iterable<StateEntry> {
    return this.#inner.entries(stateName)
  }
  keysOf(stateName: string): readonly KeyWithHash[] {
    return this.#inner.keysOf(stateName)
  }
  keyCount(): number {
    return this.#inner.keyCount()
  }
  sizeBytes(): number {
    return this.#inner.sizeBytes()
  }
  close(): void {
    this.#inner.close()
  }

  /** Without a request: the whole state, in the form that every backend reads. */
  snapshot(request?: SnapshotRequest): KeyedStateSnapshot {
    if (request === undefined) return this.#inner.snapshot()
    const { checkpoint, base } = request
    this.#line += 1
    const line = this.#line
    const before = base === null ? null : this.#wholes.complete(base)
    if (base !== null && before !== null) this.#log.truncate(before, base)
    const { tracker } = this.#options
    this.#changes += tracker.changeCount
    const changes = tracker.freeze()
    const whole = this.#wholes.find(base, (from) => this.#log.reaches(from, base))
    if (whole === undefined) {
      changes.discard()
      return this.#snapshotWhole(request, line)
    }
    const batch: Batch = { line, checkpoint, changes, size: null }
    this.#batches = [...this.#batches, batch]
    const part = this.#log.between(whole.line, line, request)
    whole.name(checkpoint)
    return this.#snapshotOf(request, whole, {
      type: 'stored',
      part,
      advance: () => this.#advance(batch),
      onWritten: () => {
        this.#options.onAppended?.(checkpoint, batch.size ?? { count: 0, bytes: 0 })
      },
    })
  }

  /**
   * The whole state as of the newest line, to be stored beside the checkpoints. Only right behind `snapshot`, before
   * anything changes. Null: nothing changed since the last one, or it is still under way.
   */
  materialize(): Materialization | null {
    if (this.#isMaterializing || this.#changes === 0) return null
    const line = this.#line
    const snapshot = this.#inner.snapshot()
    this.#isMaterializing = true
    this.#changes = 0
    this.#log.divide(line)
    const end = (): void => {
      this.#isMaterializing = false
      snapshot.release()
    }
    return {
      line,
      steps: encodeWhole(snapshot),
      stored: (object) => {
        end()
        this.#wholes.add(new WholeState(line, object === null ? [] : [object]))
      },
      failed: () => {
        end()
        this.#changes += 1
      },
    }
  }

  /** Objects that no checkpoint has named: when the attempt ends nobody else will delete them. */
  unnamedObjects(): readonly StoredObject[] {
    return this.#wholes.all.flatMap(({ isUnnamed, objects }) => (isUnnamed ? (objects ?? []) : []))
  }

  restore(segments: Iterable<KeyGroupSegment>): void {
    const all = [...segments]
    this.#options.tracker.ignore(() => {
      this.#inner.restore(all)
    })
    if (all.length > 0) this.forgetRestored()
  }

  restoreRows(states: readonly StateInfo[], rows: Iterable<StoredRow>): void {
    this.#options.tracker.ignore(() => {
      this.#inner.restoreRows(states, rows)
    })
    this.forgetRestored()
  }

  restoreRuns(
    states: readonly StateInfo[],
    runs: readonly StoredRun[],
    checkpoint: CheckpointId,
  ): void {
    this.restoreLogged(states, runs, [], checkpoint)
  }

  /** The same with changes that are newer than all runs, newest first, and no objects. */
  restoreLogged(
    states: readonly StateInfo[],
    runs: readonly StoredRun[],
    logged: readonly SortedRun[],
    checkpoint: CheckpointId,
  ): void {
    const all = [...logged.map((run) => ({ run })), ...runs]
    this.#options.tracker.ignore(() => {
      this.#inner.restoreRows(states, rowsInRange(all, this.range))
    })
    if (this.#wholes.all.length === 0) return
    // What holds rows of others must not be named: whoever restores it could not tell them from ours.
    if (!runs.every(({ run }) => liesIn(run, this.range))) {
      this.forgetRestored()
      return
    }
    this.#restored = [...this.#restored, ...runs.map(({ object }) => object)]
    this.#wholes.clear()
    this.#wholes.add(new WholeState(0, this.#restored, checkpoint))
  }

  /** What was restored cannot be named again: the first snapshot writes the whole state. */
  forgetRestored(): void {
    this.#wholes.clear()
  }

  #snapshotWhole(request: SnapshotRequest, line: LogLine): KeyedStateSnapshot {
    const whole = new WholeState(line, null)
    this.#wholes.clear()
    this.#wholes.add(whole)
    this.#changes = 0
    this.#log.startOver(line)
    return this.#snapshotOf(request, whole, {
      type: 'new',
      snapshot: this.#inner.snapshot(),
      onStored: (sizeBytes) => this.#options.onWholeStored?.(sizeBytes),
    })
  }

  #snapshotOf(
    request: SnapshotRequest,
    whole: WholeState,
    content: ConstructorParameters<typeof ChangelogSnapshot>[0]['content'],
  ): KeyedStateSnapshot {
    const { maxParallelism } = this
    const states = (): readonly StateInfo[] => this.stateInfos()
    return new ChangelogSnapshot({ request, maxParallelism, whole, content, states })
  }

  /** Batches are written in order: those before this one come to their end first. The bytes that were worked on. */
  #advance(batch: Batch): number {
    let bytes = 0
    for (const next of this.#batches) {
      if (next.line > batch.line) break
      bytes += next.changes.encode(STEP_BYTES - bytes)
      if (bytes >= STEP_BYTES) return bytes
      next.size = this.#log.write(next.line, next.checkpoint, next.changes.changes())
      this.#batches = this.#batches.filter((other) => other !== next)
    }
    return bytes
  }
}

function liesIn({ firstKey, lastKey }: SortedRun, { first, last }: KeyGroupRange): boolean {
  if (firstKey === undefined) return true
  return first <= keyGroupOfRow(firstKey) && keyGroupOfRow(lastKey) <= last
}
