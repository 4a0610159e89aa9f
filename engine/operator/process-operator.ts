/**
 * process: the user's function with a context that emits to the main output and to side outputs and, behind a keyBy,
 * reads and writes the state of the current key.
 */
import { InvariantViolation, present } from '../assert.ts'
import { NO_TIMESTAMP } from '../element.ts'
import { ConfigurationError, UserFunctionError } from '../errors.ts'
import type { ValueStateDescriptor } from '../state/descriptors.ts'
import type { KeyedStateBackend, ValueState } from '../state/keyed-state-backend.ts'
import type { KeyedProcessContext, OutputTag, ProcessFunction } from './functions.ts'
import type { Collector, Operator, OperatorContext } from './operator.ts'

export class ProcessOperator implements Operator {
  readonly uid: string
  readonly #name: string
  readonly #process: ProcessFunction
  readonly #context: ProcessFunctionContext

  constructor(process: ProcessFunction, context: OperatorContext) {
    this.uid = context.uid
    this.#name = context.name
    this.#process = process
    this.#context = new ProcessFunctionContext(context)
  }

  process(value: unknown, timestamp: number): void {
    this.#context.current = timestamp
    try {
      this.#process(value, this.#context)
    } catch (error) {
      // Thrown by an operator further down the chain, through `collect`.
      if (error instanceof UserFunctionError || error instanceof InvariantViolation) throw error
      throw new UserFunctionError(this.#name, error)
    }
  }
}

class ProcessFunctionContext implements KeyedProcessContext<unknown, unknown> {
  current: number = NO_TIMESTAMP
  readonly #operator: OperatorContext
  readonly #main: Collector
  readonly #sides = new Map<string, Collector>()
  readonly #keyedState: KeyedStateBackend | null

  constructor(operator: OperatorContext) {
    this.#operator = operator
    this.#main = operator.output(null)
    this.#keyedState = operator.keyedState
  }

  get timestamp(): number | null {
    return this.current === NO_TIMESTAMP ? null : this.current
  }

  get key(): unknown {
    return this.#keyed('key').currentKey
  }

  collect(value: unknown): void {
    this.#main.emit(value, this.current)
  }

  output<T>(tag: OutputTag<T>, value: T): void {
    let side = this.#sides.get(tag.name)
    if (side === undefined) {
      side = this.#operator.output(tag.name)
      this.#sides.set(tag.name, side)
    }
    side.emit(value, this.current)
  }

  state<T>(descriptor: ValueStateDescriptor<T>): ValueState<T> {
    return this.#keyed(`state "${descriptor.name}"`).valueState(descriptor)
  }

  #keyed(what: string): KeyedStateBackend {
    if (this.#keyedState === null) {
      throw new ConfigurationError(
        'state-outside-keyed-context',
        `The operator "${this.#operator.name}" asked for ${what}, but its stream is not keyed. ` +
          'Put a keyBy before it.',
      )
    }
    return present(this.#keyedState, 'No keyed state.')
  }
}
