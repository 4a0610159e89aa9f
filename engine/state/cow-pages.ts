/**
 * The bytes of a table (its rows, an arena) in pages that are copied before the first write after a freeze (copy on write).
 * Must not know what the bytes mean. `freeze` of the owner only raises the epoch: it walks no page.
 * Invariants: a page whose epoch is the owner's belongs to the table alone; a page of an older epoch may be visible
 * in a frozen view and is never written; the array of pages follows the same rule. Pages that only released views
 * could see are written again as copies of others: fresh memory for each copy would keep the garbage collector busy.
 * Source: copy-on-write snapshots as in Flink's CopyOnWriteStateMap, by page instead of by entry.
 */

import { assert } from '../assert.ts'

/** What the pages of one table share: who may see their pages. */
export class PageOwner {
  readonly #aliasing: boolean
  #epoch = 0
  #viewCount = 0
  #copiedPages = 0
  /** Replaced by copies; only views that are not released see them. */
  #retired: DataView<ArrayBuffer>[] = []
  /** By size: what copies are written to. */
  readonly #spare = new Map<number, DataView<ArrayBuffer>[]>()

  /** With `aliasing` (mutant B-3) a freeze gives no page away, so that later writes show in frozen views. */
  constructor(aliasing = false) {
    this.#aliasing = aliasing
  }

  get epoch(): number {
    return this.#epoch
  }

  get isShared(): boolean {
    return this.#viewCount > 0
  }

  /** Pages copied because a frozen view could see them, since the table exists. */
  get copiedPages(): number {
    return this.#copiedPages
  }

  freeze(): void {
    // With views that overlap all the time there would be no end of it.
    if (this.#viewCount > 0) this.#retired = []
    this.#viewCount += 1
    if (!this.#aliasing) this.#epoch += 1
  }

  release(): void {
    this.#viewCount -= 1
    if (this.#viewCount === 0) this.#recycle()
  }

  /** A copy for the table, in place of a page that frozen views go on seeing. */
  copy(page: DataView<ArrayBuffer>): DataView<ArrayBuffer> {
    const spare = this.#spare.get(page.byteLength)?.pop()
    const copy = spare ?? new DataView(new ArrayBuffer(page.byteLength))
    new Uint8Array(copy.buffer).set(new Uint8Array(page.buffer))
    this.#retired.push(page)
    this.#copiedPages += 1
    return copy
  }

  /** What was not needed since the last time goes: a table has at most as much spare as one snapshot made it copy. */
  #recycle(): void {
    this.#spare.clear()
    for (const page of this.#retired) {
      const pages = this.#spare.get(page.byteLength)
      if (pages === undefined) this.#spare.set(page.byteLength, [page])
      else pages.push(page)
    }
    this.#retired = []
  }
}

export class CowPages {
  readonly #owner: PageOwner
  #pages: DataView<ArrayBuffer>[] = []
  #epochs: number[] = []
  #arrayEpoch: number
  #sizeBytes = 0

  constructor(owner: PageOwner) {
    this.#owner = owner
    this.#arrayEpoch = owner.epoch
  }

  /** The pages as they are now; unchanged after the owner's next `freeze`, whatever is written. */
  get pages(): readonly DataView<ArrayBuffer>[] {
    return this.#pages
  }

  get length(): number {
    return this.#pages.length
  }

  get sizeBytes(): number {
    return this.#sizeBytes
  }

  /** For reading, or for writing bytes that no frozen view looks at (behind its end). */
  page(index: number): DataView<ArrayBuffer> {
    return this.#pages[index] ?? missingPage(index)
  }

  writable(index: number): DataView<ArrayBuffer> {
    const page = this.#pages[index]
    if (page !== undefined && this.#epochs[index] === this.#owner.epoch) return page
    return this.#own(index)
  }

  /** Adds an empty page, or takes over one that nobody else holds. */
  push(page: DataView<ArrayBuffer>): void {
    this.#ownArray()
    this.#pages.push(page)
    this.#epochs.push(this.#owner.epoch)
    this.#sizeBytes += page.byteLength
  }

  /** Replaces a page by one of another size with the same beginning. */
  resize(index: number, sizeBytes: number): void {
    const page = this.page(index)
    const bytes = new Uint8Array(sizeBytes)
    bytes.set(new Uint8Array(page.buffer, 0, Math.min(sizeBytes, page.byteLength)))
    this.#replace(index, new DataView(bytes.buffer))
  }

  /** Copies every page, whoever sees it: for rewriting all of them while `aliasing` is on. */
  detach(): void {
    this.truncate(this.#pages.length)
    for (const [index, page] of this.#pages.entries()) this.resize(index, page.byteLength)
  }

  /** Drops all pages from `count` on. */
  truncate(count: number): void {
    for (const page of this.#pages.slice(count)) this.#sizeBytes -= page.byteLength
    this.#pages = this.#pages.slice(0, count)
    this.#epochs = this.#epochs.slice(0, count)
    this.#arrayEpoch = this.#owner.epoch
  }

  #own(index: number): DataView<ArrayBuffer> {
    const page = this.page(index)
    if (!this.#owner.isShared) {
      this.#epochs[index] = this.#owner.epoch
      return page
    }
    return this.#replace(index, this.#owner.copy(page))
  }

  #replace(index: number, page: DataView<ArrayBuffer>): DataView<ArrayBuffer> {
    this.#ownArray()
    this.#sizeBytes += page.byteLength - this.page(index).byteLength
    this.#pages[index] = page
    this.#epochs[index] = this.#owner.epoch
    return page
  }

  #ownArray(): void {
    if (this.#arrayEpoch === this.#owner.epoch) return
    this.#pages = this.#pages.slice()
    this.#arrayEpoch = this.#owner.epoch
  }
}

function missingPage(index: number): never {
  assert(false, `There is no page ${index}.`)
}
