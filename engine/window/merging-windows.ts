/**
 * The windows of the current key where windows merge (sessions), as numbers in keyed state: the start of the latest
 * window, and under the start of each its end and the start of the one before. A record that is not older than the
 * latest window, the usual case, needs no other. Must not know contents, triggers or timers.
 * Invariants: two windows of a key neither overlap nor touch; the windows of a key end their lives in the order of
 * their ends, so that behind one that is over there is none that is not.
 * Source: Flink MergingWindowSet, TimeWindow.mergeWindows. There a merged window keeps its contents under one of the
 * windows that it was merged from; here they move to its start when that changes.
 */
import { unreachable } from '../assert.ts'
import { numberState } from '../state/descriptors.ts'
import type { KeyedStateBackend, NumberState } from '../state/keyed-state-backend.ts'

/** What a window that is placed does to those that are there. */
type Placement = 'behind-all' | 'inside-one' | 'extends-latest' | 'among-all'

export class MergingWindows {
  /** Of the window that was placed or found last. */
  start = 0
  end = 0
  /** The windows that `place` merges into that one. */
  readonly mergedStarts: number[] = []
  readonly mergedEnds: number[] = []
  readonly #state: KeyedStateBackend
  readonly #latest: NumberState
  readonly #ends: NumberState
  /** May name a window that is over. */
  readonly #previous: NumberState
  /** By window: 1 if it was merged. Null where it does not matter; see `isBegunAnew`. */
  readonly #merged: NumberState | null
  #placement: Placement = 'behind-all'
  #latestStart: number | undefined
  /** The latest first; only filled where a record is older than the latest window. */
  readonly #starts: number[] = []
  readonly #startedEnds: number[] = []

  constructor(
    uid: string,
    state: KeyedStateBackend,
    { hasDynamicGap }: { hasDynamicGap: boolean },
  ) {
    const ofKey = (name: string): NumberState => state.numberState(numberState(`${uid}.${name}`))
    const ofWindow = (name: string): NumberState =>
      state.numberState(numberState(`${uid}.${name}`, { namespaced: true }))
    this.#state = state
    this.#latest = ofKey('latest-window')
    this.#ends = ofWindow('window-end')
    this.#previous = ofWindow('previous-window')
    this.#merged = hasDynamicGap ? ofWindow('window-merged') : null
  }

