// A FlatTable beside its model, a Map: the world of the property tests. After every operation both must agree, and so
// must every frozen view with what the model was when it was frozen.

import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { encodeKey, hashKey, type Serializer } from '../../../engine/serializer.ts'
import { FlatTable, type FrozenTable } from '../../../engine/state/flat-table.ts'
import { LookupKey } from '../../../engine/state/lookup-key.ts'
import { readValue, writeValue } from '../../../engine/state/stored-value.ts'
import { decodeTable, encodeTable } from '../../../engine/state/table-segment.ts'
import type { TableView } from '../../../engine/state/table-view.ts'

export type Operation =
  | { readonly type: 'put'; readonly key: number; readonly value: unknown }
  | { readonly type: 'remove'; readonly key: number }
  | { readonly type: 'freeze' }
  | { readonly type: 'release'; readonly view: number }
  | { readonly type: 'reload' }

export interface WorldOptions {
  readonly keys: readonly unknown[]
  readonly hash?: (key: unknown) => number
  readonly isNamespaced?: boolean
  readonly aliasSnapshots?: boolean
  readonly serializer?: Serializer<unknown> | undefined
}

interface Entry {
  readonly key: unknown
  readonly namespace: number
  readonly value: unknown
}

interface View {
  readonly frozen: FrozenTable
  readonly expected: ReadonlyMap<string, Entry>
  readonly bytes: Uint8Array
}

export class TableWorld {
  readonly #options: WorldOptions
  readonly #lookup = new LookupKey()
  #table: FlatTable
  #model = new Map<string, Entry>()
  #views: View[] = []

  constructor(options: WorldOptions) {
    this.#options = options
    const { isNamespaced = false, aliasSnapshots = false } = options
    this.#table = new FlatTable({ isNamespaced, aliasSnapshots })
  }

  get table(): FlatTable {
    return this.#table
  }

  run(operations: readonly Operation[]): void {
    for (const operation of operations) {
      this.#apply(operation)
      this.#checkCount()
    }
    this.check()
  }

  /** Compares everything. */
  check(): void {
    this.#checkCount()
    this.#compare(this.#table.view(), this.#model, 'the table')
    this.#options.keys.forEach((_, index) => this.#checkFind(index))
    this.#views.forEach((view, index) => this.#checkView(view, index))
  }

  #apply(operation: Operation): void {
    switch (operation.type) {
      case 'put': {
        const entry = this.#select(operation.key)
        writeValue(this.#table, this.#lookup, operation.value, this.#options.serializer)
        this.#model.set(entry.id, { ...entry, value: operation.value })
        return
      }
      case 'remove': {
        const { id } = this.#select(operation.key)
        const isRemoved = this.#table.remove(this.#lookup)
        if (isRemoved !== this.#model.delete(id)) throw new Error(`Removing ${id} went wrong.`)
        return
      }
      case 'freeze': {
        const frozen = this.#table.freeze()
        const bytes = encodeTable(frozen.view.content)
        this.#views.push({ frozen, expected: new Map(this.#model), bytes })
        return
      }
      case 'release': {
        const [view] = this.#views.splice(operation.view % Math.max(1, this.#views.length), 1)
        if (view !== undefined) this.#checkView(view, -1)
        view?.frozen.release()
        return
      }
      case 'reload': {
        const content = decodeTable(encodeTable(this.#table.view().content))
        this.#table = FlatTable.load(content, this.#options.aliasSnapshots)
      }
    }
  }

  #select(index: number): { id: string; key: unknown; namespace: number } {
    const { keys, hash = hashKey, isNamespaced = false } = this.#options
    const key = keys[index % keys.length]
    const namespace = isNamespaced ? Math.floor(index / keys.length) % 3 : 0
    this.#lookup.set(key, hash(key), 0)
    this.#lookup.setNamespace(namespace)
    return { id: identify(key, namespace), key, namespace }
  }

  #checkFind(index: number): void {
    const { id } = this.#select(index)
    const table = this.#table
    const row = table.find(this.#lookup)
    const entry = this.#model.get(id)
    if (row < 0 !== (entry === undefined)) throw new Error(`Finding ${id} went wrong.`)
    if (entry === undefined) return
    const { serializer } = this.#options
    const value = readValue(table.tag(row), table.cell(row), table.valuePages, serializer)
    if (!isDeepStrictEqual(value, entry.value))
      throw new Error(`${id} was found with another value.`)
  }

  #checkCount(): void {
    if (this.#table.count !== this.#model.size) throw new Error('The number of rows went wrong.')
  }

  #checkView({ frozen, expected, bytes }: View, index: number): void {
    this.#compare(frozen.view, expected, `view ${index}`)
    const now = encodeTable(frozen.view.content)
    if (!isDeepStrictEqual(now, bytes)) throw new Error(`View ${index} has other bytes now.`)
  }

  #compare(view: TableView, expected: ReadonlyMap<string, Entry>, name: string): void {
    if (view.count !== expected.size) throw new Error(`${name} has another number of rows.`)
    for (let row = 0; row < view.count; row += 1) {
      const namespace = view.isNamespaced ? view.namespace(row) : 0
      const entry = expected.get(identify(view.key(row), namespace))
      if (entry === undefined) throw new Error(`${name} has an unknown key in row ${row}.`)
      const value = view.value(row, this.#options.serializer)
      if (!isDeepStrictEqual(value, entry.value)) throw new Error(`${name}: row ${row} is wrong.`)
    }
  }
}

export const anyKey = fc.oneof(
  fc.string({ unit: 'binary-ascii', maxLength: 18 }),
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.string({ minLength: 15, maxLength: 60 }),
  fc.constantFrom(
    '',
    '1',
    1,
    1n,
    true,
    null,
    '漢字',
    '数据流数据流数据流',
    'é',
    '\u0161a',
    'aa',
    '\ud800',
  ),
  fc.double(),
  fc.integer(),
  fc.constantFrom(0, -0, Number.NaN, Number.POSITIVE_INFINITY),
  fc.bigInt(),
  fc.array(fc.oneof(fc.nat(), fc.string()), { maxLength: 6 }),
)

export const anyKeys = fc.uniqueArray(anyKey, {
  minLength: 1,
  maxLength: 25,
  selector: (key) => identify(key, 0),
})

export const anyValue = fc.oneof(
  fc.double(),
  fc.constantFrom(-0, Number.NaN, true, false, null, 2n ** 53n, -(2n ** 53n), 2n ** 64n, 0n),
  fc.string({ maxLength: 40 }),
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.bigInt(),
  fc.record(
    { count: fc.nat(), names: fc.array(fc.string(), { maxLength: 3 }) },
    { noNullPrototype: true },
  ),
)

export function anyOperations(value: fc.Arbitrary<unknown>): fc.Arbitrary<Operation[]> {
  const key = fc.nat(74)
  return fc.array(
    fc.oneof(
      { weight: 10, arbitrary: fc.record({ type: fc.constant('put' as const), key, value }) },
      { weight: 6, arbitrary: fc.record({ type: fc.constant('remove' as const), key }) },
      { weight: 2, arbitrary: fc.constant({ type: 'freeze' as const }) },
      {
        weight: 1,
        arbitrary: fc.record({ type: fc.constant('release' as const), view: fc.nat(9) }),
      },
      { weight: 1, arbitrary: fc.constant({ type: 'reload' as const }) },
    ),
    { maxLength: 120 },
  )
}

function identify(key: unknown, namespace: number): string {
  return `${encodeKey(key).join()}@${namespace}`
}
