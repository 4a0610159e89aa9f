/**
 * A table inside a segment: a header, the rows, the arenas. Encoding copies whole pages or takes those that are lent;
 * decoding only looks at the bytes in place; FlatTable.load copies them. Must not know states, key groups or checksums.
 * The index is not written: it follows from the hashes.
 * Invariant: writing what was read gives the same bytes.
 */

import { concatenate } from '../concatenate.ts'
import { ARENA_PAGE_BYTES } from './byte-arena.ts'
import { checkIntact } from './corrupt-state-error.ts'
import { SegmentReader, SegmentWriter } from './segment-bytes.ts'
import {
  rowBytes,
  ROWS_PER_PAGE,
  type ArenaContent,
  type Pages,
  type TableContent,
} from './row-layout.ts'

/** 'WTB' and the version. */
const MAGIC = 0x57_54_42_01
const NAMESPACED = 1
const WORDS_PER_TABLE = 4
const WORDS_PER_ARENA = 3
/** A piece costs more than the copy of a smaller page. */
const LENT_BYTES_MIN = 4096

/** Enough for what is copied, exact unless records are larger than a page. */
export function tableSizeHint(content: TableContent, isLent: boolean): number {
  const { isNamespaced, count, keyArena, valueArena } = content
  const lendMin = isLent ? LENT_BYTES_MIN : Infinity
  let size = (WORDS_PER_TABLE + 2 * WORDS_PER_ARENA) * 4
  for (const length of [rowBytes(isNamespaced) * count, keyArena.used, valueArena.used]) {
    size += Math.min(length, lendMin)
  }
  return size
}

export function encodeTable(content: TableContent, isLent = false): Uint8Array {
  const writer = new SegmentWriter(tableSizeHint(content, isLent))
  writeTable(writer, content, isLent)
  return concatenate(writer.finish())
}

export function decodeTable(bytes: Uint8Array): TableContent {
  const reader = new SegmentReader(bytes)
  const content = readTable(reader)
  checkIntact(reader.rest === 0, `A table is followed by ${reader.rest} unexpected bytes.`)
  return content
}

export function writeTable(writer: SegmentWriter, content: TableContent, isLent: boolean): void {
  const lendMin = isLent ? LENT_BYTES_MIN : Infinity
  const { isNamespaced, count } = content
  const size = rowBytes(isNamespaced)
  writer.u32(MAGIC)
  writer.u32(isNamespaced ? NAMESPACED : 0)
  writer.u32(count)
  writer.u32(content.tags)
  writer.pages(content.rows, ROWS_PER_PAGE * size, count * size, lendMin)
  writeArena(writer, content.keyArena, lendMin)
  writeArena(writer, content.valueArena, lendMin)
}

export function readTable(reader: SegmentReader): TableContent {
  const magic = reader.u32()
  checkIntact(
    magic === MAGIC,
    `A table begins with ${magic.toString(16)} instead of ${MAGIC.toString(16)}: not a table, or another version.`,
  )
  const flags = reader.u32()
  checkIntact(flags === 0 || flags === NAMESPACED, `A table has the unknown flags ${flags}.`)
  const isNamespaced = flags === NAMESPACED
  const size = rowBytes(isNamespaced)
  const count = reader.u32()
  return {
    isNamespaced,
    count,
    tags: reader.u32(),
    rows: reader.pages(ROWS_PER_PAGE * size, count * size),
    keyArena: readArena(reader),
    valueArena: readArena(reader),
  }
}

/** Records larger than a page are listed: first page and number of pages. */
function writeArena(
  writer: SegmentWriter,
  { pages, used, dead }: ArenaContent,
  lendMin: number,
): void {
  writer.u32(used)
  writer.u32(dead)
  const runs = used <= ARENA_PAGE_BYTES ? [] : runsOf(pages, used)
  writer.u32(runs.length)
  for (const [page, length] of runs) {
    writer.u32(page)
    writer.u32(length)
  }
  writer.pages(pages, ARENA_PAGE_BYTES, used, lendMin)
}

function runsOf(pages: Pages, used: number): (readonly [page: number, length: number])[] {
  const runs: (readonly [number, number])[] = []
  for (const [index, page] of pages.entries()) {
    const isUsed = index * ARENA_PAGE_BYTES < used
    if (isUsed && page.byteLength > ARENA_PAGE_BYTES) {
      runs.push([index, page.byteLength / ARENA_PAGE_BYTES])
    }
  }
  return runs
}

function readArena(reader: SegmentReader): ArenaContent {
  const used = reader.u32()
  const dead = reader.u32()
  const runCount = reader.u32()
  if (runCount === 0) return { used, dead, pages: reader.pages(ARENA_PAGE_BYTES, used) }
  const runs = new Map<number, number>()
  for (let i = 0; i < runCount; i += 1) runs.set(reader.u32(), reader.u32())
  const pages: DataView[] = []
  while (pages.length * ARENA_PAGE_BYTES < used) {
    const length = runs.get(pages.length) ?? 1
    const rest = used - pages.length * ARENA_PAGE_BYTES
    const isPossible = length > 0 && length <= Math.ceil(rest / ARENA_PAGE_BYTES)
    checkIntact(isPossible, `A run of ${length} pages in a table has ${rest} bytes.`)
    pages.push(reader.window(Math.min(length * ARENA_PAGE_BYTES, rest)))
    for (let i = 1; i < length; i += 1) pages.push(new DataView(new ArrayBuffer(0)))
  }
  return { used, dead, pages }
}
