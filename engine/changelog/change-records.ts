/**
 * What a changelog writes to Kafka. A change is the full value of a row, or says that there is none; as a record without
 * value (a tombstone) it would vanish, and an older whole state would bring the row back. Tombstones are for what nobody
 * will read again. No two values that different checkpoints need have the same key: see decision 23.
 *
 *   key 'R' | epoch float64 | row key      value 1 | the row's value, or 0
 *   key 'H'                                value oldest float64 | floor float64
 */
import { checkIntact } from '../state/corrupt-state-error.ts'
import type { RecordData } from '../kafka/protocol.ts'
import type { RowChange } from '../state/rows/row-change.ts'

/** What the newest transaction in a partition says of all before it. */
export interface LogHead {
  /** Older checkpoints can no longer be restored from here. */
  readonly oldest: number
  /** Records of lower epochs are left alone. */
  readonly floor: number
}

export type LogEntry =
  | { readonly type: 'change'; readonly epoch: number; readonly change: RowChange }
  | { readonly type: 'tombstone'; readonly epoch: number }
  | { readonly type: 'head'; readonly head: LogHead }

const ROW = 0x52
const HEAD = 0x48
const ROW_KEY_AT = 9

export function changeRecord(epoch: number, change: RowChange, timestamp: number): RecordData {
  const key = new Uint8Array(ROW_KEY_AT + change.key.length)
  key[0] = ROW
  new DataView(key.buffer).setFloat64(1, epoch)
  key.set(change.key, ROW_KEY_AT)
  const value = new Uint8Array(1 + (change.value?.length ?? 0))
  if (change.value !== null) {
    value[0] = 1
    value.set(change.value, 1)
  }
  return { key, value, timestamp, headers: [] }
}

export function tombstone(key: Uint8Array, timestamp: number): RecordData {
  return { key, value: null, timestamp, headers: [] }
}

export function headRecord({ oldest, floor }: LogHead, timestamp: number): RecordData {
  const value = new Uint8Array(16)
  const view = new DataView(value.buffer)
  view.setFloat64(0, oldest)
  view.setFloat64(8, floor)
  return { key: Uint8Array.of(HEAD), value, timestamp, headers: [] }
}

/** Throws a CorruptStateError for a record that no changelog writes. */
export function decodeLogRecord({ key, value }: RecordData): LogEntry {
  checkIntact(key !== null && key.length > 0, 'A record of a changelog has no key.')
  if (key[0] === HEAD) {
    checkIntact(value?.length === 16, 'The head of a changelog has another length than 16 bytes.')
    const view = new DataView(value.buffer, value.byteOffset)
    return { type: 'head', head: { oldest: view.getFloat64(0), floor: view.getFloat64(8) } }
  }
  const isRow = key[0] === ROW && key.length > ROW_KEY_AT
  checkIntact(isRow, 'A record of a changelog is neither a change nor a head.')
  const epoch = new DataView(key.buffer, key.byteOffset).getFloat64(1)
  if (value === null) return { type: 'tombstone', epoch }
  checkIntact(value.length > 0, 'A change in a changelog has an empty value.')
  const row = value[0] === 1 ? value.subarray(1) : null
  return { type: 'change', epoch, change: { key: key.subarray(ROW_KEY_AT), value: row } }
}
