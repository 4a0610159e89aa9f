/**
 * Reads a key group of a snapshot without a backend: for the oracle and for `weir state`.
 * Must not know where the bytes come from. Knows the serializers of Weir; those of a job must be given.
 */

import { binary, json, number, text, type Serializer } from '../serializer.ts'
import { parseKeyGroup } from './key-group-segment.ts'
import { TableView } from './table-view.ts'

export interface DecodedEntry {
  readonly key: unknown
  readonly value: unknown
  /** Present for namespaced states. */
  readonly namespace?: number
}

export interface DecodedState {
  readonly state: string
  readonly entries: readonly DecodedEntry[]
}

/**
 * The states of the key group, each with its entries in the order of its table. A value of a custom serializer that is
 * not among `serializers` (found by name) is returned as its bytes.
 */
export function decodeKeyGroup(
  bytes: Uint8Array,
  serializers: readonly Serializer<unknown>[] = [],
): DecodedState[] {
  const known = [...serializers, binary, text, number, json]
  return parseKeyGroup(bytes).states.map(({ name, serializer, content }) => ({
    state: name,
    entries: decodeEntries(
      new TableView(content),
      known.find((candidate) => candidate.name === serializer),
    ),
  }))
}

function decodeEntries(
  view: TableView,
  serializer: Serializer<unknown> | undefined,
): DecodedEntry[] {
  const entries: DecodedEntry[] = []
  for (let row = 0; row < view.count; row += 1) {
    const key = view.key(row)
    const value = view.value(row, serializer)
    if (!view.isNamespaced) entries.push({ key, value })
    else entries.push({ key, value, namespace: view.namespace(row) })
  }
  return entries
}
