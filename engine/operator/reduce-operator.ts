/** reduce: keeps one value per key and emits its combination with every record (Flink StreamGroupedReduceOperator). */
import { present } from '../assert.ts'
import { UserFunctionError } from '../errors.ts'
import { valueState } from '../state/descriptors.ts'
import type { ValueState } from '../state/keyed-state-backend.ts'
import type { ReduceFunction } from './functions.ts'
import type { Collector, Operator, OperatorContext } from './operator.ts'

export class ReduceOperator implements Operator {
  readonly uid: string
  readonly #name: string
  readonly #reduce: ReduceFunction
  readonly #output: Collector
  readonly #reduced: ValueState<unknown>

  constructor(reduce: ReduceFunction, context: OperatorContext) {
    this.uid = context.uid
    this.#name = context.name
    this.#reduce = reduce
    this.#output = context.output(null)
    const state = present(context.keyedState, `reduce "${context.uid}" has no keyed state.`)
    this.#reduced = state.valueState(valueState<unknown>(`${context.uid}.reduced`))
  }

  process(value: unknown, timestamp: number): void {
    const former = this.#reduced.value()
    const result = former === undefined ? value : this.#combine(former, value)
    this.#reduced.update(result)
    this.#output.emit(result, timestamp)
  }

  #combine(former: unknown, value: unknown): unknown {
    try {
      return this.#reduce(former, value)
    } catch (error) {
      throw new UserFunctionError(this.#name, error)
    }
  }
}
