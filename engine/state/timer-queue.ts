// The timers of one subtask and one domain of time, in the order in which they are due.
// A timer is identified by (key, time, start, end); start and end are a window's, or 0.

/** The two domains of time that timers live in. */
export type TimerDomain = 'event' | 'processing'

/** A timer that was due. */
export interface DueTimer {
  readonly key: unknown
  /** `hashKey(key)`. */
  readonly hash: number
  readonly time: number
  readonly start: number
  readonly end: number
}

export interface TimerQueue {
  /** Timers in the queue, over all keys. */
  readonly size: number
  /** Adds a timer for the backend's current key; false if there is one already. */
  add(time: number, start: number, end: number): boolean
  /** Removes a timer of the backend's current key; false if there is none. */
  remove(time: number, start: number, end: number): boolean
  /** The time of the earliest timer. Infinity is a legal time, too: see `size` for whether there is any. */
  peekTime(): number
  /** Removes the earliest timer; those of the same time in the order in which they were added. */
  poll(): DueTimer | undefined
}
