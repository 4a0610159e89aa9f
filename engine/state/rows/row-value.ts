/**
 * The bytes of a row's value. Of value states: the tag, then the cell or the bytes of the record; of lists and maps:
 * the items; of timers: the row, then a key that does not fit into it. They are read with the state's info alone.
 * Must not know keys or stores.
 */

import { ARENA_OFFSET_MASK, ARENA_PAGE_BITS } from '../byte-arena.ts'
import { present } from '../../assert.ts'
import { checkIntact } from '../corrupt-state-error.ts'
import type { FlatTable } from '../flat-table.ts'
import type { LookupKey } from '../lookup-key.ts'
import { viewBytes } from '../page-bytes.ts'
import { SegmentReader, SegmentWriter } from '../segment-bytes.ts'
import { stampOf } from '../stamped-value.ts'
import {
  itemsSizeHint,
  readItems,
  writeItems,
  type StateInfo,
  type StoredItem,
} from '../store-segment.ts'
import { RECORD_HEADER_BYTES, VALUE_ASCII, VALUE_CUSTOM, VALUE_NUMBER } from '../stored-value.ts'
import { STORED_ROW_BYTES, type StoredTimer } from '../timer-segment.ts'

const CELL_BYTES = 8
/** Overwritten by every use; nothing is kept in it. */
const scratch = new DataView(new ArrayBuffer(CELL_BYTES))

export function encodeTableRow(table: FlatTable, row: number): Uint8Array {
  const tag = table.tag(row)
  const cell = table.cell(row)
  if (tag < VALUE_ASCII) {
    const bytes = new Uint8Array(1 + CELL_BYTES)
    bytes[0] = tag
    scratch.setFloat64(0, cell, true)
    for (let i = 0; i < CELL_BYTES; i += 1) bytes[1 + i] = scratch.getUint8(i)
    return bytes
  }
  const page = present(table.valuePages[cell >>> ARENA_PAGE_BITS], 'A value has no page.')
  const offset = cell & ARENA_OFFSET_MASK
  const length = page.getUint32(offset, true)
  const bytes = new Uint8Array(1 + length)
  bytes[0] = tag
  bytes.set(viewBytes(page, offset + RECORD_HEADER_BYTES, length), 1)
  return bytes
}

/** Puts the row under the key. */
export function decodeTableRow(table: FlatTable, key: LookupKey, bytes: Uint8Array): void {
  const tag = bytes[0] ?? 0
  checkIntact(tag >= VALUE_NUMBER && tag <= VALUE_CUSTOM, `There is no tag ${tag} of values.`)
  if (tag >= VALUE_ASCII) {
    table.putBytes(key, tag, bytes.subarray(1))
    return
  }
  checkIntact(bytes.length === 1 + CELL_BYTES, `A cell has ${bytes.length - 1} bytes.`)
  table.putCell(key, tag, new DataView(bytes.buffer, bytes.byteOffset).getFloat64(1, true))
}

/** The last use, of states with TTL. */
export function stampOfTableRow(bytes: Uint8Array): number {
  return stampOf(bytes.subarray(1))
}

export function encodeItems(items: readonly StoredItem[], info: StateInfo): Uint8Array {
  const writer = new SegmentWriter(itemsSizeHint(items))
  writeItems(writer, info, items)
  return writer.finishWhole()
}

export function decodeItemsRow(bytes: Uint8Array, info: StateInfo): readonly StoredItem[] {
  const reader = new SegmentReader(bytes)
  const items = readItems(reader, info)
  checkIntact(reader.rest === 0, `The items of a row have ${reader.rest} unexpected bytes.`)
  return items
}

export function encodeTimerRow({ bytes, longKey }: StoredTimer): Uint8Array {
  const all = new Uint8Array(STORED_ROW_BYTES + (longKey?.length ?? 0))
  all.set(bytes.subarray(0, STORED_ROW_BYTES))
  if (longKey !== undefined) all.set(longKey, STORED_ROW_BYTES)
  return all
}

export function decodeTimerRow(bytes: Uint8Array): StoredTimer {
  checkIntact(bytes.length >= STORED_ROW_BYTES, `The row of a timer has ${bytes.length} bytes.`)
  return {
    bytes: bytes.slice(0, STORED_ROW_BYTES),
    longKey: bytes.length > STORED_ROW_BYTES ? bytes.slice(STORED_ROW_BYTES) : undefined,
  }
}
