/**
 * Watermarks of one source subtask: those of its splits, a generator of the subtask itself (it makes a subtask without
 * splits idle), and the part that a subtask plays in the alignment of its group.
 * Source: Flink ProgressiveTimestampsAndWatermarks, WatermarkToDataOutput, SourceOperator.
 */
import { MAX_WATERMARK, MIN_WATERMARK } from '../element.ts'
import { PausableClock } from './pausable-clock.ts'
import { createWatermarkGenerator } from './watermark-generators.ts'
import type { ActivityClock } from './watermark-generators.ts'
import { AdvancingOutput } from './advancing-output.ts'
import type { WatermarkSink } from './advancing-output.ts'
import { WatermarkMultiplexer } from './watermark-multiplexer.ts'
import type { SplitWatermarks } from './watermark-multiplexer.ts'
import type {
  WatermarkGenerator,
  WatermarkOutput,
  WatermarkStrategy,
} from './watermark-strategy.ts'

export class SourceWatermarks {
  readonly #output: AdvancingOutput
  readonly #multiplexer: WatermarkMultiplexer
  readonly #mainClock: PausableClock
  readonly #main: WatermarkGenerator<unknown>
  readonly #mainOutput: WatermarkOutput
  /** Of the alignment group: splits beyond it are not read on. */
  #maxAllowed = MAX_WATERMARK
  #isWaiting = false
  #isBackPressured = false

  constructor(strategy: WatermarkStrategy<unknown>, clock: ActivityClock, sink: WatermarkSink) {
    this.#output = new AdvancingOutput({
      emitWatermark: (watermark) => {
        this.#checkWaiting()
        sink.emitWatermark(watermark)
      },
      emitStatus: (isIdle) => {
        sink.emitStatus(isIdle)
      },
    })
    const [splitOutput, mainOutput] = idleTogether(this.#output)
    this.#mainOutput = mainOutput
    this.#mainClock = new PausableClock(clock)
    this.#main = createWatermarkGenerator(strategy, this.#mainClock.now)
    this.#multiplexer = new WatermarkMultiplexer(strategy, clock, splitOutput, (split) => {
      if (split.watermark > this.#maxAllowed) split.pauseIf(true)
    })
  }

  /** The watermark that went out last; MIN_WATERMARK before any. */
  get watermark(): number {
    return this.#output.watermark
  }

  /** The subtask as a whole is too far ahead of its alignment group: read nothing. */
  get isWaiting(): boolean {
    return this.#isWaiting
  }

  /** Tell the split of each of its records. */
  addSplit(id: string): SplitWatermarks {
    const split = this.#multiplexer.addSplit(id)
    if (this.#isBackPressured) split.clock.pause()
    return split
  }

  removeSplit(id: string): void {
    this.#multiplexer.removeSplit(id)
  }

  /** Asks every generator; call it each `autoWatermarkIntervalMs`, and once more before the end of the input. */
  onPeriodicEmit(): void {
    this.#multiplexer.onPeriodicEmit()
    this.#main.onPeriodicEmit(this.#mainOutput)
  }

  /** Every split was read to its end: event time is over. */
  finish(): void {
    this.#output.emitWatermark(MAX_WATERMARK)
  }

  /** While the output takes nothing no split becomes idle. */
  setBackPressured(isBackPressured: boolean): void {
    if (isBackPressured === this.#isBackPressured) return
    this.#isBackPressured = isBackPressured
    const clocks = [this.#mainClock, ...Array.from(this.#multiplexer.splits, ({ clock }) => clock)]
    for (const clock of clocks) {
      if (isBackPressured) clock.pause()
      else clock.resume()
    }
  }

  // Alignment.

  /** What the subtask is to report to its coordinator now: MAX_WATERMARK when idle, nothing before a watermark. */
  findReport(): number | undefined {
    if (this.#output.watermark === MIN_WATERMARK) return undefined
    return this.#output.isIdle ? MAX_WATERMARK : this.#output.watermark
  }

  /** The coordinator announced how far the splits of the group may be. */
  announce(maxAllowed: number): void {
    this.#maxAllowed = maxAllowed
    this.#checkWaiting()
    for (const split of this.#multiplexer.splits) split.pauseIf(split.watermark > maxAllowed)
  }

  #checkWaiting(): void {
    const isWaiting = this.#output.watermark > this.#maxAllowed
    if (isWaiting === this.#isWaiting) return
    this.#isWaiting = isWaiting
    if (isWaiting) this.#mainClock.pause()
    else this.#mainClock.resume()
  }
}

/** Two outputs in front of one: it is idle only while both are. */
function idleTogether(output: WatermarkOutput): readonly [WatermarkOutput, WatermarkOutput] {
  const idle = [true, true]
  const outputOf = (index: number): WatermarkOutput => ({
    emitWatermark: (watermark) => {
      output.emitWatermark(watermark)
      idle[index] = false
    },
    markIdle: () => {
      idle[index] = true
      if (idle.every(Boolean)) output.markIdle()
    },
    markActive: () => {
      idle[index] = false
      output.markActive()
    },
  })
  return [outputOf(0), outputOf(1)]
}
