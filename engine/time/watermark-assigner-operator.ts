/**
 * stream.assignTimestampsAndWatermarks(strategy): gives records their timestamps and replaces the watermarks that come
 * from before. Of those only the end of event time goes through. Source: Flink TimestampsAndWatermarksOperator.
 */
import { InvariantViolation } from '../assert.ts'
import { MAX_WATERMARK } from '../element.ts'
import { UserFunctionError } from '../errors.ts'
import type { Collector, Operator, OperatorContext } from '../operator/operator.ts'
import type { Timer } from '../runtime.ts'
import { AdvancingOutput } from './advancing-output.ts'
import { assignTimestamp } from './timestamp-assigner.ts'
import { createWatermarkGenerator } from './watermark-generators.ts'
import { noWatermarks } from './watermark-strategy.ts'
import type {
  TimestampAssigner,
  WatermarkGenerator,
  WatermarkStrategy,
} from './watermark-strategy.ts'

export class WatermarkAssignerOperator implements Operator {
  readonly uid: string
  readonly #context: OperatorContext
  readonly #collector: Collector
  readonly #assigner: TimestampAssigner<unknown> | null
  readonly #generator: WatermarkGenerator<unknown>
  readonly #output: AdvancingOutput
  #nextEmission: Timer | null = null

  constructor(strategy: WatermarkStrategy<unknown>, context: OperatorContext) {
    this.uid = context.uid
    this.#context = context
    this.#collector = context.output(null)
    this.#assigner = strategy.timestampAssigner
    // Batch results do not depend on how event time went on.
    const isStreaming = context.runtimeMode === 'streaming'
    this.#generator = createWatermarkGenerator(isStreaming ? strategy : noWatermarks(), () =>
      context.runtime.now(),
    )
    this.#output = new AdvancingOutput(context)
  }

  open(): void {
    if (this.#context.runtimeMode === 'streaming') this.#scheduleEmission()
  }

  process(value: unknown, timestamp: number): void {
    try {
      const assigned = assignTimestamp(this.#assigner, value, timestamp)
      this.#collector.emit(value, assigned)
      this.#generator.onEvent(value, assigned, this.#output)
    } catch (error) {
      throw this.#userError(error)
    }
  }

  processWatermark(watermark: number): void {
    if (watermark === MAX_WATERMARK) this.#output.emitWatermark(watermark)
  }

  /** The generator alone says when this stream is idle. */
  processStatus(): void {}

  finish(): void {
    if (this.#nextEmission !== null) this.#context.cancel(this.#nextEmission)
    this.#emitPeriodic()
  }

  #scheduleEmission(): void {
    const { autoWatermarkIntervalMs } = this.#context
    if (autoWatermarkIntervalMs === 0) return
    this.#nextEmission = this.#context.schedule(autoWatermarkIntervalMs, 'watermark', () => {
      this.#emitPeriodic()
      this.#scheduleEmission()
    })
  }

  #emitPeriodic(): void {
    try {
      this.#generator.onPeriodicEmit(this.#output)
    } catch (error) {
      throw this.#userError(error)
    }
  }

  #userError(error: unknown): unknown {
    // Thrown by an operator further down the chain.
    if (error instanceof UserFunctionError || error instanceof InvariantViolation) return error
    return new UserFunctionError(this.#context.name, error)
  }
}
