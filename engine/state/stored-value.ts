/**
 * Values as a table stores them: a tag and a cell of eight bytes, which holds the value itself (numbers, booleans,
 * big integers up to 2^53, null) or the address of a record in the table's value arena: length (u32), bytes.
 * Must not know keys or tables. Invariant: what is read is equal to what was written and shares nothing with it.
 */

import { assert, present } from '../assert.ts'
import { binary, type Serializer } from '../serializer.ts'
import { ARENA_OFFSET_MASK, ARENA_PAGE_BITS } from './byte-arena.ts'
import type { LookupKey } from './lookup-key.ts'
import { isAscii, readAscii, viewBytes } from './page-bytes.ts'

/** How a value is written; in the lower half of an entry's meta byte. */
export const VALUE_NUMBER = 1
export const VALUE_BOOLEAN = 2
export const VALUE_BIGINT = 3
export const VALUE_NULL = 4
/** The first tag whose cell is an address. An ASCII string. */
export const VALUE_ASCII = 5
/** Through the serializer `binary`. */
export const VALUE_BINARY = 6
/** Through the state's own serializer. */
export const VALUE_CUSTOM = 7

export const RECORD_HEADER_BYTES = 4

/** What a table offers for writing the value of one key; called when nothing can fail any more. */
export interface ValueWriter {
  putCell(key: LookupKey, tag: number, cell: number): void
  putAscii(key: LookupKey, tag: number, value: string): void
  putBytes(key: LookupKey, tag: number, bytes: Uint8Array): void
}

export function writeValue<T>(
  table: ValueWriter,
  key: LookupKey,
  value: T,
  serializer: Serializer<T> | undefined,
): void {
  if (serializer !== undefined) {
    table.putBytes(key, VALUE_CUSTOM, serializer.encode(value))
  } else if (typeof value === 'number') {
    table.putCell(key, VALUE_NUMBER, value)
  } else if (typeof value === 'boolean') {
    table.putCell(key, VALUE_BOOLEAN, value ? 1 : 0)
  } else if (typeof value === 'bigint' && BigInt.asIntN(54, value) === value) {
    table.putCell(key, VALUE_BIGINT, Number(value))
  } else if (value === null) {
    table.putCell(key, VALUE_NULL, 0)
  } else if (typeof value === 'string' && isAscii(value)) {
    table.putAscii(key, VALUE_ASCII, value)
  } else {
    table.putBytes(key, VALUE_BINARY, binary.encode(value))
  }
}

/** `serializer` is that of the state: undefined for the default; then custom values cannot be read. */
export function readValue(
  tag: number,
  cell: number,
  pages: readonly DataView[],
  serializer: Serializer<unknown> | undefined,
): unknown {
  switch (tag) {
    case VALUE_NUMBER:
      return cell
    case VALUE_BOOLEAN:
      return cell !== 0
    case VALUE_BIGINT:
      return BigInt(cell)
    case VALUE_NULL:
      return null
    default:
      return readRecord(tag, cell, pages, serializer)
  }
}

/** Bytes that a record with `length` bytes of content takes. Overwritten in place by one of the same size. */
export function recordSize(length: number): number {
  return (length + RECORD_HEADER_BYTES + 7) & ~7
}

function readRecord(
  tag: number,
  address: number,
  pages: readonly DataView[],
  serializer: Serializer<unknown> | undefined,
): unknown {
  const page = present(pages[address >>> ARENA_PAGE_BITS], 'A value has no page.')
  const offset = address & ARENA_OFFSET_MASK
  const length = page.getUint32(offset, true)
  const content = offset + RECORD_HEADER_BYTES
  if (tag === VALUE_ASCII) return readAscii(page, content, length)
  const bytes = viewBytes(page, content, length)
  if (tag === VALUE_BINARY) return binary.decode(bytes)
  assert(tag === VALUE_CUSTOM, `There is no tag ${tag} of values.`)
  // A serializer may keep what it is given, so it gets a copy.
  return serializer === undefined ? bytes.slice() : serializer.decode(bytes.slice())
}
