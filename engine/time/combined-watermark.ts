/**
 * One watermark out of several: the minimum of those that are not idle, never going back; of all of them the greatest
 * when all are idle, since then nobody is waited for. Used between the inputs of an operator and between the splits of
 * a source. Source: Flink CombinedWatermarkStatus, IndexedCombinedWatermarkStatus, AbstractStreamOperator.
 */
import { present } from '../assert.ts'
import { MAX_WATERMARK, MIN_WATERMARK } from '../element.ts'
import type { Watermark, WatermarkStatus } from '../element.ts'

/** The part of one input or split. */
export class PartialWatermark {
  isIdle = false
  #watermark = MIN_WATERMARK

  get watermark(): number {
    return this.#watermark
  }

  /** Whether it advanced. A watermark, even an old one, ends idleness. */
  advance(watermark: number): boolean {
    this.isIdle = false
    if (watermark <= this.#watermark) return false
    this.#watermark = watermark
    return true
  }
}

export class CombinedWatermark {
  readonly #parts = new Set<PartialWatermark>()
  #watermark = MIN_WATERMARK
  #isIdle = false

  get watermark(): number {
    return this.#watermark
  }

  get isIdle(): boolean {
    return this.#isIdle
  }

  add(part: PartialWatermark): void {
    this.#parts.add(part)
  }

  remove(part: PartialWatermark): void {
    this.#parts.delete(part)
  }

  /** Combines anew and says whether the watermark advanced. Without parts all stays as it was. */
  update(): boolean {
    if (this.#parts.size === 0) return false
    let minimum = MAX_WATERMARK
    let maximum = MIN_WATERMARK
    let isIdle = true
    for (const part of this.#parts) {
      maximum = Math.max(maximum, part.watermark)
      if (part.isIdle) continue
      isIdle = false
      minimum = Math.min(minimum, part.watermark)
    }
    this.#isIdle = isIdle
    const combined = isIdle ? maximum : minimum
    if (combined <= this.#watermark) return false
    this.#watermark = combined
    return true
  }
}

/** What goes on, in this order. */
type InputsOutput = readonly (Watermark | WatermarkStatus)[]

/** The watermark of an operator with several inputs, each of which has its own valve before. */
export class InputWatermarks {
  readonly #inputs: readonly PartialWatermark[]
  readonly #finished = new Set<number>()
  readonly #combined = new CombinedWatermark()

  constructor(inputs: number) {
    this.#inputs = Array.from({ length: inputs }, () => new PartialWatermark())
    for (const input of this.#inputs) this.#combined.add(input)
  }

  watermark(index: number, watermark: number): InputsOutput {
    this.#input(index).advance(watermark)
    return this.#update()
  }

  status(index: number, isIdle: boolean): InputsOutput {
    this.#input(index).isIdle = isIdle
    return this.#updateStatus()
  }

  /**
   * An input ended: it holds nothing back and, unlike one whose watermark is at the end, moves nothing on while the
   * others are idle. With the last one event time is over.
   */
  finish(index: number): InputsOutput {
    const input = this.#input(index)
    this.#finished.add(index)
    if (this.#finished.size === this.#inputs.length) {
      input.advance(MAX_WATERMARK)
    } else {
      this.#combined.remove(input)
    }
    return this.#updateStatus()
  }

  #updateStatus(): InputsOutput {
    const wasIdle = this.#combined.isIdle
    const advanced = this.#update()
    const { isIdle } = this.#combined
    if (isIdle === wasIdle) return advanced
    const status: WatermarkStatus = { type: 'watermark-status', isIdle }
    // Whoever is idle must be active again before a watermark counts, and idle only after it.
    return isIdle ? [...advanced, status] : [status, ...advanced]
  }

  #update(): InputsOutput {
    if (!this.#combined.update()) return []
    return [{ type: 'watermark', timestamp: this.#combined.watermark }]
  }

  #input(index: number): PartialWatermark {
    return present(this.#inputs[index], `The operator has no input ${index}.`)
  }
}
