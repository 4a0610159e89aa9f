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
  /** When the next record is due; null before the first. */
  #dueAt: number | null = null
  #isWaiting = false

  /** `ratePerSecond` is that of all subtasks together. */
  constructor(ratePerSecond: number, context: OperatorContext) {
    this.#context = context
    this.#intervalMs = (1000 * context.parallelism) / ratePerSecond
  }

  get isEarly(): boolean {
    return this.#dueAt !== null && this.#context.runtime.now() < this.#dueAt
  }

  taken(): void {
    const now = this.#context.runtime.now()
    this.#dueAt = Math.max((this.#dueAt ?? now) + this.#intervalMs, now - ARREARS_MS)
  }

  wakeWhenDue(): void {
    if (this.#isWaiting || this.#dueAt === null) return
    this.#isWaiting = true
    const delayMs = Math.max(1, Math.ceil(this.#dueAt - this.#context.runtime.now()))
    this.#context.schedule(delayMs, 'source-rate', () => {
      this.#isWaiting = false
      this.#context.wake()
    })
  }
}
