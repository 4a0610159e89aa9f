/**
 * The open-addressing index of a table: from a hash to the number of a dense entry, by linear probing.
 * Must not know keys: the table compares them. Not part of snapshots: rebuilt from the column of hashes.
 * A word is 0 (free) or (low bits of the mixed hash | entry + 1): with 2^b slots the entry takes b bits, the remaining
 * 32 - b bits are the part of the mixed hash that does not choose the slot, so that a probe hardly ever meets a wrong key.
 * Invariant: no free word lies between an entry's home slot and its word (deletion shifts back, no tombstones).
 * Source: Knuth, The Art of Computer Programming 3, 6.4, algorithms L and R.
 */

import { assert } from '../assert.ts'

const BITS_MIN = 3
const BITS_MAX = 30
const GOLDEN_RATIO = 0x9e3779b1 | 0

/** Spreads a hash: the top bits choose the slot. The keys of one key group share their low bits. */
export function mixHash(hash: number): number {
  return Math.imul(hash, GOLDEN_RATIO)
}

export class HashIndex {
  #words = new Int32Array(1 << BITS_MIN)
  #bits = BITS_MIN

  get words(): Int32Array {
    return this.#words
  }

  get bits(): number {
    return this.#bits
  }

  get sizeBytes(): number {
    return this.#words.byteLength
  }

  /** Adapts the size to `count` entries; true if it is empty now and all entries must be added again. */
  resizeFor(count: number): boolean {
    const slots = this.#words.length
    const isTooSmall = count * 4 > slots * 3
    const isTooLarge = slots > 1 << BITS_MIN && count * 8 < slots
    if (!isTooSmall && !isTooLarge) return false
    this.#bits = Math.max(BITS_MIN, 32 - Math.clz32(Math.ceil((count * 4) / 3)))
    assert(this.#bits <= BITS_MAX, `A table cannot hold ${count} entries.`)
    this.#words = new Int32Array(1 << this.#bits)
    return true
  }

  /** Adds an entry whose key is not there yet. */
  add(mixed: number, entry: number): void {
    const words = this.#words
    const mask = words.length - 1
    let slot = mixed >>> (32 - this.#bits)
    while (words[slot] !== 0) slot = (slot + 1) & mask
    words[slot] = (mixed << this.#bits) | (entry + 1)
  }

  /** Lets the word of `entry` lead to `replacement`: the entry has moved. */
  move(mixed: number, entry: number, replacement: number): void {
    this.#words[this.#slotOf(mixed, entry)] = (mixed << this.#bits) | (replacement + 1)
  }

  /** Removes an entry; `mixedOf` gives the mixed hash of the entries behind it. */
  remove(mixed: number, entry: number, mixedOf: (entry: number) => number): void {
    const words = this.#words
    const mask = words.length - 1
    let hole = this.#slotOf(mixed, entry)
    for (let slot = (hole + 1) & mask; ; slot = (slot + 1) & mask) {
      const word = words[slot] ?? 0
      if (word === 0) break
      const home = mixedOf((word & mask) - 1) >>> (32 - this.#bits)
      // An entry may move back to the hole unless that is before its home (cyclically).
      if (((slot - home) & mask) < ((slot - hole) & mask)) continue
      words[hole] = word
      hole = slot
    }
    words[hole] = 0
  }

  #slotOf(mixed: number, entry: number): number {
    const words = this.#words
    const mask = words.length - 1
    let slot = mixed >>> (32 - this.#bits)
    for (let probes = 0; ((words[slot] ?? 0) & mask) !== entry + 1; probes += 1) {
      assert(probes <= mask, `Entry ${entry} is not in the index.`)
      slot = (slot + 1) & mask
    }
    return slot
  }
}
