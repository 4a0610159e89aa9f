/**
 * Recoveries as a fold over the trace: each from the failure to the moment when the job has caught up, by moments whose
 * differences add up exactly (O-R1). `runningAt` is RT1, `regainedAt` RT2, `caughtUpAt` RT3 of recovery-model.md 2.1:
 * the service is back, it stands where it stood at the failure, nothing is left to catch up with.
 * Knows only facts; a trace of a real run and of a simulated one are alike to it.
 */
import type { CheckpointId } from '../ids.ts'
import type { TraceEvent } from '../trace.ts'
import { Initializations } from './initialization.ts'
import type { SubtaskInitialization } from './initialization.ts'
import { SplitPositions } from './split-positions.ts'
import { SubtaskProgress } from './subtask-progress.ts'

/** Times in ms of the world's clock; null where the run ended first. */
export interface Recovery {
  /** Why the job went down. */
  readonly reason: string
  readonly failedAt: number
  readonly detectedAt: number | null
  /** Every attempt that had to go is gone. */
  readonly canceledAt: number | null
  /** The last restart that it took begins. */
  readonly restartedAt: number | null
  /** The first subtask began to read its state. */
  readonly restoreStartedAt: number | null
  /** Every subtask runs. */
  readonly runningAt: number | null
  /** Every split is read, and every subtask has processed, as far as was known when the job failed. */
  readonly regainedAt: number | null
  readonly caughtUpAt: number | null
  /** Restarts it took. */
  readonly restarts: number
  /** What the last restart began with; null: from nothing, or no restart yet. */
  readonly checkpoint: CheckpointId | null
  /** How old that checkpoint was at the failure, from its trigger; what was read since is read again. */
  readonly ageMs: number | null
  /** The subtasks of the last restart. */
  readonly initializations: readonly SubtaskInitialization[]
}

type Open = { -readonly [K in keyof Recovery]: Recovery[K] }
type Moment = 'detectedAt' | 'restoreStartedAt' | 'runningAt' | 'regainedAt'

const ENDED: ReadonlySet<string> = new Set(['canceled', 'failed', 'finished'])

export class RecoveryTimeline {
  readonly #recoveries: Open[] = []
  /** The worker of each subtask's newest attempt. */
  readonly #workers = new Map<string, string>()
  readonly #notRunning = new Set<string>()
  readonly #triggered = new Map<CheckpointId, number>()
  readonly #positions = new SplitPositions()
  readonly #progress = new SubtaskProgress()
  readonly #initializations = new Initializations()

  get recoveries(): readonly Recovery[] {
    return this.#recoveries
  }

  observe(event: TraceEvent): void {
    this.#initializations.observe(event)
    this.#progress.observe(event)
    switch (event.type) {
      case 'worker-crashed':
        // A worker without subtasks takes nothing down.
        if ([...this.#workers.values()].includes(event.worker)) {
          this.#fail(event.at, `${event.worker} crashed`)
        }
        return
      case 'master-crashed':
        this.#fail(event.at, 'the job master crashed')
        return
      case 'job-status-changed':
        if (event.status !== 'restarting') return
        this.#fail(event.at, event.reason)
        this.#mark('detectedAt', event.at)
        return
      case 'checkpoint-triggered':
        this.#triggered.set(event.checkpoint, event.at)
        return
      case 'restart-started':
        this.#restart(event.at, event.checkpoint)
        return
      case 'subtask-status-changed':
        this.#workers.set(event.subtask, event.worker)
        this.#onStatus(event.subtask, event.status, event.at)
        return
      default:
        this.#onSplit(event)
    }
  }

  #onSplit(event: TraceEvent): void {
    switch (event.type) {
      case 'subtask-progressed':
        this.#checkBehind(event.at)
        return
      case 'split-restored':
      case 'split-assigned':
        this.#positions.start(event)
        return
      case 'split-progressed':
        this.#positions.advance(event)
        this.#checkBehind(event.at)
        return
      case 'split-caught-up':
        this.#positions.catchUp(event)
        this.#checkBehind(event.at)
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
    this.#positions.fail()
    this.#progress.fail()
    this.#recoveries.push({
      reason,
      failedAt: at,
      detectedAt: null,
      canceledAt: null,
      restartedAt: null,
      restoreStartedAt: null,
      runningAt: null,
      regainedAt: null,
      caughtUpAt: null,
      restarts: 0,
      checkpoint: null,
      ageMs: null,
      initializations: [],
    })
  }

  #restart(at: number, checkpoint: CheckpointId | null): void {
    const open = this.#open
    this.#positions.restart()
    this.#progress.restart(checkpoint)
    this.#initializations.restart()
    if (open === undefined) return
    // A job master that took over restarts without having said so before.
    open.detectedAt ??= at
    open.canceledAt ??= open.detectedAt
    const triggeredAt = checkpoint === null ? undefined : this.#triggered.get(checkpoint)
    open.restarts += 1
    open.restartedAt = at
    open.checkpoint = checkpoint
    open.ageMs = triggeredAt === undefined ? null : open.failedAt - triggeredAt
    open.restoreStartedAt = null
    open.runningAt = null
    open.regainedAt = null
    open.initializations = this.#initializations.all
  }

  #onStatus(subtask: string, status: string, at: number): void {
    if (status === 'running') this.#notRunning.delete(subtask)
    else this.#notRunning.add(subtask)
    if (ENDED.has(status)) this.#onEnded(at)
    if (status === 'initializing') this.#mark('restoreStartedAt', at)
    if (status === 'running' && this.#notRunning.size === 0) {
      this.#mark('runningAt', at)
      this.#checkBehind(at)
    }
  }

  /** The last that ends before the restart was waited for. */
  #onEnded(at: number): void {
    const open = this.#open
    if (open !== undefined && open.detectedAt !== null && open.restarts === 0) open.canceledAt = at
  }

  #mark(moment: Moment, at: number): void {
    const open = this.#open
    if (open === undefined || open[moment] !== null) return
    if (moment !== 'detectedAt' && open.restarts === 0) return
    open[moment] = at
  }

  #checkBehind(at: number): void {
    const open = this.#open
    if (open === undefined || open.runningAt === null) return
    const { areRegained, areIdle } = this.#progress
    if (this.#positions.areRegained && areRegained) this.#mark('regainedAt', at)
    if (!this.#positions.areCaughtUp || !areIdle) return
    open.regainedAt ??= at
    open.caughtUpAt = at
  }
}
