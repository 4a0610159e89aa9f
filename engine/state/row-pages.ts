/**
 * The rows of a table and their capacity: pages of 2048 rows, the last one as small as a power of two allows.
 * Must not know what is in a row. Capacity grows by doubling the last page and is given back when the rows would fit
 * into half of it.
 * Invariant: a row that a frozen view can see is written only in a page that was copied for it; rows behind every
 * frozen view's end are written in place.
 */

import { present } from '../assert.ts'
import { CowPages, type PageOwner } from './cow-pages.ts'
import { ROW_BITS, ROW_MASK, rowBytes, ROWS_PER_PAGE, type Pages } from './row-layout.ts'

const ROWS_MIN = 4

export class RowPages {
  readonly rowBytes: number
  readonly #owner: PageOwner
  readonly #pages: CowPages
  #capacity = 0
  #frozenRows = 0

  constructor(owner: PageOwner, isNamespaced: boolean) {
    this.rowBytes = rowBytes(isNamespaced)
    this.#owner = owner
    this.#pages = new CowPages(owner)
  }

  get pages(): Pages {
    return this.#pages.pages
  }

  get sizeBytes(): number {
    return this.#pages.sizeBytes
  }

  /** Where a row begins in its page. */
  at(row: number): number {
    return (row & ROW_MASK) * this.rowBytes
  }

  page(row: number): DataView<ArrayBuffer> {
    return this.#pages.page(row >> ROW_BITS)
  }

  /** The page in which the row may be written. */
  writable(row: number): DataView<ArrayBuffer> {
    const index = row >> ROW_BITS
    return row < this.#frozenRows ? this.#pages.writable(index) : this.#pages.page(index)
  }

  /** To be called before the owner freezes `rowCount` rows. */
  freeze(rowCount: number): void {
    this.#frozenRows = this.#owner.isShared ? Math.max(this.#frozenRows, rowCount) : rowCount
  }

  /** Makes every page the table's own by copying: for rewriting all rows even if the mutant B-3 is on. */
  detach(): void {
    this.#pages.detach()
  }

  /** Makes room for `rowCount` rows, or gives room back. */
  resizeFor(rowCount: number): void {
    const isTooLarge = this.#capacity > capacityFor(rowCount * 2)
    if (rowCount <= this.#capacity && !isTooLarge) return
    this.#capacity = capacityFor(isTooLarge ? rowCount * 2 : rowCount)
    this.#resize(Math.ceil(this.#capacity / ROWS_PER_PAGE))
  }

  /** Copies one row over another. */
  move(from: number, to: number): void {
    const source = this.page(from)
    const target = this.writable(to)
    const begin = this.at(from)
    const place = this.at(to)
    for (let i = 0; i < this.rowBytes; i += 4) {
      target.setInt32(place + i, source.getInt32(begin + i))
    }
  }

  /** Fills empty pages with the rows of a snapshot; copies. */
  load(pages: Pages, rowCount: number): void {
    this.resizeFor(rowCount)
    for (let first = 0; first < rowCount; first += ROWS_PER_PAGE) {
      const source = present(pages[first >> ROW_BITS], 'A row of a snapshot has no page.')
      const bytes = Math.min(ROWS_PER_PAGE, rowCount - first) * this.rowBytes
      const target = new Uint8Array(this.page(first).buffer)
      target.set(new Uint8Array(source.buffer, source.byteOffset, bytes))
    }
  }

  #resize(pageCount: number): void {
    const pages = this.#pages
    if (pages.length > pageCount) pages.truncate(pageCount)
    for (let index = Math.max(0, pages.length - 1); index < pageCount; index += 1) {
      const rows = Math.min(ROWS_PER_PAGE, this.#capacity - index * ROWS_PER_PAGE)
      const bytes = rows * this.rowBytes
      if (index === pages.length) pages.push(new DataView(new ArrayBuffer(bytes)))
      else if (pages.page(index).byteLength !== bytes) pages.resize(index, bytes)
    }
  }
}

function capacityFor(rowCount: number): number {
  const rest = rowCount & ROW_MASK
  if (rest === 0) return rowCount
  return rowCount - rest + Math.max(ROWS_MIN, 1 << (32 - Math.clz32(rest - 1)))
}
