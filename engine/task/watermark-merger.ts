/**
 * The watermark of a subtask: one valve per input over the channels that feed it, and the least of the inputs' watermarks
 * (Flink StatusWatermarkValve, IndexedCombinedWatermarkStatus).
 */
import { present } from '../assert.ts'
import type { Watermark, WatermarkStatus } from '../element.ts'
import type { Mutants } from '../mutants.ts'
import { InputWatermarks } from '../time/combined-watermark.ts'
import { WatermarkValve } from '../time/watermark-valve.ts'

type TimeElement = Watermark | WatermarkStatus

export class WatermarkMerger {
  readonly #channels: readonly { readonly input: number; readonly index: number }[]
  readonly #valves: readonly WatermarkValve[]
  readonly #combined: InputWatermarks | null

  /** `inputs`: for each channel, the input it feeds. */
  constructor(inputs: readonly number[], mutants?: Mutants) {
    const counts: number[] = []
    this.#channels = inputs.map((input) => {
      const index = counts[input] ?? 0
      counts[input] = index + 1
      return { input, index }
    })
    this.#valves = Array.from(counts, (count) => new WatermarkValve(count, mutants))
    this.#combined = counts.length > 1 ? new InputWatermarks(counts.length) : null
  }

  inputOf(channel: number): number {
    return this.#channel(channel).input
  }

  /** What the head of the chain is to be told. */
  receive(channel: number, element: TimeElement): readonly TimeElement[] {
    const { input, index } = this.#channel(channel)
    const valve = this.#valve(input)
    return this.#combine(
      input,
      element.type === 'watermark'
        ? valve.watermark(index, element.timestamp)
        : valve.status(index, element.isIdle),
    )
  }

  /** The channel brings nothing any more. */
  finish(channel: number): readonly TimeElement[] {
    const { input, index } = this.#channel(channel)
    const valve = this.#valve(input)
    const outputs = valve.finish(index)
    if (this.#combined !== null && valve.isFinished) return this.#combined.finish(input)
    return this.#combine(input, outputs)
  }

  #combine(input: number, outputs: readonly TimeElement[]): readonly TimeElement[] {
    const combined = this.#combined
    if (combined === null) return outputs
    return outputs.flatMap((output) =>
      output.type === 'watermark'
        ? combined.watermark(input, output.timestamp)
        : combined.status(input, output.isIdle),
    )
  }

  #valve(input: number): WatermarkValve {
    return present(this.#valves[input], `No valve for input ${input}.`)
  }

  #channel(channel: number): { readonly input: number; readonly index: number } {
    return present(this.#channels[channel], `No channel ${channel}.`)
  }
}
