/**
 * Which rows of a backend changed, each with its full value as bytes: for incremental snapshots and for logs of changes.
 * `freeze` draws a line; what changed before it is encoded later, in slices, and a row that is about to be written again
 * is encoded first. So a frozen set shows the moment of its line, at a cost in proportion to the changes.
 * With a `load` the tables are a cache of something larger: a row is loaded when it is used for the first time, and
 * stays known until it is evicted. Must not know what the changes are for.
 * Invariant: a row that waits in a frozen set has not been written since.
 */

import { encodeKey, text } from '../../serializer.ts'
import type { HeapStore } from '../heap-store.ts'
import { keyGroupOf } from '../key-groups.ts'
import { LookupKey } from '../lookup-key.ts'
import { mapKeyId } from '../map-container.ts'
import type { DueTimer, TimerDomain } from '../timer-queue.ts'
import type { StoredTimer } from '../timer-segment.ts'
import { compareBytes, type RowChange } from './row-change.ts'
import { RowIndex } from './row-index.ts'
import { stateRowKey, timerRowKey } from './row-key.ts'
import type { RowObserver } from './row-observer.ts'
import { encodeTimerRow } from './row-value.ts'

export interface ChangeTrackerOptions {
  readonly maxParallelism: number
  /** Fills the row of the key, if there is one elsewhere. Absent: the tables hold everything. */
  readonly load?: (store: HeapStore, rowKey: Uint8Array, key: LookupKey) => void
  /** Called for every row before it is taken out of the tables. */
  readonly onEvict?: (store: HeapStore, key: LookupKey) => void
  /** Mutant B-3: a row that waits to be encoded is written first. */
  readonly aliasSnapshots?: boolean
}

/** What changed up to a moment. */
export interface FrozenChanges {
  /** Encodes rows of about so many bytes; how many bytes they were, 0 if none is left. */
  encode(bytesMax: number): number
  /** All of them in the order of row keys; encodes what is left. */
  changes(): Iterable<RowChange>
  /** Nobody wants them. */
  discard(): void
}

interface TrackedRow {
  readonly store: HeapStore
  readonly key: unknown
  readonly hash: number
  readonly keyGroup: number
  readonly namespace: number
  /** Where the row waits to be encoded; null: nothing changed since it was encoded or loaded. */
  waitsIn: ChangeSet | null
}

interface TimerChange {
  readonly keyGroup: number
  readonly domain: TimerDomain
  readonly timer: DueTimer
  /** Null: it was removed. */
  readonly value: Uint8Array | null
}

export class ChangeTracker implements RowObserver {
  readonly #options: ChangeTrackerOptions
  readonly #rows = new RowIndex<TrackedRow>()
  readonly #encoder: RowEncoder
  readonly #scratch = new LookupKey()
  #current: ChangeSet
  #isIgnoring = false

