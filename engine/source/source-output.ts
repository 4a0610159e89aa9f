/**
 * What a reader emits through: gives records their timestamps and makes the watermarks of its splits, by the strategy of
 * the source. Without one, records pass as they are and event time stands still. Watermarks are not part of snapshots:
 * after a restart they grow anew from the records. Source: Flink SourceReader's ReaderOutput, SourceOperator.
 */
import { InvariantViolation } from '../assert.ts'
import { UserFunctionError } from '../errors.ts'
import type { Collector, OperatorContext } from '../operator/operator.ts'
import { SourceWatermarks } from '../time/source-watermarks.ts'
import { assignTimestamp } from '../time/timestamp-assigner.ts'
import type { SplitWatermarks } from '../time/watermark-multiplexer.ts'
import type { WatermarkStrategy } from '../time/watermark-strategy.ts'

/** The records of one split. */
export interface SplitOutput {
  /** It is too far ahead of its alignment group: take nothing from it for now. */
  readonly isPaused: boolean
  /** `timestamp` is the record's own in ms, or NO_TIMESTAMP. */
  emit(value: unknown, timestamp: number): void
  /** The split was read to its end, or goes elsewhere. */
  release(): void
}

export class SourceOutput {
  readonly #context: OperatorContext
  readonly #collector: Collector
  readonly #strategy: WatermarkStrategy<unknown> | null
  readonly #watermarks: SourceWatermarks | null

  constructor(strategy: WatermarkStrategy<unknown> | null, context: OperatorContext) {
    this.#context = context
    this.#collector = context.output(null)
    this.#strategy = strategy
    const hasTime = strategy !== null && context.runtimeMode === 'streaming'
    this.#watermarks = hasTime
      ? new SourceWatermarks(strategy, () => context.processingTime(), context)
      : null
  }

  /** Watermarks of this subtask, null when it makes none. For alignment. */
  get watermarks(): SourceWatermarks | null {
    return this.#watermarks
  }

  /** Begins to ask the generators from time to time. */
  open(): void {
    const { autoWatermarkIntervalMs } = this.#context
    if (this.#watermarks !== null && autoWatermarkIntervalMs > 0) this.#scheduleEmission()
  }

  addSplit(id: string): SplitOutput {
    const collector = this.#collector
    if (this.#strategy === null) return new PlainOutput(collector)
    const watermarks = this.#watermarks
    const split = watermarks?.addSplit(id) ?? null
    return new TimedOutput(this.#context, collector, this.#strategy, split, () => {
      watermarks?.removeSplit(id)
    })
  }

  /** Every split was read to its end: what the generators hold goes out before the last watermark. */
  finish(): void {
    this.#watermarks?.onPeriodicEmit()
  }

  #scheduleEmission(): void {
    const { autoWatermarkIntervalMs } = this.#context
    this.#context.schedule(autoWatermarkIntervalMs, 'source-watermark', () => {
      this.#watermarks?.onPeriodicEmit()
      this.#scheduleEmission()
    })
  }
}

class PlainOutput implements SplitOutput {
  readonly isPaused = false
  readonly #collector: Collector

  constructor(collector: Collector) {
    this.#collector = collector
  }

  emit(value: unknown, timestamp: number): void {
    this.#collector.emit(value, timestamp)
  }

  release(): void {
    // Nothing is known of the split.
  }
}

class TimedOutput implements SplitOutput {
  readonly #context: OperatorContext
  readonly #collector: Collector
  readonly #strategy: WatermarkStrategy<unknown>
  readonly #split: SplitWatermarks | null
  readonly #release: () => void

  constructor(
    context: OperatorContext,
    collector: Collector,
    strategy: WatermarkStrategy<unknown>,
    split: SplitWatermarks | null,
    release: () => void,
  ) {
    this.#context = context
    this.#collector = collector
    this.#strategy = strategy
    this.#split = split
    this.#release = release
  }

  get isPaused(): boolean {
    return this.#split?.isPaused ?? false
  }

  emit(value: unknown, timestamp: number): void {
    const assigned = this.#call(() =>
      assignTimestamp(this.#strategy.timestampAssigner, value, timestamp),
    )
    this.#collector.emit(value, assigned)
    const split = this.#split
    if (split === null) return
    this.#call(() => {
      split.onEvent(value, assigned)
    })
  }

  release(): void {
    this.#release()
  }

  /** The strategy is the user's. */
  #call<R>(action: () => R): R {
    try {
      return action()
    } catch (error) {
      if (error instanceof UserFunctionError || error instanceof InvariantViolation) throw error
      throw new UserFunctionError(this.#context.name, error)
    }
  }
}
