/**
 * One operator of a chain with its surroundings: its watermark, its timers, and what stands behind it. A watermark first
 * fires the timers that are due, then goes on, unless the operator sees to both itself (Flink
 * AbstractStreamOperator.processWatermark).
 */
import { MAX_WATERMARK, MIN_WATERMARK } from '../element.ts'
import { KeyedTimerService } from '../operator/timer-service.ts'
import type { Operator } from '../operator/operator.ts'
import type { SourceReader } from '../source/source-reader.ts'

/** Whatever takes what is not a record: the next operator, or an edge to other subtasks. */
export interface ControlTarget {
  watermark(watermark: number): void
  status(isIdle: boolean): void
}

export class ChainLink implements ControlTarget {
  readonly uid: string
  currentWatermark = MIN_WATERMARK
  timers: KeyedTimerService | null = null
  #operator: Operator | SourceReader | null = null
  #targets: readonly ControlTarget[] = []

  constructor(uid: string) {
    this.uid = uid
  }

  attach(operator: Operator | SourceReader, targets: readonly ControlTarget[]): void {
    this.#operator = operator
    this.#targets = targets
  }

  watermark(watermark: number): void {
    this.advance(watermark, () => true)
  }

  /** As `watermark`, but stops when `mayContinue` turns false: call again with the same watermark. True when done. */
  advance(watermark: number, mayContinue: () => boolean): boolean {
    this.currentWatermark = watermark
    if (this.#operator?.processWatermark !== undefined) {
      this.#operator.processWatermark(watermark)
      return true
    }
    if (this.timers !== null && !this.timers.advance(watermark, mayContinue)) return false
    this.emitWatermark(watermark)
    return true
  }

  /** Batch: the last record of a key is through; all its timers fire, before the next key begins. */
  endKey(): void {
    this.currentWatermark = MAX_WATERMARK
    this.timers?.fireAll()
    this.currentWatermark = MIN_WATERMARK
  }

  status(isIdle: boolean): void {
    if (this.#operator?.processStatus !== undefined) this.#operator.processStatus(isIdle)
    else this.emitStatus(isIdle)
  }

  emitWatermark(watermark: number): void {
    for (const target of this.#targets) target.watermark(watermark)
  }

  emitStatus(isIdle: boolean): void {
    for (const target of this.#targets) target.status(isIdle)
  }
}
