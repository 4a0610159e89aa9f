/**
 * A run as it is played: the trace so far, and the state after any number of its events. Appending folds every
 * event once and keeps a keyframe every 4096, so a seek copies one keyframe and folds fewer than 4096 events;
 * playing on from the last state asked for folds only what is new. `stateAfter` is a pure function of the trace.
 */
import { assert, present } from '../../engine/assert.ts'
import { RecoveryTimeline } from '../../engine/metrics/recovery-timeline.ts'
import type { Recovery } from '../../engine/metrics/recovery-timeline.ts'
import type { ChannelId } from '../../engine/ids.ts'
import type { EventOf, TraceEvent, TraceLevel, TraceTopology } from '../../engine/trace.ts'
import type { EventGroup } from '../events/catalog.ts'
import { kindOf } from '../events/catalog.ts'
import { findArrived } from './channels.ts'
import { FlowIndex } from './flow-index.ts'
import type { Flow } from './flow-index.ts'
import { lowerBound } from './lower-bound.ts'
import { reduce } from './reduce.ts'
import type { Wiring } from './reducer.ts'
import { wire } from './reducer.ts'
import type { Draft, RunState } from './run-state.ts'
import { copyState, initialState } from './run-state.ts'

const KEYFRAME_INTERVAL = 4096

/** From one event that matters to the next; `next` is the index of the latter, undefined after the last. */
export interface Gap {
  readonly from: number
  readonly to: number
  readonly next: number | undefined
}

/** Total input lag over time, one point per change: the area under the recovery lane. */
export interface LagPoint {
  readonly at: number
  readonly lag: number
}

export class Recording {
  readonly topology: TraceTopology
  readonly wiring: Wiring
  /** `control`: this trace tells of no records, so none can be drawn. */
  readonly traceLevel: TraceLevel
  readonly #events: TraceEvent[] = []
  readonly #keyframes: RunState[] = []
  /** Indices of the events that a step stops at. */
  readonly #milestones: number[] = []
  readonly #arrivals = new Map<number, number>()
  readonly #flows = new FlowIndex()
  readonly #lag: LagPoint[] = []
  readonly #recoveries = new RecoveryTimeline()
  readonly #head: Draft
  #cursor: Draft
  #cursorApplied = 0
  #isComplete = false

  constructor(topology: TraceTopology, traceLevel: TraceLevel = 'records') {
    this.topology = topology
    this.traceLevel = traceLevel
    this.wiring = wire(topology)
    this.#head = initialState(topology)
    this.#keyframes.push(copyState(this.#head))
    this.#cursor = copyState(this.#head)
  }

  get events(): readonly TraceEvent[] {
    return this.#events
  }

  /** How many events there are. */
  get count(): number {
    return this.#events.length
  }

  get endAt(): number {
    return this.#events.at(-1)?.at ?? 0
  }

  /** No more events will come. */
  get isComplete(): boolean {
    return this.#isComplete
  }

  /** The state after everything so far: what the timeline draws, which shows the whole run. */
  get head(): RunState {
    return this.#head
  }

  get lag(): readonly LagPoint[] {
    return this.#lag
  }

  get recoveries(): readonly Recovery[] {
    return this.#recoveries.recoveries
  }

  append(events: readonly TraceEvent[]): void {
    assert(!this.#isComplete, 'A complete recording takes no more events.')
    for (const event of events) this.#appendOne(event)
  }

  complete(): void {
    this.#isComplete = true
  }

  /** The number of events up to and including `at`. */
  appliedAt(at: number): number {
    return lowerBound(this.#events.length, (index) => this.#eventAt(index).at > at)
  }

  /** The state after the first `applied` events. Valid until the next call: entries stay, maps may move on. */
  stateAfter(applied: number): RunState {
    assert(
      applied >= 0 && applied <= this.count,
      `State after ${applied} of ${this.count} events does not exist.`,
    )
    const keyframe = Math.floor(applied / KEYFRAME_INTERVAL)
    const canContinue =
      this.#cursorApplied <= applied && this.#cursorApplied >= keyframe * KEYFRAME_INTERVAL
    if (!canContinue) {
      this.#cursor = copyState(
        present(this.#keyframes[keyframe], `Keyframe ${keyframe} is missing.`),
      )
      this.#cursorApplied = keyframe * KEYFRAME_INTERVAL
    }
    for (let index = this.#cursorApplied; index < applied; index++)
      reduce(this.#cursor, this.#eventAt(index), this.wiring)
    this.#cursorApplied = applied
    return this.#cursor
  }

  /** When the element sent by event `seq` arrived; undefined when it was lost (or is not known yet). */
  findArrival(seq: number): number | undefined {
    return this.#arrivals.get(seq)
  }

  /** What a channel carries around `at`, per second. */
  flowAt(channel: ChannelId, at: number): Flow {
    return this.#flows.flowAt(channel, at)
  }

  /** The stretch between two events that matter in which the playhead stands after `applied` events. */
  gapAt(applied: number): Gap {
    const rank = lowerBound(this.#milestones.length, (i) => (this.#milestones[i] ?? 0) >= applied)
    const before = this.#milestones[rank - 1]
    const next = this.#milestones[rank]
    return {
      from: before === undefined ? 0 : this.#eventAt(before).at,
      to: next === undefined ? this.endAt : this.#eventAt(next).at,
      next,
    }
  }

  /** The first event at or after index `from` that a step stops at, of one group if given. */
  findNextMilestone(from: number, group?: EventGroup): number | undefined {
    return this.#milestones.find((index) => index >= from && this.#isOf(index, group))
  }

  /** The last event before index `before` that a step stops at, of one group if given. */
  findPreviousMilestone(before: number, group?: EventGroup): number | undefined {
    return this.#milestones.findLast((index) => index < before && this.#isOf(index, group))
  }

  #isOf(index: number, group: EventGroup | undefined): boolean {
    return group === undefined || kindOf(this.#eventAt(index)).group === group
  }

  #eventAt(index: number): TraceEvent {
    return present(this.#events[index], `Event ${index} of ${this.count} does not exist.`)
  }

  #appendOne(event: TraceEvent): void {
    if (event.type === 'buffer-received' || event.type === 'barrier-received') {
      const sent = findArrived(this.#head, event)
      if (sent !== undefined) this.#arrivals.set(sent.seq, event.at)
    }
    if (kindOf(event).matters) this.#milestones.push(this.#events.length)
    this.#events.push(event)
    reduce(this.#head, event, this.wiring)
    this.#recoveries.observe(event)
    if (event.type === 'buffer-sent') this.#addFlow(event)
    if (event.type === 'records-fetched' || event.type === 'split-caught-up') this.#sampleLag(event)
    if (this.#events.length % KEYFRAME_INTERVAL === 0) this.#keyframes.push(copyState(this.#head))
  }

  #addFlow({ channel, at, count }: EventOf<'buffer-sent'>): void {
    const sent = this.#head.channels.get(channel)?.inFlight.at(-1)
    const replayed = sent?.kind === 'buffer' ? sent.replayed : 0
    this.#flows.add(channel, at, count, replayed)
  }

  #sampleLag({ at }: TraceEvent): void {
    let lag = 0
    for (const partition of this.#head.partitions.values()) lag += partition.lag
    if (lag !== this.#lag.at(-1)?.lag) this.#lag.push({ at, lag })
  }
}
