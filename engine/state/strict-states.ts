/**
 * The states of strict mode: each works like the one it is given and tells what it hands out and what is stored.
 * Must not know stores. There is nothing of this on the path of states when strict mode is off.
 */

import { binary, type Serializer } from '../serializer.ts'
import type { HandedOut, Origin } from './handed-out.ts'
import type {
  ListState,
  MapState,
  MergingState,
  MergingValueState,
  ReducingState,
  ValueState,
} from './keyed-state-backend.ts'

/** `serializer` is that of what is handed out. */
export function originOf<T>(state: string, serializer: Serializer<T> | undefined): Origin {
  const used: Serializer<unknown> | undefined = serializer
  return { state, encode: (value) => (used ?? binary).encode(value) }
}

export class StrictValueState<T> implements ValueState<T>, MergingValueState<T> {
  readonly #state: ValueState<T> & MergingValueState<T>
  readonly #origin: Origin
  readonly #handedOut: HandedOut

  constructor(state: ValueState<T> & MergingValueState<T>, origin: Origin, handedOut: HandedOut) {
    this.#state = state
    this.#origin = origin
    this.#handedOut = handedOut
  }

  value(): T | undefined {
    const value = this.#state.value()
    this.#handedOut.add(this.#origin, value)
    return value
  }

  update(value: T): void {
    this.#state.update(value)
    this.#handedOut.stored(this.#origin, [value])
  }

  clear(): void {
    this.#state.clear()
    this.#handedOut.cleared(this.#origin)
  }

  mergeNamespaces(target: number, sources: Iterable<number>, merge: (a: T, b: T) => T): void {
    this.#state.mergeNamespaces(target, sources, merge)
  }
}

export class StrictReducingState<T> implements ReducingState<T>, MergingState {
  readonly #state: ReducingState<T> & MergingState
  readonly #origin: Origin
  readonly #handedOut: HandedOut

  constructor(state: ReducingState<T> & MergingState, origin: Origin, handedOut: HandedOut) {
    this.#state = state
    this.#origin = origin
    this.#handedOut = handedOut
  }

  get(): T | undefined {
    const value = this.#state.get()
    this.#handedOut.add(this.#origin, value)
    return value
  }

  add(value: T): void {
    this.#state.add(value)
    this.#handedOut.stored(this.#origin, [value])
  }

  clear(): void {
    this.#state.clear()
    this.#handedOut.cleared(this.#origin)
  }

  mergeNamespaces(target: number, sources: Iterable<number>): void {
    this.#state.mergeNamespaces(target, sources)
  }
}

export class StrictListState<T> implements ListState<T>, MergingState {
  readonly #state: ListState<T> & MergingState
  readonly #origin: Origin
  readonly #handedOut: HandedOut

  constructor(state: ListState<T> & MergingState, origin: Origin, handedOut: HandedOut) {
    this.#state = state
    this.#origin = origin
    this.#handedOut = handedOut
  }

  /** The array counts, too: its type is read-only, but JavaScript lets it be changed. */
  get(): readonly T[] {
    const elements = this.#state.get()
    const encode = (): Uint8Array => encodeAll(this.#origin, elements)
    this.#handedOut.add({ ...this.#origin, encode }, elements)
    for (const element of elements) this.#handedOut.add(this.#origin, element)
    return elements
  }

  add(value: T): void {
    this.#state.add(value)
  }

  addAll(values: Iterable<T>): void {
    this.#state.addAll(values)
  }

  update(values: Iterable<T>): void {
    const all = [...values]
    this.#state.update(all)
    this.#handedOut.stored(this.#origin, all)
  }

  clear(): void {
    this.#state.clear()
    this.#handedOut.cleared(this.#origin)
  }

  mergeNamespaces(target: number, sources: Iterable<number>): void {
    this.#state.mergeNamespaces(target, sources)
  }
}

export class StrictMapState<K, V> implements MapState<K, V> {
  readonly #state: MapState<K, V>
  readonly #origin: Origin
  readonly #handedOut: HandedOut
  readonly #idOf: (key: K) => unknown

  /** `origin` is that of values; `idOf` tells map keys apart. */
  constructor(
    state: MapState<K, V>,
    origin: Origin,
    handedOut: HandedOut,
    idOf: (key: K) => unknown,
  ) {
    this.#state = state
    this.#origin = origin
    this.#handedOut = handedOut
    this.#idOf = idOf
  }

  get(key: K): V | undefined {
    const value = this.#state.get(key)
    this.#handedOut.add(this.#at(key), value)
    return value
  }

  contains(key: K): boolean {
    return this.#state.contains(key)
  }

  put(key: K, value: V): void {
    this.#state.put(key, value)
    this.#handedOut.stored(this.#at(key), [value])
  }

  putAll(entries: Iterable<readonly [K, V]>): void {
    const all = [...entries]
    this.#state.putAll(all)
    for (const [key, value] of all) this.#handedOut.stored(this.#at(key), [value])
  }

  remove(key: K): void {
    this.#state.remove(key)
    this.#handedOut.stored(this.#at(key), [])
  }

  entries(): IterableIterator<[K, V]> {
    return this.#track(this.#state.entries())
  }

  keys(): IterableIterator<K> {
    return this.#state.keys()
  }

  values(): IterableIterator<V> {
    return valuesOf(this.#track(this.#state.entries()))
  }

  isEmpty(): boolean {
    return this.#state.isEmpty()
  }

  clear(): void {
    this.#state.clear()
    this.#handedOut.cleared(this.#origin)
  }

  *#track(entries: Iterable<[K, V]>): IterableIterator<[K, V]> {
    for (const entry of entries) {
      this.#handedOut.add(this.#at(entry[0]), entry[1])
      yield entry
    }
  }

  #at(key: K): Origin {
    return { ...this.#origin, mapKey: this.#idOf(key) }
  }
}

function* valuesOf<K, V>(entries: Iterable<[K, V]>): IterableIterator<V> {
  for (const [, value] of entries) yield value
}

function encodeAll(origin: Origin, elements: readonly unknown[]): Uint8Array {
  return Uint8Array.from(elements.flatMap((element) => [...origin.encode(element)]))
}
