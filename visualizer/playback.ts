/** Moves the playhead while playing: with the clock, or under reduced motion one event that matters a second. */
import { advance, stepForward } from './player.ts'
import type { Store } from './store.ts'
import type { AppState } from './views/frame.ts'

const STILL_STEP_MS = 1000

export class Playback {
  readonly #store: Store<AppState>
  #waitedMs = 0

  constructor(store: Store<AppState>) {
    this.#store = store
  }

  /** `elapsedMs` of real time have passed since the last tick. */
  tick(elapsedMs: number, isStill: boolean): void {
    if (!this.#store.get().isPlaying) this.#waitedMs = 0
    else if (isStill) this.#tickStill(elapsedMs)
    else this.#tickMoving(elapsedMs)
  }

  #tickMoving(elapsedMs: number): void {
    const { recording, playhead, speed } = this.#store.get()
    if (recording === null) return
    const waitedMs = this.#waitedMs
    const next = advance(recording, playhead, { elapsedMs, speed, waitedMs })
    this.#waitedMs = next.waitedMs
    const isPlaying = !(next.isAtEnd && recording.isComplete)
    this.#store.set({ playhead: next.head, pace: next.pace, rate: next.rate, isPlaying })
  }

  #tickStill(elapsedMs: number): void {
    const { recording, playhead } = this.#store.get()
    this.#waitedMs += elapsedMs
    if (recording === null || this.#waitedMs < STILL_STEP_MS) return
    this.#waitedMs = 0
    const next = stepForward(recording, playhead)
    const isAtEnd = next.applied === recording.count
    this.#store.set({ playhead: next, isPlaying: !(isAtEnd && recording.isComplete) })
  }
}
