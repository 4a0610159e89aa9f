/**
 * The generators behind the strategies, and the idleness that any of them can have. A generator may repeat a
 * watermark; whoever takes its output drops what does not advance.
 * Source: Flink BoundedOutOfOrdernessWatermarks, WatermarksWithIdleness and its IdlenessTimer.
 */
import { MIN_WATERMARK } from '../element.ts'
import type { GeneratorSpec, WatermarkGenerator, WatermarkOutput } from './watermark-strategy.ts'
import type { WatermarkStrategy } from './watermark-strategy.ts'

/** Milliseconds, as idleness counts them. */
export type ActivityClock = () => number

/** A generator for one split or subtask, with the strategy's idleness around it. */
export function createWatermarkGenerator<T>(
  { generator, idlenessMs }: WatermarkStrategy<T>,
  clock: ActivityClock,
): WatermarkGenerator<T> {
  const watermarks = createGenerator(generator)
  return idlenessMs === null ? watermarks : new IdlenessGenerator(watermarks, idlenessMs, clock)
}

function createGenerator<T>(spec: GeneratorSpec<T>): WatermarkGenerator<T> {
  switch (spec.type) {
    case 'none':
      return NO_WATERMARKS
    case 'bounded-out-of-orderness':
      return new BoundedOutOfOrdernessGenerator(spec.maxOutOfOrdernessMs)
    case 'custom':
      return spec.create()
  }
}

const NO_WATERMARKS: WatermarkGenerator<unknown> = {
  onEvent: () => undefined,
  onPeriodicEmit: () => undefined,
}

class BoundedOutOfOrdernessGenerator implements WatermarkGenerator<unknown> {
  readonly #delayMs: number
  #maxTimestamp = MIN_WATERMARK

  constructor(delayMs: number) {
    this.#delayMs = delayMs
  }

  onEvent(_value: unknown, timestamp: number): void {
    if (timestamp > this.#maxTimestamp) this.#maxTimestamp = timestamp
  }

  /** One less than the bound: another record with the greatest timestamp may still come. */
  onPeriodicEmit(output: WatermarkOutput): void {
    output.emitWatermark(this.#maxTimestamp - this.#delayMs - 1)
  }
}

/**
 * Marks the output idle after a time without records. The first probe without a record since the one before starts
 * the time; a record ends it. Once idle the generator is not asked any more, until the next record.
 */
class IdlenessGenerator<T> implements WatermarkGenerator<T> {
  readonly #watermarks: WatermarkGenerator<T>
  readonly #idlenessMs: number
  readonly #clock: ActivityClock
  #hadRecord = false
  /** Null: a record came since the last probe, or there was none yet. */
  #inactiveSince: number | null = null
  #isIdle = false

  constructor(watermarks: WatermarkGenerator<T>, idlenessMs: number, clock: ActivityClock) {
    this.#watermarks = watermarks
    this.#idlenessMs = idlenessMs
    this.#clock = clock
  }

  onEvent(value: T, timestamp: number, output: WatermarkOutput): void {
    this.#watermarks.onEvent(value, timestamp, output)
    this.#hadRecord = true
    this.#isIdle = false
  }

  onPeriodicEmit(output: WatermarkOutput): void {
    if (!this.#isOverdue()) {
      this.#watermarks.onPeriodicEmit(output)
    } else if (!this.#isIdle) {
      output.markIdle()
      this.#isIdle = true
    }
  }

  #isOverdue(): boolean {
    if (this.#hadRecord) {
      this.#hadRecord = false
      this.#inactiveSince = null
      return false
    }
    const now = this.#clock()
    this.#inactiveSince ??= now
    return now - this.#inactiveSince > this.#idlenessMs
  }
}
