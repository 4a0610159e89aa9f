/**
 * What all reducers share: their signature, the wiring they look up, and the one way to change an entry.
 * A reducer never throws on an unknown id: a trace from real Kafka may name a topic the topology does not.
 */
import type { ChannelId, SubtaskId } from '../../engine/ids.ts'
import type { EventOf, FactType, TraceTopology } from '../../engine/trace.ts'
import type { Draft } from './run-state.ts'

/** The topology, arranged for look-up. */
export interface Wiring {
  readonly topology: TraceTopology
  readonly inputsOf: ReadonlyMap<SubtaskId, readonly ChannelId[]>
  readonly outputsOf: ReadonlyMap<SubtaskId, readonly ChannelId[]>
  /** Subtasks with more than one logical input: how many. */
  readonly inputCountOf: ReadonlyMap<SubtaskId, number>
  readonly subtaskCount: number
}

export type Reducer<T extends FactType> = (draft: Draft, event: EventOf<T>, wiring: Wiring) => void

export function wire(topology: TraceTopology): Wiring {
  const inputsOf = new Map<SubtaskId, ChannelId[]>()
  const outputsOf = new Map<SubtaskId, ChannelId[]>()
  const inputCountOf = new Map<SubtaskId, number>()
  for (const { id, from, to, input } of topology.channels) {
    if (input > 0) inputCountOf.set(to, Math.max(inputCountOf.get(to) ?? 0, input + 1))
    outputsOf.set(from, [...(outputsOf.get(from) ?? []), id])
    inputsOf.set(to, [...(inputsOf.get(to) ?? []), id])
  }
  return {
    topology,
    inputsOf,
    outputsOf,
    inputCountOf,
    subtaskCount: topology.vertices.reduce((sum, vertex) => sum + vertex.subtasks.length, 0),
  }
}

/** Replaces the entry at `key` by itself with the fields of `change`; does nothing when there is none. */
export function patch<K, V>(map: Map<K, V>, key: K, change: Partial<NoInfer<V>>): void {
  update(map, key, (entry) => ({ ...entry, ...change }))
}

/** Replaces the entry at `key` by what `change` makes of it; does nothing when there is none. */
export function update<K, V>(map: Map<K, V>, key: K, change: (entry: V) => V): void {
  const entry = map.get(key)
  if (entry !== undefined) map.set(key, change(entry))
}
