/**
 * The operator around one subtask's function: opens it, gives it records and timers, takes its operator state into
 * snapshots, closes it. What kind of function it is, `InputCalls` know.
 * Source: Flink AbstractUdfStreamOperator, StreamingFunctionUtils.
 */
import type { OperatorStateEntry } from '../checkpoint/snapshot-handle.ts'
import type { CheckpointId } from '../ids.ts'
import { functionError } from './function-errors.ts'
import type { FunctionLifecycle, OnTimerContext } from './functions.ts'
import type {
  Operator,
  OperatorContext,
  OperatorSnapshot,
  SnapshotContext,
  TimerTarget,
} from './operator.ts'
import { OperatorListStates } from './operator-list-states.ts'
import type { OperatorStates } from './operator-states.ts'

/** What the inputs and the timers of an operator call. */
export interface InputCalls {
  first(value: unknown, timestamp: number): void
  second?(value: unknown, timestamp: number): void
  onEventTime?(time: number): void
  onProcessingTime?(time: number): void
}

/** Operator state beside the lists of the function. */
export interface OperatorStatePart {
  restore(entries: readonly OperatorStateEntry[]): void
  snapshot(): readonly OperatorStateEntry[]
}

export interface FunctionOperatorParts<F> {
  /** `target` is what the timers of the operator call. */
  connect(running: F, target: TimerTarget): InputCalls
  readonly state?: OperatorStatePart
}

export class FunctionOperator<F extends FunctionLifecycle<F>> implements Operator, TimerTarget {
  readonly uid: string
  readonly #name: string
  readonly #function: F
  readonly #calls: InputCalls
  readonly #lists: OperatorListStates
  readonly #state: OperatorStatePart | null
  /** Mutant, to prove the checker: the other subtasks do without. */
  readonly #losesState: () => boolean
  #isOpen = false

  constructor(template: F, context: OperatorContext, parts: FunctionOperatorParts<F>) {
    this.uid = context.uid
    this.#name = context.name
    this.#lists = new OperatorListStates(context.name)
    this.#state = parts.state ?? null
    this.#losesState = () =>
      context.subtaskIndex > 0 && context.mutants.active('broadcast-restored-once')
    this.#function = this.#call(() => template.copy?.() ?? template)
    this.#calls = parts.connect(this.#function, this)
  }

  open(restored: readonly OperatorStateEntry[], restoredFrom: CheckpointId | null): void {
    this.#lists.restore(restored)
    if (this.#state !== null && !this.#losesState()) this.#state.restore(restored)
    this.#call(() => {
      const isRestored = restoredFrom !== null
      this.#function.initializeState?.({ ...this.#listAccess(), isRestored })
      this.#function.open?.()
    })
    this.#isOpen = true
  }

  process(value: unknown, timestamp: number): void {
    try {
      this.#calls.first(value, timestamp)
    } catch (error) {
      throw functionError(this.#name, error)
    }
  }

  processSecond(value: unknown, timestamp: number): void {
    try {
      this.#calls.second?.(value, timestamp)
    } catch (error) {
      throw functionError(this.#name, error)
    }
  }

  onEventTime(time: number): void {
    this.#call(() => this.#calls.onEventTime?.(time))
  }

  onProcessingTime(time: number): void {
    this.#call(() => this.#calls.onProcessingTime?.(time))
  }

  snapshot({ checkpoint }: SnapshotContext): OperatorSnapshot {
    const entries = this.#call(() => {
      this.#function.snapshotState?.({ ...this.#listAccess(), checkpoint })
      return [...this.#lists.snapshot(), ...(this.#state?.snapshot() ?? [])]
    })
    return () => entries
  }

  close(): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    try {
      this.#function.close?.()
    } catch {
      // The attempt is over: there is nothing left that this could make fail.
    }
  }

  #listAccess(): OperatorStates {
    return {
      listState: (descriptor) => this.#lists.listState(descriptor),
      unionListState: (descriptor) => this.#lists.unionListState(descriptor),
    }
  }

  #call<R>(call: () => R): R {
    try {
      return call()
    } catch (error) {
      throw functionError(this.#name, error)
    }
  }
}

/** The calls of timers of a function that has `onTimer`. */
export function timerCalls<C extends OnTimerContext<unknown, unknown>>(
  running: { onTimer?(time: number, context: C): void },
  context: { forTimer(time: number, domain: 'event' | 'processing'): C },
): Pick<InputCalls, 'onEventTime' | 'onProcessingTime'> {
  return {
    onEventTime(time) {
      running.onTimer?.(time, context.forTimer(time, 'event'))
    },
    onProcessingTime(time) {
      running.onTimer?.(time, context.forTimer(time, 'processing'))
    },
  }
}
