/**
 * The read side of a table: its rows and arenas at one moment. A frozen view of a live table and a segment of a
 * snapshot are read through the same class. Must not know indexes, owners or where a segment is stored.
 * Invariant: immutable, as long as copy on write keeps its promise (and the segment's bytes are not changed).
 */

import { present } from '../assert.ts'
import type { Serializer } from '../serializer.ts'
import {
  CELL_AT,
  HASH_AT,
  META_AT,
  NAMESPACE_AT,
  ROW_BITS,
  ROW_MASK,
  rowBytes,
  type TableContent,
} from './row-layout.ts'
import { readKey } from './stored-key.ts'
import { readValue } from './stored-value.ts'

export class TableView {
  readonly content: TableContent
  readonly #rowBytes: number

  constructor(content: TableContent) {
    this.content = content
    this.#rowBytes = rowBytes(content.isNamespaced)
  }

  get count(): number {
    return this.content.count
  }

  get isNamespaced(): boolean {
    return this.content.isNamespaced
  }

  key(row: number): unknown {
    return readKey(this.#page(row), this.#at(row), this.content.keyArena.pages)
  }

  hash(row: number): number {
    return this.#page(row).getInt32(this.#at(row) + HASH_AT, true)
  }

  value(row: number, serializer: Serializer<unknown> | undefined): unknown {
    const page = this.#page(row)
    const at = this.#at(row)
    const tag = page.getUint8(at + META_AT) & 15
    const cell = page.getFloat64(at + CELL_AT, true)
    return readValue(tag, cell, this.content.valueArena.pages, serializer)
  }

  /** Only of tables with namespaces. */
  namespace(row: number): number {
    return this.#page(row).getFloat64(this.#at(row) + NAMESPACE_AT, true)
  }

  #page(row: number): DataView {
    return present(this.content.rows[row >> ROW_BITS], 'A row has no page.')
  }

  #at(row: number): number {
    return (row & ROW_MASK) * this.#rowBytes
  }
}
