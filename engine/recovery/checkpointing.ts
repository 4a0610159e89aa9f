/**
 * Carries out what the checkpoint coordinator decides: timers, messages, storage. No decision is taken here.
 */
import { alignmentOf } from '../checkpoint/alignment-of.ts'
import { step } from '../checkpoint/checkpoint-coordinator.ts'
import type { CompletedCheckpoint } from '../checkpoint/completed-checkpoints.ts'
import type {
  CoordinatorEffect,
  CoordinatorInput,
  CoordinatorState,
  TriggerPlan,
} from '../checkpoint/coordinator-protocol.ts'
import { latestCompleted, newCoordinator } from '../checkpoint/coordinator-state.ts'
import type { CoordinatorStart } from '../checkpoint/coordinator-state.ts'
import { isSynchronous } from '../checkpoint/checkpoint-kind.ts'
import { encodeMetadata, metadataKey } from '../checkpoint/checkpoint-metadata.ts'
import type { CheckpointMetadata } from '../checkpoint/checkpoint-metadata.ts'
import type { SavepointTarget } from '../checkpoint/checkpoint-requests.ts'
import { describeFailure } from '../checkpoint/failure.ts'
import type { PendingCheckpoint } from '../checkpoint/pending-checkpoint.ts'
import { encodeAt } from '../checkpoint/savepoint-metadata.ts'
import type { SnapshotHandle } from '../checkpoint/snapshot-handle.ts'
import type { Barrier } from '../element.ts'
import type { CheckpointId, SubtaskId } from '../ids.ts'
import { checkpointingSettings } from '../job/job-options.ts'
import type { CheckpointingSettings } from '../job/job-options.ts'
import type { MasterMessage } from '../messages.ts'
import type { Mutants } from '../mutants.ts'
import type { Runtime, StorageKey, StoragePort, Timer, WriteResult } from '../runtime.ts'
import type { SourceCoordinator } from '../source/source-coordinator.ts'
import { CheckpointObjects } from './checkpoint-objects.ts'

/** What became of a requested savepoint. */
export type SavepointOutcome =
  | {
      readonly type: 'completed'
      readonly checkpoint: CheckpointId
      readonly location: string
    }
  | { readonly type: 'failed'; readonly reason: string }

export interface CheckpointingHost {
  readonly runtime: Runtime
  readonly storage: StoragePort
  readonly mutants: Mutants
  readonly config: CheckpointingSettings
  /** Operator coordinators by uid. */
  readonly coordinators: ReadonlyMap<string, SourceCoordinator>
  plan(): TriggerPlan
  triggerSources(barrier: Barrier): void
  notifyComplete(checkpoint: CheckpointId): void
  notifyAborted(checkpoint: CheckpointId, latestCompleted: CheckpointId | null): void
  /** `task`: only what is connected with it has to start again. Null: everything. */
  failJob(reason: string, task: SubtaskId | null): void
  onSavepoint(target: SavepointTarget, outcome: SavepointOutcome): void
}

/** Without periodic checkpoints there is only the one that commits what was written. */
export const ONLY_FINAL: CheckpointingSettings = checkpointingSettings({
  intervalMs: Number.MAX_SAFE_INTEGER,
})

export class Checkpointing {
  readonly #host: CheckpointingHost
  readonly #objects: CheckpointObjects
  #state: CoordinatorState
  #intervalTimer: Timer | null = null
  readonly #timeoutTimers = new Map<CheckpointId, Timer>()
  /** Only for the mutant that restores an older checkpoint. */
  #beforeLatest: CheckpointMetadata | null = null

  /** `start`: what a former job or job master left, to go on with. */
  constructor(host: CheckpointingHost, start?: CoordinatorStart) {
    this.#host = host
    this.#objects = new CheckpointObjects(host.storage, host.mutants, start?.completed ?? [])
    this.#state = newCoordinator(start)
  }

