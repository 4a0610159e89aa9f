/**
 * What the heap backend needs of each of its stores, one per state. No behaviour but their common errors.
 * Tables of values and containers of lists and maps are stores; the objects that functions use work on them.
 */

import { ConfigurationError } from '../errors.ts'
import type { Serializer } from '../serializer.ts'
import type { KeyGroupRange } from './key-groups.ts'
import type { LookupKey } from './lookup-key.ts'
import type { RowObserver } from './rows/row-observer.ts'
import type { StateInfo, StateSegment } from './store-segment.ts'
import type { IsExpired } from './ttl.ts'

export interface StoreOptions {
  readonly info: StateInfo
  readonly range: KeyGroupRange
  /** Mutant B-3: writes show in frozen stores. */
  readonly aliasSnapshots: boolean
  /** Hears of every row that functions use; not of what the store's owner does with rows. */
  readonly observer: RowObserver | undefined
}

/** One key (and namespace) of a store. */
export interface StoreKey {
  readonly key: unknown
  readonly hash: number
  /** 0 if the state has no namespaces. */
  readonly namespace: number
}

export interface StoreRow extends StoreKey {
  readonly value: unknown
}

/** The job's own serializers; see `ownSerializer`. */
export interface StateSerializers {
  readonly key?: Serializer<unknown> | undefined
  readonly value?: Serializer<unknown> | undefined
}

export interface HeapStore {
  readonly info: StateInfo
  readonly keyCount: number
  readonly sizeBytes: number
  /** Pages copied because a frozen store could see them. */
  readonly copiedPages: number
  /** What is expired at this moment, if full snapshots of the state leave it out. */
  leftOut(): IsExpired | undefined
  /** Tells how to read what was restored. */
  useSerializers(serializers: StateSerializers): void
  /** Keys in the store's own order, to be read before the next write. */
  keys(keyGroup: number): Iterable<StoreKey>
  /** The same with values. */
  rows(keyGroup: number): Iterable<StoreRow>
  /** The value of the current key and namespace, without any effect of TTL; undefined if there is none. */
  peek(key: LookupKey): unknown
  /** Removes what is there for the current key and namespace. */
  remove(key: LookupKey): void
  freeze(): FrozenStore
  /** The row of the key (and namespace) as bytes, undefined if there is none. Nobody is told. */
  encodeRow(key: LookupKey): Uint8Array | undefined
  /** Puts such bytes there, whatever was there before. Nobody is told. */
  decodeRow(key: LookupKey, bytes: Uint8Array): void
  /** Takes the row out. Nobody is told. */
  dropRow(key: LookupKey): void
  /** Fills a key group that is empty. */
  load(keyGroup: number, segment: StateSegment): void
}

/** A store at one moment. */
export interface FrozenStore {
  /** Undefined if the key group is empty. */
  group(keyGroup: number): StateSegment | undefined
  release(): void
}

export function noCurrentKey(name: string): ConfigurationError {
  return new ConfigurationError(
    'no-current-key',
    `State "${name}" was used without a current key: keyed state exists only in functions after keyBy, and only ` +
      'while a record or a timer is processed.',
  )
}
