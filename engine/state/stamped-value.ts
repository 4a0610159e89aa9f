/**
 * Values of states with TTL, as tables keep them: the last use (float64), then the bytes of the value.
 * Must not know when a value is expired.
 */

import { binary, type Serializer } from '../serializer.ts'
import { FlatTable } from './flat-table.ts'
import { LookupKey } from './lookup-key.ts'
import type { StateInfo } from './store-segment.ts'
import { VALUE_CUSTOM } from './stored-value.ts'
import type { TableView } from './table-view.ts'
import type { IsExpired } from './ttl.ts'

const STAMP_BYTES = 8

export interface Stamped<T> {
  /** The last use. */
  readonly at: number
  readonly value: T
}

export function stampedSerializer<T>(inner: Serializer<T>): Serializer<Stamped<T>> {
  return {
    name: inner.name,
    encode({ at, value }) {
      const content = inner.encode(value)
      const bytes = new Uint8Array(STAMP_BYTES + content.length)
      new DataView(bytes.buffer).setFloat64(0, at, true)
      bytes.set(content, STAMP_BYTES)
      return bytes
    },
    decode: (bytes) => ({ at: stampOf(bytes), value: inner.decode(bytes.subarray(STAMP_BYTES)) }),
  }
}

/**
 * The value of a row, which may have a stamp. `serializer` is the state's own one, or undefined; a value of a serializer
 * that is not known is returned as its bytes.
 */
export function readRowValue(
  view: TableView,
  row: number,
  info: StateInfo,
  serializer: Serializer<unknown> | undefined,
): unknown {
  if (!info.hasTtl) return view.value(row, serializer)
  const bytes = view.value(row, undefined)
  if (!(bytes instanceof Uint8Array)) return bytes
  const content = bytes.subarray(STAMP_BYTES)
  const known = serializer ?? (info.serializer === binary.name ? binary : undefined)
  return known === undefined ? content.slice() : known.decode(content.slice())
}

/** When the row was used last. */
export function rowStamp(view: TableView, row: number): number {
  const bytes = view.value(row, undefined)
  return bytes instanceof Uint8Array ? stampOf(bytes) : 0
}

/** What the rows that are not expired look like as a table of their own. */
export function withoutExpired(view: TableView, isExpired: IsExpired): TableView {
  const { isNamespaced } = view
  const table = new FlatTable({ isNamespaced })
  const key = new LookupKey()
  for (let row = 0; row < view.count; row += 1) {
    const bytes = view.value(row, undefined)
    if (!(bytes instanceof Uint8Array) || isExpired(stampOf(bytes))) continue
    key.set(view.key(row), view.hash(row), 0)
    if (isNamespaced) key.setNamespace(view.namespace(row))
    table.putBytes(key, VALUE_CUSTOM, bytes)
  }
  return table.view()
}

export function stampOf(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset, STAMP_BYTES).getFloat64(0, true)
}
