/**
 * List state on containers. Must not know snapshots. With a TTL every element has its own last use.
 * Source: Flink HeapListState, TtlListState.
 */

import type { ContainerStore } from './container-store.ts'
import type { ListState, MergingState } from './keyed-state-backend.ts'
import type { ListContainer } from './list-container.ts'
import type { LookupKey } from './lookup-key.ts'
import type { ElementCodec } from './stored-element.ts'
import type { Ttl } from './ttl.ts'

export class HeapListState<T> implements ListState<T>, MergingState {
  readonly #store: ContainerStore<ListContainer>
  readonly #key: LookupKey
  readonly #codec: ElementCodec<T>
  readonly #ttl: Ttl | undefined

  constructor(store: ContainerStore<ListContainer>, key: LookupKey, codec: ElementCodec<T>) {
    this.#store = store
    this.#key = key
    this.#codec = codec
    this.#ttl = store.ttl
  }

  get(): readonly T[] {
    this.#ttl?.accessed()
    const list = this.#store.find(this.#key)
    if (list === undefined) return []
    const elements = list.values.map((stored) => this.#codec.load(stored))
    return this.#ttl === undefined ? elements : this.#withTtl(this.#ttl, list, elements)
  }

  add(value: T): void {
    this.#ttl?.accessed()
    const stored = this.#codec.store(value)
    this.#store.open(this.#key).append({ value: stored, at: this.#ttl?.now() ?? 0 })
  }

  addAll(values: Iterable<T>): void {
    this.#ttl?.accessed()
    const at = this.#ttl?.now() ?? 0
    // All are encoded before any is stored: what fails changes nothing.
    const stored = Array.from(values, (value) => this.#codec.store(value))
    if (stored.length === 0) return
    const list = this.#store.open(this.#key)
    for (const value of stored) list.append({ value, at })
  }

  update(values: Iterable<T>): void {
    this.#ttl?.accessed()
    const at = this.#ttl?.now() ?? 0
    const items = Array.from(values, (value) => ({ value: this.#codec.store(value), at }))
    if (items.length === 0) this.#store.remove(this.#key)
    else this.#store.open(this.#key).replace(items)
  }

  clear(): void {
    this.#store.remove(this.#key)
  }

  mergeNamespaces(target: number, sources: Iterable<number>): void {
    const { namespace } = this.#key
    for (const source of sources) {
      if (source === target) continue
      this.#key.setNamespace(source)
      const items = this.#store.find(this.#key)?.items()
      if (items === undefined) continue
      this.#store.remove(this.#key)
      this.#key.setNamespace(target)
      const list = this.#store.open(this.#key)
      for (const item of items) list.append(item)
    }
    this.#key.setNamespace(namespace)
  }

  /**
   * What a read shows: the live elements, and expired ones if they may be seen. It removes expired elements only when
   * nothing is live, or when it refreshes the live ones, and then they are not seen either.
   */
  #withTtl(ttl: Ttl, list: ListContainer, elements: readonly T[]): readonly T[] {
    const isLive = elements.map((_, i) => !ttl.isExpired(list.at(i)))
    const hasLive = isLive.includes(true)
    if (!hasLive) {
      this.#store.remove(this.#key)
      return ttl.showsExpired ? elements : []
    }
    if (ttl.refreshesOnRead) {
      const at = ttl.now()
      const live = list.values.filter((_, i) => isLive[i])
      this.#store.open(this.#key).replace(live.map((value) => ({ value, at })))
    } else if (ttl.showsExpired) {
      return elements
    }
    return elements.filter((_, i) => isLive[i])
  }
}
