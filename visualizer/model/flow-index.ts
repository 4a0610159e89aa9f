/**
 * How many records a channel carries per second, from the trace alone: what a picture shows instead of single records
 * when they pass faster than the eye can follow.
 */
import type { ChannelId } from '../../engine/ids.ts'
import { lowerBound } from './lower-bound.ts'

export interface Flow {
  readonly perSecond: number
  /** Share of the records that an older attempt had sent before, 0..1. */
  readonly replayedShare: number
}

const WINDOW_MS = 100
const NO_FLOW: Flow = { perSecond: 0, replayedShare: 0 }

/** Running totals after each buffer of a channel. */
interface Totals {
  readonly at: number[]
  readonly records: number[]
  readonly replayed: number[]
}

export class FlowIndex {
  readonly #totals = new Map<ChannelId, Totals>()

  /** Buffers of a channel come in the order of time. */
  add(channel: ChannelId, at: number, records: number, replayed: number): void {
    let totals = this.#totals.get(channel)
    if (totals === undefined) {
      totals = { at: [], records: [], replayed: [] }
      this.#totals.set(channel, totals)
    }
    totals.at.push(at)
    totals.records.push((totals.records.at(-1) ?? 0) + records)
    totals.replayed.push((totals.replayed.at(-1) ?? 0) + replayed)
  }

  /** Over the last tenth of a second before `at`. */
  flowAt(channel: ChannelId, at: number): Flow {
    const totals = this.#totals.get(channel)
    if (totals === undefined) return NO_FLOW
    const until = lowerBound(totals.at.length, (index) => (totals.at[index] ?? 0) > at)
    const from = lowerBound(until, (index) => (totals.at[index] ?? 0) > at - WINDOW_MS)
    const between = (values: readonly number[]): number =>
      (values[until - 1] ?? 0) - (values[from - 1] ?? 0)
    const records = between(totals.records)
    if (records === 0) return NO_FLOW
    const perSecond = (records / WINDOW_MS) * 1000
    return { perSecond, replayedShare: between(totals.replayed) / records }
  }
}
