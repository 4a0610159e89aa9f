/**
 * The world of an operator test: a clock that only the test moves, and messages that arrive at once. What is scheduled
 * waits until the clock is moved, also when it is due already.
 * Source: Flink TestProcessingTimeService.
 */
import { assert } from '../../engine/assert.ts'
import { ConfigurationError } from '../../engine/errors.ts'
import { millis, workerId } from '../../engine/ids.ts'
import type { ActorId, Millis } from '../../engine/ids.ts'
import type { Message } from '../../engine/messages.ts'
import type { Runtime, Timer } from '../../engine/runtime.ts'
import type { TraceLevel } from '../../engine/trace.ts'
import { Randomness } from '../world/randomness.ts'

/** More callbacks in one jump of the clock are taken for a loop. */
const JUMP_CALLBACKS_MAX = 1_000_000

/** The one process of a test. */
export const HARNESS_WORKER = workerId('harness')

interface Scheduled {
  readonly at: number
  readonly timer: Timer
  readonly callback: () => void
}

export class HarnessRuntime implements Runtime {
  readonly self: ActorId = HARNESS_WORKER
  readonly traceLevel: TraceLevel = 'control'
  readonly #deliver: (message: Message) => void
  readonly #randomness: Randomness
  /** In the order of time, then of scheduling. */
  readonly #scheduled: Scheduled[] = []
  #now: number

  constructor(startMs: number, seed: number, deliver: (message: Message) => void) {
    this.#now = startMs
    this.#randomness = new Randomness(seed)
    this.#deliver = deliver
  }

  now(): Millis {
    return millis(this.#now)
  }

  schedule(delayMs: number, label: string, callback: () => void): Timer {
    assert(delayMs >= 0, `"${label}" is scheduled ${delayMs} ms from now.`)
    const at = this.#now + delayMs
    const timer: Timer = { label }
    const later = this.#scheduled.findIndex((other) => other.at > at)
    this.#scheduled.splice(later === -1 ? this.#scheduled.length : later, 0, {
      at,
      timer,
      callback,
    })
    return timer
  }

  cancel(timer: Timer): void {
    const index = this.#scheduled.findIndex((scheduled) => scheduled.timer === timer)
    if (index !== -1) this.#scheduled.splice(index, 1)
  }

  send(_to: ActorId, message: Message): void {
    this.#deliver(message)
  }

  /** What happened is looked at through the harness. */
  trace(): void {}

  /** Nothing costs time. */
  spend(): void {}

  random(stream: string, bound: number): number {
    return this.#randomness.draw(stream, bound)
  }

  /** The clock jumps, then all that is due happens, in the order of its time, while the clock reads `to`. */
  jump(to: number, afterEach: () => void): void {
    assert(to >= this.#now, `The clock goes back from ${this.#now} to ${to}.`)
    this.#now = to
    for (let done = 0; done < JUMP_CALLBACKS_MAX; done += 1) {
      const [next] = this.#scheduled
      if (next === undefined || next.at > to) return
      this.#scheduled.shift()
      next.callback()
      afterEach()
    }
    throw new ConfigurationError(
      'harness-restless',
      `The clock reads ${to} and after ${JUMP_CALLBACKS_MAX} callbacks something is due still; something schedules ` +
        'itself again at once.',
    )
  }
}
