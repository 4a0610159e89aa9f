/**
 * States of one key and window, which a window function asks for by descriptor. They end with the window, also those
 * that a restored subtask has from before and that the function did not ask for again.
 */
import type { KeyedStates } from '../operator/functions.ts'
import { keyedBackend, stateRegistry } from '../operator/keyed-states.ts'
import type { OperatorContext } from '../operator/operator.ts'

type AnyDescriptor = Parameters<ReturnType<typeof stateRegistry>>[0]

export class WindowStates {
  readonly state: KeyedStates['state']
  readonly #operator: OperatorContext
  /** What their names begin with in the backend: a function may use the same name for state of the key. */
  readonly #prefix: string
  /** Names of such states in the backend, once one of them must be cleared. */
  #names: Set<string> | null = null

  constructor(operator: OperatorContext) {
    this.#operator = operator
    this.#prefix = `${operator.uid}.of-window.`
    const find = stateRegistry(operator)
    const state = (descriptor: AnyDescriptor): unknown => find(this.#namespaced(descriptor))
    // The registry returns the state that belongs to the descriptor's type.
    this.state = state as KeyedStates['state']
  }

  /** Clears all states of the window whose start is the current namespace. */
  clear(): void {
    const backend = keyedBackend(this.#operator, 'state of a window')
    this.#names ??= new Set(backend.stateNames().filter((name) => name.startsWith(this.#prefix)))
    for (const name of this.#names) backend.clearState(name)
  }

  #namespaced(descriptor: AnyDescriptor): AnyDescriptor {
    const name = this.#prefix + descriptor.name
    this.#names?.add(name)
    return { ...descriptor, name, namespaced: true }
  }
}