  constructor(options: ChangeTrackerOptions) {
    this.#options = options
    this.#encoder = new RowEncoder((row) => {
      if (options.load === undefined) this.#forget(row)
    })
    this.#current = new ChangeSet(this.#encoder)
  }

  /** Rows that are known: changed ones, and loaded ones. */
  get rowCount(): number {
    return this.#rows.count
  }

  /** Rows and timers that changed since the last freeze. */
  get changeCount(): number {
    return this.#current.count
  }

  reads(store: HeapStore, key: LookupKey): void {
    if (this.#options.load === undefined || key.group < 0) return
    if (this.#rows.get(store, key) === undefined) this.#add(store, key)
  }

  writes(store: HeapStore, key: LookupKey): void {
    if (key.group < 0 || this.#isIgnoring) return
    const row = this.#rows.get(store, key) ?? this.#add(store, key)
    if (row.waitsIn === this.#current) return
    if (this.#options.aliasSnapshots !== true) row.waitsIn?.encodeNow(row)
    // Encoding may have made the tracker forget it.
    if (row.waitsIn === null && this.#rows.get(store, key) === undefined) {
      this.#rows.add(store, key, row)
    }
    row.waitsIn = this.#current
    this.#current.add(row)
  }

  /** What waits of it is encoded as long as it can be. */
  evicts(store: HeapStore, key: LookupKey): void {
    const row = this.#rows.get(store, key)
    row?.waitsIn?.encodeNow(row)
  }

  timer(domain: TimerDomain, timer: DueTimer, row: StoredTimer | undefined): void {
    if (this.#isIgnoring) return
    const keyGroup = keyGroupOf(timer.hash, this.#options.maxParallelism)
    const value = row === undefined ? null : encodeTimerRow(row)
    this.#current.addTimer({ keyGroup, domain, timer, value })
  }

  /** What happens during the call is no change: a restore. Only without `load`. */
  ignore(work: () => void): void {
    this.#isIgnoring = true
    work()
    this.#isIgnoring = false
  }

  /** Whether the row's content is in the tables. */
  isKnown(store: HeapStore, key: LookupKey): boolean {
    return this.#rows.get(store, key) !== undefined
  }

  /** The row's key if its content is not in the tables. */
  unknownRow(store: HeapStore, key: LookupKey): Uint8Array | null {
    return this.isKnown(store, key) ? null : this.#encoder.rowKey(store, key)
  }

  /** Draws a line: what changed since the last one. */
  freeze(): FrozenChanges {
    const frozen = this.#current
    this.#current = new ChangeSet(this.#encoder)
    return frozen
  }

  /**
   * Takes out of the tables what has not changed since it was encoded, those loaded first before others, until `rowsMax`
   * are left. Only when all that was encoded lies elsewhere.
   */
  evict(rowsMax: number): void {
    for (const row of this.#rows.values()) {
      if (this.#rows.count <= rowsMax) return
      if (row.waitsIn !== null) continue
      const key = lookUp(this.#scratch, row)
      this.#options.onEvict?.(row.store, key)
      row.store.dropRow(key)
      this.#rows.delete(row.store, key)
    }
  }

  #add(store: HeapStore, key: LookupKey): TrackedRow {
    const { value, hash, group, namespace } = key
    const row = { store, key: value, hash, keyGroup: group, namespace, waitsIn: null }
    this.#rows.add(store, key, row)
    this.#options.load?.(store, this.#encoder.rowKey(store, key), key)
    return row
  }

  #forget(row: TrackedRow): void {
    this.#rows.delete(row.store, lookUp(this.#scratch, row))
  }
}

/** Encodes rows as they are now. */
class RowEncoder {
  readonly #names = new Map<HeapStore, Uint8Array>()
  readonly #key = new LookupKey()
  readonly #onEncoded: (row: TrackedRow) => void

  constructor(onEncoded: (row: TrackedRow) => void) {
    this.#onEncoded = onEncoded
  }

  rowKey(store: HeapStore, key: LookupKey): Uint8Array {
    const name = this.#names.get(store) ?? text.encode(store.info.name)
    this.#names.set(store, name)
    return stateRowKey(name, store.info.isNamespaced, key)
  }

  encode(row: TrackedRow): RowChange {
    const key = lookUp(this.#key, row)
    return { key: this.rowKey(row.store, key), value: row.store.encodeRow(key) ?? null }
  }

  encoded(row: TrackedRow): void {
    row.waitsIn = null
    this.#onEncoded(row)
  }
}

class ChangeSet implements FrozenChanges {
  readonly #encoder: RowEncoder
  readonly #waiting = new Set<TrackedRow>()
  /** By key group. */
  readonly #encoded = new Map<number, RowChange[]>()
  /** The last change of each timer. */
  readonly #timers = new Map<string, TimerChange>()

  constructor(encoder: RowEncoder) {
    this.#encoder = encoder
  }

  get count(): number {
    return this.#waiting.size + this.#timers.size
  }

  add(row: TrackedRow): void {
    this.#waiting.add(row)
  }

  addTimer(change: TimerChange): void {
    this.#timers.set(timerId(change), change)
  }

  encodeNow(row: TrackedRow): number {
    const change = this.#encoder.encode(row)
    const group = this.#encoded.get(row.keyGroup)
    if (group === undefined) this.#encoded.set(row.keyGroup, [change])
    else group.push(change)
    this.#waiting.delete(row)
    // Under the mutant it may wait in a newer set by now.
    if (row.waitsIn === this) this.#encoder.encoded(row)
    return change.key.length + (change.value?.length ?? 0)
  }

  encode(bytesMax: number): number {
    let bytes = 0
    for (const row of this.#waiting) {
      bytes += this.encodeNow(row)
      if (bytes >= bytesMax) break
    }
    return bytes
  }

  discard(): void {
    for (const row of this.#waiting) this.#encoder.encoded(row)
    this.#waiting.clear()
    this.#encoded.clear()
    this.#timers.clear()
  }

  *changes(): Iterable<RowChange> {
    this.encode(Number.POSITIVE_INFINITY)
    const timers = new Map<number, TimerChange[]>()
    for (const change of this.#timers.values()) {
      const group = timers.get(change.keyGroup)
      if (group === undefined) timers.set(change.keyGroup, [change])
      else group.push(change)
    }
    const groups = [...new Set([...this.#encoded.keys(), ...timers.keys()])]
    for (const group of groups.sort((a, b) => a - b)) {
      const ofTimers = (timers.get(group) ?? []).map(({ domain, timer, value }) => {
        return { key: timerRowKey(group, domain, timer), value }
      })
      const rows = [...(this.#encoded.get(group) ?? []), ...ofTimers]
      rows.sort((a, b) => compareBytes(a.key, b.key))
      // A row that was evicted and changed again was encoded twice: the later one counts.
      yield* rows.filter(({ key }, index) => {
        const next = rows[index + 1]
        return next === undefined || compareBytes(key, next.key) !== 0
      })
    }
  }
}

/** The same for equal timers only; -0 and 0 are the same time. */
function timerId({ domain, timer }: TimerChange): string {
  const { key, time, start, end } = timer
  const id = typeof key === 'string' ? key : mapKeyId(encodeKey(key))
  return `${domain} ${time} ${start} ${end} ${typeof key} ${String(id)}`
}

function lookUp(scratch: LookupKey, { key, hash, keyGroup, namespace }: TrackedRow): LookupKey {
  scratch.set(key, hash, keyGroup)
  scratch.setNamespace(namespace)
  return scratch
}
