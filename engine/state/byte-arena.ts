/**
 * Append-only byte storage of a table in pages of 64 KiB: key bytes and encoded values.
 * Must not know what the records are; whoever holds an address knows the record's size.
 * Invariants: an address is a linear offset below 2^32 (page number, offset); a record never straddles two pages, one
 * larger than a page gets a run of page numbers in one buffer; bytes behind `used` are visible to no frozen view.
 */

import { assert } from '../assert.ts'
import { CowPages, type PageOwner } from './cow-pages.ts'
import type { ArenaContent, Pages } from './row-layout.ts'

export const ARENA_PAGE_BITS = 16
export const ARENA_PAGE_BYTES = 1 << ARENA_PAGE_BITS
export const ARENA_OFFSET_MASK = ARENA_PAGE_BYTES - 1

const FIRST_PAGE_BYTES = 64
const ADDRESS_MAX = 0xffff_ffff
const NO_BYTES = new DataView(new ArrayBuffer(0))

export class ByteArena {
  readonly #pages: CowPages
  #used = 0
  #dead = 0

  constructor(owner: PageOwner) {
    this.#pages = new CowPages(owner)
  }

  /** The end of the last record, including what was left free at the ends of pages. */
  get used(): number {
    return this.#used
  }

  get pages(): Pages {
    return this.#pages.pages
  }

  get content(): ArenaContent {
    return { pages: this.#pages.pages, used: this.#used, dead: this.#dead }
  }

  get sizeBytes(): number {
    return this.#pages.sizeBytes
  }

  /** True when more than half of the bytes belong to records that were given back. */
  get isMostlyDead(): boolean {
    return this.#dead > FIRST_PAGE_BYTES && this.#dead * 2 > this.#used
  }

  /** The page that holds the record; it starts there at `address & ARENA_OFFSET_MASK`. */
  page(address: number): DataView<ArrayBuffer> {
    return this.#pages.page(address >>> ARENA_PAGE_BITS)
  }

  /** The same page for overwriting a record that frozen views may see. */
  writable(address: number): DataView<ArrayBuffer> {
    return this.#pages.writable(address >>> ARENA_PAGE_BITS)
  }

  /** Room for a new record, to be filled through `page`. */
  allocate(sizeBytes: number): number {
    const isLarge = sizeBytes > ARENA_PAGE_BYTES
    const free = ARENA_PAGE_BYTES - (this.#used & ARENA_OFFSET_MASK)
    const address = sizeBytes > free || isLarge ? pageCeil(this.#used) : this.#used
    const end = address + sizeBytes
    assert(end <= ADDRESS_MAX, `A table's arena is full: ${end} bytes.`)
    if (isLarge) this.#pushRun(pageCeil(sizeBytes))
    else this.#reserve(address >>> ARENA_PAGE_BITS, (address & ARENA_OFFSET_MASK) + sizeBytes)
    this.#used = isLarge ? address + pageCeil(sizeBytes) : end
    return address
  }

  /** Counts a record as garbage; its address must not be used again. */
  release(sizeBytes: number): void {
    this.#dead += sizeBytes
  }

  /** Fills an empty arena with the bytes of a snapshot; copies. */
  load({ pages, used, dead }: ArenaContent): void {
    assert(this.#used === 0, 'Only an empty arena can be loaded.')
    for (const [index, page] of pages.entries()) {
      const rest = Math.max(0, used - index * ARENA_PAGE_BYTES)
      const bytes = new Uint8Array(Math.min(page.byteLength, rest))
      bytes.set(new Uint8Array(page.buffer, page.byteOffset, bytes.length))
      this.#pages.push(new DataView(bytes.buffer))
    }
    this.#used = used
    this.#dead = dead
  }

  #pushRun(sizeBytes: number): void {
    this.#pages.push(new DataView(new ArrayBuffer(sizeBytes)))
    for (let rest = ARENA_PAGE_BYTES; rest < sizeBytes; rest += ARENA_PAGE_BYTES) {
      this.#pages.push(NO_BYTES)
    }
  }

  #reserve(index: number, sizeBytes: number): void {
    if (index === this.#pages.length) {
      const first = Math.max(FIRST_PAGE_BYTES, powerOfTwo(sizeBytes))
      this.#pages.push(new DataView(new ArrayBuffer(index === 0 ? first : ARENA_PAGE_BYTES)))
    } else if (this.page(index << ARENA_PAGE_BITS).byteLength < sizeBytes) {
      this.#pages.resize(index, powerOfTwo(sizeBytes))
    }
  }
}

function pageCeil(bytes: number): number {
  return Math.ceil(bytes / ARENA_PAGE_BYTES) * ARENA_PAGE_BYTES
}

/** The smallest power of two that is at least `n` (n from 2). */
function powerOfTwo(n: number): number {
  return 1 << (32 - Math.clz32(n - 1))
}
