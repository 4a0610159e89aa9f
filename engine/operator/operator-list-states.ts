/**
 * The operator list states of one subtask, in memory. Lists that a checkpoint brought and nobody asked for yet stay in
 * later checkpoints. Source: Flink DefaultOperatorStateBackend, PartitionableListState.
 */
import type { OperatorStateEntry } from '../checkpoint/snapshot-handle.ts'
import { ConfigurationError } from '../errors.ts'
import { binary } from '../serializer.ts'
import type { Serializer } from '../serializer.ts'
import type { ListStateDescriptor } from '../state/descriptors.ts'
import type { ListState } from '../state/keyed-state-backend.ts'
import type { OperatorStates } from './operator-states.ts'

/** Before the names of the lists, so that they meet no other state of the operator. */
const PREFIX = 'list:'

type ListRedistribution = 'split' | 'union'

export class OperatorListStates implements OperatorStates {
  readonly #operator: string
  readonly #restored = new Map<string, OperatorStateEntry>()
  readonly #lists = new Map<string, StoredList>()

  constructor(operator: string) {
    this.#operator = operator
  }

  restore(entries: readonly OperatorStateEntry[]): void {
    for (const entry of entries) {
      if (entry.name.startsWith(PREFIX)) this.#restored.set(entry.name.slice(PREFIX.length), entry)
    }
  }

  listState<T>(descriptor: ListStateDescriptor<T>): ListState<T> {
    return this.#open(descriptor, 'split')
  }

  unionListState<T>(descriptor: ListStateDescriptor<T>): ListState<T> {
    return this.#open(descriptor, 'union')
  }

  /** Encodes now what the lists hold now. */
  snapshot(): OperatorStateEntry[] {
    const unused = [...this.#restored.values()]
    const used = [...this.#lists].map(([name, { list, redistribution }]) => ({
      name: PREFIX + name,
      redistribution,
      items: list.encode(),
    }))
    return [...unused, ...used]
  }

  #open<T>(descriptor: ListStateDescriptor<T>, redistribution: ListRedistribution): ListState<T> {
    const { name } = descriptor
    const kept = this.#lists.get(name) ?? this.#restored.get(name)
    if (kept !== undefined && kept.redistribution !== redistribution) {
      throw new ConfigurationError(
        'state-conflict',
        `The operator "${this.#operator}" uses its list state "${name}" as ${redistribution} state, but it is kept as ` +
          `${kept.redistribution} state: use listState or unionListState everywhere, or another name.`,
      )
    }
    const known = this.#lists.get(name)
    // A name stands for one type, as the descriptors promise.
    if (known !== undefined) return known.list as InMemoryList<T>
    const list = new InMemoryList<T>(descriptor.serializer ?? (binary as Serializer<T>))
    list.decode(this.#restored.get(name)?.items ?? [])
    this.#restored.delete(name)
    this.#lists.set(name, { list, redistribution })
    return list
  }
}

interface StoredList {
  readonly list: { encode(): Uint8Array[] }
  readonly redistribution: ListRedistribution
}

class InMemoryList<T> implements ListState<T> {
  readonly #serializer: Serializer<T>
  #items: T[] = []

  constructor(serializer: Serializer<T>) {
    this.#serializer = serializer
  }

  get(): readonly T[] {
    return [...this.#items]
  }

  add(value: T): void {
    this.#items.push(value)
  }

  addAll(values: Iterable<T>): void {
    this.#items.push(...values)
  }

  update(values: Iterable<T>): void {
    this.#items = [...values]
  }

  clear(): void {
    this.#items = []
  }

  encode(): Uint8Array[] {
    return this.#items.map((item) => this.#serializer.encode(item))
  }

  decode(items: readonly Uint8Array[]): void {
    this.#items = items.map((item) => this.#serializer.decode(item))
  }
}
