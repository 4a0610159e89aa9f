/**
 * Keys of rows: where a row belongs, as bytes that say everything and sort by key group, then by state. Independent of
 * the subtask and the backend that wrote them. Must not know values.
 *
 *   key group u16 | 0 | length u16, name of the state | length u32, key | namespace float64, of namespaced states
 *   key group u16 | 1 event time, 2 processing time | length u32, key | time float64 | start float64 | end float64
 */

import { decodeKey, encodeKey, hashKey, text } from '../../serializer.ts'
import { checkIntact } from '../corrupt-state-error.ts'
import type { LookupKey } from '../lookup-key.ts'
import type { DueTimer, TimerDomain } from '../timer-queue.ts'

export type RowAddress = StateRowAddress | TimerRowAddress

export interface StateRowAddress {
  readonly type: 'state'
  readonly keyGroup: number
  readonly state: string
  readonly key: unknown
  readonly hash: number
  /** 0 if the state has no namespaces. */
  readonly namespace: number
}

export interface TimerRowAddress {
  readonly type: 'timer'
  readonly keyGroup: number
  readonly domain: TimerDomain
  readonly timer: DueTimer
}

const STATE = 0
const DOMAINS: readonly TimerDomain[] = ['event', 'processing']

/** The begin of all row keys of a key group. */
export function keyGroupPrefix(keyGroup: number): Uint8Array {
  return new Uint8Array([keyGroup >>> 8, keyGroup & 0xff])
}

/** The begin of all row keys of a state in a key group. `name` is `text.encode(state)`. */
export function statePrefix(keyGroup: number, name: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(5 + name.length)
  const view = new DataView(bytes.buffer)
  view.setUint16(0, keyGroup)
  bytes[2] = STATE
  view.setUint16(3, name.length)
  bytes.set(name, 5)
  return bytes
}

/** The begin of all row keys of timers in a key group. */
export function timerPrefix(keyGroup: number, domain: TimerDomain): Uint8Array {
  return new Uint8Array([keyGroup >>> 8, keyGroup & 0xff, DOMAINS.indexOf(domain) + 1])
}

/** The row key of the current key (and namespace) in a state. */
export function stateRowKey(
  name: Uint8Array,
  isNamespaced: boolean,
  { group, value, namespace }: LookupKey,
): Uint8Array {
  const key = encodeKey(value)
  const at = 5 + name.length
  const bytes = new Uint8Array(at + 4 + key.length + (isNamespaced ? 8 : 0))
  bytes[0] = group >>> 8
  bytes[1] = group & 0xff
  bytes[2] = STATE
  bytes[3] = name.length >>> 8
  bytes[4] = name.length & 0xff
  bytes.set(name, 5)
  bytes[at] = key.length >>> 24
  bytes[at + 1] = (key.length >>> 16) & 0xff
  bytes[at + 2] = (key.length >>> 8) & 0xff
  bytes[at + 3] = key.length & 0xff
  bytes.set(key, at + 4)
  if (isNamespaced) new DataView(bytes.buffer).setFloat64(at + 4 + key.length, namespace)
  return bytes
}

export function timerRowKey(keyGroup: number, domain: TimerDomain, timer: DueTimer): Uint8Array {
  const key = encodeKey(timer.key)
  const prefix = timerPrefix(keyGroup, domain)
  const at = prefix.length + 4 + key.length
  const bytes = new Uint8Array(at + 24)
  const view = new DataView(bytes.buffer)
  bytes.set(prefix)
  view.setUint32(prefix.length, key.length)
  bytes.set(key, prefix.length + 4)
  // As times, -0 and 0 are the same.
  view.setFloat64(at, timer.time + 0)
  view.setFloat64(at + 8, timer.start + 0)
  view.setFloat64(at + 16, timer.end + 0)
  return bytes
}

/** The key group of a row key, or -1 if it is none. */
export function keyGroupOfRow(rowKey: Uint8Array): number {
  return rowKey.length < 3 ? -1 : ((rowKey[0] ?? 0) << 8) | (rowKey[1] ?? 0)
}

/** Throws a CorruptStateError if the bytes are no row key. */
export function decodeRowKey(rowKey: Uint8Array): RowAddress {
  const view = new DataView(rowKey.buffer, rowKey.byteOffset, rowKey.byteLength)
  checkLength(rowKey, 7)
  const keyGroup = view.getUint16(0)
  const kind = view.getUint8(2)
  if (kind !== STATE) return decodeTimer(rowKey, view, keyGroup, DOMAINS[kind - 1])
  const nameEnd = 5 + view.getUint16(3)
  checkLength(rowKey, nameEnd + 4)
  const end = nameEnd + 4 + view.getUint32(nameEnd)
  checkLength(rowKey, end)
  const rest = rowKey.length - end
  checkIntact(rest === 0 || rest === 8, `A row key has ${rest} unexpected bytes.`)
  const key = decodeKey(rowKey.slice(nameEnd + 4, end))
  return {
    type: 'state',
    keyGroup,
    state: text.decode(rowKey.subarray(5, nameEnd)),
    key,
    hash: hashKey(key),
    namespace: rest === 0 ? 0 : view.getFloat64(end),
  }
}

function decodeTimer(
  rowKey: Uint8Array,
  view: DataView,
  keyGroup: number,
  domain: TimerDomain | undefined,
): TimerRowAddress {
  checkIntact(domain !== undefined, 'A row key belongs to no state and to no timer.')
  const end = 7 + view.getUint32(3)
  checkIntact(rowKey.length === end + 24, `The row key of a timer has ${rowKey.length} bytes.`)
  const key = decodeKey(rowKey.slice(7, end))
  const [time, start, bound] = [0, 8, 16].map((at) => view.getFloat64(end + at))
  const timer = { key, hash: hashKey(key), time: time ?? 0, start: start ?? 0, end: bound ?? 0 }
  return { type: 'timer', keyGroup, domain, timer }
}

function checkLength(rowKey: Uint8Array, length: number): void {
  checkIntact(rowKey.length >= length, `A row key ends after ${rowKey.length} bytes.`)
}
