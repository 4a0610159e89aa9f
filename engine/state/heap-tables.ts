/**
 * The store of a value state: one flat table per key group. Also the directory of a store of lists or maps.
 * Must not know backends or what functions see.
 */

import { assert } from '../assert.ts'
import type { Serializer } from '../serializer.ts'
import { FlatTable, type FrozenTable } from './flat-table.ts'
import {
  noCurrentKey,
  type FrozenStore,
  type HeapStore,
  type StateSerializers,
  type StoreKey,
  type StoreOptions,
  type StoreRow,
} from './heap-store.ts'
import type { KeyGroupRange } from './key-groups.ts'
import { LookupKey } from './lookup-key.ts'
import type { RowObserver } from './rows/row-observer.ts'
import { decodeTableRow, encodeTableRow } from './rows/row-value.ts'
import { readRowValue, rowStamp, withoutExpired } from './stamped-value.ts'
import type { StateInfo, StateSegment } from './store-segment.ts'
import type { TableView } from './table-view.ts'
import type { CleanableStore, IsExpired, Ttl } from './ttl.ts'

export class HeapTables implements HeapStore, CleanableStore {
  readonly info: StateInfo
  readonly range: KeyGroupRange
  /** Once the state is registered with a TTL. */
  ttl: Ttl | undefined
  readonly #options: { readonly isNamespaced: boolean; readonly aliasSnapshots: boolean }
  readonly #first: number
  readonly #tables: (FlatTable | undefined)[]
  readonly #observer: RowObserver | undefined
  #serializer: Serializer<unknown> | undefined

  constructor({ info, range, aliasSnapshots, observer }: StoreOptions) {
    const { first, last } = range
    this.info = info
    this.range = range
    this.#options = { isNamespaced: info.isNamespaced, aliasSnapshots }
    this.#first = first
    this.#observer = observer
    this.#tables = Array.from({ length: last - first + 1 }, () => undefined)
  }

  get hasOnlyNumbers(): boolean {
    return this.#tables.every((table) => table === undefined || table.hasOnlyNumbers)
  }

  get keyCount(): number {
    return this.#sum((table) => table.count)
  }

  get sizeBytes(): number {
    return this.#sum((table) => table.sizeBytes)
  }

  get copiedPages(): number {
    return this.#sum((table) => table.copiedPages)
  }

  useSerializers({ value }: StateSerializers): void {
    this.#serializer = value
  }

  /** The table of a key group, if anything was ever stored in it. */
  table(keyGroup: number): FlatTable | undefined {
    return this.#tables[keyGroup - this.#first]
  }

