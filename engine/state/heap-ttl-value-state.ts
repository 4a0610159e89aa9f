/** Value state with a TTL, on tables of stamped values. Source: Flink TtlValueState. */

import type { HeapValueState } from './heap-state.ts'
import type { MergingValueState, ValueState } from './keyed-state-backend.ts'
import type { LookupKey } from './lookup-key.ts'
import { mergeNamespaces, type ReadableValue } from './merge-namespaces.ts'
import type { Stamped } from './stamped-value.ts'
import type { Ttl } from './ttl.ts'

export class HeapTtlValueState<T> implements ValueState<T>, MergingValueState<T>, ReadableValue<T> {
  readonly #stamped: HeapValueState<Stamped<T>>
  readonly #key: LookupKey
  readonly #ttl: Ttl
  readonly #default: (() => T) | undefined

  constructor(
    stamped: HeapValueState<Stamped<T>>,
    key: LookupKey,
    ttl: Ttl,
    defaultValue: (() => T) | undefined,
  ) {
    this.#stamped = stamped
    this.#key = key
    this.#ttl = ttl
    this.#default = defaultValue
  }

  value(): T | undefined {
    const value = this.read()
    return value === undefined ? this.#default?.() : value
  }

  read(): T | undefined {
    const ttl = this.#ttl
    ttl.accessed()
    const stamped = this.#stamped.find()
    if (stamped === undefined) return undefined
    if (ttl.isExpired(stamped.at)) {
      this.#stamped.clear()
      return ttl.showsExpired ? stamped.value : undefined
    }
    if (ttl.refreshesOnRead) this.#stamped.update({ at: ttl.now(), value: stamped.value })
    return stamped.value
  }

  /** What is added to, or merged with: an expired value counts only if it may be seen. */
  find(): T | undefined {
    this.#ttl.accessed()
    const stamped = this.#stamped.find()
    if (stamped === undefined) return undefined
    return this.#ttl.isExpired(stamped.at) && !this.#ttl.showsExpired ? undefined : stamped.value
  }

  update(value: T): void {
    this.#ttl.accessed()
    this.store(value)
  }

  store(value: T): void {
    if (value === undefined || value === null) this.#stamped.clear()
    else this.#stamped.update({ at: this.#ttl.now(), value })
  }

  clear(): void {
    this.#stamped.clear()
  }

  mergeNamespaces(target: number, sources: Iterable<number>, merge: (a: T, b: T) => T): void {
    mergeNamespaces(this.#key, this, { target, sources, merge })
  }
}
