/**
 * Recoveries as a fold over the trace: each from the failure to the moment when the job has caught up, split into detect,
 * restart, restore and catch-up. The four parts add up exactly. `catch-up` ends when every split was read to its end
 * again: RT3 of recovery-model.md 2.1; detect + restart + restore is RT1.
 */
import type { TraceEvent } from '../trace.ts'

/** Times in ms of the world's clock; null where the run ended first. */
export interface Recovery {
  /** Why the job went down. */
  readonly reason: string
  readonly failedAt: number
  readonly detectedAt: number | null
  /** The first subtask began to read its state. */
  readonly restoreStartedAt: number | null
  /** Every subtask runs. */
  readonly runningAt: number | null
  readonly caughtUpAt: number | null
  /** Restarts it took. */
  readonly restarts: number
}

export interface RecoveryDurations {
  readonly detectMs: number
  readonly restartMs: number
  readonly restoreMs: number
  readonly catchUpMs: number
}

/** The four parts, or null for a recovery that was not finished. */
export function durationsOf(recovery: Recovery): RecoveryDurations | null {
  const { failedAt, detectedAt, restoreStartedAt, runningAt, caughtUpAt } = recovery
  if (
    detectedAt === null ||
    restoreStartedAt === null ||
    runningAt === null ||
    caughtUpAt === null
  ) {
    return null
  }
  return {
    detectMs: detectedAt - failedAt,
    restartMs: restoreStartedAt - detectedAt,
    restoreMs: runningAt - restoreStartedAt,
    catchUpMs: caughtUpAt - runningAt,
  }
}

type Open = { -readonly [K in keyof Recovery]: Recovery[K] }

export class RecoveryTimeline {
  readonly #recoveries: Open[] = []
  /** The worker of each subtask's newest attempt. */
  readonly #workers = new Map<string, string>()
  readonly #notRunning = new Set<string>()
  /** Every split that was ever read: a restart reads them all again, also those that it assigns anew. */
  readonly #splits = new Set<string>()
  readonly #behind = new Set<string>()

  get recoveries(): readonly Recovery[] {
    return this.#recoveries
  }

  observe(event: TraceEvent): void {
    switch (event.type) {
      case 'worker-crashed':
        // A worker without subtasks takes nothing down.
        if ([...this.#workers.values()].includes(event.worker)) {
          this.#fail(event.at, `${event.worker} crashed`)
        }
        return
      case 'job-status-changed':
        if (event.status !== 'restarting') return
        this.#fail(event.at, event.reason)
        this.#mark('detectedAt', event.at)
        return
      case 'restart-started':
        this.#restart()
        return
      case 'subtask-status-changed':
        this.#workers.set(event.subtask, event.worker)
        this.#onStatus(event.subtask, event.status, event.at)
        return
      case 'split-restored':
      case 'split-assigned':
        this.#splits.add(`${event.topic}/${event.partition}`)
        this.#behind.add(`${event.topic}/${event.partition}`)
        return
      case 'split-caught-up':
        this.#behind.delete(`${event.topic}/${event.partition}`)
        this.#checkCaughtUp(event.at)
        return
      default:
    }
  }

  get #open(): Open | undefined {
    const last = this.#recoveries.at(-1)
    return last?.caughtUpAt === null ? last : undefined
  }

  /** A failure during a recovery belongs to it. */
  #fail(at: number, reason: string): void {
    if (this.#open !== undefined) return
    this.#recoveries.push({
      reason,
      failedAt: at,
      detectedAt: null,
      restoreStartedAt: null,
      runningAt: null,
      caughtUpAt: null,
      restarts: 0,
    })
  }

  #restart(): void {
    const open = this.#open
    for (const split of this.#splits) this.#behind.add(split)
    if (open === undefined) return
    open.restarts += 1
    open.restoreStartedAt = null
    open.runningAt = null
  }

  #onStatus(subtask: string, status: string, at: number): void {
    if (status === 'running') this.#notRunning.delete(subtask)
    else this.#notRunning.add(subtask)
    if (status === 'initializing') this.#mark('restoreStartedAt', at)
    if (status === 'running' && this.#notRunning.size === 0) {
      this.#mark('runningAt', at)
      this.#checkCaughtUp(at)
    }
  }

  #mark(moment: 'detectedAt' | 'restoreStartedAt' | 'runningAt', at: number): void {
    const open = this.#open
    if (open === undefined || open[moment] !== null) return
    if (moment !== 'detectedAt' && open.restarts === 0) return
    open[moment] = at
  }

  #checkCaughtUp(at: number): void {
    const open = this.#open
    if (open === undefined || open.runningAt === null || this.#behind.size > 0) return
    open.caughtUpAt = at
  }
}
