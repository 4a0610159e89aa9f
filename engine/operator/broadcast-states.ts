/**
 * The broadcast states of one subtask, in memory: maps in the order in which their keys were first put. Every subtask
 * writes its own copy into the checkpoint, and gets one of them back. Maps that nobody asked for yet stay in later
 * checkpoints. Source: Flink HeapBroadcastState.
 */
import type { OperatorStateEntry } from '../checkpoint/snapshot-handle.ts'
import { ConfigurationError } from '../errors.ts'
import { binary, encodeKey } from '../serializer.ts'
import type { Serializer } from '../serializer.ts'
import type { MapStateDescriptor } from '../state/descriptors.ts'
import type { BroadcastState, ReadOnlyBroadcastState } from './broadcast-state.ts'
import type { OperatorStatePart } from './function-operator.ts'

/** Before the names of the maps, so that they meet no other state of the operator. */
const PREFIX = 'broadcast:'

export class BroadcastStates implements OperatorStatePart {
  readonly #operator: string
  readonly #declared: readonly string[]
  readonly #restored = new Map<string, readonly Uint8Array[]>()
  readonly #maps = new Map<string, { encode(): Uint8Array[] }>()

  constructor(operator: string, declared: readonly string[]) {
    this.#operator = operator
    this.#declared = declared
  }

  state<K, V>(descriptor: MapStateDescriptor<K, V>): BroadcastState<K, V> {
    const { name } = descriptor
    const known = this.#maps.get(name)
    // A name stands for one pair of types, as the descriptors promise.
    if (known !== undefined) return known as BroadcastMap<K, V>
    if (!this.#declared.includes(name)) throw this.#undeclared(name)
    const map = new BroadcastMap<K, V>(descriptor)
    map.decode(this.#restored.get(name) ?? [])
    this.#restored.delete(name)
    this.#maps.set(name, map)
    return map
  }

  /** The same without the writing part, so that the other side cannot change it by mistake. */
  readOnly<K, V>(descriptor: MapStateDescriptor<K, V>): ReadOnlyBroadcastState<K, V> {
    const state = this.state(descriptor)
    return {
      get: (key) => state.get(key),
      contains: (key) => state.contains(key),
      immutableEntries: () => state.immutableEntries(),
    }
  }

  restore(entries: readonly OperatorStateEntry[]): void {
    for (const { name, items } of entries) {
      if (name.startsWith(PREFIX)) this.#restored.set(name.slice(PREFIX.length), items)
    }
  }

  snapshot(): OperatorStateEntry[] {
    const used = [...this.#maps].map(([name, map]) => [name, map.encode()] as const)
    return [...this.#restored, ...used].map(([name, items]) => ({
      name: PREFIX + name,
      redistribution: 'broadcast',
      items,
    }))
  }

  #undeclared(name: string): ConfigurationError {
    const known = this.#declared.map((each) => `"${each}"`).join(', ')
    return new ConfigurationError(
      'unknown-broadcast-state',
      `The operator "${this.#operator}" asked for the broadcast state "${name}", but its broadcast stream was made with ` +
        `${known === '' ? 'none' : known}: give the descriptor to broadcast().`,
    )
  }
}

class BroadcastMap<K, V> implements BroadcastState<K, V> {
  readonly #keySerializer: Serializer<K>
  readonly #valueSerializer: Serializer<V>
  #entries = new Map<string | number, readonly [key: K, value: V]>()

  constructor({ serializers }: MapStateDescriptor<K, V>) {
    this.#keySerializer = serializers.key ?? (binary as Serializer<K>)
    this.#valueSerializer = serializers.value ?? (binary as Serializer<V>)
  }

  get(key: K): V | undefined {
    return this.#entries.get(identityOf(key))?.[1]
  }

  contains(key: K): boolean {
    return this.#entries.has(identityOf(key))
  }

  immutableEntries(): Iterable<readonly [K, V]> {
    return this.entries()
  }

  put(key: K, value: V): void {
    this.#entries.set(identityOf(key), [key, value])
  }

  putAll(entries: Iterable<readonly [K, V]>): void {
    for (const [key, value] of entries) this.put(key, value)
  }

  remove(key: K): void {
    this.#entries.delete(identityOf(key))
  }

  /** Those of this moment: the map may be changed while they are gone through. */
  entries(): Iterable<readonly [K, V]> {
    return [...this.#entries.values()]
  }

  clear(): void {
    this.#entries = new Map()
  }

  encode(): Uint8Array[] {
    return [...this.#entries.values()].map(([key, value]) =>
      binary.encode([this.#keySerializer.encode(key), this.#valueSerializer.encode(value)]),
    )
  }

  decode(items: readonly Uint8Array[]): void {
    for (const item of items) {
      const [key, value] = binary.decode(item) as [Uint8Array, Uint8Array]
      this.put(this.#keySerializer.decode(key), this.#valueSerializer.decode(value))
    }
  }
}

/** What a Map tells equal keys by: texts and numbers themselves, anything else by its bytes. */
function identityOf(key: unknown): string | number {
  if (typeof key === 'number') return key
  return typeof key === 'string' ? `text ${key}` : `bytes ${encodeKey(key).join(',')}`
}
