/**
 * One watermark out of those of a source's splits. Each split has its own generator. What a generator emits for a
 * record counts at once; what it emits from time to time counts when all splits were asked.
 * Source: Flink WatermarkOutputMultiplexer, ProgressiveTimestampsAndWatermarks.
 */
import { assert, present } from '../assert.ts'
import { CombinedWatermark, PartialWatermark } from './combined-watermark.ts'
import { PausableClock } from './pausable-clock.ts'
import { createWatermarkGenerator } from './watermark-generators.ts'
import type { ActivityClock } from './watermark-generators.ts'
import type {
  WatermarkGenerator,
  WatermarkOutput,
  WatermarkStrategy,
} from './watermark-strategy.ts'

/** One split of a source: what its records are told to. */
export interface SplitWatermarks {
  readonly id: string
  /** Of this split alone. */
  readonly watermark: number
  /** It is too far ahead of its alignment group: do not read it on. */
  readonly isPaused: boolean
  /** After the record was emitted. */
  onEvent(value: unknown, timestamp: number): void
}

export class WatermarkMultiplexer {
  readonly #strategy: WatermarkStrategy<unknown>
  readonly #clock: ActivityClock
  readonly #output: WatermarkOutput
  readonly #onAdvance: (split: Split) => void
  readonly #splits = new Map<string, Split>()
  readonly #combined = new CombinedWatermark()
  #hadSplits = false

  /** `onAdvance` is told when the watermark of a split advanced, before it counts. */
  constructor(
    strategy: WatermarkStrategy<unknown>,
    clock: ActivityClock,
    output: WatermarkOutput,
    onAdvance: (split: Split) => void,
  ) {
    this.#strategy = strategy
    this.#clock = clock
    this.#output = output
    this.#onAdvance = onAdvance
  }

  get splits(): Iterable<Split> {
    return this.#splits.values()
  }

  /** A new split. It holds the watermark back until it has one of its own or is idle. */
  addSplit(id: string): Split {
    assert(!this.#splits.has(id), `The split ${id} is there already.`)
    const clock = new PausableClock(this.#clock)
    const generator = createWatermarkGenerator(this.#strategy, clock.now)
    const split: Split = new Split(id, clock, generator, {
      advanced: () => {
        this.#onAdvance(split)
      },
      combine: (watermark) => {
        if (watermark > this.#combined.watermark) this.#combine()
      },
    })
    this.#splits.set(id, split)
    this.#hadSplits = true
    this.#combined.add(split.part)
    return split
  }

  /** The split ended or went elsewhere. What it held back goes on at the next periodic emission. */
  removeSplit(id: string): void {
    const split = present(this.#splits.get(id), `There is no split ${id} to remove.`)
    this.#splits.delete(id)
    this.#combined.remove(split.part)
  }

  onPeriodicEmit(): void {
    for (const split of this.#splits.values()) split.onPeriodicEmit()
    this.#combine()
  }

  #combine(): void {
    if (this.#combined.update()) this.#output.emitWatermark(this.#combined.watermark)
    else if (this.#combined.isIdle || this.#isDeserted) this.#output.markIdle()
  }

  /** All splits ended. Not so in Flink: there they hold others back from then on, whatever the idleness. */
  get #isDeserted(): boolean {
    return this.#hadSplits && this.#splits.size === 0 && this.#strategy.idlenessMs !== null
  }
}

interface SplitListener {
  advanced(): void
  /** Something changed that may let the combined watermark go up to `watermark`. */
  combine(watermark: number): void
}

class Split implements SplitWatermarks {
  readonly id: string
  readonly clock: PausableClock
  readonly part = new PartialWatermark()
  readonly #generator: WatermarkGenerator<unknown>
  readonly #immediate: WatermarkOutput
  readonly #deferred: WatermarkOutput
  #isPaused = false

  constructor(
    id: string,
    clock: PausableClock,
    generator: WatermarkGenerator<unknown>,
    listener: SplitListener,
  ) {
    this.id = id
    this.clock = clock
    this.#generator = generator
    this.#immediate = this.#outputTo(listener, (watermark) => {
      listener.combine(watermark)
    })
    this.#deferred = this.#outputTo(listener, () => undefined)
  }

  get watermark(): number {
    return this.part.watermark
  }

  get isPaused(): boolean {
    return this.#isPaused
  }

  /** While it is paused its idleness does not run. */
  pauseIf(mustPause: boolean): void {
    if (mustPause === this.#isPaused) return
    this.#isPaused = mustPause
    if (mustPause) this.clock.pause()
    else this.clock.resume()
  }

  onEvent(value: unknown, timestamp: number): void {
    this.#generator.onEvent(value, timestamp, this.#immediate)
  }

  onPeriodicEmit(): void {
    this.#generator.onPeriodicEmit(this.#deferred)
  }

  #outputTo(listener: SplitListener, combine: (watermark: number) => void): WatermarkOutput {
    const { part } = this
    return {
      emitWatermark: (watermark) => {
        const hasAdvanced = part.advance(watermark)
        if (!hasAdvanced) return
        listener.advanced()
        combine(watermark)
      },
      markIdle: () => {
        part.isIdle = true
        combine(Number.POSITIVE_INFINITY)
      },
      markActive: () => {
        part.isIdle = false
        combine(Number.POSITIVE_INFINITY)
      },
    }
  }
}
