/**
 * The default state backend: flat tables in memory, one per state and key group, snapshots by copy on write.
 * Must not know operators, checkpoints or storage.
 * Invariants: `snapshot` costs time in proportion to the number of tables, whatever they hold; a snapshot's segments
 * show the state of the moment it was taken; restored states that are never registered stay in later snapshots.
 * Source: Flink HeapKeyedStateBackend, CopyOnWriteStateTable; reference/state-table.md.
 */

import { assert, InvariantViolation } from '../assert.ts'
import { ConfigurationError } from '../errors.ts'
import { binary, hashKey, json, number, text, type Serializer } from '../serializer.ts'
import { checkIntact } from './corrupt-state-error.ts'
import type {
  AggregatingStateDescriptor,
  ListStateDescriptor,
  MapStateDescriptor,
  NumberStateDescriptor,
  ReducingStateDescriptor,
  ValueStateDescriptor,
} from './descriptors.ts'
import type { FlatTable, FrozenTable } from './flat-table.ts'
import { HeapNumberState, HeapTables, HeapValueState } from './heap-state.ts'
import { encodeKeyGroup, parseKeyGroup } from './key-group-segment.ts'
import { keyGroupOf, type KeyGroupRange } from './key-groups.ts'
import type {
  AggregatingState,
  KeyedStateBackend,
  KeyedStateSnapshot,
  KeyGroupSegment,
  KeyWithHash,
  ListState,
  MapState,
  MergingState,
  MergingValueState,
  NumberState,
  ReducingState,
  StateEntry,
  ValueState,
} from './keyed-state-backend.ts'
import { LookupKey } from './lookup-key.ts'
import type { TimerDomain, TimerQueue } from './timer-queue.ts'

export interface HeapStateBackendOptions {
  readonly maxParallelism: number
  readonly range: KeyGroupRange
  /** The clock of TTL, in whole ms. Needed only by states with TTL. */
  readonly processingTime?: () => number
  /** Present: objects that are changed in place are caught; see `checkHandedOut`. */
  readonly strict?: { readonly operator: string }
  /** Mutant B-3, to prove the checker: writes go to frozen pages without copying them. */
  readonly aliasSnapshots?: boolean
}

export class HeapStateBackend implements KeyedStateBackend {
  readonly maxParallelism: number
  readonly range: KeyGroupRange
  readonly #aliasSnapshots: boolean
  readonly #key = new LookupKey()
  readonly #states = new Map<string, HeapTables>()

  constructor({ maxParallelism, range, aliasSnapshots = false }: HeapStateBackendOptions) {
    this.maxParallelism = maxParallelism
    this.range = range
    this.#aliasSnapshots = aliasSnapshots
  }

  get currentKey(): unknown {
    return this.#key.value
  }

  setCurrentKey(key: unknown, hash: number): void {
    this.#key.set(key, hash, keyGroupOf(hash, this.maxParallelism))
  }

  setCurrentNamespace(namespace: number): void {
    this.#key.setNamespace(namespace)
  }

