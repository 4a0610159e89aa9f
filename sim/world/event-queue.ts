/**
 * The event queue: one binary heap ordered by (virtual time, sequence). Equal times keep the order in which they were
 * scheduled, so the order is total and no tie is left to chance.
 */

/** Something that will happen at a virtual time. */
export interface ScheduledEvent {
  /** Virtual time in whole microseconds. */
  readonly atMicros: number
  readonly sequence: number
  /** What it is, for the fingerprint. */
  readonly label: string
  /** Whom it happens to, for the fingerprint. */
  readonly actor: string
  /** Seq of the trace event that led to it; -1 for none. */
  readonly cause: number
  isCanceled: boolean
  readonly action: () => void
}

export class EventQueue {
  readonly #heap: ScheduledEvent[] = []

  get size(): number {
    return this.#heap.length
  }

  push(event: ScheduledEvent): void {
    const heap = this.#heap
    let index = heap.length
    heap.push(event)
    while (index > 0) {
      const parentIndex = (index - 1) >> 1
      const parent = heap[parentIndex]
      if (parent === undefined || isBefore(parent, event)) break
      heap[index] = parent
      index = parentIndex
    }
    heap[index] = event
  }

  pop(): ScheduledEvent | undefined {
    const heap = this.#heap
    const first = heap[0]
    const last = heap.pop()
    if (first === undefined || last === undefined || first === last) return first
    let index = 0
    for (;;) {
      const child = this.#smallerChild(index)
      if (child === null || isBefore(last, child.event)) break
      heap[index] = child.event
      index = child.index
    }
    heap[index] = last
    return first
  }

  #smallerChild(index: number): { readonly index: number; readonly event: ScheduledEvent } | null {
    const leftIndex = 2 * index + 1
    const left = this.#heap[leftIndex]
    if (left === undefined) return null
    const right = this.#heap[leftIndex + 1]
    return right !== undefined && isBefore(right, left)
      ? { index: leftIndex + 1, event: right }
      : { index: leftIndex, event: left }
  }
}

function isBefore(a: ScheduledEvent, b: ScheduledEvent): boolean {
  return a.atMicros < b.atMicros || (a.atMicros === b.atMicros && a.sequence < b.sequence)
}
