/**
 * A clock that stands still while its split is not read on purpose: what waits for others is not idle. Pauses nest.
 * Source: Flink PausableRelativeClock.
 */
import { assert } from '../assert.ts'
import type { ActivityClock } from './watermark-generators.ts'

export class PausableClock {
  readonly #clock: ActivityClock
  #pauses = 0
  #pausedAt = 0
  #pausedMs = 0

  constructor(clock: ActivityClock) {
    this.#clock = clock
  }

  readonly now: ActivityClock = () => {
    return (this.#pauses > 0 ? this.#pausedAt : this.#clock()) - this.#pausedMs
  }

  pause(): void {
    if (this.#pauses === 0) this.#pausedAt = this.#clock()
    this.#pauses += 1
  }

  resume(): void {
    assert(this.#pauses > 0, 'A clock is resumed that was not paused.')
    this.#pauses -= 1
    if (this.#pauses === 0) this.#pausedMs += this.#clock() - this.#pausedAt
  }
}
