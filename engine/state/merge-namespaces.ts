/**
 * Merging what a key has in several namespaces (windows) into one of them, for states that hold one value.
 * Must not know how values are stored. Source: Flink InternalMergingState, AbstractHeapMergingState.
 */

import type { LookupKey } from './lookup-key.ts'

/** The value of the current key and namespace. */
export interface StoredValue<T> {
  /** Undefined if nothing is stored, whatever the default is. */
  find(): T | undefined
  store(value: T): void
  clear(): void
}

/** What reducing and aggregating states need beside: a read with the effects of TTL. */
export interface ReadableValue<T> extends StoredValue<T> {
  read(): T | undefined
}

export interface Merge<T> {
  readonly target: number
  readonly sources: Iterable<number>
  readonly merge: (a: T, b: T) => T
}

/** Afterwards the sources are empty, and the current namespace is the one before. */
export function mergeNamespaces<T>(
  key: LookupKey,
  state: StoredValue<T>,
  { target, sources, merge }: Merge<T>,
): void {
  const { namespace } = key
  let merged: T | undefined
  for (const source of sources) {
    if (source === target) continue
    key.setNamespace(source)
    const value = state.find()
    if (value === undefined) continue
    state.clear()
    merged = merged === undefined ? value : merge(merged, value)
  }
  key.setNamespace(target)
  if (merged !== undefined) {
    const value = state.find()
    state.store(value === undefined ? merged : merge(value, merged))
  }
  key.setNamespace(namespace)
}
