/**
 * Between key groups and rows: the two forms in which state leaves a backend. Must not know where rows are kept.
 * Invariant: the rows of a segment, as a segment, hold the same states and timers.
 */

import { checkIntact } from '../corrupt-state-error.ts'
import { HeapStateBackend } from '../heap-state-backend.ts'
import { parseKeyGroup } from '../key-group-segment.ts'
import type { KeyGroupSegment } from '../keyed-state-backend.ts'
import { LookupKey } from '../lookup-key.ts'
import { text } from '../../serializer.ts'
import type { StateInfo } from '../store-segment.ts'
import { decodeTimer } from '../timer-segment.ts'
import { compareBytes, type StoredRow } from './row-change.ts'
import { keyGroupOfRow, stateRowKey, timerRowKey } from './row-key.ts'
import { encodeTimerRow } from './row-value.ts'

export interface SegmentRows {
  readonly states: readonly StateInfo[]
  /** In ascending order. */
  readonly rows: readonly StoredRow[]
}

export function rowsOfSegment(segment: KeyGroupSegment): SegmentRows {
  const { keyGroup, bytes } = segment
  const content = parseKeyGroup(bytes)
  checkIntact(
    content.keyGroup === keyGroup,
    `Key group ${keyGroup} has the bytes of key group ${content.keyGroup}.`,
  )
  const range = { first: keyGroup, last: keyGroup }
  const tables = new HeapStateBackend({ maxParallelism: keyGroup + 1, range, forgetsTimers: true })
  tables.restore([segment])
  const rows: StoredRow[] = []
  const lookup = new LookupKey()
  for (const store of tables.stores()) {
    const { name, isNamespaced } = store.info
    const nameBytes = text.encode(name)
    for (const { key, hash, namespace } of store.keys(keyGroup)) {
      lookup.set(key, hash, keyGroup)
      lookup.setNamespace(namespace)
      const value = store.encodeRow(lookup)
      if (value !== undefined)
        rows.push({ key: stateRowKey(nameBytes, isNamespaced, lookup), value })
    }
  }
  for (const { domain, rows: timers } of content.timers) {
    for (const timer of timers) {
      const key = timerRowKey(keyGroup, domain, decodeTimer(timer))
      rows.push({ key, value: encodeTimerRow(timer) })
    }
  }
  const states = Array.from(tables.stores(), ({ info }) => info)
  return { states, rows: rows.sort((a, b) => compareBytes(a.key, b.key)) }
}

/** Ascending rows as key groups, one per `next()`; those without rows are left out. */
export function* segmentsOfRows(
  states: readonly StateInfo[],
  rows: Iterable<StoredRow>,
  maxParallelism: number,
): Iterable<KeyGroupSegment> {
  let group: StoredRow[] = []
  let keyGroup = -1
  for (const row of rows) {
    const next = keyGroupOfRow(row.key)
    if (next !== keyGroup && group.length > 0) {
      yield* segmentOf(states, group, keyGroup, maxParallelism)
      group = []
    }
    keyGroup = next
    group.push(row)
  }
  if (group.length > 0) yield* segmentOf(states, group, keyGroup, maxParallelism)
}

function segmentOf(
  states: readonly StateInfo[],
  rows: readonly StoredRow[],
  keyGroup: number,
  maxParallelism: number,
): Iterable<KeyGroupSegment> {
  const range = { first: keyGroup, last: keyGroup }
  const tables = new HeapStateBackend({ maxParallelism, range })
  tables.restoreRows(states, rows)
  return tables.snapshot().keyGroups()
}