  /** What a restart begins with. */
  get restorePoint(): CheckpointMetadata | null {
    const { mutants } = this.#host
    if (this.#beforeLatest !== null && mutants.active('restore-older-checkpoint')) {
      return this.#beforeLatest
    }
    return latestCompleted(this.#state)?.metadata ?? null
  }

  /** What can be restored, oldest first. */
  get completed(): readonly CompletedCheckpoint[] {
    return this.#state.completed
  }

  /** The id of the next checkpoint. */
  get nextId(): CheckpointId {
    return this.#state.nextId
  }

  /** Begins periodic checkpoints, the first after a random part of the interval (Flink getRandomInitDelay). */
  start(): void {
    const { runtime, config } = this.#host
    const span = Math.max(0, Math.floor(config.intervalMs - config.minPauseMs))
    const firstDelayMs = config.minPauseMs + runtime.random('first-checkpoint', span + 1)
    this.#step({ type: 'scheduler-started', firstDelayMs })
  }

  /** Every subtask has emitted its last record. */
  inputEnded(): void {
    this.#step({ type: 'input-ended' })
  }

  /** Some source reads what has piled up, or none does any more. */
  backlogChanged(isBacklog: boolean): void {
    if (isBacklog !== this.#state.isBacklog) this.#step({ type: 'backlog-changed', isBacklog })
  }

  requestSavepoint(kind: 'savepoint' | 'stop' | 'drain', target: SavepointTarget): void {
    this.#step({ type: 'savepoint-requested', kind, target })
  }

  stop(failure: 'failover' | 'job-ended'): void {
    this.#step({ type: 'scheduler-stopped', failure: { type: failure } })
  }

  /** The job is over: what is left of its checkpoints goes or stays (Flink ExternalizedCheckpointRetention). */
  jobEnded(status: 'finished' | 'failed' | 'canceled'): void {
    const { externalized } = this.#host.config
    const isKept =
      (status === 'failed' && externalized !== 'none') ||
      (status === 'canceled' && externalized === 'retain-on-cancellation')
    if (isKept) return
    for (const completed of this.#state.completed) {
      if (completed.isOwned) this.#objects.deleteCheckpoint(completed)
      else this.#objects.forget(completed)
    }
  }

  acknowledged(checkpoint: CheckpointId, handle: SnapshotHandle): void {
    const { runtime } = this.#host
    const { subtask, attempt, sizeBytes, writtenBytes, metrics } = handle
    this.#objects.acknowledged(checkpoint, handle)
    runtime.trace({
      type: 'checkpoint-acknowledged',
      checkpoint,
      subtask,
      attempt,
      sizeBytes,
      writtenBytes,
      metrics,
    })
    this.#step({ type: 'acknowledged', checkpoint, handle })
  }

  declined(message: Extract<MasterMessage, { type: 'decline-checkpoint' }>): void {
    const { checkpoint, subtask, reason, isFailure } = message
    this.#host.runtime.trace({ type: 'checkpoint-declined', checkpoint, subtask, reason })
    const failure = { type: 'declined', subtask, reason, isFailure } as const
    this.#step({ type: 'declined', checkpoint, failure })
  }

  #step(input: CoordinatorInput): void {
    const { runtime, config, mutants } = this.#host
    const plan = (): TriggerPlan => this.#host.plan()
    const [state, effects] = step(this.#state, input, { config, now: runtime.now(), plan, mutants })
    this.#state = state
    for (const effect of effects) this.#carryOut(effect)
  }

  #carryOut(effect: CoordinatorEffect): void {
    const { runtime } = this.#host
    switch (effect.type) {
      case 'schedule-interval':
        this.#intervalTimer = runtime.schedule(effect.delayMs, 'checkpoint-interval', () => {
          this.#step({ type: 'interval-elapsed' })
        })
        return
      case 'cancel-interval':
        if (this.#intervalTimer !== null) runtime.cancel(this.#intervalTimer)
        return
      case 'schedule-timeout':
        this.#scheduleTimeout(effect.checkpoint, effect.delayMs)
        return
      case 'cancel-timeout':
        this.#cancelTimeout(effect.checkpoint)
        return
      case 'skip':
        this.#skip(effect.reason, effect.savepoint)
        return
      case 'announce':
        runtime.trace({
          type: 'checkpoint-triggered',
          checkpoint: effect.checkpoint,
          kind: effect.kind,
          alignment: alignmentOf(effect.kind, this.#host.config).alignment,
        })
        return
      case 'snapshot-coordinators':
        this.#snapshotCoordinators(effect.checkpoint)
        return
      case 'trigger-sources':
        this.#triggerSources(effect.pending)
        return
      default:
        this.#end(effect)
    }
  }

  #end(
    effect: Extract<
      CoordinatorEffect,
      {
        type:
          | 'store-metadata'
          | 'complete'
          | 'notify-aborted'
          | 'discard'
          | 'delete-metadata'
          | 'subsume'
          | 'fail-job'
      }
    >,
  ): void {
    switch (effect.type) {
      case 'store-metadata':
        this.#store(effect.metadata, effect.location)
        return
      case 'complete':
        this.#complete(effect)
        return
      case 'notify-aborted':
        this.#aborted(effect)
        return
      case 'discard':
        this.#objects.discard(effect.handles, effect.ended)
        return
      case 'delete-metadata':
        this.#host.storage.delete(effect.location)
        return
      case 'subsume':
        this.#subsume(effect.checkpoint)
        return
      case 'fail-job':
        this.#host.failJob(effect.reason, effect.task)
        return
    }
  }

  #triggerSources(pending: PendingCheckpoint): void {
    const { id, kind, isFull } = pending
    const base = this.#objects.triggered(id, kind, isFull)
    const alignment = alignmentOf(kind, this.#host.config)
    this.#host.triggerSources({ ...barrierOf(pending, base), ...alignment })
  }

