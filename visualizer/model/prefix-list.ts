/**
 * An append-only list whose versions share one backing array: an older version sees a prefix of a newer one.
 * So a keyframe that holds a partition's whole log costs one pointer. Sound because a trace is replayed, never
 * rewritten: whatever is appended at a position the second time equals what stands there (the fold is
 * deterministic). Two runs must start from two `emptyPrefixList()`.
 */

export class PrefixList<T> {
  readonly length: number
  readonly #items: T[]

  private constructor(items: T[], length: number) {
    this.#items = items
    this.length = length
  }

  static empty<T>(): PrefixList<T> {
    return new PrefixList<T>([], 0)
  }

  append(item: T): PrefixList<T> {
    if (this.length === this.#items.length) this.#items.push(item)
    return new PrefixList(this.#items, this.length + 1)
  }

  /** The item at `index`, or undefined outside of this version. */
  at(index: number): T | undefined {
    return index >= 0 && index < this.length ? this.#items[index] : undefined
  }

  last(): T | undefined {
    return this.at(this.length - 1)
  }

  toArray(): readonly T[] {
    return this.#items.slice(0, this.length)
  }
}
