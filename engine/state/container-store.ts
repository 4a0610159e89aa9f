/**
 * The store of a list or map state: a container per key (and namespace), found through a directory of flat tables that
 * hold the containers' slots. Must not know what is in a container or what functions see.
 * A snapshot freezes the directory and walks no container: before a container changes for the first time after a
 * snapshot, its form of that moment is kept for the snapshot. A form that is not kept has not changed.
 * Invariants: a slot in the directory has a container; `created` and `touched` are epochs, which snapshots raise; for
 * every live view that can see a container, the view keeps its form or the container was not written since.
 * Source: Flink CopyOnWriteStateMap, by container instead of by entry.
 */

import { assert, present } from '../assert.ts'
import type { FrozenTable } from './flat-table.ts'
import type {
  FrozenStore,
  HeapStore,
  StateSerializers,
  StoreKey,
  StoreOptions,
  StoreRow,
} from './heap-store.ts'
import { HeapTables, keyOfRow, lookUp } from './heap-tables.ts'
import type { KeyGroupRange } from './key-groups.ts'
import { LookupKey } from './lookup-key.ts'
import type { RowObserver } from './rows/row-observer.ts'
import { decodeItemsRow, encodeItems } from './rows/row-value.ts'
import type { ContainerRow, StateInfo, StateSegment, StoredItem } from './store-segment.ts'
import { inspectElement } from './stored-element.ts'
import { VALUE_NUMBER } from './stored-value.ts'
import type { TableView } from './table-view.ts'
import type { CleanableStore, IsExpired, Ttl } from './ttl.ts'

/** A list or a map. */
export interface Container {
  readonly count: number
  readonly sizeBytes: number
  /** To be read before the next write. */
  items(): Iterable<StoredItem>
  /** Adds an item at the end. */
  append(item: StoredItem): void
  /** Removes the items that are expired. */
  expire(isExpired: IsExpired): void
  /** The form of this moment; cheap. It stays as it is until its release, whatever happens to the container. */
  freeze(): FrozenContainer
}

export interface FrozenContainer {
  items(): Iterable<StoredItem>
  release(): void
}

interface Slot<C> {
  readonly container: C
  readonly created: number
  touched: number
}

/** What a snapshot sees. */
interface View {
  readonly epoch: number
  /** By slot: the forms of the containers that changed or went since. */
  readonly kept: Map<number, FrozenContainer>
}

export class ContainerStore<C extends Container> implements HeapStore, CleanableStore {
  readonly info: StateInfo
  readonly range: KeyGroupRange
  /** Once the state is registered with a TTL. */
  ttl: Ttl | undefined
  readonly #aliasSnapshots: boolean
  readonly #observer: RowObserver | undefined
  readonly #create: () => C
  readonly #directory: HeapTables
  #slots: (Slot<C> | undefined)[] = []
  #free: number[] = []
  #views: readonly View[] = []
  #epoch = 0
  #serializers: StateSerializers = {}

  constructor(options: StoreOptions, create: () => C) {
    this.info = options.info
    this.range = options.range
    this.#aliasSnapshots = options.aliasSnapshots
    this.#observer = options.observer
    this.#create = create
    const info = { ...options.info, hasTtl: false }
    this.#directory = new HeapTables({ ...options, info, observer: undefined })
  }

  get keyCount(): number {
    return this.#directory.keyCount
  }

