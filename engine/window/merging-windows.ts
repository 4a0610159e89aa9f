/**
 * The windows of the current key where windows merge (sessions): which there are, and under which namespace each keeps
 * its contents. Merging does not move contents: the merged window goes on with the state window of one that it was
 * merged from. Must not know contents, triggers or timers.
 * Invariant: two windows of a key neither overlap nor touch. Source: Flink MergingWindowSet, TimeWindow.mergeWindows.
 */
import { valueState } from '../state/descriptors.ts'
import type { KeyedStateBackend, ValueState } from '../state/keyed-state-backend.ts'
import type { Serializer } from '../serializer.ts'

/** Start, end, and start and end of the state window. */
const FIELDS = 4

export class MergingWindows {
  /** Of the window that was placed or found last. */
  start = 0
  end = 0
  /** The namespace of its contents. */
  stateStart = 0
  /** What `place` merges into it: windows that were there, and the namespaces whose contents must be moved. */
  readonly mergedStarts: number[] = []
  readonly mergedEnds: number[] = []
  readonly mergedStates: number[] = []
  /** The namespace whose contents are lost by `add`, or null. */
  lostState: number | null = null
  readonly #state: ValueState<readonly number[]>
  #windows: number[] = []
  #isChanged = false
  /** Index of the first window that is merged, or -1. */
  #first = -1

  constructor(uid: string, state: KeyedStateBackend) {
    this.#state = state.valueState(valueState(`${uid}.merging-windows`, numbers))
  }

  /** Reads the windows of the current key. */
  load(): void {
    // A copy: it is changed before it is stored, if at all.
    this.#windows = this.#state.value()?.slice() ?? []
    this.#isChanged = false
  }

  /** Writes them back if there was a change. */
  store(): void {
    if (!this.#isChanged) return
    if (this.#windows.length === 0) this.#state.clear()
    else this.#state.update(this.#windows)
    this.#isChanged = false
  }

  /** Looks for the window. */
  find(start: number, end: number): boolean {
    const at = this.#indexOf(start, end)
    if (at < 0) return false
    this.start = start
    this.end = end
    this.stateStart = this.#windows[at + 2] ?? 0
    return true
  }

  /** Computes what window [start, end) becomes together with those that it overlaps or touches. Changes nothing. */
  place(start: number, end: number): void {
    this.start = start
    this.end = end
    this.#first = -1
    this.mergedStarts.length = 0
    this.mergedEnds.length = 0
    const windows = this.#windows
    for (let at = 0; at < windows.length; at += FIELDS) {
      const otherStart = windows[at] ?? 0
      const otherEnd = windows[at + 1] ?? 0
      if (otherStart > end || otherEnd < start) continue
      if (this.#first < 0) this.#first = at
      this.start = Math.min(this.start, otherStart)
      this.end = Math.max(this.end, otherEnd)
      this.mergedStarts.push(otherStart)
      this.mergedEnds.push(otherEnd)
    }
    if (this.mergedStarts.length !== 1) return
    // Nothing is merged into a window that stays what it was.
    if (this.start !== this.mergedStarts[0] || this.end !== this.mergedEnds[0]) return
    this.mergedStarts.length = 0
    this.mergedEnds.length = 0
  }

  /** Carries out what `place` computed for [start, end). */
  add(start: number, end: number): void {
    this.mergedStates.length = 0
    this.lostState = null
    if (this.#first < 0) {
      this.stateStart = start
      this.#windows.push(start, end, start, end)
      this.#isChanged = true
    } else if (this.mergedStarts.length === 0) {
      this.#stay(start, end)
    } else {
      this.#merge()
    }
  }

  /** The window that was placed or found last is over. */
  retire(): void {
    const at = this.#indexOf(this.start, this.end)
    if (at < 0) return
    this.#windows.splice(at, FIELDS)
    this.#isChanged = true
  }

  #stay(start: number, end: number): void {
    const at = this.#first
    const windows = this.#windows
    this.stateStart = windows[at + 2] ?? 0
    const isNew = start === this.start && end === this.end
    if (!isNew || (this.stateStart === start && windows[at + 3] === end)) return
    // Flink takes a window that equals a merged one for a new one and forgets where that has its contents.
    this.lostState = this.stateStart
    this.stateStart = start
    windows[at + 2] = start
    windows[at + 3] = end
    this.#isChanged = true
  }

  #merge(): void {
    const windows = this.#windows
    const first = this.#first
    this.stateStart = windows[first + 2] ?? 0
    for (let at = windows.length - FIELDS; at > first; at -= FIELDS) {
      const isMerged = (windows[at] ?? 0) >= this.start && (windows[at + 1] ?? 0) <= this.end
      if (!isMerged) continue
      this.mergedStates.push(windows[at + 2] ?? 0)
      windows.splice(at, FIELDS)
    }
    windows[first] = this.start
    windows[first + 1] = this.end
    this.#isChanged = true
  }

  #indexOf(start: number, end: number): number {
    const windows = this.#windows
    for (let at = 0; at < windows.length; at += FIELDS) {
      if (windows[at] === start && windows[at + 1] === end) return at
    }
    return -1
  }
}

/** Eight bytes each, little-endian. */
const numbers: Serializer<readonly number[]> = {
  name: 'window-bounds',
  encode(values) {
    const bytes = new Uint8Array(values.length * 8)
    const view = new DataView(bytes.buffer)
    for (let i = 0; i < values.length; i += 1) view.setFloat64(i * 8, values[i] ?? 0, true)
    return bytes
  },
  decode(bytes) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const values: number[] = []
    for (let at = 0; at < bytes.length; at += 8) values.push(view.getFloat64(at, true))
    return values
  },
}
