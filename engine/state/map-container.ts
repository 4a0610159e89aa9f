/**
 * The entries of a map state for one key, in the order in which their keys were put first. Must not know keys of the
 * stream, stores or serializers.
 * Entries do not change: a write replaces one. A frozen form is the live map and what became of its entries since, kept
 * entry by entry when they are replaced or removed, so that freezing a large map costs nothing.
 */

import type { Container, FrozenContainer } from './container-store.ts'
import type { StoredItem } from './store-segment.ts'
import { sizeOfElement, type StoredElement } from './stored-element.ts'
import type { IsExpired } from './ttl.ts'

/** What tells map keys apart: a primitive. */
export type MapKeyId = Exclude<StoredElement, Uint8Array>

export interface MapEntry extends StoredItem {
  readonly id: MapKeyId
  /** Ascending in the order of first puts. */
  readonly order: number
}

/** Strings and bytes must not collide: the ids of bytes, and of strings that begin like one, have a prefix. */
export function mapKeyId(key: StoredElement): MapKeyId {
  if (typeof key === 'string') return key.startsWith('\0') ? `\0s${key}` : key
  if (!(key instanceof Uint8Array)) return key
  let id = '\0b'
  for (const byte of key) id += String.fromCharCode(byte)
  return id
}

export class MapContainer implements Container {
  readonly #entries = new Map<MapKeyId, MapEntry>()
  #frozen: FrozenMap[] = []
  #nextOrder = 0
  #sizeBytes = 96

  get count(): number {
    return this.#entries.size
  }

  get sizeBytes(): number {
    return this.#sizeBytes
  }

  /** Entries put for the first time from now on have at least this order. */
  get nextOrder(): number {
    return this.#nextOrder
  }

  get(id: MapKeyId): MapEntry | undefined {
    return this.#entries.get(id)
  }

  /** Live: shows what is put and removed while it is iterated. */
  items(): IterableIterator<MapEntry> {
    return this.#entries.values()
  }

  append({ key, value, at }: StoredItem): void {
    this.put(mapKeyId(key), key, value, at)
  }

  put(id: MapKeyId, key: StoredElement, value: StoredElement, at: number): void {
    const old = this.#entries.get(id)
    this.#keep(id, old)
    this.#entries.set(id, { id, key, value, at, order: old?.order ?? this.#nextOrder })
    this.#sizeBytes += sizeOfElement(value) - (old === undefined ? 0 : sizeOfElement(old.value))
    if (old !== undefined) return
    this.#nextOrder += 1
    this.#sizeBytes += 96 + sizeOfElement(key)
  }

  remove(id: MapKeyId): void {
    const old = this.#entries.get(id)
    if (old === undefined) return
    this.#keep(id, old)
    this.#entries.delete(id)
    this.#sizeBytes -= 96 + sizeOfElement(old.key) + sizeOfElement(old.value)
  }

  expire(isExpired: IsExpired): void {
    for (const { id, at } of this.#entries.values()) if (isExpired(at)) this.remove(id)
  }

  freeze(): FrozenContainer {
    const form = new FrozenMap(this.#entries)
    this.#frozen = this.#frozen.filter(({ isReleased }) => !isReleased)
    this.#frozen.push(form)
    return form
  }

  #keep(id: MapKeyId, old: MapEntry | undefined): void {
    for (const form of this.#frozen) form.keep(id, old)
  }
}

class FrozenMap implements FrozenContainer {
  readonly #live: ReadonlyMap<MapKeyId, MapEntry>
  /** What stood under the ids that were written since: an entry, or none. */
  readonly #kept = new Map<MapKeyId, MapEntry | undefined>()
  #isReleased = false

  constructor(live: ReadonlyMap<MapKeyId, MapEntry>) {
    this.#live = live
  }

  get isReleased(): boolean {
    return this.#isReleased
  }

  keep(id: MapKeyId, old: MapEntry | undefined): void {
    if (!this.#isReleased && !this.#kept.has(id)) this.#kept.set(id, old)
  }

  *items(): Iterable<StoredItem> {
    if (this.#kept.size === 0) {
      yield* this.#live.values()
      return
    }
    const entries = [...this.#live.values()].filter(({ id }) => !this.#kept.has(id))
    for (const entry of this.#kept.values()) if (entry !== undefined) entries.push(entry)
    yield* entries.sort((a, b) => a.order - b.order)
  }

  release(): void {
    this.#isReleased = true
    this.#kept.clear()
  }
}
