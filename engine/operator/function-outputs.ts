/** Where a function's results go: the main output, and side outputs that are asked for once each. */
import { NO_TIMESTAMP } from '../element.ts'
import type { OutputTag } from './functions.ts'
import type { Collector, OperatorContext } from './operator.ts'

export class FunctionOutputs {
  /** Of everything that is emitted until it is set again. */
  timestamp = NO_TIMESTAMP
  readonly #operator: OperatorContext
  readonly #main: Collector
  readonly #sides = new Map<string, Collector>()

  constructor(operator: OperatorContext) {
    this.#operator = operator
    this.#main = operator.output(null)
  }

  collect(value: unknown): void {
    this.#main.emit(value, this.timestamp)
  }

  output<T>(tag: OutputTag<T>, value: T): void {
    let side = this.#sides.get(tag.name)
    if (side === undefined) {
      side = this.#operator.output(tag.name)
      this.#sides.set(tag.name, side)
    }
    side.emit(value, this.timestamp)
  }
}
