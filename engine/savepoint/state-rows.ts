/**
 * The rows of a state in a key group with everything that is stored of them: key, namespace, value, last use. Values of
 * Weir's serializers are decoded; those of a job's own stay bytes. Must not know files or checkpoints.
 */
import { binary, json, number, text } from '../serializer.ts'
import type { Serializer } from '../serializer.ts'
import { keyOfRow } from '../state/heap-tables.ts'
import { readRowValue, rowStamp } from '../state/stamped-value.ts'
import type { StateSegment } from '../state/store-segment.ts'
import { inspectElement } from '../state/stored-element.ts'
import type { StoredElement } from '../state/stored-element.ts'
import { TableView } from '../state/table-view.ts'
import { RawValue } from './tagged-json.ts'

export interface StateRow {
  readonly key: unknown
  readonly hash: number
  /** 0 if the state has no namespaces. */
  readonly namespace: number
  /** Of a list an array, of a map an array of pairs in its order. */
  readonly value: unknown
  /** The last use of the value, or of each item of a list or map; empty without TTL. */
  readonly stamps: readonly number[]
}

/** What values went through, by the name that a state remembers; undefined for a serializer of a job's own. */
export function knownSerializer(name: string): Serializer<unknown> | undefined {
  // States keep numbers by themselves, and with a last use through `binary`.
  if (name === number.name) return binary
  const known: readonly Serializer<unknown>[] = [binary, text, json]
  return known.find((serializer) => serializer.name === name)
}

/** In the order in which they are stored. */
export function rowsOf(segment: StateSegment): readonly StateRow[] {
  const { info } = segment
  if (segment.type === 'value') {
    const view = new TableView(segment.content)
    const serializer = knownSerializer(info.serializer)
    return Array.from({ length: view.count }, (_, row) => {
      const value = readRowValue(view, row, info, serializer)
      return {
        ...keyOfRow(view, row),
        value: serializer === undefined ? raw(value) : value,
        stamps: info.hasTtl ? [rowStamp(view, row)] : [],
      }
    })
  }
  return segment.rows.map(({ key, hash, namespace, items }) => ({
    key,
    hash,
    namespace,
    value: items.map((item) => {
      const value = elementOf(item.value, info.serializer)
      return info.kind === 'map' ? [elementOf(item.key, info.keySerializer), value] : value
    }),
    stamps: info.hasTtl ? items.map(({ at }) => at) : [],
  }))
}

function elementOf(stored: StoredElement, name: string): unknown {
  const serializer = knownSerializer(name)
  const value = inspectElement(stored, name, serializer)
  return serializer === undefined ? raw(value) : value
}

function raw(value: unknown): unknown {
  return value instanceof Uint8Array ? new RawValue(value) : value
}