  valueState<T>(descriptor: ValueStateDescriptor<T>): ValueState<T> & MergingValueState<T> {
    const { name, serializer, namespaced = false } = descriptor
    const tables = this.#tables(name, serializer?.name ?? binary.name, namespaced)
    const isNative = serializer === undefined || serializer === binary || serializer === number
    if (isNative) return new HeapValueState(tables, this.#key, undefined, descriptor.default)
    checkName(serializer)
    tables.custom = serializer
    return new HeapValueState(tables, this.#key, serializer, descriptor.default)
  }

  numberState({
    name,
    namespaced = false,
  }: NumberStateDescriptor): NumberState & MergingValueState<number> {
    const tables = this.#tables(name, number.name, namespaced)
    if (tables.hasOnlyNumbers) return new HeapNumberState(tables, this.#key)
    throw new ConfigurationError(
      'state-conflict',
      `State "${name}" cannot be used as a number state: values of other types were stored under its name.`,
    )
  }

  listState<T>(descriptor: ListStateDescriptor<T>): ListState<T> & MergingState {
    throw new InvariantViolation(`List state "${descriptor.name}" is not there yet.`)
  }

  mapState<K, V>(descriptor: MapStateDescriptor<K, V>): MapState<K, V> {
    throw new InvariantViolation(`Map state "${descriptor.name}" is not there yet.`)
  }

  reducingState<T>(descriptor: ReducingStateDescriptor<T>): ReducingState<T> & MergingState {
    throw new InvariantViolation(`Reducing state "${descriptor.name}" is not there yet.`)
  }

  aggregatingState<I, A, O>(
    descriptor: AggregatingStateDescriptor<I, A, O>,
  ): AggregatingState<I, O> & MergingState {
    throw new InvariantViolation(`Aggregating state "${descriptor.name}" is not there yet.`)
  }

  timerQueue(domain: TimerDomain): TimerQueue {
    throw new InvariantViolation(`The ${domain} timers are not there yet.`)
  }

  checkHandedOut(): void {}

  keysOf(stateName: string): readonly KeyWithHash[] {
    return [...this.entries(stateName)].map(([, key]) => ({ key, hash: hashKey(key) }))
  }

  snapshot(): KeyedStateSnapshot {
    const groups: FrozenKeyGroup[] = []
    for (let keyGroup = this.range.first; keyGroup <= this.range.last; keyGroup += 1) {
      const states: FrozenState[] = []
      for (const tables of this.#states.values()) {
        const table = tables.table(keyGroup)
        if (table === undefined || table.count === 0) continue
        const { name, serializer } = tables.options
        states.push({ name, serializer, table: table.freeze() })
      }
      if (states.length > 0) groups.push({ keyGroup, states })
    }
    return new HeapSnapshot(groups)
  }

  restore(segments: Iterable<KeyGroupSegment>): void {
    for (const { keyGroup, bytes } of segments) {
      const { keyGroup: written, states } = parseKeyGroup(bytes)
      checkIntact(
        written === keyGroup,
        `Key group ${keyGroup} has the bytes of key group ${written}.`,
      )
      this.#checkInRange(keyGroup)
      for (const { name, serializer, content } of states) {
        this.#tables(name, serializer, content.isNamespaced).load(keyGroup, content)
      }
    }
  }

  currentValues(): readonly unknown[] {
    const states = [...this.#states.values()].filter(({ options }) => !options.isNamespaced)
    return states
      .map((tables) => new HeapValueState(tables, this.#key, tables.custom, undefined).value())
      .filter((value) => value !== undefined)
  }

  stateNames(): readonly string[] {
    return [...this.#states.keys()]
  }

  *entries(stateName: string): Iterable<StateEntry> {
    const tables = this.#states.get(stateName)
    if (tables === undefined) return
    for (let keyGroup = this.range.first; keyGroup <= this.range.last; keyGroup += 1) {
      const view = tables.table(keyGroup)?.view()
      for (let row = 0; view !== undefined && row < view.count; row += 1) {
        const entry = [keyGroup, view.key(row), view.value(row, tables.custom)] as const
        yield view.isNamespaced ? [...entry, view.namespace(row)] : entry
      }
    }
  }

  keyCount(): number {
    return this.#sum((table) => table.count)
  }

  sizeBytes(): number {
    return this.#sum((table) => table.sizeBytes)
  }

  /** Pages copied so far because a snapshot that was not released could see them. */
  copiedPages(): number {
    return this.#sum((table) => table.copiedPages)
  }

  #sum(measure: (table: FlatTable) => number): number {
    let sum = 0
    for (const tables of this.#states.values()) {
      for (let keyGroup = this.range.first; keyGroup <= this.range.last; keyGroup += 1) {
        const table = tables.table(keyGroup)
        if (table !== undefined) sum += measure(table)
      }
    }
    return sum
  }

  /** The tables of that name, made if there are none; they must fit to what is asked. */
  #tables(name: string, serializer: string, isNamespaced: boolean): HeapTables {
    const existing = this.#states.get(name)
    if (existing === undefined) {
      const { range } = this
      const aliasSnapshots = this.#aliasSnapshots
      const tables = new HeapTables({ name, serializer, isNamespaced, aliasSnapshots, range })
      this.#states.set(name, tables)
      return tables
    }
    const { options } = existing
    if (options.serializer === serializer && options.isNamespaced === isNamespaced) return existing
    throw new ConfigurationError(
      'state-conflict',
      `State "${name}" is kept with ${describe(options)}, but is asked for with ` +
        `${describe({ serializer, isNamespaced })}: use the same serializer and options everywhere and across restarts, ` +
        'or another name.',
    )
  }

  #checkInRange(keyGroup: number): void {
    const { first, last } = this.range
    if (keyGroup >= first && keyGroup <= last) return
    throw new ConfigurationError(
      'key-group-out-of-range',
      `Key group ${keyGroup} cannot be restored here: this backend has the key groups ${first} to ${last}.`,
    )
  }
}

interface FrozenState {
  readonly name: string
  readonly serializer: string
  readonly table: FrozenTable
}

interface FrozenKeyGroup {
  readonly keyGroup: number
  readonly states: readonly FrozenState[]
}

class HeapSnapshot implements KeyedStateSnapshot {
  readonly #groups: readonly FrozenKeyGroup[]
  #isReleased = false

  constructor(groups: readonly FrozenKeyGroup[]) {
    this.#groups = groups
  }

  *keyGroups(): Iterable<KeyGroupSegment> {
    for (const { keyGroup, states } of this.#groups) {
      assert(!this.#isReleased, `Key group ${keyGroup} of a released snapshot is read.`)
      const segments = states.map(({ name, serializer, table }) => {
        return { name, serializer, content: table.view.content }
      })
      yield { keyGroup, bytes: encodeKeyGroup({ keyGroup, states: segments }) }
    }
  }

  release(): void {
    if (this.#isReleased) return
    this.#isReleased = true
    for (const { states } of this.#groups) for (const { table } of states) table.release()
  }
}

function describe(options: { serializer: string; isNamespaced: boolean }): string {
  return `serializer "${options.serializer}" ${options.isNamespaced ? 'and' : 'without'} namespaces`
}

function checkName(serializer: Serializer<unknown>): void {
  const twin = [binary, number, text, json].find((each) => each.name === serializer.name)
  if (twin === undefined || twin === serializer) return
  throw new ConfigurationError(
    'reserved-serializer-name',
    `A serializer of a job must not be called "${serializer.name}", because Weir has one of that name: rename it.`,
  )
}
