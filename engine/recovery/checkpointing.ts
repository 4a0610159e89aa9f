/**
 * Carries out what the checkpoint coordinator decides: timers, messages, storage. No decision is taken here.
 */
import { newCoordinator, step } from '../checkpoint/checkpoint-coordinator.ts'
import type {
  CoordinatorEffect,
  CoordinatorInput,
  CoordinatorState,
  TriggerPlan,
} from '../checkpoint/checkpoint-coordinator.ts'
import { encodeMetadata, metadataKey } from '../checkpoint/checkpoint-metadata.ts'
import type { CheckpointMetadata } from '../checkpoint/checkpoint-metadata.ts'
import { describeFailure } from '../checkpoint/failure.ts'
import { exclusiveObjects } from '../checkpoint/snapshot-handle.ts'
import type { SnapshotHandle } from '../checkpoint/snapshot-handle.ts'
import type { Barrier } from '../element.ts'
import type { CheckpointId } from '../ids.ts'
import { checkpointingSettings } from '../job/job-options.ts'
import type { CheckpointingSettings } from '../job/job-options.ts'
import type { MasterMessage } from '../messages.ts'
import type { Mutants } from '../mutants.ts'
import type { Runtime, StoragePort, Timer } from '../runtime.ts'
import type { SourceCoordinator } from '../source/source-coordinator.ts'
import { SharedObjects } from './shared-objects.ts'

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
  failJob(reason: string): void
}

/** Without periodic checkpoints there is only the one that commits what was written. */
export const ONLY_FINAL: CheckpointingSettings = checkpointingSettings({
  intervalMs: Number.MAX_SAFE_INTEGER,
})

export class Checkpointing {
  readonly #host: CheckpointingHost
  readonly #shared: SharedObjects
  #state: CoordinatorState = newCoordinator()
  #intervalTimer: Timer | null = null
  #timeoutTimer: Timer | null = null
  /** Only for the mutant that restores an older checkpoint. */
  #beforeLatest: CheckpointMetadata | null = null

  constructor(host: CheckpointingHost) {
    this.#host = host
    this.#shared = new SharedObjects(host.storage, host.mutants)
  }

  /** What a restart begins with. */
  get restorePoint(): CheckpointMetadata | null {
    const { mutants } = this.#host
    if (this.#beforeLatest !== null && mutants.active('restore-older-checkpoint')) {
      return this.#beforeLatest
    }
    return this.#state.latestCompleted
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

  stop(failure: 'failover' | 'job-ended'): void {
    this.#step({ type: 'scheduler-stopped', failure: { type: failure } })
  }

  acknowledged(checkpoint: CheckpointId, handle: SnapshotHandle): void {
    const { runtime } = this.#host
    const { subtask, attempt, sizeBytes, writtenBytes, metrics } = handle
    this.#shared.acknowledged(checkpoint, handle)
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
    const [state, effects] = step(this.#state, input, {
      config,
      now: runtime.now(),
      missingAllowed:
        input.type === 'acknowledged' && mutants.active('checkpoint-completes-early') ? 1 : 0,
    })
    this.#state = state
    for (const effect of effects) this.#carryOut(effect)
  }