  #scheduleTimeout(checkpoint: CheckpointId, delayMs: number): void {
    const timer = this.#host.runtime.schedule(delayMs, 'checkpoint-timeout', () => {
      this.#step({ type: 'timed-out', checkpoint })
    })
    this.#timeoutTimers.set(checkpoint, timer)
  }

  #cancelTimeout(checkpoint: CheckpointId): void {
    const timer = this.#timeoutTimers.get(checkpoint)
    if (timer !== undefined) this.#host.runtime.cancel(timer)
    this.#timeoutTimers.delete(checkpoint)
  }

  #skip(reason: string, savepoint: SavepointTarget | null): void {
    this.#host.runtime.trace({ type: 'checkpoint-skipped', reason })
    if (savepoint !== null) this.#host.onSavepoint(savepoint, { type: 'failed', reason })
  }

  #snapshotCoordinators(checkpoint: CheckpointId): void {
    for (const [uid, coordinator] of this.#host.coordinators) {
      coordinator.checkpoint(checkpoint, (state) => {
        this.#step({ type: 'coordinator-snapshotted', checkpoint, uid, state })
      })
    }
  }

  /** A savepoint that commits is also named where a successor of the job master looks for checkpoints. */
  #store(metadata: CheckpointMetadata, location: StorageKey): void {
    const { checkpoint, kind } = metadata
    const { storage } = this.#host
    storage.put(location, [encodeAt(metadata, location)], (result) => {
      if (result.type !== 'ok' || !isSynchronous(kind)) {
        this.#stored(checkpoint, result)
        return
      }
      storage.put(metadataKey(checkpoint), [encodeMetadata(metadata)], (named) => {
        const { type } = named
        this.#stored(checkpoint, type === 'failed' ? { ...named, type: 'unknown' } : named)
      })
    })
  }

  #stored(checkpoint: CheckpointId, result: WriteResult): void {
    if (result.type === 'ok') {
      this.#step({ type: 'metadata-stored', checkpoint })
      return
    }
    const { type, reason } = result
    this.#step({ type: 'metadata-failed', checkpoint, reason, isUncertain: type === 'unknown' })
  }

  #complete({
    metadata,
    location,
    durationMs,
    savepoint,
    isNotified,
  }: Extract<CoordinatorEffect, { type: 'complete' }>): void {
    const { checkpoint, kind, handles } = metadata
    this.#objects.completed(metadata)
    this.#host.runtime.trace({
      type: 'checkpoint-completed',
      checkpoint,
      kind,
      location,
      sizeBytes: handles.reduce((sum, handle) => sum + handle.sizeBytes, 0),
      writtenBytes: handles.reduce((sum, handle) => sum + handle.writtenBytes, 0),
      durationMs,
    })
    for (const coordinator of this.#host.coordinators.values()) {
      coordinator.onCheckpointEnded(checkpoint)
    }
    if (isNotified) this.#host.notifyComplete(checkpoint)
    if (savepoint === null) return
    this.#host.onSavepoint(savepoint, {
      type: 'completed',
      checkpoint,
      location: savepoint.location,
    })
  }

  #aborted({
    checkpoint,
    failure,
    latestCompleted: latest,
    savepoint,
  }: Extract<CoordinatorEffect, { type: 'notify-aborted' }>): void {
    const reason = describeFailure(failure)
    this.#host.runtime.trace({ type: 'checkpoint-aborted', checkpoint, reason })
    for (const coordinator of this.#host.coordinators.values()) {
      coordinator.onCheckpointEnded(checkpoint)
    }
    this.#host.notifyAborted(checkpoint, latest)
    if (savepoint !== null) this.#host.onSavepoint(savepoint, { type: 'failed', reason })
  }

  #subsume(completed: CompletedCheckpoint): void {
    const { runtime, mutants } = this.#host
    this.#beforeLatest = completed.metadata
    const cleaned = (): void => {
      this.#step({ type: 'cleaned' })
    }
    if (mutants.active('restore-older-checkpoint')) {
      runtime.schedule(0, 'cleaned', cleaned)
      return
    }
    runtime.trace({ type: 'checkpoint-subsumed', checkpoint: completed.metadata.checkpoint })
    if (completed.isOwned) this.#objects.deleteCheckpoint(completed, cleaned)
    else {
      this.#objects.forget(completed)
      runtime.schedule(0, 'cleaned', cleaned)
    }
  }
}

function barrierOf(
  { id, triggeredAt, kind, isFull, savepoint }: PendingCheckpoint,
  base: CheckpointId | null,
): Omit<Barrier, 'alignment' | 'alignedTimeoutMs'> {
  return {
    type: 'barrier',
    checkpoint: id,
    timestamp: triggeredAt,
    kind,
    base,
    ...(isFull ? { isFull } : {}),
    ...(savepoint === null ? {} : { location: savepoint.location }),
  }
}
