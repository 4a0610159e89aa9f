/**
 * The states of the heap backend: one flat table per key group, and the objects through which functions use them.
 * Must not know snapshots' bytes. All states of a backend share its LookupKey, which says what "current" means.
 */

import { assert } from '../assert.ts'
import { ConfigurationError } from '../errors.ts'
import type { Serializer } from '../serializer.ts'
import { FlatTable } from './flat-table.ts'
import type { KeyGroupRange } from './key-groups.ts'
import type { MergingValueState, NumberState, ValueState } from './keyed-state-backend.ts'
import type { LookupKey } from './lookup-key.ts'
import { mergeNamespaces, type StoredValue } from './merge-namespaces.ts'
import { readValue, VALUE_NUMBER, writeValue } from './stored-value.ts'
import type { TableContent } from './row-layout.ts'

export interface HeapTablesOptions {
  readonly name: string
  /** Name of the serializer, as it is written into snapshots. */
  readonly serializer: string
  readonly isNamespaced: boolean
  readonly aliasSnapshots: boolean
  readonly range: KeyGroupRange
}

/** The tables of one state. */
export class HeapTables {
  readonly options: HeapTablesOptions
  /** The job's own serializer, once the state is registered with one. */
  custom: Serializer<unknown> | undefined
  readonly #first: number
  readonly #tables: (FlatTable | undefined)[]

  constructor(options: HeapTablesOptions) {
    const { first, last } = options.range
    this.options = options
    this.#first = first
    this.#tables = Array.from({ length: last - first + 1 }, () => undefined)
  }

  get hasOnlyNumbers(): boolean {
    return this.#tables.every((table) => table === undefined || table.hasOnlyNumbers)
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

  load(keyGroup: number, content: TableContent): void {
    const isNew = this.table(keyGroup) === undefined
    assert(isNew, `Key group ${keyGroup} of state "${this.options.name}" was restored twice.`)
    this.#tables[keyGroup - this.#first] = FlatTable.load(content, this.options.aliasSnapshots)
  }

  #create(key: LookupKey): FlatTable {
    this.#check(key)
    const table = new FlatTable(this.options)
    this.#tables[key.group - this.#first] = table
    return table
  }

  #check(key: LookupKey): void {
    const { name, range } = this.options
    if (key.group < 0) throw noCurrentKey(name)
    assert(
      key.group >= range.first && key.group <= range.last,
      `Key group ${key.group} does not belong to this subtask (${range.first} to ${range.last}).`,
    )
  }
}

export class HeapValueState<T> implements ValueState<T>, MergingValueState<T>, StoredValue<T> {
  readonly #tables: HeapTables
  readonly #key: LookupKey
  readonly #serializer: Serializer<T> | undefined
  readonly #default: (() => T) | undefined

  constructor(
    tables: HeapTables,
    key: LookupKey,
    serializer: Serializer<T> | undefined,
    defaultValue: (() => T) | undefined,
  ) {
    this.#tables = tables
    this.#key = key
    this.#serializer = serializer
    this.#default = defaultValue
  }

  value(): T | undefined {
    const table = this.#tables.find(this.#key)
    const row = table === undefined ? -1 : table.find(this.#key)
    if (table === undefined || row < 0) return this.#default?.()
    // The descriptor's type is the user's promise about what is stored under its name.
    return readValue(table.tag(row), table.cell(row), table.valuePages, this.#serializer) as T
  }

  update(value: T): void {
    if (value === undefined || value === null) this.clear()
    else writeValue(this.#tables.open(this.#key), this.#key, value, this.#serializer)
  }

  clear(): void {
    this.#tables.find(this.#key)?.remove(this.#key)
  }

  find(): T | undefined {
    const isStored = (this.#tables.find(this.#key)?.find(this.#key) ?? -1) >= 0
    return isStored ? this.value() : undefined
  }

  store(value: T): void {
    this.update(value)
  }

  mergeNamespaces(target: number, sources: Iterable<number>, merge: (a: T, b: T) => T): void {
    mergeNamespaces(this.#key, this, { target, sources, merge })
  }
}

export class HeapNumberState
  implements NumberState, MergingValueState<number>, StoredValue<number>
{
  readonly #tables: HeapTables
  readonly #key: LookupKey

  constructor(tables: HeapTables, key: LookupKey) {
    this.#tables = tables
    this.#key = key
  }

  get(): number | undefined {
    const table = this.#tables.find(this.#key)
    const row = table === undefined ? -1 : table.find(this.#key)
    return table === undefined || row < 0 ? undefined : table.cell(row)
  }

  set(value: number): void {
    this.#tables.open(this.#key).putCell(this.#key, VALUE_NUMBER, value)
  }

  add(delta: number): number {
    return this.#tables.open(this.#key).add(this.#key, delta)
  }

  clear(): void {
    this.#tables.find(this.#key)?.remove(this.#key)
  }

  find(): number | undefined {
    return this.get()
  }

  store(value: number): void {
    this.set(value)
  }

  mergeNamespaces(
    target: number,
    sources: Iterable<number>,
    merge: (a: number, b: number) => number,
  ): void {
    mergeNamespaces(this.#key, this, { target, sources, merge })
  }
}

function noCurrentKey(name: string): ConfigurationError {
  return new ConfigurationError(
    'no-current-key',
    `State "${name}" was used without a current key: keyed state exists only in functions after keyBy, and only ` +
      'while a record or a timer is processed.',
  )
}