  #carryOut(effect: CoordinatorEffect): void {
    const { runtime, coordinators } = this.#host
    switch (effect.type) {
      case 'schedule-interval':
        this.#scheduleInterval(effect.delayMs)
        return
      case 'cancel-interval':
        this.#intervalTimer = this.#cancel(this.#intervalTimer)
        return
      case 'schedule-timeout':
        this.#timeoutTimer = runtime.schedule(effect.delayMs, 'checkpoint-timeout', () => {
          this.#step({ type: 'timed-out', checkpoint: effect.checkpoint })
        })
        return
      case 'cancel-timeout':
        this.#timeoutTimer = this.#cancel(this.#timeoutTimer)
        return
      case 'skip':
        runtime.trace({ type: 'checkpoint-skipped', reason: effect.reason })
        return
      case 'announce':
        runtime.trace({
          type: 'checkpoint-triggered',
          checkpoint: effect.checkpoint,
          kind: effect.kind,
          alignment: 'aligned',
        })
        return
      case 'snapshot-coordinators':
        this.#snapshotCoordinators(effect.checkpoint, coordinators)
        return
      case 'trigger-sources':
        this.#host.triggerSources({
          type: 'barrier',
          checkpoint: effect.checkpoint,
          timestamp: effect.triggeredAt,
          kind: effect.kind,
          alignment: 'aligned',
          base: this.#shared.triggered(effect.checkpoint, effect.kind),
        })
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
          | 'notify-complete'
          | 'notify-aborted'
          | 'discard'
          | 'subsume'
          | 'fail-job'
      }
    >,
  ): void {
    switch (effect.type) {
      case 'store-metadata':
        this.#store(effect.metadata)
        return
      case 'notify-complete':
        this.#complete(effect.metadata, effect.durationMs)
        return
      case 'notify-aborted': {
        const { checkpoint, failure, latestCompleted } = effect
        const reason = describeFailure(failure)
        this.#host.runtime.trace({ type: 'checkpoint-aborted', checkpoint, reason })
        this.#shared.ended(checkpoint)
        for (const coordinator of this.#host.coordinators.values()) {
          coordinator.onCheckpointEnded(checkpoint)
        }
        this.#host.notifyAborted(checkpoint, latestCompleted)
        return
      }
      case 'discard':
        for (const handle of effect.handles) this.#deleteObjects(handle)
        return
      case 'subsume':
        this.#subsume(effect.metadata)
        return
      case 'fail-job':
        this.#host.failJob(effect.reason)
        return
    }
  }

  #scheduleInterval(delayMs: number): void {
    this.#intervalTimer = this.#host.runtime.schedule(delayMs, 'checkpoint-interval', () => {
      this.#step({ type: 'interval-elapsed', plan: this.#host.plan() })
    })
  }

  #cancel(timer: Timer | null): null {
    if (timer !== null) this.#host.runtime.cancel(timer)
    return null
  }

  #snapshotCoordinators(
    checkpoint: CheckpointId,
    coordinators: ReadonlyMap<string, SourceCoordinator>,
  ): void {
    for (const [uid, coordinator] of coordinators) {
      coordinator.checkpoint(checkpoint, (state) => {
        this.#step({ type: 'coordinator-snapshotted', checkpoint, uid, state })
      })
    }
  }

  #store(metadata: CheckpointMetadata): void {
    const { checkpoint } = metadata
    this.#host.storage.put(metadataKey(checkpoint), [encodeMetadata(metadata)], (result) => {
      if (result.type === 'ok') this.#step({ type: 'metadata-stored', checkpoint })
      else this.#step({ type: 'metadata-failed', checkpoint, reason: result.reason })
    })
  }

  #complete(metadata: CheckpointMetadata, durationMs: number): void {
    const { checkpoint, kind, handles } = metadata
    this.#shared.completed(metadata)
    this.#host.runtime.trace({
      type: 'checkpoint-completed',
      checkpoint,
      kind,
      location: metadataKey(checkpoint),
      sizeBytes: handles.reduce((sum, handle) => sum + handle.sizeBytes, 0),
      writtenBytes: handles.reduce((sum, handle) => sum + handle.writtenBytes, 0),
      durationMs,
    })
    for (const coordinator of this.#host.coordinators.values()) {
      coordinator.onCheckpointEnded(checkpoint)
    }
    this.#host.notifyComplete(checkpoint)
  }

  #subsume(metadata: CheckpointMetadata): void {
    const { storage, runtime, mutants } = this.#host
    this.#beforeLatest = metadata
    if (mutants.active('restore-older-checkpoint')) return
    runtime.trace({ type: 'checkpoint-subsumed', checkpoint: metadata.checkpoint })
    storage.delete(metadataKey(metadata.checkpoint))
    this.#shared.ended(metadata.checkpoint, metadata.handles)
    for (const handle of metadata.handles) this.#deleteObjects(handle)
  }

  #deleteObjects(handle: SnapshotHandle): void {
    for (const { key } of exclusiveObjects(handle)) this.#host.storage.delete(key)
  }
}
