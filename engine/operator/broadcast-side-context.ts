/**
 * What a function is given for a record of the broadcast side: it writes broadcast state, and has no key of its own, but
 * can go through all keys. Source: Flink KeyedBroadcastProcessFunction.Context.
 */
import { NO_TIMESTAMP } from '../element.ts'
import type {
  ListStateDescriptor,
  MapStateDescriptor,
  ValueStateDescriptor,
} from '../state/descriptors.ts'
import type { ListState, MapState, ValueState } from '../state/keyed-state-backend.ts'
import type { BroadcastState } from './broadcast-state.ts'
import type { BroadcastStates } from './broadcast-states.ts'
import { UnkeyedTimers } from './function-context.ts'
import { FunctionOutputs } from './function-outputs.ts'
import type { KeyedBroadcastContext, OutputTag, Timers } from './functions.ts'
import { keyedBackend, stateRegistry } from './keyed-states.ts'
import type { OperatorContext } from './operator.ts'

type KeyedDescriptor =
  | ValueStateDescriptor<unknown>
  | ListStateDescriptor<unknown>
  | MapStateDescriptor<unknown, unknown>

export class BroadcastSideContext implements KeyedBroadcastContext<unknown, unknown> {
  readonly timers: Timers
  readonly #operator: OperatorContext
  readonly #outputs: FunctionOutputs
  readonly #states: BroadcastStates
  readonly #keyedState: (descriptor: KeyedDescriptor) => unknown

  constructor(operator: OperatorContext, states: BroadcastStates) {
    this.timers = new UnkeyedTimers(operator, 'the broadcast side of a function has no key.')
    this.#operator = operator
    this.#outputs = new FunctionOutputs(operator)
    this.#states = states
    this.#keyedState = stateRegistry(operator)
  }

  get timestamp(): number | null {
    const { timestamp } = this.#outputs
    return timestamp === NO_TIMESTAMP ? null : timestamp
  }

  /** A field, as the others that emit, so that a function may take it out of its context. */
  readonly collect = (value: unknown): void => {
    this.#outputs.collect(value)
  }

  readonly output = <T>(tag: OutputTag<T>, value: T): void => {
    this.#outputs.output(tag, value)
  }

  broadcastState<K, V>(descriptor: MapStateDescriptor<K, V>): BroadcastState<K, V> {
    return this.#states.state(descriptor)
  }

  applyToKeyedState<T>(
    descriptor: ValueStateDescriptor<T>,
    visit: (key: unknown, state: ValueState<T>) => void,
  ): void
  applyToKeyedState<T>(
    descriptor: ListStateDescriptor<T>,
    visit: (key: unknown, state: ListState<T>) => void,
  ): void
  applyToKeyedState<U, V>(
    descriptor: MapStateDescriptor<U, V>,
    visit: (key: unknown, state: MapState<U, V>) => void,
  ): void
  applyToKeyedState(
    descriptor: KeyedDescriptor,
    visit: (key: unknown, state: never) => void,
  ): void {
    const backend = keyedBackend(this.#operator, `the keys of state "${descriptor.name}"`)
    // The overloads above say of which type the state is.
    const state = this.#keyedState(descriptor) as never
    for (const { key, hash } of backend.keysOf(descriptor.name)) {
      backend.setCurrentKey(key, hash)
      visit(key, state)
      backend.checkHandedOut()
    }
  }

  forRecord(timestamp: number): this {
    this.#outputs.timestamp = timestamp
    return this
  }
}
