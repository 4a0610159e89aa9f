/** Broadcast state: a map that every subtask holds a copy of; only the broadcast side writes. Source: Flink BroadcastState. */

export interface ReadOnlyBroadcastState<K, V> {
  get(key: K): V | undefined
  contains(key: K): boolean
  /** In the order in which the keys were first put. Values must not be changed. */
  immutableEntries(): Iterable<readonly [key: K, value: V]>
}

export interface BroadcastState<K, V> extends ReadOnlyBroadcastState<K, V> {
  put(key: K, value: V): void
  putAll(entries: Iterable<readonly [key: K, value: V]>): void
  remove(key: K): void
  entries(): Iterable<readonly [key: K, value: V]>
  clear(): void
}
