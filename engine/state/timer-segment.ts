/**
 * The timers of a domain inside a segment: the rows as they are, then the keys that do not fit into rows.
 * Must not know the queue: what is written is a frozen copy of its rows. Timers of a key group keep their relative order.
 */

import { decodeKey, encodeKey } from '../serializer.ts'
import { checkIntact } from './corrupt-state-error.ts'
import { keyGroupOf } from './key-groups.ts'
import { HASH_AT, KEY_IN_ARENA, LENGTH_AT } from './row-layout.ts'
import type { SegmentReader, SegmentWriter } from './segment-bytes.ts'
import { readKey } from './stored-key.ts'
import type { FrozenTimerRows, LongKey } from './timer-rows.ts'
import type { DueTimer, TimerDomain } from './timer-queue.ts'

/** A row without the hash of the timer. */
export const STORED_ROW_BYTES = 56
const START_AT = 32
const END_AT = 40
const ORDER_AT = 48

const TIMER_DOMAINS: readonly TimerDomain[] = ['event', 'processing']

/** The timers of one domain in one key group. */
export interface TimerSegment {
  readonly domain: TimerDomain
  readonly rows: readonly StoredTimer[]
}

export interface StoredTimer {
  readonly bytes: Uint8Array
  /** The key, if it does not fit into the row: its bytes by `encodeKey`. */
  readonly longKey: Uint8Array | undefined
}

/** A queue's rows of one moment, of which each key group is taken out when it is written. */
export class FrozenTimers {
  readonly #domain: TimerDomain
  readonly #rows: FrozenTimerRows
  readonly #maxParallelism: number
  #rowsByGroup: Map<number, number[]> | undefined

  constructor(domain: TimerDomain, rows: FrozenTimerRows, maxParallelism: number) {
    this.#domain = domain
    this.#rows = rows
    this.#maxParallelism = maxParallelism
  }

  /** Undefined if the key group has no timers. */
  group(keyGroup: number): TimerSegment | undefined {
    this.#rowsByGroup ??= this.#split()
    const rows = this.#rowsByGroup.get(keyGroup)
    return rows && { domain: this.#domain, rows: rows.map((row) => this.#row(row)) }
  }

  release(): void {
    this.#rows.release()
  }

  #split(): Map<number, number[]> {
    const groups = new Map<number, number[]>()
    for (let row = 0; row < this.#rows.count; row += 1) {
      const keyGroup = keyGroupOf(hashOf(this.#rows.bytes(row)), this.#maxParallelism)
      const rows = groups.get(keyGroup)
      if (rows === undefined) groups.set(keyGroup, [row])
      else rows.push(row)
    }
    return groups
  }

  #row(row: number): StoredTimer {
    const long = this.#rows.longKey(row)
    return {
      bytes: this.#rows.bytes(row).subarray(0, STORED_ROW_BYTES),
      longKey: typeof long === 'string' ? encodeKey(long) : long,
    }
  }
}

export function timersSizeHint({ rows }: TimerSegment): number {
  let size = 8 + rows.length * STORED_ROW_BYTES
  for (const { longKey } of rows) if (longKey !== undefined) size += 4 + longKey.length
  return size
}

export function writeTimers(writer: SegmentWriter, { domain, rows }: TimerSegment): void {
  writer.u32(TIMER_DOMAINS.indexOf(domain))
  writer.u32(rows.length)
  for (const { bytes } of rows) writer.bytes(bytes)
  for (const { longKey } of rows) {
    if (longKey === undefined) continue
    writer.u32(longKey.length)
    writer.bytes(longKey)
  }
}

export function readTimers(reader: SegmentReader): TimerSegment {
  const index = reader.u32()
  const domain = TIMER_DOMAINS[index]
  checkIntact(domain !== undefined, `There is no domain ${index} of timers.`)
  const count = reader.u32()
  const block = reader.bytes(count * STORED_ROW_BYTES)
  const rows: StoredTimer[] = []
  for (let at = 0; at < block.length; at += STORED_ROW_BYTES) {
    const bytes = block.subarray(at, at + STORED_ROW_BYTES)
    const isLong = bytes[LENGTH_AT] === KEY_IN_ARENA
    rows.push({ bytes, longKey: isLong ? reader.bytes(reader.u32()) : undefined })
  }
  return { domain, rows }
}

/** A key as a queue keeps it beside its rows. */
export function toLongKey(longKey: Uint8Array | undefined): LongKey | undefined {
  if (longKey === undefined) return undefined
  const key = decodeKey(longKey)
  return typeof key === 'string' ? key : longKey.slice()
}

/** For reading without a queue. */
export function decodeTimer({ bytes, longKey }: StoredTimer): DueTimer {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return {
    key: longKey === undefined ? readKey(view, 0, []) : decodeKey(longKey),
    hash: view.getInt32(HASH_AT, true),
    time: view.getFloat64(0, true),
    start: view.getFloat64(START_AT, true),
    end: view.getFloat64(END_AT, true),
  }
}

/** Its place among the timers of the same time. */
export function timerOrder({ bytes }: StoredTimer): number {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getFloat64(ORDER_AT, true)
}

function hashOf(row: Uint8Array): number {
  const at = HASH_AT
  return (
    (row[at] ?? 0) |
    ((row[at + 1] ?? 0) << 8) |
    ((row[at + 2] ?? 0) << 16) |
    ((row[at + 3] ?? 0) << 24)
  )
}
