/**
 * Value and number states on flat tables: the objects through which functions use them. Must not know snapshots.
 * All states of a backend share its LookupKey, which says what "current" means.
 */

import type { Serializer } from '../serializer.ts'
import type { HeapTables } from './heap-tables.ts'
import type { MergingValueState, NumberState, ValueState } from './keyed-state-backend.ts'
import type { LookupKey } from './lookup-key.ts'
import { mergeNamespaces, type ReadableValue, type StoredValue } from './merge-namespaces.ts'
import { readValue, VALUE_NUMBER, writeValue } from './stored-value.ts'
import { unserializable } from './unserializable.ts'

export class HeapValueState<T> implements ValueState<T>, MergingValueState<T>, ReadableValue<T> {
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
    this.store(value)
  }

  clear(): void {
    this.#tables.remove(this.#key)
  }

  find(): T | undefined {
    const table = this.#tables.find(this.#key)
    const row = table === undefined ? -1 : table.find(this.#key)
    if (table === undefined || row < 0) return undefined
    return readValue(table.tag(row), table.cell(row), table.valuePages, this.#serializer) as T
  }

  read(): T | undefined {
    return this.find()
  }

  store(value: T): void {
    if (value === undefined || value === null) {
      this.clear()
      return
    }
    const table = this.#tables.open(this.#key)
    try {
      writeValue(table, this.#key, value, this.#serializer)
    } catch (error) {
      throw unserializable(this.#tables.info.name, error)
    }
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
    this.#tables.remove(this.#key)
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
