/**
 * The default state backend: everything in memory, snapshots by copy on write. Values lie in flat tables, one per state
 * and key group; lists and maps in containers that such tables lead to; timers in a queue per domain.
 * Must not know operators, checkpoints or storage.
 * Invariants: `snapshot` costs time in proportion to the number of tables, whatever they hold; a
 * snapshot's segments show the state of the moment it was taken; restored states that are never registered stay in
 * later snapshots.
 * Source: Flink HeapKeyedStateBackend, CopyOnWriteStateTable; reference/state-table.md.
 */

import { assert } from '../assert.ts'
import { ConfigurationError } from '../errors.ts'
import { binary, number, type Serializer } from '../serializer.ts'
import { checkIntact } from './corrupt-state-error.ts'
import type {
  AggregatingStateDescriptor,
  ListStateDescriptor,
  MapStateDescriptor,
  NumberStateDescriptor,
  ReducingStateDescriptor,
  ValueStateDescriptor,
} from './descriptors.ts'
import { HandedOut } from './handed-out.ts'
import { HeapAggregatingState, HeapReducingState } from './heap-appending-state.ts'
import { HeapListState } from './heap-list-state.ts'
import { HeapMapState } from './heap-map-state.ts'
import { HeapSnapshot } from './heap-snapshot.ts'
import { HeapNumberState, HeapValueState } from './heap-state.ts'
import type { HeapStore } from './heap-store.ts'
import { HeapStores } from './heap-stores.ts'
import { HeapTimerQueue } from './heap-timer-queue.ts'
import { HeapTtlValueState } from './heap-ttl-value-state.ts'
import { parseKeyGroup } from './key-group-segment.ts'
import { checkInRange, keyGroupOf, type KeyGroupRange } from './key-groups.ts'
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
  StoredRun,
  ValueState,
} from './keyed-state-backend.ts'
import { LookupKey } from './lookup-key.ts'
import { rowsInRange } from './lsm/merge-runs.ts'
import { mapKeyId } from './map-container.ts'
import type { ReadableValue } from './merge-namespaces.ts'
import { infoOf, ownSerializer, type Registration } from './registration.ts'
import type { RowChange, StoredRow } from './rows/row-change.ts'
import { decodeRowKey, type TimerRowAddress } from './rows/row-key.ts'
import type { RowObserver } from './rows/row-observer.ts'
import { decodeTimerRow } from './rows/row-value.ts'
import { stampedSerializer } from './stamped-value.ts'
import type { StateInfo } from './store-segment.ts'
import { ElementCodec } from './stored-element.ts'
import {
  originOf,
  StrictListState,
  StrictMapState,
  StrictReducingState,
  StrictValueState,
} from './strict-states.ts'
import type { TimerDomain, TimerQueue } from './timer-queue.ts'
import { Ttl, type CleanableStore } from './ttl.ts'

export interface HeapStateBackendOptions {
  readonly maxParallelism: number
  readonly range: KeyGroupRange
  /** The clock of TTL, in whole ms. Needed only by states with TTL. */
  readonly processingTime?: () => number
  /** Present: objects that are changed in place are caught; see `checkHandedOut`. */
  readonly strict?: { readonly operator: string }
  /** Mutant B-3, to prove the checker: writes go to frozen pages without copying them. */
  readonly aliasSnapshots?: boolean
  /** Mutant B-4, to prove the checker: timers of a snapshot are not restored. */
  readonly forgetsTimers?: boolean
  /** Hears of every row that is used. */
  readonly observer?: RowObserver
}

export class HeapStateBackend implements KeyedStateBackend {
  readonly maxParallelism: number
  readonly range: KeyGroupRange
  readonly #processingTime: (() => number) | undefined
  readonly #handedOut: HandedOut | undefined
  readonly #forgetsTimers: boolean
  readonly #observer: RowObserver | undefined
  readonly #key = new LookupKey()
  readonly #stores: HeapStores
  readonly #timers = new Map<TimerDomain, HeapTimerQueue>()