  get sizeBytes(): number {
    let size = this.#directory.sizeBytes
    for (const slot of this.#slots) size += 8 + (slot === undefined ? 0 : slot.container.sizeBytes)
    return size
  }

  get copiedPages(): number {
    return this.#directory.copiedPages
  }

  useSerializers(serializers: StateSerializers): void {
    this.#serializers = serializers
  }

  /** The container of the current key and namespace, for reading. */
  find(key: LookupKey): C | undefined {
    this.#observer?.reads(this, key)
    const slot = this.#findSlot(key)
    return slot < 0 ? undefined : this.#slots[slot]?.container
  }

  /** The container of the current key and namespace, made if there is none, for writing. */
  open(key: LookupKey): C {
    this.#observer?.writes(this, key)
    const slot = this.#findSlot(key)
    return slot >= 0 ? this.#touch(slot) : this.#insert(key)
  }

  /** Removes the container of the current key and namespace, if there is one. */
  remove(key: LookupKey): void {
    this.#observer?.writes(this, key)
    this.dropRow(key)
  }

  encodeRow(key: LookupKey): Uint8Array | undefined {
    const slot = this.#findSlot(key)
    return slot < 0 ? undefined : encodeItems([...this.#container(slot).items()], this.info)
  }

  decodeRow(key: LookupKey, bytes: Uint8Array): void {
    const items = decodeItemsRow(bytes, this.info)
    this.dropRow(key)
    const container = this.#insert(key)
    for (const item of items) container.append(item)
  }

  dropRow(key: LookupKey): void {
    const slot = this.#findSlot(key)
    if (slot < 0) return
    this.#vacate(slot)
    this.#directory.find(key)?.remove(key)
    this.#reset()
  }

  keys(keyGroup: number): Iterable<StoreKey> {
    return this.#directory.keys(keyGroup)
  }

  *rows(keyGroup: number): Iterable<StoreRow> {
    const view = this.#directory.table(keyGroup)?.view()
    for (let row = 0; view !== undefined && row < view.count; row += 1) {
      const items = this.#container(slotOf(view, row)).items()
      yield { ...keyOfRow(view, row), value: this.#decode(items) }
    }
  }

  peek(key: LookupKey): unknown {
    const container = this.find(key)
    return container && this.#decode(container.items())
  }

  freeze(): FrozenStore {
    if (!this.#aliasSnapshots) this.#epoch += 1
    const view: View = { epoch: this.#epoch, kept: new Map() }
    this.#views = [...this.#views, view]
    const tables = this.#directory.freezeTables()
    const isExpired = this.leftOut() ?? (() => false)
    return {
      group: (keyGroup) => {
        const table = tables.get(keyGroup)
        return table && this.#segment(this.#frozenRows(table.view, view, isExpired))
      },
      release: () => {
        this.#release(view, tables.values())
      },
    }
  }

  leftOut(): IsExpired | undefined {
    return this.ttl?.isLeftOutOfSnapshots ? this.ttl.isExpiredNow() : undefined
  }

  load(keyGroup: number, segment: StateSegment): void {
    const { name } = this.info
    assert(segment.type === 'container', `State "${name}" cannot be restored from a table.`)
    const isNew = this.#directory.table(keyGroup) === undefined
    assert(isNew, `Key group ${keyGroup} of state "${name}" was restored twice.`)
    const table = this.#directory.openGroup(keyGroup)
    const lookup = new LookupKey()
    for (const { key, hash, namespace, items } of segment.rows) {
      const container = this.#create()
      for (const item of items) container.append(item)
      lookup.set(key, hash, keyGroup)
      lookup.setNamespace(namespace)
      table.putCell(lookup, VALUE_NUMBER, this.#place(container))
    }
  }

  rowCount(keyGroup: number): number {
    return this.#directory.rowCount(keyGroup)
  }

  expireRow(keyGroup: number, row: number, isExpired: IsExpired): boolean {
    const table = this.#directory.table(keyGroup)
    if (table === undefined) return false
    const slot = table.cell(row)
    if (!some(this.#container(slot).items(), isExpired)) return false
    this.#observer?.writes(this, lookUp(table.view(), row, keyGroup))
    const container = this.#touch(slot)
    container.expire(isExpired)
    if (container.count > 0) return false
    this.#vacate(slot)
    table.removeRow(row)
    this.#reset()
    return true
  }

  #insert(key: LookupKey): C {
    const container = this.#create()
    this.#directory.open(key).putCell(key, VALUE_NUMBER, this.#place(container))
    return container
  }

  #findSlot(key: LookupKey): number {
    const table = this.#directory.find(key)
    const row = table === undefined ? -1 : table.find(key)
    return table === undefined || row < 0 ? -1 : table.cell(row)
  }

  #container(slot: number): C {
    return present(this.#slots[slot], `Slot ${slot} of state "${this.info.name}" is empty.`)
      .container
  }

  #place(container: C): number {
    const slot = this.#free.pop() ?? this.#slots.length
    this.#slots[slot] = { container, created: this.#epoch, touched: this.#epoch }
    return slot
  }

  /** Keeps the container's form for the views that see it, and gives the container for writing. */
  #touch(index: number): C {
    const slot = present(this.#slots[index], `Slot ${index} of "${this.info.name}" is empty.`)
    if (slot.touched === this.#epoch) return slot.container
    slot.touched = this.#epoch
    for (const { epoch, kept } of this.#views) {
      if (slot.created < epoch && !kept.has(index)) kept.set(index, slot.container.freeze())
    }
    return slot.container
  }

  #vacate(slot: number): void {
    this.#touch(slot)
    this.#slots[slot] = undefined
    this.#free.push(slot)
  }

  /** Gives the memory of slots back once none is in use. */
  #reset(): void {
    if (this.#free.length < this.#slots.length) return
    this.#slots = []
    this.#free = []
  }

  *#frozenRows(table: TableView, view: View, isExpired: IsExpired): Iterable<ContainerRow> {
    for (let row = 0; row < table.count; row += 1) {
      const slot = slotOf(table, row)
      const form = view.kept.get(slot) ?? this.#slots[slot]?.container
      const items = [...(form?.items() ?? [])].filter(({ at }) => !isExpired(at))
      if (items.length > 0) yield { ...keyOfRow(table, row), items }
    }
  }

  #segment(rows: Iterable<ContainerRow>): StateSegment | undefined {
    const all = [...rows]
    return all.length === 0 ? undefined : { type: 'container', info: this.info, rows: all }
  }

  #release(view: View, tables: Iterable<FrozenTable>): void {
    this.#views = this.#views.filter((other) => other !== view)
    for (const form of view.kept.values()) form.release()
    for (const table of tables) table.release()
  }

  #decode(items: Iterable<StoredItem>): unknown {
    return decodeItems(items, this.info, this.#serializers)
  }
}

/** A list as an array, a map as a Map. Values of serializers that are not known are given as their bytes. */
export function decodeItems(
  items: Iterable<StoredItem>,
  info: StateInfo,
  { key, value }: StateSerializers,
): unknown {
  const { kind, serializer, keySerializer } = info
  const values = Array.from(
    items,
    (item) =>
      [
        inspectElement(item.key, keySerializer, key),
        inspectElement(item.value, serializer, value),
      ] as const,
  )
  return kind === 'map' ? new Map(values) : values.map(([, element]) => element)
}

function some(items: Iterable<StoredItem>, isExpired: IsExpired): boolean {
  for (const { at } of items) if (isExpired(at)) return true
  return false
}

function slotOf(view: TableView, row: number): number {
  return Number(view.value(row, undefined))
}
