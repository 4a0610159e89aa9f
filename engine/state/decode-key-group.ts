/**
 * Reads a key group of a snapshot without a backend: for the oracle and for `weir state`.
 * Must not know where the bytes come from. Knows the serializers of Weir; those of a job must be given.
 */

import { binary, json, number, text, type Serializer } from '../serializer.ts'
import { decodeItems } from './container-store.ts'
import { keyOfRow } from './heap-tables.ts'
import { parseKeyGroup } from './key-group-segment.ts'
import { readRowValue } from './stamped-value.ts'
import type { StateInfo, StateSegment } from './store-segment.ts'
import { TableView } from './table-view.ts'
import { decodeTimer, type TimerSegment } from './timer-segment.ts'

export interface DecodedEntry {
  readonly key: unknown
  /** Of a list state an array, of a map state a Map, of timers `{ time, start, end }`. */
  readonly value: unknown
  /** Present for namespaced states. */
  readonly namespace?: number
}

export interface DecodedState {
  /** The name; of timers `event-time timers` or `processing-time timers`. */
  readonly state: string
  readonly entries: readonly DecodedEntry[]
}

/**
 * The states of the key group, each with its entries in the order of its table, and then its timers. A value of a custom
 * serializer that is not among `serializers` (found by name) is returned as its bytes.
 */
export function decodeKeyGroup(
  bytes: Uint8Array,
  serializers: readonly Serializer<unknown>[] = [],
): DecodedState[] {
  const known = [...serializers, binary, text, json]
  const { states, timers } = parseKeyGroup(bytes)
  return [
    ...states.map((segment) => ({
      state: segment.info.name,
      entries: decodeEntries(segment, known),
    })),
    ...timers.map(decodeTimers),
  ]
}

function decodeEntries(
  segment: StateSegment,
  known: readonly Serializer<unknown>[],
): DecodedEntry[] {
  const { info } = segment
  // States keep numbers by themselves, and with a last use through `binary`.
  const find = (name: string): Serializer<unknown> | undefined =>
    name === number.name ? binary : known.find((candidate) => candidate.name === name)
  const value = find(info.serializer)
  if (segment.type === 'container') {
    const serializers = { key: find(info.keySerializer), value }
    return segment.rows.map(({ key, namespace, items }) =>
      entryOf(info, key, decodeItems(items, info, serializers), namespace),
    )
  }
  const view = new TableView(segment.content)
  return Array.from({ length: view.count }, (_, row) => {
    const { key, namespace } = keyOfRow(view, row)
    return entryOf(info, key, readRowValue(view, row, info, value), namespace)
  })
}

function entryOf(
  { isNamespaced }: StateInfo,
  key: unknown,
  value: unknown,
  namespace: number,
): DecodedEntry {
  return isNamespaced ? { key, value, namespace } : { key, value }
}

function decodeTimers({ domain, rows }: TimerSegment): DecodedState {
  const entries = rows.map((row) => {
    const { key, time, start, end } = decodeTimer(row)
    return { key, value: { time, start, end } }
  })
  return { state: `${domain}-time timers`, entries }
}
