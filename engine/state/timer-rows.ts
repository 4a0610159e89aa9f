/**
 * The rows of a timer queue: one cache line of 64 bytes each, in pages that are copied before the first write after a
 * freeze. Must not know the order of timers. Rows are dense: removal moves the last one into the gap.
 *
 *   0  time (float64)
 *   8  hash of the key, 12 value tag 0, kind and length, 16 the key: as in rows of tables (see row-layout.ts)
 *   32 start, 40 end, 48 order among equal times (float64)
 *   56 hash of the timer (int32); not part of snapshots
 *
 * Keys longer than 16 bytes stand beside the rows. The columns are native typed arrays: little-endian on every machine
 * that Weir runs on, as segments are.
 */

import { assert, present } from '../assert.ts'
import { decodeKey, encodeKey } from '../serializer.ts'
import type { LookupKey } from './lookup-key.ts'
import { HASH_AT, KEY_AT, META_AT } from './row-layout.ts'
import { readKey } from './stored-key.ts'

export const TIMER_ROW_BYTES = 64

const PAGE_BITS = 8
const ROWS_PER_PAGE = 1 << PAGE_BITS
const ROW_MASK = ROWS_PER_PAGE - 1
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

interface TimerPage {
  readonly doubles: Float64Array<ArrayBuffer>
  readonly words: Int32Array<ArrayBuffer>
  readonly view: DataView<ArrayBuffer>
  /** By row of the page. */
  readonly longKeys: (LongKey | undefined)[]
  readonly epoch: number
}

/** The rows of one moment. */
export interface FrozenTimerRows {
  readonly count: number
  /** The bytes of the row, in place. */
  bytes(row: number): Uint8Array
  longKey(row: number): LongKey | undefined
  /** The rows must not be read any more. Idempotent. */
  release(): void
}

export class TimerRows {
  #pages: TimerPage[] = []
  #count = 0
  #epoch = 0
  #viewCount = 0

  get count(): number {
    return this.#count
  }

  get sizeBytes(): number {
    return this.#pages.length * ROWS_PER_PAGE * TIMER_ROW_BYTES
  }

  freeze(): FrozenTimerRows {
    const pages = this.#pages.slice()
    this.#epoch += 1
    this.#viewCount += 1
    let isReleased = false
    return {
      count: this.#count,
      bytes: (row) => {
        const { doubles } = pageOf(pages, row)
        return new Uint8Array(doubles.buffer, (row & ROW_MASK) * TIMER_ROW_BYTES, TIMER_ROW_BYTES)
      },
      longKey: (row) => pageOf(pages, row).longKeys[row & ROW_MASK],
      release: () => {
        if (!isReleased) this.#viewCount -= 1
        isReleased = true
      },
    }
  }

  time(row: number): number {
    return this.#double(row, 0)
  }
  start(row: number): number {
    return this.#double(row, START)
  }
  end(row: number): number {
    return this.#double(row, END)
  }
  order(row: number): number {
    return this.#double(row, ORDER)
  }
  keyHash(row: number): number {
    return this.#word(row, HASH)
  }
  timerHash(row: number): number {
    return this.#word(row, TIMER_HASH)
  }

