/**
 * The table of one state in one key group: dense rows, found through a hash index.
 * Must not know key groups, backends or where snapshots go. Rows are numbered 0..count-1; removal moves the last row
 * into the gap, so the order of rows depends on the operations alone (not on capacities) and survives a snapshot.
 * Invariants: the index has one word per row; no two rows have the same key and namespace; what a frozen view can see
 * is copied before it is written; memory follows the number of rows down as well as up.
 * Source: reference/state-table.md.
 */

import { ARENA_OFFSET_MASK, ByteArena } from './byte-arena.ts'
import { PageOwner } from './cow-pages.ts'
import { HashIndex, mixHash } from './hash-index.ts'
import { hashNamespace, type LookupKey } from './lookup-key.ts'
import { writeAscii, writeBytes } from './page-bytes.ts'
import {
  CELL_AT,
  HASH_AT,
  KEY_AT,
  KEY_IN_ARENA,
  LENGTH_AT,
  META_AT,
  NAMESPACE_AT,
  type Pages,
  type TableContent,
} from './row-layout.ts'
import { RowPages } from './row-pages.ts'
import { equalsKeyBytes, writeKeyBytes } from './stored-key.ts'
import {
  RECORD_HEADER_BYTES,
  recordSize,
  VALUE_ASCII,
  VALUE_NUMBER,
  type ValueWriter,
} from './stored-value.ts'
import { compactKeys, compactValues } from './table-compaction.ts'
import { TableView } from './table-view.ts'

export interface FlatTableOptions {
  readonly isNamespaced: boolean
  /** Mutant B-3: writes go to frozen pages without copying them. */
  readonly aliasSnapshots?: boolean
}

/** The table at the moment of a freeze. */
export interface FrozenTable {
  readonly view: TableView
  /** The view must not be read any more. Idempotent. */
  release(): void
}

/** The word at META_AT without the value tag. */
const HEADER_MASK = ~15

export class FlatTable implements ValueWriter {
  readonly #owner: PageOwner
  readonly #isNamespaced: boolean
  readonly #rows: RowPages
  readonly #index = new HashIndex()
  #keyArena: ByteArena
  #valueArena: ByteArena
  #count = 0
  #tags = 0

  constructor(options: FlatTableOptions) {
    this.#owner = new PageOwner(options.aliasSnapshots ?? false)
    this.#isNamespaced = options.isNamespaced
    this.#rows = new RowPages(this.#owner, options.isNamespaced)
    this.#keyArena = new ByteArena(this.#owner)
    this.#valueArena = new ByteArena(this.#owner)
  }

  /** A table with the rows of `content`, which is copied; only the index is computed. */
  static load(content: TableContent, aliasSnapshots = false): FlatTable {
    const table = new FlatTable({ isNamespaced: content.isNamespaced, aliasSnapshots })
    table.#load(content)
    return table
  }

  get count(): number {
    return this.#count
  }

  get sizeBytes(): number {
    const arenas = this.#keyArena.sizeBytes + this.#valueArena.sizeBytes
    return this.#index.sizeBytes + this.#rows.sizeBytes + arenas
  }

  /** Pages copied for frozen views so far: the price of snapshots. */
  get copiedPages(): number {
    return this.#owner.copiedPages
  }

