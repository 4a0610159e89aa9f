/**
 * The end of a chain of generators: lets out watermarks that advance and changes of status, nothing else. A watermark
 * ends idleness. Source: Flink WatermarkToDataOutput, TimestampsAndWatermarksOperator.WatermarkEmitter.
 */
import { MIN_WATERMARK } from '../element.ts'
import type { WatermarkOutput } from './watermark-strategy.ts'

/** Where watermarks and idleness go on to. */
export interface WatermarkSink {
  emitWatermark(watermark: number): void
  emitStatus(isIdle: boolean): void
}

export class AdvancingOutput implements WatermarkOutput {
  readonly #sink: WatermarkSink
  #watermark = MIN_WATERMARK
  #isIdle = false

  constructor(sink: WatermarkSink) {
    this.#sink = sink
  }

  get watermark(): number {
    return this.#watermark
  }

  get isIdle(): boolean {
    return this.#isIdle
  }

  emitWatermark(watermark: number): void {
    // Written so that NaN is no advance either.
    if (!(watermark > this.#watermark)) return
    this.#watermark = watermark
    this.markActive()
    this.#sink.emitWatermark(watermark)
  }

  markIdle(): void {
    this.#changeStatus(true)
  }

  markActive(): void {
    this.#changeStatus(false)
  }

  #changeStatus(isIdle: boolean): void {
    if (this.#isIdle === isIdle) return
    this.#isIdle = isIdle
    this.#sink.emitStatus(isIdle)
  }
}