  key(row: number): unknown {
    const { view, longKeys } = pageOf(this.#pages, row)
    const at = row & ROW_MASK
    const long = longKeys.length === 0 ? undefined : longKeys[at]
    if (long === undefined) return readKey(view, at * TIMER_ROW_BYTES, [])
    return typeof long === 'string' ? long : decodeKey(long)
  }

  /** The row in place, until the next write, with a key that does not fit into it. */
  stored(row: number): { readonly bytes: Uint8Array; readonly longKey: Uint8Array | undefined } {
    const { doubles, longKeys } = pageOf(this.#pages, row)
    const at = (row & ROW_MASK) * TIMER_ROW_BYTES
    const long = longKeys[row & ROW_MASK]
    return {
      bytes: new Uint8Array(doubles.buffer, at, TIMER_ROW_BYTES),
      longKey: typeof long === 'string' ? encodeKey(long) : long,
    }
  }

  holds(row: number, key: LookupKey, time: number, start: number, end: number): boolean {
    const { doubles, words, longKeys } = pageOf(this.#pages, row)
    const at = (row & ROW_MASK) * DOUBLES
    if (doubles[at] !== time || doubles[at + START] !== start || doubles[at + END] !== end) {
      return false
    }
    const word = at * 2
    if (words[word + HEADER] !== key.header) return false
    if (!key.isInline) return isSameKey(longKeys[row & ROW_MASK], key)
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
    const { doubles, words, longKeys } = this.#writable(row)
    const at = (row & ROW_MASK) * DOUBLES
    doubles[at] = times.time
    doubles[at + START] = times.start
    doubles[at + END] = times.end
    doubles[at + ORDER] = order
    const word = at * 2
    words[word + HASH] = key.hash
    words[word + HEADER] = key.header
    words[word + KEY] = key.isInline ? key.word0 : 0
    words[word + KEY + 1] = key.isInline ? key.word1 : 0
    words[word + KEY + 2] = key.isInline ? key.word2 : 0
    words[word + KEY + 3] = key.isInline ? key.word3 : 0
    words[word + TIMER_HASH] = timerHash
    if (!key.isInline) longKeys[row & ROW_MASK] = longKeyOf(key)
    return row
  }

  /** Adds a row of a snapshot; the hash of its timer must be set then. */
  appendBytes(bytes: Uint8Array, longKey: LongKey | undefined): number {
    const row = this.#grow()
    const { doubles, longKeys } = this.#writable(row)
    new Uint8Array(doubles.buffer, (row & ROW_MASK) * TIMER_ROW_BYTES, bytes.length).set(bytes)
    if (longKey !== undefined) longKeys[row & ROW_MASK] = longKey
    return row
  }

  setTimerHash(row: number, hash: number): void {
    this.#writable(row).words[(row & ROW_MASK) * WORDS + TIMER_HASH] = hash
  }

  /** Removes the row by moving the last one there. */
  remove(row: number): void {
    const last = this.#count - 1
    assert(row <= last, `A timer queue has no row ${row}.`)
    if (row !== last) this.#move(last, row)
    const { longKeys } = pageOf(this.#pages, last)
    if (longKeys.length > 0) this.#writable(last).longKeys[last & ROW_MASK] = undefined
    this.#count = last
    // One page more than needed stays, so that adding and removing in turn allocates nothing.
    const needed = (last + ROWS_PER_PAGE - 1) >> PAGE_BITS
    if (this.#pages.length > needed + 1) this.#pages.length = needed + 1
  }

  #move(from: number, to: number): void {
    const source = pageOf(this.#pages, from)
    const target = this.#writable(to)
    const begin = (from & ROW_MASK) * DOUBLES
    const at = (to & ROW_MASK) * DOUBLES
    for (let i = 0; i < DOUBLES; i += 1) target.doubles[at + i] = source.doubles[begin + i] ?? 0
    if (source.longKeys.length === 0 && target.longKeys.length === 0) return
    target.longKeys[to & ROW_MASK] = source.longKeys[from & ROW_MASK]
  }

  #grow(): number {
    const row = this.#count
    if (row >> PAGE_BITS === this.#pages.length) this.#pages.push(newPage(this.#epoch))
    this.#count = row + 1
    return row
  }

  #writable(row: number): TimerPage {
    const page = pageOf(this.#pages, row)
    if (page.epoch === this.#epoch || this.#viewCount === 0) return page
    const copy = newPage(this.#epoch)
    copy.doubles.set(page.doubles)
    for (const [at, key] of page.longKeys.entries()) copy.longKeys[at] = key
    this.#pages[row >> PAGE_BITS] = copy
    return copy
  }

  #double(row: number, column: number): number {
    return pageOf(this.#pages, row).doubles[(row & ROW_MASK) * DOUBLES + column] ?? 0
  }

  #word(row: number, column: number): number {
    return pageOf(this.#pages, row).words[(row & ROW_MASK) * WORDS + column] ?? 0
  }
}

function newPage(epoch: number): TimerPage {
  const doubles = new Float64Array(ROWS_PER_PAGE * DOUBLES)
  const { buffer } = doubles
  const words = new Int32Array(buffer)
  return { doubles, words, view: new DataView(buffer), longKeys: [], epoch }
}

function pageOf(pages: readonly TimerPage[], row: number): TimerPage {
  return present(pages[row >> PAGE_BITS], 'A timer has no page.')
}

function longKeyOf(key: LookupKey): LongKey {
  return typeof key.value === 'string' ? key.value : key.encoded
}

function isSameKey(stored: LongKey | undefined, key: LookupKey): boolean {
  if (!(stored instanceof Uint8Array)) return stored === key.value
  const { encoded } = key
  return stored.length === encoded.length && stored.every((byte, i) => byte === encoded[i])
}
