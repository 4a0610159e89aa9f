/**
 * Spreads the records of one subtask evenly over time. What could not go out in its time is made up for, but no more
 * than a second of it. Source: Flink RateLimiterStrategy.perSecond, which deals the rate out to the subtasks.
 */
import type { OperatorContext } from '../operator/operator.ts'

/** So much may be made up for. */
const ARREARS_MS = 1000

export class Pace {
  readonly #context: OperatorContext
  readonly #intervalMs: number
  /** When record 0 was due, and how many went out since: a sum of intervals would drift. Null before the first. */
  #since: number | null = null
  #taken = 0
  #isWaiting = false

  /** `ratePerSecond` is that of all subtasks together. */
  constructor(ratePerSecond: number, context: OperatorContext) {
    this.#context = context
    this.#intervalMs = (1000 * context.parallelism) / ratePerSecond
  }

  get isEarly(): boolean {
    return this.#since !== null && this.#context.runtime.now() < this.#dueAt(this.#since)
  }

  taken(): void {
    const now = this.#context.runtime.now()
    this.#since ??= now
    this.#taken += 1
    if (this.#dueAt(this.#since) >= now - ARREARS_MS) return
    this.#since = now - ARREARS_MS
    this.#taken = 0
  }

  wakeWhenDue(): void {
    if (this.#isWaiting || this.#since === null) return
    this.#isWaiting = true
    const delayMs = Math.max(1, Math.ceil(this.#dueAt(this.#since) - this.#context.runtime.now()))
    this.#context.schedule(delayMs, 'source-rate', () => {
      this.#isWaiting = false
      this.#context.wake()
    })
  }

  /** When the next record is due. */
  #dueAt(since: number): number {
    return since + this.#taken * this.#intervalMs
  }
}
