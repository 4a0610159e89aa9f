/**
 * The windows of the current key where windows merge (sessions): the start of the latest one, which leads to the others.
 * A record that is not older than the latest window, the usual case, needs no other. Must not know contents, triggers
 * or timers.
 * Invariants: two windows of a key neither overlap nor touch; the windows of a key end their lives in the order of
 * their ends, so that before one that is over there is none that is not.
 * Source: Flink MergingWindowSet, TimeWindow.mergeWindows. There a merged window keeps its contents under one of the
 * windows that it was merged from; here they move to its start when that changes.
 */
import { numberState } from '../state/descriptors.ts'
import type { KeyedStateBackend, NumberState } from '../state/keyed-state-backend.ts'
import { WindowBounds } from './window-bounds.ts'

/** What a window that is placed does to those that are there. */
type Placement = 'alone' | 'behind-all' | 'inside-one' | 'extends-latest' | 'among-all'

export class MergingWindows {
  /** Of the window that was placed or found last. */
  start = 0
  end = 0
  /** The windows that `place` merges into that one. */
  readonly mergedStarts: number[] = []
  readonly mergedEnds: number[] = []
  /** What `readAll` found, the latest first. */
  readonly starts: number[] = []
  readonly ends: number[] = []
  readonly #state: KeyedStateBackend
  readonly #latest: NumberState
  readonly #bounds: WindowBounds
  /** By window: 1 if it was merged. Null where it does not matter; see `isBegunAnew`. */
  readonly #merged: NumberState | null
  #placement: Placement = 'alone'
  /** Undefined: not known. */
  #latestStart: number | undefined
  #beforeLatest: number | undefined

  constructor(
    uid: string,
    state: KeyedStateBackend,
    { hasDynamicGap }: { hasDynamicGap: boolean },
  ) {
    this.#state = state
    this.#latest = state.numberState(numberState(`${uid}.latest-window`))
    this.#bounds = new WindowBounds(uid, state)
    this.#merged = hasDynamicGap
      ? state.numberState(numberState(`${uid}.window-merged`, { namespaced: true }))
      : null
  }

  /** Computes what window [start, end) becomes together with those that it overlaps or touches. Changes nothing. */
  place(start: number, end: number): void {
    this.mergedStarts.length = 0
    this.mergedEnds.length = 0
    this.start = start
    this.end = end
    const latest = this.#latest.get()
    this.#latestStart = latest
    if (latest === undefined || !this.#bounds.read(latest)) {
      this.#placement = 'alone'
      return
    }
    const { end: latestEnd, previous } = this.#bounds
    this.#beforeLatest = previous
    if (start > latestEnd) {
      this.#placement = 'behind-all'
    } else if (start < latest) {
      this.#placeAmongAll(start, end)
    } else {
      this.start = latest
      this.end = Math.max(end, latestEnd)
      this.#placement = this.end === latestEnd ? 'inside-one' : 'extends-latest'
      if (this.#placement === 'extends-latest') this.#merge(latest, latestEnd)
    }
  }

  /** Carries out what `place` computed. True if the window is now the first of the key, and not a merged one. */
  add(): boolean {
    const { start, end } = this
    switch (this.#placement) {
      case 'inside-one':
        return false
      case 'alone':
        this.#latest.set(start)
        this.#bounds.write(start, end, undefined)
        return true
      case 'behind-all':
        this.#latest.set(start)
        this.#bounds.write(start, end, this.#latestStart)
        return false
      case 'extends-latest':
        this.#bounds.write(start, end, this.#beforeLatest)
        this.#markMerged()
        return false
      case 'among-all':
        return this.#relink()
    }
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

  /** Looks for the window with those bounds. */
  find(start: number, end: number): boolean {
    this.start = start
    this.end = end
    this.#latestStart = undefined
    return this.#bounds.read(start) && this.#bounds.end === end
  }

  readAll(): void {
    this.starts.length = 0
    this.ends.length = 0
    let start = this.#latest.get()
    this.#latestStart = start
    // The one before the oldest is over.
    while (start !== undefined && this.#bounds.read(start)) {
      this.starts.push(start)
      this.ends.push(this.#bounds.end)
      start = this.#bounds.previous
    }
  }

  /** The window with that start, which was found or is one of all that were read, is over. */
  retire(start: number): void {
    const isLatest = (this.#latestStart ?? this.#latest.get()) === start
    const previous = isLatest && this.#bounds.read(start) ? this.#bounds.previous : undefined
    this.#forget(start)
    if (!isLatest) return
    if (previous !== undefined && this.#bounds.read(previous)) this.#latest.set(previous)
    else this.#latest.clear()
  }

  #placeAmongAll(start: number, end: number): void {
    this.readAll()
    for (const [i, otherStart] of this.starts.entries()) {
      const otherEnd = this.ends[i] ?? otherStart
      if (otherStart > end || otherEnd < start) continue
      this.start = Math.min(this.start, otherStart)
      this.end = Math.max(this.end, otherEnd)
      this.#merge(otherStart, otherEnd)
    }
    this.#placement = 'among-all'
    // Nothing is merged into a window that stays what it was.
    if (this.start !== this.mergedStarts[0] || this.end !== this.mergedEnds[0]) return
    this.#placement = 'inside-one'
    this.mergedStarts.length = 0
    this.mergedEnds.length = 0
  }

  #merge(start: number, end: number): void {
    this.mergedStarts.push(start)
    this.mergedEnds.push(end)
  }

  /** Writes all windows anew, with the one that was placed instead of those that are merged. */
  #relink(): boolean {
    for (const start of this.mergedStarts) this.#forget(start)
    const windows = this.starts.map((start, i) => ({ start, end: this.ends[i] ?? start }))
    const kept = windows.filter(({ start }) => !this.mergedStarts.includes(start))
    const all = [...kept, { start: this.start, end: this.end }].sort((a, b) => b.start - a.start)
    for (const [i, { start, end }] of all.entries()) {
      this.#bounds.write(start, end, all[i + 1]?.start)
    }
    this.#latest.set(all[0]?.start ?? this.start)
    if (this.mergedStarts.length > 0) this.#markMerged()
    return this.mergedStarts.length === 0 && all.at(-1)?.start === this.start
  }

  #forget(start: number): void {
    this.#bounds.remove(start)
    this.#merged?.clear()
  }

  #markMerged(): void {
    if (this.#merged === null) return
    this.#state.setCurrentNamespace(this.start)
    this.#merged.set(1)
  }
}
