/**
 * Map state on containers. Must not know snapshots. With a TTL every entry has its own last use.
 * Source: Flink HeapMapState, TtlMapState.
 */

import type { ContainerStore } from './container-store.ts'
import type { MapState } from './keyed-state-backend.ts'
import type { LookupKey } from './lookup-key.ts'
import { mapKeyId, type MapContainer, type MapEntry } from './map-container.ts'
import type { ElementCodec, StoredElement } from './stored-element.ts'
import type { Ttl } from './ttl.ts'

export interface MapCodecs<K, V> {
  readonly key: ElementCodec<K>
  readonly value: ElementCodec<V>
}

export class HeapMapState<K, V> implements MapState<K, V> {
  readonly #store: ContainerStore<MapContainer>
  readonly #key: LookupKey
  readonly #codecs: MapCodecs<K, V>
  readonly #ttl: Ttl | undefined

  constructor(store: ContainerStore<MapContainer>, key: LookupKey, codecs: MapCodecs<K, V>) {
    this.#store = store
    this.#key = key
    this.#codecs = codecs
    this.#ttl = store.ttl
  }

  get(key: K): V | undefined {
    const entry = this.#read(key)
    return entry && this.#codecs.value.load(entry.value)
  }

  contains(key: K): boolean {
    return this.#read(key) !== undefined
  }

  put(key: K, value: V): void {
    this.#ttl?.accessed()
    const storedKey = this.#storeKey(key)
    const stored = this.#codecs.value.store(value)
    const map = this.#store.open(this.#key)
    map.put(mapKeyId(storedKey), storedKey, stored, this.#ttl?.now() ?? 0)
  }

  putAll(entries: Iterable<readonly [K, V]>): void {
    this.#ttl?.accessed()
    const at = this.#ttl?.now() ?? 0
    // All are encoded before any is stored: what fails changes nothing.
    const stored = Array.from(entries, ([key, value]) => {
      return [this.#storeKey(key), this.#codecs.value.store(value)] as const
    })
    if (stored.length === 0) return
    const map = this.#store.open(this.#key)
    for (const [key, value] of stored) map.put(mapKeyId(key), key, value, at)
  }

  remove(key: K): void {
    this.#ttl?.accessed()
    const map = this.#store.find(this.#key)
    const entry = map?.get(mapKeyId(this.#storeKey(key)))
    if (map !== undefined && entry !== undefined) this.#removeEntry(map, entry)
  }

  entries(): IterableIterator<[K, V]> {
    const { key, value } = this.#codecs
    return this.#iterate((entry) => [key.load(entry.key), value.load(entry.value)])
  }

  keys(): IterableIterator<K> {
    return this.#iterate((entry) => this.#codecs.key.load(entry.key))
  }

  values(): IterableIterator<V> {
    return this.#iterate((entry) => this.#codecs.value.load(entry.value))
  }

  /** Whether nothing is stored: what is expired but was not removed yet counts. */
  isEmpty(): boolean {
    this.#ttl?.accessed()
    return this.#store.find(this.#key) === undefined
  }

  clear(): void {
    this.#store.remove(this.#key)
  }

  /** The entry of the key as a read sees it. */
  #read(key: K): MapEntry | undefined {
    this.#ttl?.accessed()
    const map = this.#store.find(this.#key)
    const entry = map?.get(mapKeyId(this.#storeKey(key)))
    return map && entry && this.#withTtl(map, entry)
  }

  /** The map of the current key is found now, not when the first entry is asked for: the key may be another then. */
  #iterate<R>(pick: (entry: MapEntry) => R): IterableIterator<R> {
    this.#ttl?.accessed()
    const map = this.#store.find(this.#key)
    return map === undefined ? [].values() : this.#walk(map, pick)
  }

  *#walk<R>(map: MapContainer, pick: (entry: MapEntry) => R): IterableIterator<R> {
    const end = map.nextOrder
    for (const entry of map.items()) {
      if (entry.order >= end) return
      const seen = this.#withTtl(map, entry)
      if (seen !== undefined) yield pick(seen)
    }
  }

  /** What a read of the entry sees, with what it does: removing an expired entry, refreshing a live one. */
  #withTtl(map: MapContainer, entry: MapEntry): MapEntry | undefined {
    const ttl = this.#ttl
    if (ttl === undefined) return entry
    if (ttl.isExpired(entry.at)) {
      this.#removeEntry(map, entry)
      return ttl.showsExpired ? entry : undefined
    }
    if (ttl.refreshesOnRead && this.#isCurrent(map)) {
      this.#store.open(this.#key).put(entry.id, entry.key, entry.value, ttl.now())
    }
    return entry
  }

  #removeEntry(map: MapContainer, entry: MapEntry): void {
    if (!this.#isCurrent(map)) return
    this.#store.open(this.#key).remove(entry.id)
    if (map.count === 0) this.#store.remove(this.#key)
  }

  /** False for a map that is still iterated after it was cleared, or for another key. */
  #isCurrent(map: MapContainer): boolean {
    return this.#store.find(this.#key) === map
  }

  /** As keys, 0 and -0 are the same. */
  #storeKey(key: K): StoredElement {
    const stored = this.#codecs.key.store(key)
    return stored === 0 ? 0 : stored
  }
}
