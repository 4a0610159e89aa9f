/**
 * How far an attempt of a subtask is, told often enough that recoveries can be measured from the trace, and rarely enough
 * that nobody pays for it. Must not know what the subtask does.
 */
import type { SubtaskEnvironment } from './subtask-environment.ts'

const PROGRESS_MS = 100

export class ProgressReport {
  readonly #env: SubtaskEnvironment
  #records = 0
  /** The last turn left nothing to do. */
  #isIdle = true
  #recordsTold = 0
  #wasIdleTold = true
  #toldAt = Number.NEGATIVE_INFINITY

  constructor(env: SubtaskEnvironment) {
    this.#env = env
  }

  /** Processed by this attempt so far. */
  get records(): number {
    return this.#records
  }

  processed(records: number): void {
    this.#records += records
  }

  turnEnded(hasMore: boolean): void {
    this.#isIdle = !hasMore
  }

  /** Tells what the turns before processed: it has taken its time by now. */
  turnBegins(): void {
    if (this.#records === this.#recordsTold && this.#isIdle === this.#wasIdleTold) return
    const { runtime, deployment } = this.#env
    const now = runtime.now()
    if (now - this.#toldAt < PROGRESS_MS) return
    this.#toldAt = now
    this.#recordsTold = this.#records
    this.#wasIdleTold = this.#isIdle
    const { subtask, attempt } = deployment
    const [records, isIdle] = [this.#records, this.#isIdle]
    runtime.trace({ type: 'subtask-progressed', subtask, attempt, records, isIdle })
  }
}