  constructor(options: HeapStateBackendOptions) {
    this.maxParallelism = options.maxParallelism
    this.range = options.range
    this.#processingTime = options.processingTime
    this.#forgetsTimers = options.forgetsTimers ?? false
    this.#handedOut = options.strict && new HandedOut(options.strict.operator, this.#key)
    this.#observer = options.observer
    this.#stores = new HeapStores({
      range: options.range,
      aliasSnapshots: options.aliasSnapshots ?? false,
      observer: options.observer,
    })
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
    const { name, serializer } = descriptor
    const state = this.#value(descriptor, serializer, descriptor.default)
    if (this.#handedOut === undefined) return state
    return new StrictValueState(state, originOf(name, serializer), this.#handedOut)
  }

  numberState(descriptor: NumberStateDescriptor): NumberState & MergingValueState<number> {
    const tables = this.#stores.tables(infoOf('value', descriptor, { value: number }))
    if (tables.hasOnlyNumbers) return new HeapNumberState(tables, this.#key)
    throw new ConfigurationError(
      'state-conflict',
      `State "${descriptor.name}" cannot be used as a number state: values of other types were stored under its name.`,
    )
  }

  listState<T>(descriptor: ListStateDescriptor<T>): ListState<T> & MergingState {
    const { name, serializer } = descriptor
    const own = ownSerializer(serializer)
    const store = this.#stores.lists(infoOf('list', descriptor, { value: serializer }))
    store.useSerializers({ value: own })
    store.ttl = this.#ttl(descriptor, store)
    const state = new HeapListState(store, this.#key, new ElementCodec(name, own))
    if (this.#handedOut === undefined) return state
    return new StrictListState(state, originOf(name, serializer), this.#handedOut)
  }

  mapState<K, V>(descriptor: MapStateDescriptor<K, V>): MapState<K, V> {
    const { name, serializers } = descriptor
    const ownKey = ownSerializer(serializers.key)
    const own = ownSerializer(serializers.value)
    const { key: keySerializer, value: valueSerializer } = serializers
    const info = infoOf('map', descriptor, { key: keySerializer, value: valueSerializer })
    const store = this.#stores.maps(info)
    store.useSerializers({ key: ownKey, value: own })
    store.ttl = this.#ttl(descriptor, store)
    const key = new ElementCodec(name, ownKey)
    const value = new ElementCodec(name, own)
    const state = new HeapMapState(store, this.#key, { key, value })
    if (this.#handedOut === undefined) return state
    const idOf = (mapKey: K): unknown => mapKeyId(key.store(mapKey))
    return new StrictMapState(state, originOf(name, serializers.value), this.#handedOut, idOf)
  }

  reducingState<T>(descriptor: ReducingStateDescriptor<T>): ReducingState<T> & MergingState {
    const { name, serializer } = descriptor
    const state = new HeapReducingState(this.#value(descriptor, serializer), this.#key, descriptor)
    if (this.#handedOut === undefined) return state
    return new StrictReducingState(state, originOf(name, serializer), this.#handedOut)
  }

  aggregatingState<I, A, O>(
    descriptor: AggregatingStateDescriptor<I, A, O>,
  ): AggregatingState<I, O> & MergingState {
    const accumulator = this.#value(descriptor, descriptor.serializer)
    return new HeapAggregatingState(accumulator, this.#key, descriptor)
  }

  clearState(stateName: string): void {
    this.#stores.find(stateName)?.remove(this.#key)
  }

  timerQueue(domain: TimerDomain): TimerQueue {
    return this.#queue(domain)
  }

  checkHandedOut(): void {
    this.#handedOut?.check()
  }

  snapshot(): KeyedStateSnapshot {
    const stores = Array.from(this.#stores.all(), (store) => store.freeze())
    const queues = [...this.#timers.values()].filter(({ size }) => size > 0)
    const timers = queues.map((queue) => queue.freeze(this.maxParallelism))
    return new HeapSnapshot(this.range, stores, timers)
  }

  restore(segments: Iterable<KeyGroupSegment>): void {
    for (const { keyGroup, bytes } of segments) {
      const { keyGroup: written, states, timers } = parseKeyGroup(bytes)
      checkIntact(
        written === keyGroup,
        `Key group ${keyGroup} has the bytes of key group ${written}.`,
      )
      checkInRange(this.range, keyGroup)
      for (const segment of states) this.#stores.load(keyGroup, segment)
      if (this.#forgetsTimers) continue
      for (const segment of timers) this.#queue(segment.domain).load(segment)
    }
  }

  restoreRows(states: readonly StateInfo[], rows: Iterable<StoredRow>): void {
    for (const info of states) this.#stores.of(info)
    for (const row of rows) this.applyRow(row)
  }

  restoreRuns(states: readonly StateInfo[], runs: readonly StoredRun[]): void {
    this.restoreRows(states, rowsInRange(runs, this.range))
  }

  /** The stores of all states, in the order in which they were made. */
  stores(): Iterable<HeapStore> {
    return this.#stores.all()
  }

  findStore(stateName: string): HeapStore | undefined {
    return this.#stores.find(stateName)
  }

  /** The store of the state, made if there is none. */
  storeOf(info: StateInfo): HeapStore {
    return this.#stores.of(info)
  }

  /** Adds a timer that is not here yet, from its row. Nobody is told. */
  loadTimer(domain: TimerDomain, row: StoredRow): void {
    if (this.#forgetsTimers) return
    this.#queue(domain).load({ domain, rows: [decodeTimerRow(row.value)] })
  }

  /** Applies a row of another backend, whose states must be known by `storeOf`. */
  applyRow({ key: rowKey, value }: RowChange): void {
    const address = decodeRowKey(rowKey)
    checkInRange(this.range, address.keyGroup)
    const { key, hash } = address.type === 'state' ? address : address.timer
    this.#key.set(key, hash, address.keyGroup)
    if (address.type === 'timer') {
      this.#applyTimer(address, value)
      return
    }
    this.#key.setNamespace(address.namespace)
    const store = this.#stores.find(address.state)
    checkIntact(store !== undefined, `A row belongs to the unknown state "${address.state}".`)
    this.#observer?.writes(store, this.#key)
    if (value === null) store.dropRow(this.#key)
    else store.decodeRow(this.#key, value)
  }

  #applyTimer({ domain, timer }: TimerRowAddress, value: Uint8Array | null): void {
    if (this.#forgetsTimers) return
    const queue = this.#queue(domain)
    queue.remove(timer.time, timer.start, timer.end)
    if (value === null) return
    const row = decodeTimerRow(value)
    queue.load({ domain, rows: [row] })
    this.#observer?.timer(domain, timer, row)
  }

  currentValues(): readonly unknown[] {
    return Array.from(this.#stores.all())
      .filter(({ info }) => !info.isNamespaced)
      .map((store) => store.peek(this.#key))
      .filter((value) => value !== undefined)
  }

  stateNames(): readonly string[] {
    return this.#stores.names
  }

  stateInfos(): readonly StateInfo[] {
    return Array.from(this.#stores.all(), ({ info }) => info)
  }

  *entries(stateName: string): Iterable<StateEntry> {
    const store = this.#stores.find(stateName)
    if (store === undefined) return
    for (let keyGroup = this.range.first; keyGroup <= this.range.last; keyGroup += 1) {
      for (const { key, value, namespace } of store.rows(keyGroup)) {
        const entry = [keyGroup, key, value] as const
        yield store.info.isNamespaced ? [...entry, namespace] : entry
      }
    }
  }

  keysOf(stateName: string): readonly KeyWithHash[] {
    const store = this.#stores.find(stateName)
    const keys: KeyWithHash[] = []
    for (let keyGroup = this.range.first; keyGroup <= this.range.last; keyGroup += 1) {
      for (const { key, hash, namespace } of store?.keys(keyGroup) ?? []) {
        const isHere = !store?.info.isNamespaced || namespace === this.#key.namespace
        if (isHere) keys.push({ key, hash })
      }
    }
    return keys
  }

  keyCount(): number {
    return this.#sum((store) => store.keyCount)
  }

  sizeBytes(): number {
    let size = this.#sum((store) => store.sizeBytes)
    for (const queue of this.#timers.values()) size += queue.sizeBytes
    return size
  }

  close(): void {
    // Memory is all there is.
  }

  /** Pages copied so far because a snapshot that was not released could see them. */
  copiedPages(): number {
    return this.#sum((store) => store.copiedPages)
  }

  #sum(measure: (store: HeapStore) => number): number {
    let sum = 0
    for (const store of this.#stores.all()) sum += measure(store)
    return sum
  }

  /** A value in tables, with or without TTL. */
  #value<T>(
    registration: Registration,
    serializer: Serializer<T> | undefined,
    defaultValue?: () => T,
  ): ValueState<T> & MergingValueState<T> & ReadableValue<T> {
    const own = ownSerializer(serializer)
    const tables = this.#stores.tables(infoOf('value', registration, { value: serializer }))
    tables.useSerializers({ value: own })
    const ttl = this.#ttl(registration, tables)
    tables.ttl = ttl
    if (ttl === undefined) return new HeapValueState(tables, this.#key, own, defaultValue)
    // What `binary` reads is what was written: the descriptor's type is the user's promise about it.
    const stamped = stampedSerializer(own ?? (binary as Serializer<T>))
    const values = new HeapValueState(tables, this.#key, stamped, undefined)
    return new HeapTtlValueState(values, this.#key, ttl, defaultValue)
  }

  #ttl({ name, ttl }: Registration, store: CleanableStore): Ttl | undefined {
    if (ttl === undefined) return undefined
    const clock = this.#processingTime
    assert(clock !== undefined, `State "${name}" has a TTL, but its backend has no clock.`)
    return new Ttl(name, ttl, clock, store)
  }

  #queue(domain: TimerDomain): HeapTimerQueue {
    const queue = this.#timers.get(domain) ?? new HeapTimerQueue(domain, this.#key, this.#observer)
    this.#timers.set(domain, queue)
    return queue
  }
}