  /** Computes what window [start, end) becomes together with those that it overlaps or touches. Changes nothing. */
  place(start: number, end: number): void {
    this.mergedStarts.length = 0
    this.mergedEnds.length = 0
    this.start = start
    this.end = end
    this.#placement = 'behind-all'
    const latest = this.#latest.get()
    this.#latestStart = latest
    if (latest === undefined) return
    const latestEnd = this.#endOf(latest) ?? latest
    if (start > latestEnd) return
    if (start < latest) {
      this.#placeAmongAll(start, end)
      return
    }
    this.start = latest
    this.end = Math.max(end, latestEnd)
    this.#placement = this.end === latestEnd ? 'inside-one' : 'extends-latest'
    if (this.#placement === 'inside-one') return
    this.mergedStarts.push(latest)
    this.mergedEnds.push(latestEnd)
  }

  /** Carries out what `place` computed. */
  add(): void {
    switch (this.#placement) {
      case 'inside-one':
        return
      case 'behind-all':
        this.#latest.set(this.start)
        this.#state.setCurrentNamespace(this.start)
        this.#ends.set(this.end)
        if (this.#latestStart !== undefined) this.#previous.set(this.#latestStart)
        return
      case 'extends-latest':
        this.#state.setCurrentNamespace(this.start)
        this.#ends.set(this.end)
        break
      case 'among-all':
        this.#relink()
        break
      default:
        unreachable(this.#placement)
    }
    if (this.#merged !== null && this.mergedStarts.length > 0) this.#markMerged(this.#merged)
  }

  /**
   * Flink takes a window that equals a merged one for a new one, and forgets the contents of that. True if [start, end)
   * is such a window; it counts as not merged then. With gaps of one length no window can equal a merged one.
   */
  isBegunAnew(start: number, end: number): boolean {
    if (this.#merged === null || this.#placement !== 'inside-one') return false
    if (start !== this.start || end !== this.end) return false
    this.#state.setCurrentNamespace(start)
    const wasMerged = this.#merged.get() !== undefined
    if (wasMerged) this.#merged.clear()
    return wasMerged
  }

  /** Looks for the window that has [start, end) in it: itself, or what it was merged into. */
  find(start: number, end: number): boolean {
    const ownEnd = this.#endOf(start)
    if (ownEnd !== undefined) return this.#found(start, ownEnd, end)
    this.#readAll()
    const at = this.#starts.findIndex((other) => other < start)
    return at >= 0 && this.#found(this.#starts[at] ?? 0, this.#startedEnds[at] ?? 0, end)
  }

  /** The window that was placed or found last is over. */
  retire(): void {
    this.#state.setCurrentNamespace(this.start)
    const previous = this.#previous.get()
    this.#forget(this.start)
    if (this.#latest.get() !== this.start) return
    if (previous !== undefined && this.#endOf(previous) !== undefined) this.#latest.set(previous)
    else this.#latest.clear()
  }

  #found(start: number, windowEnd: number, end: number): boolean {
    this.start = start
    this.end = windowEnd
    return windowEnd >= end
  }

  #placeAmongAll(start: number, end: number): void {
    this.#readAll()
    this.#placement = 'among-all'
    for (const [i, otherStart] of this.#starts.entries()) {
      const otherEnd = this.#startedEnds[i] ?? otherStart
      if (otherStart > end || otherEnd < start) continue
      this.start = Math.min(this.start, otherStart)
      this.end = Math.max(this.end, otherEnd)
      this.mergedStarts.push(otherStart)
      this.mergedEnds.push(otherEnd)
    }
    // Nothing is merged into a window that stays what it was.
    if (this.start !== this.mergedStarts[0] || this.end !== this.mergedEnds[0]) return
    this.#placement = 'inside-one'
    this.mergedStarts.length = 0
    this.mergedEnds.length = 0
  }

  /** Writes all windows anew, with the one that was placed instead of those that are merged. */
  #relink(): void {
    for (const start of this.mergedStarts) this.#forget(start)
    const windows = this.#starts.map((start, i) => ({ start, end: this.#startedEnds[i] ?? start }))
    const kept = windows.filter(({ start }) => !this.mergedStarts.includes(start))
    const all = [...kept, { start: this.start, end: this.end }].sort((a, b) => b.start - a.start)
    for (const [i, { start, end }] of all.entries()) {
      const previous = all[i + 1]
      this.#state.setCurrentNamespace(start)
      this.#ends.set(end)
      if (previous === undefined) this.#previous.clear()
      else this.#previous.set(previous.start)
    }
    this.#latest.set(all[0]?.start ?? this.start)
  }

  #readAll(): void {
    this.#starts.length = 0
    this.#startedEnds.length = 0
    let start = this.#latest.get()
    while (start !== undefined) {
      const end = this.#endOf(start)
      if (end === undefined) return
      this.#starts.push(start)
      this.#startedEnds.push(end)
      start = this.#previous.get()
    }
  }

  /** Undefined: there is no such window. */
  #endOf(start: number): number | undefined {
    this.#state.setCurrentNamespace(start)
    return this.#ends.get()
  }

  #forget(start: number): void {
    this.#state.setCurrentNamespace(start)
    this.#ends.clear()
    this.#previous.clear()
    this.#merged?.clear()
  }

  #markMerged(merged: NumberState): void {
    this.#state.setCurrentNamespace(this.start)
    merged.set(1)
  }
}