  /** True if every value written since the table was last empty is a number. */
  get hasOnlyNumbers(): boolean {
    return (this.#tags & ~(1 << VALUE_NUMBER)) === 0
  }

  /** The row of the key, or -1. */
  find(key: LookupKey): number {
    const words = this.#index.words
    const bits = this.#index.bits
    const mask = words.length - 1
    const mixed = this.#mix(key)
    const print = mixed << bits
    for (let slot = mixed >>> (32 - bits); ; slot = (slot + 1) & mask) {
      const word = words[slot] ?? 0
      if (word === 0) return -1
      if ((word ^ print) >>> bits !== 0) continue
      const row = (word & mask) - 1
      if (this.#holds(row, key)) return row
    }
  }

  /** The cell of the row: the stored number, if its tag is VALUE_NUMBER. */
  cell(row: number): number {
    return this.#rows.page(row).getFloat64(this.#rows.at(row) + CELL_AT, true)
  }

  tag(row: number): number {
    return this.#rows.page(row).getUint8(this.#rows.at(row) + META_AT) & 15
  }

  /** Where `readValue` finds the records of values. */
  get valuePages(): Pages {
    return this.#valueArena.pages
  }

  /** Adds to the number of the key, or to 0; the sum. Only for tables with numbers only. */
  add(key: LookupKey, delta: number): number {
    const row = this.find(key)
    if (row < 0) return this.#addFirst(key, delta)
    const page = this.#rows.writable(row)
    const at = this.#rows.at(row) + CELL_AT
    const sum = page.getFloat64(at, true) + delta
    page.setFloat64(at, sum, true)
    return sum
  }

  putCell(key: LookupKey, tag: number, cell: number): void {
    const row = this.#findOrInsert(key)
    this.#releaseRecord(row)
    this.#setCell(row, tag, cell)
    this.#compactValues()
  }

  putAscii(key: LookupKey, tag: number, value: string): void {
    const address = this.#recordFor(this.#findOrInsert(key), tag, value.length)
    const page = this.#valueArena.page(address)
    writeAscii(value, page, (address & ARENA_OFFSET_MASK) + RECORD_HEADER_BYTES)
    this.#compactValues()
  }

  putBytes(key: LookupKey, tag: number, bytes: Uint8Array): void {
    const address = this.#recordFor(this.#findOrInsert(key), tag, bytes.length)
    const page = this.#valueArena.page(address)
    writeBytes(bytes, page, (address & ARENA_OFFSET_MASK) + RECORD_HEADER_BYTES)
    this.#compactValues()
  }

  /** Removes the key. False if it is not there. */
  remove(key: LookupKey): boolean {
    const row = this.find(key)
    if (row < 0) return false
    this.removeRow(row)
    return true
  }

  /** Removes a row; the last one takes its place. */
  removeRow(row: number): void {
    this.#releaseRecord(row)
    this.#releaseKey(row)
    const last = this.#count - 1
    this.#index.remove(this.#mixedOf(row), row, (entry) => this.#mixedOf(entry))
    if (row !== last) {
      this.#index.move(this.#mixedOf(last), last, row)
      this.#rows.move(last, row)
    }
    this.#count = last
    this.#shrink()
  }

  /** The synchronous part of a snapshot: walks neither rows nor pages. */
  freeze(): FrozenTable {
    const view = this.view()
    const owner = this.#owner
    this.#rows.freeze(this.#count)
    owner.freeze()
    let isReleased = false
    return {
      view,
      release: () => {
        if (!isReleased) owner.release()
        isReleased = true
      },
    }
  }

  /** For reading until the next write. */
  view(): TableView {
    return new TableView({
      isNamespaced: this.#isNamespaced,
      count: this.#count,
      tags: this.#tags,
      rows: this.#rows.pages,
      keyArena: this.#keyArena.content,
      valueArena: this.#valueArena.content,
    })
  }

  #load(content: TableContent): void {
    this.#count = content.count
    this.#tags = content.tags
    this.#rows.load(content.rows, content.count)
    this.#keyArena.load(content.keyArena)
    this.#valueArena.load(content.valueArena)
    this.#index.resizeFor(content.count)
    this.#reindex()
  }

  #findOrInsert(key: LookupKey): number {
    const row = this.find(key)
    return row < 0 ? this.#insert(key) : row
  }

  /** Adds a row for a key that is not there; its value has no tag yet. */
  #insert(key: LookupKey): number {
    const row = this.#count
    this.#rows.resizeFor(row + 1)
    const page = this.#rows.writable(row)
    const at = this.#rows.at(row)
    page.setInt32(at + HASH_AT, key.hash, true)
    page.setInt32(at + META_AT, key.header, true)
    page.setInt32(at + KEY_AT, key.isInline ? key.word0 : this.#storeKey(key), true)
    page.setInt32(at + KEY_AT + 4, key.isInline ? key.word1 : key.length, true)
    page.setInt32(at + KEY_AT + 8, key.isInline ? key.word2 : 0, true)
    page.setInt32(at + KEY_AT + 12, key.isInline ? key.word3 : 0, true)
    if (this.#isNamespaced) page.setFloat64(at + NAMESPACE_AT, key.namespace, true)
    this.#count = row + 1
    if (this.#index.resizeFor(row + 1)) this.#reindex()
    else this.#index.add(this.#mix(key), row)
    return row
  }

  #storeKey(key: LookupKey): number {
    const address = this.#keyArena.allocate(key.length)
    writeKeyBytes(key, this.#keyArena.page(address), address & ARENA_OFFSET_MASK)
    return address
  }

  #addFirst(key: LookupKey, delta: number): number {
    const sum = 0 + delta
    this.#setCell(this.#insert(key), VALUE_NUMBER, sum)
    return sum
  }

  #setCell(row: number, tag: number, cell: number): void {
    this.#rows.writable(row).setFloat64(this.#rows.at(row) + CELL_AT, cell, true)
    this.#setTag(row, tag)
  }

