/** What a window function is given: outputs, clocks, and the states of the window and of the key. */
import { ConfigurationError } from '../errors.ts'
import { FunctionOutputs } from '../operator/function-outputs.ts'
import type { KeyedStates, OutputTag } from '../operator/functions.ts'
import { keyedStates } from '../operator/keyed-states.ts'
import type { OperatorContext, TimerService } from '../operator/operator.ts'
import type { ProcessWindowContext, TimeWindow } from './window-spec.ts'
import { WindowStates } from './window-states.ts'

export interface WindowFunctionParts {
  readonly operator: OperatorContext
  readonly timers: TimerService
  /** Windows that merge have no state of their own (Flink). */
  readonly isMerging: boolean
}

export class WindowFunctionContext implements ProcessWindowContext<unknown, unknown> {
  readonly windowState: KeyedStates['state']
  readonly globalState: KeyedStates['state']
  readonly #operator: OperatorContext
  readonly #timers: TimerService
  readonly #outputs: FunctionOutputs
  readonly #states: WindowStates | null
  #window: TimeWindow = { start: 0, end: 0, maxTimestamp: 0 }

  constructor({ operator, timers, isMerging }: WindowFunctionParts) {
    this.#operator = operator
    this.#timers = timers
    this.#outputs = new FunctionOutputs(operator)
    this.globalState = keyedStates(operator)
    this.#states = isMerging ? null : new WindowStates(operator)
    this.windowState = this.#states?.state ?? refuseWindowState(operator.name)
  }

  get key(): unknown {
    return this.#operator.keyedState?.currentKey
  }

  get window(): TimeWindow {
    return this.#window
  }

  get currentWatermark(): number {
    return this.#timers.currentWatermark
  }

  readonly processingTime = (): number => {
    return this.#timers.processingTime()
  }

  /** A field, as the others that emit, so that a function may take it out of its context. */
  readonly collect = (value: unknown): void => {
    this.#outputs.collect(value)
  }

  readonly output = <T>(tag: OutputTag<T>, value: T): void => {
    this.#outputs.output(tag, value)
  }

  /** Everything that is emitted from here on is that window's. */
  forWindow({ start, end, maxTimestamp }: TimeWindow): void {
    this.#window = { start, end, maxTimestamp }
    this.#outputs.timestamp = maxTimestamp
  }

  /** Clears the states of the window whose start is the current namespace. */
  clearWindowState(): void {
    this.#states?.clear()
  }
}

function refuseWindowState(operator: string): () => never {
  return () => {
    throw new ConfigurationError(
      'state-of-merging-window',
      `The operator "${operator}" asked for state of a window, but its windows merge (sessions): use globalState.`,
    )
  }
}
