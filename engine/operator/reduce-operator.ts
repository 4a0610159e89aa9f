/**
 * reduce and what is made of it: one value per key, combined with every record. While streaming, each combination is
 * emitted; in batch mode only the last of each key, at the end of the key and with the greatest of all timestamps.
 * Source: Flink StreamGroupedReduceOperator, BatchGroupedReduceOperator.
 */
import { MAX_WATERMARK } from '../element.ts'
import { UserFunctionError } from '../errors.ts'
import { valueState } from '../state/descriptors.ts'
import type { ValueState } from '../state/keyed-state-backend.ts'
import { keyedBackend } from './keyed-states.ts'
import type { Collector, Operator, OperatorContext, TimerService, TimerTarget } from './operator.ts'
import type { Reduction } from './rolling.ts'

export class ReduceOperator implements Operator, TimerTarget {
  readonly uid: string
  readonly #name: string
  readonly #reduction: Reduction
  readonly #output: Collector
  readonly #reduced: ValueState<unknown>
  /** Null while streaming. */
  readonly #timers: TimerService | null

  constructor(reduction: Reduction, context: OperatorContext) {
    this.uid = context.uid
    this.#name = context.name
    this.#reduction = reduction
    this.#output = context.output(null)
    const state = keyedBackend(context, 'its state')
    this.#reduced = state.valueState(valueState<unknown>(`${context.uid}.reduced`))
    this.#timers = context.runtimeMode === 'batch' ? context.timers(this) : null
  }

  process(value: unknown, timestamp: number): void {
    const former = this.#reduced.value()
    const result = this.#combine(former, value)
    this.#reduced.update(result)
    if (this.#timers === null) this.#output.emit(result, timestamp)
    else if (former === undefined) this.#timers.registerEventTime(MAX_WATERMARK)
  }

  /** The key is over. */
  onEventTime(time: number): void {
    const result = this.#reduced.value()
    this.#reduced.clear()
    if (result !== undefined) this.#output.emit(result, time)
  }

  /** There are no timers of this kind. */
  onProcessingTime(): void {}

  #combine(former: unknown, value: unknown): unknown {
    try {
      if (former !== undefined) return this.#reduction.reduce(former, value)
      this.#reduction.check?.(value)
      return value
    } catch (error) {
      throw new UserFunctionError(this.#name, error)
    }
  }
}