  #setTag(row: number, tag: number): void {
    const at = this.#rows.at(row) + META_AT
    const meta = this.#rows.page(row).getUint8(at)
    if ((meta & 15) === tag) return
    this.#rows.writable(row).setUint8(at, (meta & HEADER_MASK) | tag)
    this.#tags |= 1 << tag
  }

  /** The address of a record for `length` bytes of the row's value: the old one if it has the right size. */
  #recordFor(row: number, tag: number, length: number): number {
    const size = recordSize(length)
    const isInPlace = size === this.#recordSizeOf(row)
    if (!isInPlace) this.#releaseRecord(row)
    const address = isInPlace ? this.cell(row) : this.#valueArena.allocate(size)
    const page = isInPlace ? this.#valueArena.writable(address) : this.#valueArena.page(address)
    page.setUint32(address & ARENA_OFFSET_MASK, length, true)
    if (isInPlace) this.#setTag(row, tag)
    else this.#setCell(row, tag, address)
    return address
  }

  /** 0 if the row's value has no record. */
  #recordSizeOf(row: number): number {
    if (this.tag(row) < VALUE_ASCII) return 0
    const address = this.cell(row)
    return recordSize(this.#valueArena.page(address).getUint32(address & ARENA_OFFSET_MASK, true))
  }

  #releaseRecord(row: number): void {
    this.#valueArena.release(this.#recordSizeOf(row))
  }

  #releaseKey(row: number): void {
    const page = this.#rows.page(row)
    const at = this.#rows.at(row)
    if (page.getUint8(at + LENGTH_AT) !== KEY_IN_ARENA) return
    this.#keyArena.release(page.getUint32(at + KEY_AT + 4, true))
  }

  /** Gives memory back after a removal. */
  #shrink(): void {
    this.#rows.resizeFor(this.#count)
    if (this.#index.resizeFor(this.#count)) this.#reindex()
    if (this.#count === 0) {
      this.#keyArena = new ByteArena(this.#owner)
      this.#valueArena = new ByteArena(this.#owner)
      this.#tags = 0
      return
    }
    if (this.#keyArena.isMostlyDead) {
      this.#keyArena = compactKeys(this.#rows, this.#count, this.#keyArena, this.#owner)
    }
    this.#compactValues()
  }

  #compactValues(): void {
    if (!this.#valueArena.isMostlyDead) return
    this.#valueArena = compactValues(this.#rows, this.#count, this.#valueArena, this.#owner)
  }

  #mix(key: LookupKey): number {
    return mixHash(this.#isNamespaced ? key.hash ^ key.namespaceHash : key.hash)
  }

  #mixedOf(row: number): number {
    const page = this.#rows.page(row)
    const at = this.#rows.at(row)
    const hash = page.getInt32(at + HASH_AT, true)
    return mixHash(this.#isNamespaced ? hash ^ hashNamespace(page, at + NAMESPACE_AT) : hash)
  }

  #reindex(): void {
    for (let row = 0; row < this.#count; row += 1) this.#index.add(this.#mixedOf(row), row)
  }

  #holds(row: number, key: LookupKey): boolean {
    const page = this.#rows.page(row)
    const at = this.#rows.at(row)
    if ((page.getInt32(at + META_AT, true) & HEADER_MASK) !== key.header) return false
    if (this.#isNamespaced && page.getFloat64(at + NAMESPACE_AT, true) !== key.namespace)
      return false
    if (!key.isInline) return this.#holdsLong(page, at, key)
    return (
      page.getInt32(at + KEY_AT, true) === key.word0 &&
      page.getInt32(at + KEY_AT + 4, true) === key.word1 &&
      page.getInt32(at + KEY_AT + 8, true) === key.word2 &&
      page.getInt32(at + KEY_AT + 12, true) === key.word3
    )
  }

  #holdsLong(row: DataView, at: number, key: LookupKey): boolean {
    const address = row.getUint32(at + KEY_AT, true)
    const length = row.getUint32(at + KEY_AT + 4, true)
    const page = this.#keyArena.page(address)
    return equalsKeyBytes(key, length, page, address & ARENA_OFFSET_MASK)
  }
}
