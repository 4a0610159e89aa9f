/**
 * What a state has for all keys, from both tiers: rows that the tracker knows are in the tables, the others in the base.
 * In the order of row keys, which does not depend on what happens to be loaded.
 */

import { text } from '../../serializer.ts'
import type { HeapStore, StoreKey } from '../heap-store.ts'
import type { KeyGroupRange } from '../key-groups.ts'
import { LookupKey } from '../lookup-key.ts'
import type { ChangeTracker } from '../rows/change-tracker.ts'
import { compareBytes } from '../rows/row-change.ts'
import { decodeRowKey, stateRowKey, statePrefix } from '../rows/row-key.ts'
import type { BaseStore } from './base-store.ts'

export interface MergedKey extends StoreKey {
  readonly keyGroup: number
}

export interface Tiers {
  readonly base: BaseStore
  readonly tracker: ChangeTracker
  readonly range: KeyGroupRange
}

export function* mergedKeys(tiers: Tiers, store: HeapStore): Iterable<MergedKey> {
  const { first, last } = tiers.range
  for (let keyGroup = first; keyGroup <= last; keyGroup += 1) {
    yield* keysOfGroup(tiers, store, keyGroup)
  }
}

/** The current key of `lookup` becomes that of the row. */
export function lookUpKey(lookup: LookupKey, { key, hash, keyGroup, namespace }: MergedKey): void {
  lookup.set(key, hash, keyGroup)
  lookup.setNamespace(namespace)
}

function keysOfGroup(tiers: Tiers, store: HeapStore, keyGroup: number): MergedKey[] {
  const name = text.encode(store.info.name)
  const lookup = new LookupKey()
  const found: { readonly rowKey: Uint8Array; readonly key: MergedKey }[] = []
  for (const inTable of store.keys(keyGroup)) {
    const key = { ...inTable, keyGroup }
    lookUpKey(lookup, key)
    found.push({ rowKey: stateRowKey(name, store.info.isNamespaced, lookup), key })
  }
  for (const { rowKey, key } of keysInBase(tiers, statePrefix(keyGroup, name))) {
    lookUpKey(lookup, key)
    if (!tiers.tracker.isKnown(store, lookup)) found.push({ rowKey, key })
  }
  return found.sort((a, b) => compareBytes(a.rowKey, b.rowKey)).map(({ key }) => key)
}

function* keysInBase(
  { base }: Tiers,
  prefix: Uint8Array,
): Iterable<{ readonly rowKey: Uint8Array; readonly key: MergedKey }> {
  const view = base.view()
  for (const { key: rowKey } of view.scan(prefix)) {
    const address = decodeRowKey(rowKey)
    if (address.type === 'state') yield { rowKey, key: address }
  }
  view.release()
}
