/**
 * Keys as rows store them: a header (kind and length) and four words, which are the key itself up to 16 bytes, or the
 * address and length of its bytes in the key arena. Must not know tables or hashes.
 * Invariant: two keys are equal if and only if their headers and their words or bytes are equal.
 */

import { present } from '../assert.ts'
import { decodeKey } from '../serializer.ts'
import { ARENA_OFFSET_MASK, ARENA_PAGE_BITS } from './byte-arena.ts'
import type { LookupKey } from './lookup-key.ts'
import {
  equalsAscii,
  equalsBytes,
  equalsUtf16,
  readAscii,
  readUtf16,
  viewBytes,
  writeAscii,
  writeBytes,
  writeUtf16,
} from './page-bytes.ts'
import { KEY_AT, KEY_IN_ARENA, LENGTH_AT, META_AT } from './row-layout.ts'

/** ASCII characters, one byte each. */
export const KEY_ASCII = 1
/** A string with others: two bytes per UTF-16 unit. */
export const KEY_UTF16 = 2
/** A float64. */
export const KEY_NUMBER = 3
/** Everything else, as `encodeKey` writes it. */
export const KEY_ENCODED = 4

/** Writes the bytes of a key that does not fit into a row. */
export function writeKeyBytes(key: LookupKey, page: DataView, offset: number): void {
  if (key.kind === KEY_ASCII) writeAscii(key.text, page, offset)
  else if (key.kind === KEY_UTF16) writeUtf16(key.text, page, offset)
  else writeBytes(key.encoded, page, offset)
}

/** Whether the `length` bytes at `offset` are those of the key, whose kind is known to be the same. */
export function equalsKeyBytes(
  key: LookupKey,
  length: number,
  page: DataView,
  offset: number,
): boolean {
  if (key.kind === KEY_ASCII) return equalsAscii(key.text, length, page, offset)
  if (key.kind === KEY_UTF16) return equalsUtf16(key.text, length, page, offset)
  return equalsBytes(key.encoded, length, page, offset)
}

/** The key of the row that begins at `at`. */
export function readKey(rows: DataView, at: number, arena: readonly DataView[]): unknown {
  const kind = rows.getUint8(at + META_AT) >> 4
  const length = rows.getUint8(at + LENGTH_AT)
  if (length !== KEY_IN_ARENA) return readKeyBytes(kind, rows, at + KEY_AT, length)
  const address = rows.getUint32(at + KEY_AT, true)
  const page = present(arena[address >>> ARENA_PAGE_BITS], 'A key has no page.')
  const longLength = rows.getUint32(at + KEY_AT + 4, true)
  return readKeyBytes(kind, page, address & ARENA_OFFSET_MASK, longLength)
}

function readKeyBytes(kind: number, page: DataView, offset: number, length: number): unknown {
  if (kind === KEY_ASCII) return readAscii(page, offset, length)
  if (kind === KEY_NUMBER) return page.getFloat64(offset, true)
  if (kind === KEY_UTF16) return readUtf16(page, offset, length)
  return decodeKey(viewBytes(page, offset, length))
}
