// A source that does the steps of a case, one after the other on the clock. Its snapshot holds its position
// and its last watermark, and that watermark is the first that it sends after a restore: the operators
// behind it then know of event time what they knew when the snapshot was taken.

import { customSource } from 'weirstream'
import type {
  CustomSourceContext,
  CustomSourceOutput,
  CustomSourceReader,
  Source,
} from 'weirstream'
import { timeOf } from './cases.ts'
import type { Fields, Step } from './cases.ts'

/** `stepMs`: from one step to the next. */
export function scriptedSource(steps: readonly Step[], stepMs: number): Source<Fields> {
  return customSource<Fields>({
    name: 'script',
    isBounded: true,
    emitsWatermarks: true,
    createReader: (context, restored) => new ScriptReader(steps, stepMs, context, restored),
  })
}

interface Position {
  /** Steps done. */
  readonly done: number
  /** The greatest so far. */
  readonly watermark: number
}

class ScriptReader implements CustomSourceReader<Fields> {
  readonly #steps: readonly Step[]
  readonly #stepMs: number
  readonly #context: CustomSourceContext
  #done = 0
  #watermark = -Infinity
  #hasResumed = false
  #isDue = false

  constructor(
    steps: readonly Step[],
    stepMs: number,
    context: CustomSourceContext,
    restored: readonly unknown[] | null,
  ) {
    this.#steps = steps
    this.#stepMs = stepMs
    this.#context = context
    const [position] = (restored ?? []) as readonly Position[]
    if (position === undefined) return
    this.#done = position.done
    this.#watermark = position.watermark
  }

  poll(output: CustomSourceOutput<Fields>): 'emitted' | 'idle' | 'finished' {
    if (!this.#hasResumed) {
      this.#hasResumed = true
      if (this.#watermark > -Infinity) output.emitWatermark(this.#watermark)
      return this.#wait()
    }
    if (!this.#isDue) return 'idle'
    this.#isDue = false
    const step = this.#steps[this.#done]
    if (step === undefined) return 'finished'
    this.#done += 1
    this.#do(step, output)
    this.#wait()
    return 'emitted'
  }

  snapshot(): readonly Position[] {
    return [{ done: this.#done, watermark: this.#watermark }]
  }

  #do({ e, t, w }: Step, output: CustomSourceOutput<Fields>): void {
    if (e !== undefined) output.emit(e, t ?? null)
    if (w === undefined) return
    this.#watermark = Math.max(this.#watermark, timeOf(w))
    output.emitWatermark(timeOf(w))
  }

  #wait(): 'idle' {
    this.#context.schedule(this.#stepMs, () => {
      this.#isDue = true
    })
    return 'idle'
  }
}
