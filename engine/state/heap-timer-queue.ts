/**
 * A timer queue in memory: dense rows, found through a hash index, ordered by a heap. Adding a timer that is there
 * already, the usual case in windows, is one probe. Must not know backends or functions.
 * Invariant: index, heap and rows speak of the same timers; no two timers of a key have the same order.
 */

import { assert } from '../assert.ts'
import { ConfigurationError } from '../errors.ts'
import { HashIndex, mixHash } from './hash-index.ts'
import type { LookupKey } from './lookup-key.ts'
import type { RowObserver } from './rows/row-observer.ts'
import { TimerHeap } from './timer-heap.ts'
import { TimerRows } from './timer-rows.ts'
import { FrozenTimers, toLongKey, type TimerSegment } from './timer-segment.ts'
import type { DueTimer, TimerDomain, TimerQueue } from './timer-queue.ts'

export class HeapTimerQueue implements TimerQueue {
  readonly #domain: TimerDomain
  readonly #key: LookupKey
  readonly #rows = new TimerRows()
  readonly #observer: RowObserver | undefined
  readonly #heap = new TimerHeap()
  readonly #index = new HashIndex()
  /** Where the bits of times are looked at. */
  readonly #scratch = new Float64Array(2)
  readonly #bits = new Int32Array(this.#scratch.buffer)
  #nextOrder = 0

  constructor(domain: TimerDomain, key: LookupKey, observer?: RowObserver) {
    this.#domain = domain
    this.#key = key
    this.#observer = observer
  }

  get size(): number {
    return this.#rows.count
  }

  get sizeBytes(): number {
    return this.#rows.sizeBytes + this.#heap.sizeBytes + this.#index.sizeBytes
  }

  add(time: number, start: number, end: number): boolean {
    const hash = this.#hash(this.#key.hash, time, start)
    if (this.#find(hash, time, start, end) >= 0) return false
    this.#check(time, start, end)
    const row = this.#rows.append(this.#key, { time, start, end }, this.#nextOrder, hash)
    this.#link(row, hash)
    this.#observer?.timer(this.#domain, this.#timer(row), this.#rows.stored(row))
    return true
  }

  remove(time: number, start: number, end: number): boolean {
    this.#check(time, start, end)
    const hash = this.#hash(this.#key.hash, time, start)
    const row = this.#find(hash, time, start, end)
    if (row < 0) return false
    this.#observer?.timer(this.#domain, this.#timer(row), undefined)
    this.#delete(row)
    return true
  }

  peekTime(): number {
    return this.#heap.firstTime
  }

  poll(): DueTimer | undefined {
    if (this.#rows.count === 0) return undefined
    const row = this.#heap.firstRow
    const due = this.#timer(row)
    this.#observer?.timer(this.#domain, due, undefined)
    this.#delete(row)
    return due
  }

  freeze(maxParallelism: number): FrozenTimers {
    return new FrozenTimers(this.#domain, this.#rows.freeze(), maxParallelism)
  }

  /** Adds the timers of a key group that is not here yet. */
  load({ rows }: TimerSegment): void {
    for (const { bytes, longKey } of rows) {
      const row = this.#rows.appendBytes(bytes, toLongKey(longKey))
      const hash = this.#hash(this.#rows.keyHash(row), this.#rows.time(row), this.#rows.start(row))
      this.#rows.setTimerHash(row, hash)
      this.#link(row, hash)
    }
  }

  #timer(row: number): DueTimer {
    const rows = this.#rows
    return {
      key: rows.key(row),
      hash: rows.keyHash(row),
      time: rows.time(row),
      start: rows.start(row),
      end: rows.end(row),
    }
  }

  /** Makes a new row known to index and heap. */
  #link(row: number, hash: number): void {
    const order = this.#rows.order(row)
    this.#nextOrder = Math.max(this.#nextOrder, order + 1)
    this.#heap.push(row, this.#rows.time(row), order)
    if (!this.#index.resizeFor(this.#rows.count)) this.#index.add(hash, row)
    else this.#reindex()
  }

  #find(hash: number, time: number, start: number, end: number): number {
    const words = this.#index.words
    const bits = this.#index.bits
    const mask = words.length - 1
    const print = hash << bits
    for (let slot = hash >>> (32 - bits); ; slot = (slot + 1) & mask) {
      const word = words[slot] ?? 0
      if (word === 0) return -1
      if ((word ^ print) >>> bits !== 0) continue
      const row = (word & mask) - 1
      if (this.#rows.holds(row, this.#key, time, start, end)) return row
    }
  }

  #delete(row: number): void {
    const rows = this.#rows
    const last = rows.count - 1
    this.#index.remove(rows.timerHash(row), row, (entry) => rows.timerHash(entry))
    this.#heap.remove(row)
    if (row !== last) {
      this.#index.move(rows.timerHash(last), last, row)
      this.#heap.move(last, row)
    }
    rows.remove(row)
    if (this.#index.resizeFor(rows.count)) this.#reindex()
    assert(this.#heap.count === rows.count, 'The heap of timers has lost a row.')
  }

  #reindex(): void {
    for (let row = 0; row < this.#rows.count; row += 1) {
      this.#index.add(this.#rows.timerHash(row), row)
    }
  }

  /** -0 and 0 are the same time, so they have the same hash. */
  #hash(keyHash: number, time: number, start: number): number {
    this.#scratch[0] = time + 0
    this.#scratch[1] = start + 0
    const bits = this.#bits
    let hash = Math.imul(keyHash ^ (bits[0] ?? 0), 0x85ebca6b)
    hash = Math.imul(hash ^ (hash >>> 15) ^ (bits[1] ?? 0), 0xc2b2ae35)
    hash = Math.imul(hash ^ (hash >>> 13) ^ (bits[2] ?? 0), 0x27d4eb2f)
    hash = Math.imul(hash ^ (hash >>> 15) ^ (bits[3] ?? 0), 0x165667b1)
    return mixHash(hash ^ (hash >>> 14))
  }

  #check(time: number, start: number, end: number): void {
    const isNaN = Number.isNaN(time) || Number.isNaN(start) || Number.isNaN(end)
    assert(!isNaN, `A timer at ${time} for [${start}, ${end}) is no timer.`)
    if (this.#key.group >= 0) return
    throw new ConfigurationError(
      'no-current-key',
      'A timer was used without a current key: timers exist only in functions after keyBy, and only while a record or ' +
        'a timer is processed.',
    )
  }
}
