/**
 * The elements of a list state for one key. Must not know keys, stores or serializers.
 * Invariant: arrays are only ever added to, or replaced: so a frozen form is the arrays and a length.
 */

import type { Container, FrozenContainer } from './container-store.ts'
import type { StoredItem } from './store-segment.ts'
import { sizeOfElement, type StoredElement } from './stored-element.ts'
import type { IsExpired } from './ttl.ts'

export class ListContainer implements Container {
  #values: StoredElement[] = []
  /** Last uses, if the state has a TTL: parallel to the values. */
  #stamps: number[] | undefined
  #sizeBytes = 64

  get count(): number {
    return this.#values.length
  }

  get sizeBytes(): number {
    return this.#sizeBytes
  }

  /** Not to be changed. */
  get values(): readonly StoredElement[] {
    return this.#values
  }

  at(index: number): number {
    return this.#stamps?.[index] ?? 0
  }

  items(): Iterable<StoredItem> {
    return itemsOf(this.#values, this.#stamps, this.#values.length)
  }

  append({ value, at }: Pick<StoredItem, 'value' | 'at'>): void {
    if (at !== 0) this.#stamps ??= this.#values.map(() => 0)
    this.#values.push(value)
    this.#stamps?.push(at)
    this.#sizeBytes += 16 + sizeOfElement(value)
  }

  replace(items: Iterable<Pick<StoredItem, 'value' | 'at'>>): void {
    const all = [...items]
    this.#values = []
    this.#stamps = undefined
    this.#sizeBytes = 64
    for (const item of all) this.append(item)
  }

  expire(isExpired: IsExpired): void {
    this.replace([...this.items()].filter(({ at }) => !isExpired(at)))
  }

  freeze(): FrozenContainer {
    const values = this.#values
    const stamps = this.#stamps
    const { length } = values
    return { items: () => itemsOf(values, stamps, length), release: () => undefined }
  }
}

function* itemsOf(
  values: readonly StoredElement[],
  stamps: readonly number[] | undefined,
  length: number,
): Iterable<StoredItem> {
  for (let i = 0; i < length; i += 1) {
    yield { key: undefined, value: values[i], at: stamps?.[i] ?? 0 }
  }
}
