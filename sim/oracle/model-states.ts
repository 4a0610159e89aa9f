/**
 * The states of one key as the reference model keeps them: values in a Map by the state's name, lists as arrays, maps as
 * Maps. Empty means absent. Without time, so what expires is not for the model.
 */
import type {
  AggregatingState,
  ListState,
  MapState,
} from '../../engine/state/keyed-state-backend.ts'
import type { ReducingState, ValueState } from '../../engine/state/keyed-state-backend.ts'
import type { KeyedStates } from '../../engine/operator/functions.ts'
import type {
  AggregatingStateDescriptor,
  ListStateDescriptor,
  MapStateDescriptor,
  ReducingStateDescriptor,
  ValueStateDescriptor,
} from '../../engine/state/descriptors.ts'
import { NotInterpreted } from './not-interpreted.ts'

/** Values by state name, for one key. */
export type KeyState = Map<string, unknown>

type Descriptor =
  | ValueStateDescriptor<unknown>
  | ListStateDescriptor<unknown>
  | MapStateDescriptor<unknown, unknown>
  | ReducingStateDescriptor<unknown>
  | AggregatingStateDescriptor<unknown, unknown, unknown>

/** What a function gets as `context.state`. */
export function statesOf(state: KeyState): KeyedStates['state'] {
  const find = (descriptor: Descriptor): unknown => {
    if (descriptor.ttl !== undefined || descriptor.namespaced === true) {
      throw new NotInterpreted(`the state "${descriptor.name}" depends on time`)
    }
    switch (descriptor.type) {
      case 'value':
        return valueOf(state, descriptor)
      case 'list':
        return listOf(state, descriptor.name)
      case 'map':
        return mapOf(state, descriptor.name)
      case 'reducing':
        return reducedOf(state, descriptor)
      case 'aggregating':
        return aggregateOf(state, descriptor)
    }
  }
  return find as KeyedStates['state']
}

function valueOf(
  state: KeyState,
  { name, default: makeDefault }: ValueStateDescriptor<unknown>,
): ValueState<unknown> {
  return {
    value: () => (state.has(name) ? state.get(name) : makeDefault?.()),
    update: (value) => {
      if (value === undefined || value === null) state.delete(name)
      else state.set(name, value)
    },
    clear: () => state.delete(name),
  }
}

function listOf(state: KeyState, name: string): ListState<unknown> {
  const get = (): readonly unknown[] => (state.get(name) ?? []) as readonly unknown[]
  const update = (values: Iterable<unknown>): void => {
    const list = [...values]
    if (list.length === 0) state.delete(name)
    else state.set(name, list)
  }
  return {
    get,
    update,
    add: (value) => {
      update([...get(), value])
    },
    addAll: (values) => {
      update([...get(), ...values])
    },
    clear: () => state.delete(name),
  }
}

/** Of a copy, so that it may be changed while it is iterated. */
function mapOf(state: KeyState, name: string): MapState<unknown, unknown> {
  const get = (): ReadonlyMap<unknown, unknown> =>
    (state.get(name) ?? new Map()) as Map<unknown, unknown>
  const change = (act: (map: Map<unknown, unknown>) => void): void => {
    const map = new Map(get())
    act(map)
    if (map.size === 0) state.delete(name)
    else state.set(name, map)
  }
  for (const key of get().keys()) {
    // The job's maps tell keys apart by their bytes, a Map by identity.
    if (typeof key === 'object') throw new NotInterpreted(`the map "${name}" has structured keys`)
  }
  return {
    get: (key) => get().get(key),
    put: (key, value) => {
      change((map) => map.set(key, value))
    },
    putAll: (entries) => {
      change((map) => {
        for (const [key, value] of entries) map.set(key, value)
      })
    },
    remove: (key) => {
      change((map) => map.delete(key))
    },
    contains: (key) => get().has(key),
    entries: () => get().entries(),
    keys: () => get().keys(),
    values: () => get().values(),
    isEmpty: () => get().size === 0,
    clear: () => state.delete(name),
  }
}

function reducedOf(
  state: KeyState,
  descriptor: ReducingStateDescriptor<unknown>,
): ReducingState<unknown> {
  const { name } = descriptor
  return {
    get: () => state.get(name),
    add: (value) => {
      state.set(name, state.has(name) ? descriptor.reduce(state.get(name), value) : value)
    },
    clear: () => state.delete(name),
  }
}

function aggregateOf(
  state: KeyState,
  { name, aggregate }: AggregatingStateDescriptor<unknown, unknown, unknown>,
): AggregatingState<unknown, unknown> {
  return {
    get: () => (state.has(name) ? aggregate.getResult(state.get(name)) : undefined),
    add: (value) => {
      const accumulator = state.has(name) ? state.get(name) : aggregate.createAccumulator()
      state.set(name, aggregate.add(value, accumulator))
    },
    clear: () => state.delete(name),
  }
}
