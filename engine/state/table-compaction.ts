/**
 * Compaction of a table's arenas: copies what rows still refer to into a new arena, in the order of the rows.
 * Must not know keys or values beyond where their bytes are. Takes time in proportion to one key group's rows.
 * Invariant: all pages of rows are copied, so that a frozen view keeps old addresses together with the old arena even
 * when the mutant B-3 switches copy on write off.
 */

import { ARENA_OFFSET_MASK, ByteArena } from './byte-arena.ts'
import type { PageOwner } from './cow-pages.ts'
import { viewBytes, writeBytes } from './page-bytes.ts'
import { CELL_AT, KEY_AT, KEY_IN_ARENA, LENGTH_AT, META_AT } from './row-layout.ts'
import type { RowPages } from './row-pages.ts'
import { RECORD_HEADER_BYTES, recordSize, VALUE_ASCII } from './stored-value.ts'

/** An arena with the long keys of the first `count` rows. */
export function compactKeys(
  rows: RowPages,
  count: number,
  old: ByteArena,
  owner: PageOwner,
): ByteArena {
  const arena = new ByteArena(owner)
  rows.detach()
  for (let row = 0; row < count; row += 1) {
    const page = rows.page(row)
    const at = rows.at(row)
    if (page.getUint8(at + LENGTH_AT) !== KEY_IN_ARENA) continue
    const length = page.getUint32(at + KEY_AT + 4, true)
    const address = page.getUint32(at + KEY_AT, true)
    page.setUint32(at + KEY_AT, copyRecord(old, address, arena, length, length), true)
  }
  return arena
}

/** An arena with the value records of the first `count` rows. */
export function compactValues(
  rows: RowPages,
  count: number,
  old: ByteArena,
  owner: PageOwner,
): ByteArena {
  const arena = new ByteArena(owner)
  rows.detach()
  for (let row = 0; row < count; row += 1) {
    const page = rows.page(row)
    const at = rows.at(row)
    if ((page.getUint8(at + META_AT) & 15) < VALUE_ASCII) continue
    const address = page.getFloat64(at + CELL_AT, true)
    const length = old.page(address).getUint32(address & ARENA_OFFSET_MASK, true)
    const used = length + RECORD_HEADER_BYTES
    page.setFloat64(at + CELL_AT, copyRecord(old, address, arena, used, recordSize(length)), true)
  }
  return arena
}

function copyRecord(
  old: ByteArena,
  address: number,
  arena: ByteArena,
  length: number,
  size: number,
): number {
  const copy = arena.allocate(size)
  const bytes = viewBytes(old.page(address), address & ARENA_OFFSET_MASK, length)
  writeBytes(bytes, arena.page(copy), copy & ARENA_OFFSET_MASK)
  return copy
}
