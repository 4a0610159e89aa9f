/**
 * What a key group's segment says about its states: how each is kept, and the contents of list and map states (those
 * of value states are tables, see table-segment.ts). Must not know stores or backends.
 * Source of the idea that a snapshot tells how its states were written: Flink StateMetaInfoSnapshot.
 */

import { present } from '../assert.ts'
import { decodeKey, encodeKey } from '../serializer.ts'
import { checkIntact } from './corrupt-state-error.ts'
import type { TableContent } from './row-layout.ts'
import type { SegmentReader, SegmentWriter } from './segment-bytes.ts'
import { readElement, sizeOfElement, writeElement, type StoredElement } from './stored-element.ts'

/** Reducing, aggregating and number states are kept as value states. */
export type StateKind = 'value' | 'list' | 'map'

export interface StateInfo {
  readonly name: string
  readonly kind: StateKind
  /** The name of the serializer of values. */
  readonly serializer: string
  /** Of map states only, else empty. */
  readonly keySerializer: string
  readonly isNamespaced: boolean
  /** Whether a last use is stored with every value. */
  readonly hasTtl: boolean
}

export type StateSegment = ValueSegment | ContainerSegment

export interface ValueSegment {
  readonly type: 'value'
  readonly info: StateInfo
  readonly content: TableContent
  /** The pages do not change until the snapshot is released: until then the bytes may consist of them. */
  readonly isLent: boolean
}

export interface ContainerSegment {
  readonly type: 'container'
  readonly info: StateInfo
  readonly rows: readonly ContainerRow[]
}

/** What a list or map state has for one key (and namespace). */
export interface ContainerRow {
  readonly key: unknown
  readonly hash: number
  /** 0 if the state has no namespaces. */
  readonly namespace: number
  readonly items: readonly StoredItem[]
}

/** An element of a list, or an entry of a map. */
export interface StoredItem {
  /** Of map entries only. */
  readonly key: StoredElement
  readonly value: StoredElement
  /** The last use; 0 without TTL. */
  readonly at: number
}

const KINDS: readonly StateKind[] = ['value', 'list', 'map']
const NAMESPACED = 1
const TTL = 2

/** An upper bound. */
export function infoSizeHint({ name, serializer, keySerializer }: StateInfo): number {
  return 20 + 3 * (name.length + serializer.length + keySerializer.length)
}

export function writeInfo(writer: SegmentWriter, info: StateInfo): void {
  writer.u32(KINDS.indexOf(info.kind))
  writer.u32((info.isNamespaced ? NAMESPACED : 0) | (info.hasTtl ? TTL : 0))
  writer.text(info.name)
  writer.text(info.serializer)
  writer.text(info.keySerializer)
}

export function readInfo(reader: SegmentReader): StateInfo {
  const index = reader.u32()
  checkIntact(index < KINDS.length, `There is no kind ${index} of states.`)
  const flags = reader.u32()
  checkIntact(flags <= (NAMESPACED | TTL), `A state has the unknown flags ${flags}.`)
  return {
    kind: present(KINDS[index], 'A kind of states is missing.'),
    isNamespaced: (flags & NAMESPACED) !== 0,
    hasTtl: (flags & TTL) !== 0,
    name: reader.text(),
    serializer: reader.text(),
    keySerializer: reader.text(),
  }
}

export function rowsSizeHint({ rows }: ContainerSegment): number {
  let size = 4
  for (const { items } of rows) size += 36 + itemsSizeHint(items)
  return size
}

export function itemsSizeHint(items: readonly StoredItem[]): number {
  let size = 4
  for (const { key, value } of items) size += 18 + sizeOfElement(key) + sizeOfElement(value)
  return size
}

export function writeRows(writer: SegmentWriter, { info, rows }: ContainerSegment): void {
  writer.u32(rows.length)
  for (const { key, hash, namespace, items } of rows) {
    const keyBytes = encodeKey(key)
    writer.u32(hash)
    writer.u32(keyBytes.length)
    writer.bytes(keyBytes)
    if (info.isNamespaced) writer.f64(namespace)
    writeItems(writer, info, items)
  }
}

export function writeItems(
  writer: SegmentWriter,
  { hasTtl, kind }: StateInfo,
  items: readonly StoredItem[],
): void {
  writer.u32(items.length)
  for (const item of items) {
    if (hasTtl) writer.f64(item.at)
    if (kind === 'map') writeElement(writer, item.key)
    writeElement(writer, item.value)
  }
}

export function readRows(reader: SegmentReader, info: StateInfo): readonly ContainerRow[] {
  const count = reader.u32()
  const rows: ContainerRow[] = []
  for (let i = 0; i < count; i += 1) {
    const hash = reader.u32() | 0
    const key = decodeKey(reader.bytes(reader.u32()))
    const namespace = info.isNamespaced ? reader.f64() : 0
    rows.push({ key, hash, namespace, items: readItems(reader, info) })
  }
  return rows
}

export function readItems(
  reader: SegmentReader,
  { hasTtl, kind }: StateInfo,
): readonly StoredItem[] {
  const items: StoredItem[] = []
  for (let rest = reader.u32(); rest > 0; rest -= 1) {
    items.push({
      at: hasTtl ? reader.f64() : 0,
      key: kind === 'map' ? readElement(reader) : undefined,
      value: readElement(reader),
    })
  }
  return items
}
