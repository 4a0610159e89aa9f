/** How functions get at the states of the current key: by descriptor, made once for each name. */
import { unreachable } from '../assert.ts'
import { ConfigurationError } from '../errors.ts'
import type {
  AggregatingStateDescriptor,
  ListStateDescriptor,
  MapStateDescriptor,
  ReducingStateDescriptor,
  ValueStateDescriptor,
} from '../state/descriptors.ts'
import type {
  AggregatingState,
  KeyedStateBackend,
  ListState,
  MapState,
  ReducingState,
  ValueState,
} from '../state/keyed-state-backend.ts'
import type { KeyedStates } from './functions.ts'
import type { OperatorContext } from './operator.ts'

type StateDescriptor =
  | ValueStateDescriptor<unknown>
  | ListStateDescriptor<unknown>
  | MapStateDescriptor<unknown, unknown>
  | ReducingStateDescriptor<unknown>
  | AggregatingStateDescriptor<unknown, unknown, unknown>

/** The `state` of a function's context. */
export function keyedStates(operator: OperatorContext): KeyedStates['state'] {
  const find = stateRegistry(operator)
  function state<T>(descriptor: ValueStateDescriptor<T>): ValueState<T>
  function state<T>(descriptor: ListStateDescriptor<T>): ListState<T>
  function state<K, V>(descriptor: MapStateDescriptor<K, V>): MapState<K, V>
  function state<T>(descriptor: ReducingStateDescriptor<T>): ReducingState<T>
  function state<I, A, O>(descriptor: AggregatingStateDescriptor<I, A, O>): AggregatingState<I, O>
  function state(descriptor: StateDescriptor): unknown {
    return find(descriptor)
  }
  return state
}

/** The same for whoever knows the type of the state otherwise. */
export function stateRegistry(operator: OperatorContext): (descriptor: StateDescriptor) => unknown {
  const known = new Map<string, { readonly type: string; readonly state: unknown }>()
  return (descriptor) => {
    const { name, type } = descriptor
    const found = known.get(name)
    // One of another type goes to the backend, which says what is wrong with that.
    if (found?.type === type) return found.state
    const state = register(keyedBackend(operator, `state "${name}"`), descriptor)
    known.set(name, { type, state })
    return state
  }
}

/** The backend, or a ConfigurationError that says that `what` needs a key. */
export function keyedBackend(
  { keyedState, name }: OperatorContext,
  what: string,
): KeyedStateBackend {
  if (keyedState !== null) return keyedState
  throw new ConfigurationError(
    'state-outside-keyed-context',
    `The operator "${name}" asked for ${what}, but its stream is not keyed. Put a keyBy before it.`,
  )
}

function register(backend: KeyedStateBackend, descriptor: StateDescriptor): unknown {
  switch (descriptor.type) {
    case 'value':
      return backend.valueState(descriptor)
    case 'list':
      return backend.listState(descriptor)
    case 'map':
      return backend.mapState(descriptor)
    case 'reducing':
      return backend.reducingState(descriptor)
    case 'aggregating':
      return backend.aggregatingState(descriptor)
    default:
      return unreachable(descriptor)
  }
}
