/**
 * Timers on the wall clock for one actor. What rings does so in a turn of the engine, and one that was canceled never
 * does, even if it was about to. Timers alone keep no process alive.
 */
import type { Timer } from '../runtime.ts'

/** Longer waits are cut into such pieces: with more than 31 bits of ms setTimeout calls back at once. */
const TIMEOUT_MAX_MS = 0x7fff_ffff

export class WallClockTimers {
  readonly #post: (action: () => void) => void
  /** Neither rung nor canceled, with what waits for its time; null when that has come. */
  readonly #open = new Map<Timer, NodeJS.Timeout | null>()

  /** `post` runs an action in a turn of the engine. */
  constructor(post: (action: () => void) => void) {
    this.#post = post
  }

  schedule(delayMs: number, label: string, callback: () => void): Timer {
    const timer: Timer = { label }
    if (delayMs === 0) this.#ring(timer, callback)
    else this.#wait(timer, delayMs, callback)
    return timer
  }

  cancel(timer: Timer): void {
    clearTimeout(this.#open.get(timer) ?? undefined)
    this.#open.delete(timer)
  }

  #wait(timer: Timer, delayMs: number, callback: () => void): void {
    const pieceMs = Math.min(delayMs, TIMEOUT_MAX_MS)
    const timeout = setTimeout(() => {
      if (delayMs > pieceMs) this.#wait(timer, delayMs - pieceMs, callback)
      else this.#ring(timer, callback)
    }, pieceMs)
    timeout.unref()
    this.#open.set(timer, timeout)
  }

  #ring(timer: Timer, callback: () => void): void {
    this.#open.set(timer, null)
    this.#post(() => {
      if (this.#open.delete(timer)) callback()
    })
  }
}
