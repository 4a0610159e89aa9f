/** Triggers that look at records only, and the one that never fires. Source: Flink CountTrigger, DeltaTrigger. */
import type { MergingValueState, NumberState, ValueState } from '../state/keyed-state-backend.ts'
import { CONTINUE, FIRE } from './running-trigger.ts'
import type { RunningTrigger, TriggerResult } from './running-trigger.ts'
import type { TimeWindow, Trigger } from './window-spec.ts'

export class CountTrigger implements RunningTrigger {
  readonly #count: number
  readonly #counted: NumberState & MergingValueState<number>

  constructor(count: number, counted: NumberState & MergingValueState<number>) {
    this.#count = count
    this.#counted = counted
  }

  onRecord(): TriggerResult {
    if (this.#counted.add(1) < this.#count) return CONTINUE
    this.#counted.clear()
    return FIRE
  }

  onEventTime(): TriggerResult {
    return CONTINUE
  }

  onProcessingTime(): TriggerResult {
    return CONTINUE
  }

  /** The sum may reach the count: that shows at the next record. */
  onMerge(window: TimeWindow, starts: readonly number[]): void {
    this.#counted.mergeNamespaces(window.start, starts, (a, b) => a + b)
  }

  onMergedAway(): void {}

  clear(): void {
    this.#counted.clear()
  }
}

type DeltaSpec = Extract<Trigger, { type: 'delta' }>

export class DeltaTrigger implements RunningTrigger {
  readonly #threshold: number
  readonly #delta: DeltaSpec['delta']
  /** The record that fired last, at first the first one. */
  readonly #last: ValueState<unknown>

  constructor(threshold: number, delta: DeltaSpec['delta'], last: ValueState<unknown>) {
    this.#threshold = threshold
    this.#delta = delta
    this.#last = last
  }

  onRecord(value: unknown): TriggerResult {
    const last = this.#last.value()
    if (last !== undefined && !(this.#delta(last, value) > this.#threshold)) return CONTINUE
    this.#last.update(value)
    return last === undefined ? CONTINUE : FIRE
  }

  onEventTime(): TriggerResult {
    return CONTINUE
  }

  onProcessingTime(): TriggerResult {
    return CONTINUE
  }

  /** It cannot merge; see check-window.ts. */
  onMerge(): void {}

  onMergedAway(): void {}

  clear(): void {
    this.#last.clear()
  }
}

export class NeverTrigger implements RunningTrigger {
  onRecord(): TriggerResult {
    return CONTINUE
  }
  onEventTime(): TriggerResult {
    return CONTINUE
  }
  onProcessingTime(): TriggerResult {
    return CONTINUE
  }
  onMerge(): void {}
  onMergedAway(): void {}
  clear(): void {}
}
