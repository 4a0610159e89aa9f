/**
 * The windows of the current key where windows merge (sessions). Nearly always a key has one, whose bounds are two
 * numbers; several are a list. Must not know contents, triggers or timers.
 * Invariant: two windows of a key neither overlap nor touch.
 * Source: Flink MergingWindowSet, TimeWindow.mergeWindows. There a merged window keeps its contents under one of the
 * windows that it was merged from; here they move to its start when that changes.
 */
import { numberState, valueState } from '../state/descriptors.ts'
import type { KeyedStateBackend, NumberState, ValueState } from '../state/keyed-state-backend.ts'
import type { Serializer } from '../serializer.ts'

export class MergingWindows {
  /** Of the window that was placed or found last. */
  start = 0
  end = 0
  /** The windows that `place` merges into that one. */
  readonly mergedStarts: number[] = []
  readonly mergedEnds: number[] = []
  readonly #state: KeyedStateBackend
  /** NaN: there are several. */
  readonly #onlyStart: NumberState
  readonly #onlyEnd: NumberState
  /** Start, end, start, end… */
  readonly #several: ValueState<readonly number[]>
  /** By window: 1 if it was merged. Null where it does not matter; see `isBegunAnew`. */
  readonly #merged: NumberState | null
  #windows: number[] = []
  #hadSeveral = false
  #isChanged = false
  /** Index of the first window that is merged, or -1. */
  #first = -1

  constructor(
    uid: string,
    state: KeyedStateBackend,
    { hasDynamicGap }: { hasDynamicGap: boolean },
  ) {
    const name = `${uid}.merging-window`
    this.#state = state
    this.#onlyStart = state.numberState(numberState(`${name}-start`))
    this.#onlyEnd = state.numberState(numberState(`${name}-end`))
    this.#several = state.valueState(valueState(`${name}s`, numbers))
    this.#merged = hasDynamicGap
      ? state.numberState(numberState(`${name}-merged`, { namespaced: true }))
      : null
  }

  /** Reads the windows of the current key. */
  load(): void {
    const start = this.#onlyStart.get()
    this.#isChanged = false
    this.#hadSeveral = Number.isNaN(start)
    if (this.#hadSeveral) {
      // A copy: it is changed before it is stored, if at all.
      this.#windows = [...(this.#several.value() ?? [])]
      return
    }
    this.#windows.length = 0
    if (start !== undefined) this.#windows.push(start, this.#onlyEnd.get() ?? start)
  }

  /** Writes them back if there was a change. */
  store(): void {
    if (!this.#isChanged) return
    this.#isChanged = false
    const [start, end] = this.#windows
    const hasSeveral = this.#windows.length > 2
    if (hasSeveral) {
      this.#several.update(this.#windows)
    } else if (this.#hadSeveral) {
      this.#several.clear()
    }
    if (start === undefined || end === undefined) {
      this.#onlyStart.clear()
      this.#onlyEnd.clear()
    } else {
      this.#onlyStart.set(hasSeveral ? NaN : start)
      this.#onlyEnd.set(hasSeveral ? NaN : end)
    }
  }

  /** Looks for the window that has [start, end) in it: itself, or what it was merged into. */
  find(start: number, end: number): boolean {
    const windows = this.#windows
    for (let at = 0; at < windows.length; at += 2) {
      const windowStart = windows[at] ?? 0
      const windowEnd = windows[at + 1] ?? 0
      if (windowStart > start || windowEnd < end) continue
      this.start = windowStart
      this.end = windowEnd
      return true
    }
    return false
  }

  /** Computes what window [start, end) becomes together with those that it overlaps or touches. Changes nothing. */
  place(start: number, end: number): void {
    this.start = start
    this.end = end
    this.#first = -1
    this.mergedStarts.length = 0
    this.mergedEnds.length = 0
    const windows = this.#windows
    for (let at = 0; at < windows.length; at += 2) {
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

  /** Carries out what `place` computed. */
  add(): void {
    const { start, end } = this
    if (this.#first < 0) {
      this.#windows.push(start, end)
      this.#isChanged = true
      return
    }
    if (this.mergedStarts.length === 0) return
    const windows = this.#windows
    for (let at = windows.length - 2; at > this.#first; at -= 2) {
      const isMerged = (windows[at] ?? 0) >= start && (windows[at + 1] ?? 0) <= end
      if (isMerged) windows.splice(at, 2)
    }
    windows[this.#first] = start
    windows[this.#first + 1] = end
    this.#isChanged = true
    if (this.#merged !== null) this.#markMerged(this.#merged)
  }

  /**
   * Flink takes a window that equals a merged one for a new one, and forgets the contents of that. True if [start, end)
   * is such a window; it counts as not merged then. With gaps of one length no window can equal a merged one.
   */
  isBegunAnew(start: number, end: number): boolean {
    if (this.#merged === null || this.#first < 0 || this.mergedStarts.length > 0) return false
    if (start !== this.start || end !== this.end) return false
    this.#state.setCurrentNamespace(start)
    const wasMerged = this.#merged.get() !== undefined
    if (wasMerged) this.#merged.clear()
    return wasMerged
  }

  /** The window that was placed or found last is over. */
  retire(): void {
    const windows = this.#windows
    for (let at = 0; at < windows.length; at += 2) {
      if (windows[at] !== this.start) continue
      windows.splice(at, 2)
      this.#isChanged = true
    }
    if (this.#merged === null) return
    this.#state.setCurrentNamespace(this.start)
    this.#merged.clear()
  }

  #markMerged(merged: NumberState): void {
    for (const start of this.mergedStarts) {
      if (start === this.start) continue
      this.#state.setCurrentNamespace(start)
      merged.clear()
    }
    this.#state.setCurrentNamespace(this.start)
    merged.set(1)
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
