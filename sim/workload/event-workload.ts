/**
 * A workload of events with a time of their own. Each event is made at its event time and arrives a little later, some
 * sooner than others, so that what is fed is out of order, by at most a bound. Heartbeats in every partition tell how
 * far time has come: a topic in which nothing happens would hold all event time back. The last one closes what is open.
 */
import { assert } from '../../engine/assert.ts'
import type { Randomness } from '../world/randomness.ts'

/** A record for one topic; the Kafka record has this timestamp. */
export interface WorkloadRecord {
  readonly topic: string
  /** Null: a heartbeat, which every partition of the topic gets. */
  readonly key: string | null
  readonly value: string
  /** Event time in ms. */
  readonly timestamp: number
}

/** Event time begins here: windows of an hour and less begin with the first event, and no time is 0. */
export const FIRST_EVENT_MS = 3_600_000

export interface EventWorkloadOptions {
  readonly topics: readonly string[]
  /** An event arrives at most so long after it happened, unless it is said to be late. */
  readonly outOfOrdernessMs: number
  readonly heartbeatMs: number
  /** Event time goes on for so long after the last event. */
  readonly lingerMs: number
}

interface Arrival {
  readonly at: number
  readonly record: WorkloadRecord
}

export class EventWorkload {
  readonly #random: Randomness
  readonly #options: EventWorkloadOptions
  readonly #arrivals: Arrival[] = []

  constructor(random: Randomness, options: EventWorkloadOptions) {
    this.#random = random
    this.#options = options
  }

  /** `event.time`: event time in whole ms. `delayMs`: how late it arrives; default: drawn within the bound. */
  add<E extends { readonly time: number }>(
    topic: string,
    key: string,
    event: E,
    delayMs?: number,
  ): void {
    assert(this.#options.topics.includes(topic), `${topic} is a topic of the workload.`)
    assert(Number.isSafeInteger(event.time), 'Event times are whole milliseconds.')
    const delay = delayMs ?? this.#random.draw('delay', this.#options.outOfOrdernessMs + 1)
    const record = { topic, key, value: JSON.stringify(event), timestamp: event.time }
    this.#arrivals.push({ at: event.time + delay, record })
  }

  /** Everything in the order of arrival, heartbeats included. */
  finish(): WorkloadRecord[] {
    const { heartbeatMs, lingerMs } = this.#options
    const last = this.#arrivals.reduce((most, { at }) => Math.max(most, at), FIRST_EVENT_MS)
    for (let time = FIRST_EVENT_MS; time < last; time += heartbeatMs) this.#beat(time)
    this.#beat(last + lingerMs)
    return this.#arrivals.toSorted((a, b) => a.at - b.at).map(({ record }) => record)
  }

  #beat(time: number): void {
    const value = JSON.stringify({ heartbeat: true, time })
    for (const topic of this.#options.topics) {
      this.#arrivals.push({ at: time, record: { topic, key: null, value, timestamp: time } })
    }
  }
}
