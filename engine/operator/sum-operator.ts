/**
 * sum: a running total per key. Emits, for each record, the key's first record with the summed field replaced, as
 * Flink does (SumAggregator keeps the other fields of the first record).
 *
 * The total lives in a number column. The first record is stored only where it says more than the key: a record of
 * exactly two fields, the summed one and one equal to the key, can be rebuilt from the record at hand.
 */
import type { OperatorStateEntry } from '../checkpoint/snapshot-handle.ts'
import { present } from '../assert.ts'
import { UserFunctionError } from '../errors.ts'
import { text } from '../serializer.ts'
import { numberState, valueState } from '../state/descriptors.ts'
import type { KeyedStateBackend, NumberState, ValueState } from '../state/keyed-state-backend.ts'
import type { Collector, Operator, OperatorContext, OperatorSnapshot } from './operator.ts'

type Fields = Readonly<Record<string, unknown>>

/** Operator state: the name of the field that equals the key, once a record showed it. */
const KEY_FIELD_STATE = 'key-field'
/** Operator state: present (with one empty item) once a first record had to be stored. */
const STORES_FIRST_STATE = 'stores-first'

export class SumOperator implements Operator {
  readonly uid: string
  readonly #name: string
  readonly #field: string
  readonly #output: Collector
  readonly #keyedState: KeyedStateBackend
  readonly #total: NumberState
  readonly #first: ValueState<Fields>
  readonly #emitsFormer: boolean
  #keyField: string | null = null
  /** True once a first record had to be stored; then every record looks for one. */
  #storesFirst = false

  constructor(field: string, context: OperatorContext) {
    this.uid = context.uid
    this.#name = context.name
    this.#field = field
    this.#emitsFormer = context.mutants.active('sum-emits-former-total')
    this.#output = context.output(null)
    this.#keyedState = present(context.keyedState, `sum "${context.uid}" has no keyed state.`)
    this.#total = this.#keyedState.numberState(numberState(`${context.uid}.sum`))
    this.#first = this.#keyedState.valueState(valueState<Fields>(`${context.uid}.first`))
  }

  open(restored: readonly OperatorStateEntry[]): void {
    for (const { name, items } of restored) {
      if (name === STORES_FIRST_STATE) this.#storesFirst = true
      const [keyField] = items
      if (name === KEY_FIELD_STATE && keyField !== undefined) this.#keyField = text.decode(keyField)
    }
  }

  process(value: unknown, timestamp: number): void {
    const record = this.#fieldsOf(value)
    const amount = record[this.#field]
    if (typeof amount !== 'number') throw this.#notANumber(amount)
    const base = this.#isCompact(record) && !this.#storesFirst ? record : this.#firstRecord(record)
    const result: Record<string, unknown> = { ...base }
    const total = this.#total.add(amount)
    result[this.#field] = this.#emitsFormer ? total - amount : total
    this.#output.emit(result, timestamp)
  }

  snapshot(): OperatorSnapshot {
    const entries: OperatorStateEntry[] = []
    if (this.#keyField !== null) {
      entries.push(unionEntry(KEY_FIELD_STATE, text.encode(this.#keyField)))
    }
    if (this.#storesFirst) entries.push(unionEntry(STORES_FIRST_STATE, text.encode('')))
    return () => entries
  }

  #isCompact(record: Fields): boolean {
    const key = this.#keyedState.currentKey
    if (this.#keyField === null) this.#keyField = this.#findKeyField(record, key)
    if (this.#keyField === null || record[this.#keyField] !== key) return false
    let fields = 0
    for (const _ in record) fields += 1
    return fields === 2
  }

  #findKeyField(record: Fields, key: unknown): string | null {
    const others = Object.keys(record).filter((name) => name !== this.#field)
    const [only] = others
    return others.length === 1 && only !== undefined && record[only] === key ? only : null
  }

  #firstRecord(record: Fields): Fields {
    const stored = this.#first.value()
    if (stored !== undefined) return stored
    if (this.#total.get() === undefined) {
      if (!this.#isCompact(record)) {
        this.#first.update(record)
        this.#storesFirst = true
      }
      return record
    }
    // The key's first record was compact, this one may not be.
    const keyField = present(this.#keyField, `sum "${this.uid}" lost the name of its key field.`)
    return { [keyField]: this.#keyedState.currentKey, [this.#field]: 0 }
  }

  #fieldsOf(value: unknown): Fields {
    if (typeof value !== 'object' || value === null) {
      throw new UserFunctionError(
        this.#name,
        new TypeError(`sum('${this.#field}') needs records with fields, got ${String(value)}.`),
      )
    }
    return value as Fields
  }

  #notANumber(amount: unknown): UserFunctionError {
    const message = `sum('${this.#field}') needs a number, got ${typeof amount} ${String(amount)}.`
    return new UserFunctionError(this.#name, new TypeError(message))
  }
}

function unionEntry(name: string, item: Uint8Array): OperatorStateEntry {
  return { name, redistribution: 'union', items: [item] }
}