  /** The table of the current key, if there is one, for reading. */
  find(key: LookupKey): FlatTable | undefined {
    if (this.#observer !== undefined) this.#observer.reads(this, key)
    const table = this.#tables[key.group - this.#first]
    if (table === undefined) this.#check(key)
    return table
  }

  /** The table of the current key, made if there is none, for writing. */
  open(key: LookupKey): FlatTable {
    if (this.#observer !== undefined) this.#observer.writes(this, key)
    return this.#tables[key.group - this.#first] ?? this.#create(key)
  }

  /** The table of a key group that is being restored. */
  openGroup(keyGroup: number): FlatTable {
    const table = this.table(keyGroup) ?? new FlatTable(this.#options)
    this.#tables[keyGroup - this.#first] = table
    return table
  }

  *keys(keyGroup: number): Iterable<StoreKey> {
    const view = this.table(keyGroup)?.view()
    for (let row = 0; view !== undefined && row < view.count; row += 1) yield keyOfRow(view, row)
  }

  *rows(keyGroup: number): Iterable<StoreRow> {
    const view = this.table(keyGroup)?.view()
    for (let row = 0; view !== undefined && row < view.count; row += 1) {
      const value = readRowValue(view, row, this.info, this.#serializer)
      yield { ...keyOfRow(view, row), value }
    }
  }

  peek(key: LookupKey): unknown {
    const table = this.find(key)
    const row = table === undefined ? -1 : table.find(key)
    if (table === undefined || row < 0) return undefined
    return readRowValue(table.view(), row, this.info, this.#serializer)
  }

  remove(key: LookupKey): void {
    if (this.#observer !== undefined) this.#observer.writes(this, key)
    const table = this.#tables[key.group - this.#first]
    if (table === undefined) this.#check(key)
    else table.remove(key)
  }

  encodeRow(key: LookupKey): Uint8Array | undefined {
    const table = this.table(key.group)
    const row = table === undefined ? -1 : table.find(key)
    return table === undefined || row < 0 ? undefined : encodeTableRow(table, row)
  }

  decodeRow(key: LookupKey, bytes: Uint8Array): void {
    decodeTableRow(this.openGroup(key.group), key, bytes)
  }

  dropRow(key: LookupKey): void {
    this.table(key.group)?.remove(key)
  }

  freeze(): FrozenStore {
    const frozen = this.freezeTables()
    const isExpired = this.leftOut()
    return {
      group: (keyGroup) => {
        const view = frozen.get(keyGroup)?.view
        const kept = view && isExpired ? withoutExpired(view, isExpired) : view
        return kept && this.#segmentOf(kept)
      },
      release: () => {
        for (const table of frozen.values()) table.release()
      },
    }
  }

  leftOut(): IsExpired | undefined {
    return this.ttl?.isLeftOutOfSnapshots ? this.ttl.isExpiredNow() : undefined
  }

  /** The tables that are not empty, by key group. */
  freezeTables(): ReadonlyMap<number, FrozenTable> {
    const frozen = new Map<number, FrozenTable>()
    this.#tables.forEach((table, i) => {
      if (table !== undefined && table.count > 0) frozen.set(this.#first + i, table.freeze())
    })
    return frozen
  }

  load(keyGroup: number, segment: StateSegment): void {
    assert(
      segment.type === 'value',
      `State "${this.info.name}" cannot be restored from a container.`,
    )
    this.#checkIsNew(keyGroup)
    const table = FlatTable.load(segment.content, this.#options.aliasSnapshots)
    this.#tables[keyGroup - this.#first] = table
  }

  rowCount(keyGroup: number): number {
    return this.table(keyGroup)?.count ?? 0
  }

  expireRow(keyGroup: number, row: number, isExpired: IsExpired): boolean {
    const table = this.table(keyGroup)
    const view = table?.view()
    if (view === undefined || !isExpired(rowStamp(view, row))) return false
    this.#observer?.writes(this, lookUp(view, row, keyGroup))
    table?.removeRow(row)
    return true
  }

  #segmentOf(view: TableView): StateSegment | undefined {
    const isLent = !this.#options.aliasSnapshots
    return view.count > 0
      ? { type: 'value', info: this.info, content: view.content, isLent }
      : undefined
  }

  #checkIsNew(keyGroup: number): void {
    const isNew = this.table(keyGroup) === undefined
    assert(isNew, `Key group ${keyGroup} of state "${this.info.name}" was restored twice.`)
  }

  #create(key: LookupKey): FlatTable {
    this.#check(key)
    return this.openGroup(key.group)
  }

  #check(key: LookupKey): void {
    const { first, last } = this.range
    if (key.group < 0) throw noCurrentKey(this.info.name)
    assert(
      key.group >= first && key.group <= last,
      `Key group ${key.group} does not belong to this subtask (${first} to ${last}).`,
    )
  }

  #sum(measure: (table: FlatTable) => number): number {
    let sum = 0
    for (const table of this.#tables) if (table !== undefined) sum += measure(table)
    return sum
  }
}

/** For asking about a row that is not that of the current key. */
export function lookUp(view: TableView, row: number, keyGroup: number): LookupKey {
  const lookup = new LookupKey()
  lookup.set(view.key(row), view.hash(row), keyGroup)
  if (view.isNamespaced) lookup.setNamespace(view.namespace(row))
  return lookup
}

export function keyOfRow(view: TableView, row: number): StoreKey {
  const namespace = view.isNamespaced ? view.namespace(row) : 0
  return { key: view.key(row), hash: view.hash(row), namespace }
}
