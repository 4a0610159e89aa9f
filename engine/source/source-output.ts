/**
 * What a reader emits through: gives records their timestamps and makes the watermarks of its splits, by the strategy of
 * the source. Without one, records pass as they are, and event time goes on only if the source itself says so.
 * Watermarks are not part of snapshots: after a restart they grow anew from the records.
 * Source: Flink SourceReader's ReaderOutput, SourceOperator.
 */
import { InvariantViolation } from '../assert.ts'
import { UserFunctionError } from '../errors.ts'
import type { Collector, OperatorContext } from '../operator/operator.ts'
import { AdvancingOutput } from '../time/advancing-output.ts'
import { SourceWatermarks } from '../time/source-watermarks.ts'
import { assignTimestamp } from '../time/timestamp-assigner.ts'
import type { SplitWatermarks } from '../time/watermark-multiplexer.ts'
import type { TimestampAssigner, WatermarkStrategy } from '../time/watermark-strategy.ts'

/** The records of one split. */
export interface SplitOutput {
  /** Records with their own timestamp in ms, or NO_TIMESTAMP. */
  readonly collector: Collector
  /** It is too far ahead of its alignment group: take nothing from it for now. */
  readonly isPaused: boolean
  /** The split was read to its end, or goes elsewhere. */
  release(): void
}

export class SourceOutput {
  /** The watermarks that the strategy makes; null when it makes none. */
  readonly watermarks: SourceWatermarks | null
  readonly #context: OperatorContext
  readonly #collector: Collector
  readonly #strategy: WatermarkStrategy<unknown> | null
  /** What the source says by itself; null when nobody wants to know. */
  readonly #own: AdvancingOutput | null
  #isIdle = false

  constructor(
    strategy: WatermarkStrategy<unknown> | null,
    context: OperatorContext,
    collector: Collector = context.output(null),
  ) {
    this.#context = context
    this.#collector = collector
    this.#strategy = strategy
    const isStreaming = context.runtimeMode === 'streaming'
    const sink = {
      emitWatermark: (watermark: number) => {
        context.emitWatermark(watermark)
      },
      emitStatus: (isIdle: boolean) => {
        this.#isIdle = isIdle
        context.emitStatus(isIdle)
      },
    }
    this.watermarks =
      isStreaming && strategy !== null
        ? new SourceWatermarks(strategy, () => context.processingTime(), sink)
        : null
    this.#own = isStreaming && strategy === null ? new AdvancingOutput(sink) : null
  }

  addSplit(id: string): SplitOutput {
    const collector = this.#collector
    if (this.#strategy === null) return { collector, isPaused: false, release: () => undefined }
    const { timestampAssigner } = this.#strategy
    const { name } = this.#context
    if (this.watermarks === null) {
      const timed = new TimedCollector(name, collector, timestampAssigner, null)
      return { collector: timed, isPaused: false, release: () => undefined }
    }
    const split = this.watermarks.addSplit(id)
    return new TimedSplitOutput(name, collector, timestampAssigner, split, this.watermarks)
  }

  emitWatermark(watermark: number): void {
    this.#own?.emitWatermark(watermark)
  }

  markIdle(): void {
    this.#own?.markIdle()
  }

  markActive(): void {
    this.#own?.markActive()
  }

  /** Asks the generators of the strategy. */
  emitPeriodically(): void {
    try {
      this.watermarks?.onPeriodicEmit()
    } catch (error) {
      throw userError(this.#context.name, error)
    }
  }

  /** Everything was emitted: nobody may ignore the end of event time, as one does with idle inputs. */
  finish(): void {
    if (!this.#isIdle) return
    this.#isIdle = false
    this.#context.emitStatus(false)
  }
}

/** Assigns timestamps, and tells the generator of the split of each record. */
class TimedCollector implements Collector {
  readonly #name: string
  readonly #collector: Collector
  readonly #assigner: TimestampAssigner<unknown> | null
  readonly #split: SplitWatermarks | null

  constructor(
    name: string,
    collector: Collector,
    assigner: TimestampAssigner<unknown> | null,
    split: SplitWatermarks | null,
  ) {
    this.#name = name
    this.#collector = collector
    this.#assigner = assigner
    this.#split = split
  }

  emit(value: unknown, timestamp: number): void {
    try {
      const assigned = assignTimestamp(this.#assigner, value, timestamp)
      this.#collector.emit(value, assigned)
      this.#split?.onEvent(value, assigned)
    } catch (error) {
      throw userError(this.#name, error)
    }
  }
}

class TimedSplitOutput implements SplitOutput {
  readonly collector: Collector
  readonly #split: SplitWatermarks
  readonly #watermarks: SourceWatermarks

  constructor(
    name: string,
    collector: Collector,
    assigner: TimestampAssigner<unknown> | null,
    split: SplitWatermarks,
    watermarks: SourceWatermarks,
  ) {
    this.collector = new TimedCollector(name, collector, assigner, split)
    this.#split = split
    this.#watermarks = watermarks
  }

  get isPaused(): boolean {
    return this.#split.isPaused
  }

  release(): void {
    this.#watermarks.removeSplit(this.#split.id)
  }
}

/** Assigner and generator are the user's; what an operator further down the chain threw stays as it is. */
function userError(name: string, error: unknown): unknown {
  if (error instanceof UserFunctionError || error instanceof InvariantViolation) return error
  return new UserFunctionError(name, error)
}
