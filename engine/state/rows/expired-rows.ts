/** Leaves out of rows what is expired, for states whose full snapshots do. Must not know when something is expired. */

import type { StoredRow } from './row-change.ts'
import { decodeRowKey } from './row-key.ts'
import { decodeItemsRow, encodeItems, stampOfTableRow } from './row-value.ts'
import type { StateInfo } from '../store-segment.ts'
import type { IsExpired } from '../ttl.ts'

/** By the name of the state. */
export interface Expiry {
  readonly info: StateInfo
  readonly isExpired: IsExpired
}

export function* withoutExpired(
  rows: Iterable<StoredRow>,
  expiries: ReadonlyMap<string, Expiry>,
): Iterable<StoredRow> {
  for (const row of rows) {
    const address = decodeRowKey(row.key)
    const expiry = address.type === 'state' ? expiries.get(address.state) : undefined
    const left = expiry === undefined ? row : leave(row, expiry)
    if (left !== undefined) yield left
  }
}

function leave(row: StoredRow, { info, isExpired }: Expiry): StoredRow | undefined {
  if (info.kind === 'value') return isExpired(stampOfTableRow(row.value)) ? undefined : row
  const all = decodeItemsRow(row.value, info)
  const live = all.filter(({ at }) => !isExpired(at))
  if (live.length === all.length) return row
  return live.length === 0 ? undefined : { key: row.key, value: encodeItems(live, info) }
}
