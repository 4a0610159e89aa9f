/**
 * The records whose answers are awaited, with the watermarks among them, and the order in which they may leave.
 * Ordered: as they came. Unordered: as their answers came, but no record passes a watermark, and no watermark a record.
 * Source: Flink OrderedStreamElementQueue, UnorderedStreamElementQueue.
 */
import { assert, present } from '../assert.ts'

/** What is no record keeps its place between them. */
export type Control =
  | { readonly type: 'watermark'; readonly timestamp: number }
  | { readonly type: 'status'; readonly isIdle: boolean }

export type Departure<R> = { readonly type: 'record'; readonly record: R } | Control

/** The records between two controls, and the control that ends them; the last segment has none yet. */
interface Segment<R> {
  /** In order of arrival. */
  readonly waiting: Set<R>
  /** Answered, and not gone yet; in order of their answers. */
  readonly answered: Set<R>
  readonly controls: Control[]
}

export class InFlightQueue<R> {
  readonly #isOrdered: boolean
  #segments: Segment<R>[] = [newSegment()]
  #size = 0

  constructor(order: 'ordered' | 'unordered') {
    this.#isOrdered = order === 'ordered'
  }

  /** Records in the queue. */
  get size(): number {
    return this.#size
  }

  get isEmpty(): boolean {
    return this.#size === 0 && this.#last.controls.length === 0
  }

  add(record: R): void {
    if (this.#last.controls.length > 0) this.#segments.push(newSegment())
    this.#last.waiting.add(record)
    this.#size += 1
  }

  /** Of several watermarks without a record between them only the last one matters. */
  addControl(control: Control): void {
    const { controls } = this.#last
    const former = controls.at(-1)
    if (former?.type === 'watermark' && control.type === 'watermark') controls.pop()
    controls.push(control)
  }

  /** The record may leave as soon as its turn comes. */
  answer(record: R): void {
    const segment = this.#segments.find(({ waiting }) => waiting.has(record))
    const { waiting, answered } = present(segment, 'An answer came for a record that is not there.')
    // In order, a record keeps its place until it leaves.
    if (!this.#isOrdered) waiting.delete(record)
    answered.add(record)
  }

  /** Takes out what may leave next, if anything may. */
  poll(): Departure<R> | undefined {
    const first = present(this.#segments[0], 'The queue has no segment.')
    const record = this.#nextRecord(first)
    if (record !== undefined) {
      assert(first.answered.delete(record), 'A record leaves without its answer.')
      first.waiting.delete(record)
      this.#size -= 1
      return { type: 'record', record }
    }
    if (first.waiting.size > 0) return undefined
    const control = first.controls.shift()
    if (first.controls.length === 0 && this.#segments.length > 1) this.#segments.shift()
    return control
  }

  /** All records, those behind a watermark after those before it. */
  *records(): IterableIterator<R> {
    for (const { waiting, answered } of this.#segments) {
      if (!this.#isOrdered) yield* answered
      yield* waiting
    }
  }

  get #last(): Segment<R> {
    return present(this.#segments.at(-1), 'The queue has no segment.')
  }

  #nextRecord({ waiting, answered }: Segment<R>): R | undefined {
    for (const record of this.#isOrdered ? waiting : answered) {
      return answered.has(record) ? record : undefined
    }
    return undefined
  }
}

function newSegment<R>(): Segment<R> {
  return { waiting: new Set(), answered: new Set(), controls: [] }
}
