/**
 * The rows of a timer queue: one cache line of 64 bytes each, in one buffer that doubles and halves.
 * Must not know the order of timers. Rows are dense: removal moves the last one into the gap.
 *
 *   0  time (float64)
 *   8  hash of the key, 12 value tag 0, kind and length, 16 the key: as in rows of tables (see row-layout.ts)
 *   32 start, 40 end, 48 order among equal times (float64)
 *   56 hash of the timer (int32); not part of snapshots
 *
 * Keys longer than 16 bytes stand beside the rows. The columns are native typed arrays: little-endian on every machine
 * that Weir runs on, as segments are.
 */

import { assert } from '../assert.ts'
import { decodeKey } from '../serializer.ts'
import type { LookupKey } from './lookup-key.ts'
import { HASH_AT, KEY_AT, META_AT } from './row-layout.ts'
import { readKey } from './stored-key.ts'

export const TIMER_ROW_BYTES = 64

const ROWS_MIN = 16
const DOUBLES = TIMER_ROW_BYTES / 8
const WORDS = TIMER_ROW_BYTES / 4
const START = 4
const END = 5
const ORDER = 6
const HASH = HASH_AT / 4
const HEADER = META_AT / 4
const KEY = KEY_AT / 4
const TIMER_HASH = 14

/** A key that does not fit into a row: a string, or the bytes of any other. */
export type LongKey = string | Uint8Array

export interface TimerTimes {
  readonly time: number
  readonly start: number
  readonly end: number
}

export class TimerRows {
  #doubles = new Float64Array(ROWS_MIN * DOUBLES)
  #words = new Int32Array(this.#doubles.buffer)
  #view = new DataView(this.#doubles.buffer)
  #longKeys = new Map<number, LongKey>()
  #count = 0

  get count(): number {
    return this.#count
  }

  get sizeBytes(): number {
    return this.#doubles.byteLength
  }

  /** The bytes of all rows, copied. */
  copyBytes(): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.#doubles.buffer.slice(0, this.#count * TIMER_ROW_BYTES))
  }

  copyLongKeys(): ReadonlyMap<number, LongKey> {
    return new Map(this.#longKeys)
  }

  time(row: number): number {
    return this.#doubles[row * DOUBLES] ?? 0
  }
  start(row: number): number {
    return this.#doubles[row * DOUBLES + START] ?? 0
  }
  end(row: number): number {
    return this.#doubles[row * DOUBLES + END] ?? 0
  }
  order(row: number): number {
    return this.#doubles[row * DOUBLES + ORDER] ?? 0
  }
  keyHash(row: number): number {
    return this.#words[row * WORDS + HASH] ?? 0
  }
  timerHash(row: number): number {
    return this.#words[row * WORDS + TIMER_HASH] ?? 0
  }

  key(row: number): unknown {
    const long = this.#longKeys.size === 0 ? undefined : this.#longKeys.get(row)
    if (long === undefined) return readKey(this.#view, row * TIMER_ROW_BYTES, [])
    return typeof long === 'string' ? long : decodeKey(long)
  }

  holds(row: number, key: LookupKey, time: number, start: number, end: number): boolean {
    const at = row * DOUBLES
    const doubles = this.#doubles
    if (doubles[at] !== time || doubles[at + START] !== start || doubles[at + END] !== end) {
      return false
    }
    const words = this.#words
    const word = row * WORDS
    if (words[word + HEADER] !== key.header) return false
    if (!key.isInline) return this.#holdsLong(row, key)
    return (
      words[word + KEY] === key.word0 &&
      words[word + KEY + 1] === key.word1 &&
      words[word + KEY + 2] === key.word2 &&
      words[word + KEY + 3] === key.word3
    )
  }

  /** Adds a row at the end. */
  append(key: LookupKey, times: TimerTimes, order: number, timerHash: number): number {
    const row = this.#grow()
    const at = row * DOUBLES
    this.#doubles[at] = times.time
    this.#doubles[at + START] = times.start
    this.#doubles[at + END] = times.end
    this.#doubles[at + ORDER] = order
    const word = row * WORDS
    this.#words[word + HASH] = key.hash
    this.#words[word + HEADER] = key.header
    this.#words[word + KEY] = key.isInline ? key.word0 : 0
    this.#words[word + KEY + 1] = key.isInline ? key.word1 : 0
    this.#words[word + KEY + 2] = key.isInline ? key.word2 : 0
    this.#words[word + KEY + 3] = key.isInline ? key.word3 : 0
    this.#words[word + TIMER_HASH] = timerHash
    if (!key.isInline) this.#longKeys.set(row, longKeyOf(key))
    return row
  }

  /** Adds a row of a snapshot; its hash must be set then. */
  appendBytes(bytes: Uint8Array, longKey: LongKey | undefined): number {
    const row = this.#grow()
    new Uint8Array(this.#doubles.buffer, row * TIMER_ROW_BYTES, bytes.length).set(bytes)
    if (longKey !== undefined) this.#longKeys.set(row, longKey)
    return row
  }

  setTimerHash(row: number, hash: number): void {
    this.#words[row * WORDS + TIMER_HASH] = hash
  }

  /** Removes the row by moving the last one there. */
  remove(row: number): void {
    const last = this.#count - 1
    assert(row <= last, `A timer queue has no row ${row}.`)
    if (this.#longKeys.size > 0) this.#moveLongKey(last, row)
    if (row !== last) {
      this.#doubles.copyWithin(row * DOUBLES, last * DOUBLES, (last + 1) * DOUBLES)
    }
    this.#count = last
    const capacity = this.#doubles.length / DOUBLES
    if (last >= ROWS_MIN && last * 4 < capacity) this.#resize(capacity / 2)
  }

  #grow(): number {
    const row = this.#count
    if ((row + 1) * DOUBLES > this.#doubles.length) this.#resize(row * 2)
    this.#count = row + 1
    return row
  }

  #resize(rows: number): void {
    const doubles = new Float64Array(rows * DOUBLES)
    doubles.set(this.#doubles.subarray(0, this.#count * DOUBLES))
    this.#doubles = doubles
    this.#words = new Int32Array(doubles.buffer)
    this.#view = new DataView(doubles.buffer)
  }

  #moveLongKey(from: number, to: number): void {
    const key = this.#longKeys.get(from)
    this.#longKeys.delete(from)
    if (from === to) return
    if (key === undefined) this.#longKeys.delete(to)
    else this.#longKeys.set(to, key)
  }

  #holdsLong(row: number, key: LookupKey): boolean {
    const stored = this.#longKeys.get(row)
    if (stored === undefined) return false
    return typeof stored === 'string' ? stored === key.value : isEqual(stored, key.encoded)
  }
}

function longKeyOf(key: LookupKey): LongKey {
  return typeof key.value === 'string' ? key.value : key.encoded
}

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i])
}
