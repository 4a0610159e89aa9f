/**
 * What is known of rows, by state, namespace and key. Must not know what that is. Keys are told apart as tables do:
 * '1' is not 1, -0 is 0, and objects are equal if their bytes are.
 */

import { present } from '../../assert.ts'
import type { HeapStore } from '../heap-store.ts'
import type { LookupKey } from '../lookup-key.ts'
import { mapKeyId, type MapKeyId } from '../map-container.ts'

type ByKey<E> = Map<MapKeyId, E>

export class RowIndex<E> {
  readonly #byStore = new Map<HeapStore, Map<number, ByKey<E>>>()
  #count = 0

  get count(): number {
    return this.#count
  }

  get(store: HeapStore, key: LookupKey): E | undefined {
    return this.#byStore.get(store)?.get(namespaceOf(store, key))?.get(idOf(key))
  }

  /** There must be no entry yet. */
  add(store: HeapStore, key: LookupKey, entry: E): void {
    const namespaces = this.#byStore.get(store) ?? new Map<number, ByKey<E>>()
    const namespace = namespaceOf(store, key)
    const keys: ByKey<E> = namespaces.get(namespace) ?? new Map<MapKeyId, E>()
    if (keys.size === 0) {
      this.#byStore.set(store, namespaces)
      namespaces.set(namespace, keys)
    }
    keys.set(idOf(key), entry)
    this.#count += 1
  }

  delete(store: HeapStore, key: LookupKey): void {
    const namespaces = present(this.#byStore.get(store), 'A row is not in the index.')
    const namespace = namespaceOf(store, key)
    const keys = present(namespaces.get(namespace), 'A row is not in the index.')
    if (keys.delete(idOf(key))) this.#count -= 1
    if (keys.size === 0) namespaces.delete(namespace)
  }

  *values(): Iterable<E> {
    for (const namespaces of this.#byStore.values()) {
      for (const keys of namespaces.values()) yield* keys.values()
    }
  }
}

function namespaceOf({ info }: HeapStore, { namespace }: LookupKey): number {
  return info.isNamespaced ? namespace : 0
}

function idOf({ value, encoded }: LookupKey): MapKeyId {
  switch (typeof value) {
    case 'string':
      return mapKeyId(value)
    case 'number':
      return value
    default:
      return mapKeyId(encoded)
  }
}
