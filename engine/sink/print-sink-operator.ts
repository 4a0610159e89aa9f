/** The print sink: a line for each value, which the world shows to whoever is watching. */
import { describeError } from '../errors.ts'
import type { Operator, OperatorContext } from '../operator/operator.ts'

export class PrintSinkOperator implements Operator {
  readonly uid: string
  readonly #prefix: string
  readonly #context: OperatorContext

  constructor(prefix: string, context: OperatorContext) {
    this.uid = context.uid
    this.#prefix = prefix
    this.#context = context
  }

  process(value: unknown): void {
    const { runtime, subtask } = this.#context
    const word = this.#prefix === '' ? '' : `${this.#prefix}> `
    runtime.trace({ type: 'line-printed', subtask, line: `${word}${printed(value)}` })
  }
}

function printed(value: unknown): string {
  if (typeof value === 'string') return value
  if (typeof value === 'bigint') return value.toString()
  try {
    return JSON.stringify(value)
  } catch (error) {
    return `(a value that cannot be printed: ${describeError(error)})`
  }
}
