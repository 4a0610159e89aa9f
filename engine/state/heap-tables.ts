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
import type { LookupKey } from './lookup-key.ts'
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
  #serializer: Serializer<unknown> | undefined

  constructor({ info, range, aliasSnapshots }: StoreOptions) {
    const { first, last } = range
    this.info = info
    this.range = range
    this.#options = { isNamespaced: info.isNamespaced, aliasSnapshots }
    this.#first = first
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

  /** The table of the current key, if there is one. */
  find(key: LookupKey): FlatTable | undefined {
    const table = this.#tables[key.group - this.#first]
    if (table === undefined) this.#check(key)
    return table
  }

  open(key: LookupKey): FlatTable {
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
    this.find(key)?.remove(key)
  }

  freeze(): FrozenStore {
    const frozen = this.freezeTables()
    const isExpired = this.ttl?.isLeftOutOfSnapshots ? this.ttl.isExpiredNow() : undefined
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
    if (table === undefined || !isExpired(rowStamp(table.view(), row))) return false
    table.removeRow(row)
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

export function keyOfRow(view: TableView, row: number): StoreKey {
  const namespace = view.isNamespaced ? view.namespace(row) : 0
  return { key: view.key(row), hash: view.hash(row), namespace }
}
