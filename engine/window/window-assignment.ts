/**
 * Which windows a record belongs to, in numbers: nothing is allocated per record. Must not know keys or state.
 * Source: Flink TimeWindow.getWindowStartWithOffset and the assigners.
 */
import { unreachable } from '../assert.ts'
import type { WindowAssigner } from './window-spec.ts'

export interface WindowAssignment {
  /** Of the windows assigned last, the latest start first; valid until the next call. */
  readonly starts: readonly number[]
  readonly ends: readonly number[]
  /** Assigns a record with that timestamp, or time of arrival; how many windows these are. */
  assign(value: unknown, time: number): number
}

export function createAssignment(assigner: WindowAssigner): WindowAssignment {
  switch (assigner.type) {
    case 'tumbling':
      return new SlidingAssignment(assigner.sizeMs, assigner.sizeMs, assigner.offsetMs)
    case 'sliding':
      return new SlidingAssignment(assigner.sizeMs, assigner.slideMs, assigner.offsetMs)
    case 'session':
      return new SessionAssignment(assigner.gap)
    case 'global':
      return { starts: [-Infinity], ends: [Infinity], assign: () => 1 }
    default:
      return unreachable(assigner)
  }
}

/** A tumbling window slides by its size. */
class SlidingAssignment implements WindowAssignment {
  readonly starts: number[] = []
  readonly ends: number[] = []
  readonly #sizeMs: number
  readonly #slideMs: number
  readonly #offsetMs: number

  constructor(sizeMs: number, slideMs: number, offsetMs: number) {
    this.#sizeMs = sizeMs
    this.#slideMs = slideMs
    this.#offsetMs = offsetMs
  }

  assign(_value: unknown, time: number): number {
    const size = this.#sizeMs
    const slide = this.#slideMs
    // The remainder has the sign of the dividend.
    const remainder = (time - this.#offsetMs) % slide
    let start = remainder < 0 ? time - (remainder + slide) : time - remainder
    let count = 0
    for (; start > time - size; start -= slide) {
      this.starts[count] = start
      this.ends[count] = start + size
      count += 1
    }
    return count
  }
}

class SessionAssignment implements WindowAssignment {
  readonly starts = [0]
  readonly ends = [0]
  readonly #gap: Extract<WindowAssigner, { type: 'session' }>['gap']

  constructor(gap: Extract<WindowAssigner, { type: 'session' }>['gap']) {
    this.#gap = gap
  }

  assign(value: unknown, time: number): number {
    const gap = typeof this.#gap === 'number' ? this.#gap : this.#gap(value)
    if (!(gap > 0 && gap < Infinity)) {
      throw new RangeError(`The gap of a session must be a number of ms above 0, got ${gap}.`)
    }
    this.starts[0] = time
    this.ends[0] = time + gap
    return 1
  }
}
