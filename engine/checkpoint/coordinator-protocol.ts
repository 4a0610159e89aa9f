/** What the checkpoint coordinator knows, is told, and wants done: the vocabulary of its step function. */
import type { CheckpointKind } from '../element.ts'
import type { AttemptId, CheckpointId, Millis, SubtaskId } from '../ids.ts'
import type { Mutants } from '../mutants.ts'
import type { StorageKey } from '../runtime.ts'
import type { CheckpointMetadata, VertexShape } from './checkpoint-metadata.ts'
import type { RequestQueue, SavepointTarget } from './checkpoint-requests.ts'
import type { CompletedCheckpoint, CompletedCheckpoints } from './completed-checkpoints.ts'
import type { CheckpointFailure } from './failure.ts'
import type { FailureCounter } from './failure-counter.ts'
import type { PendingCheckpoint } from './pending-checkpoint.ts'
import type { SnapshotHandle } from './snapshot-handle.ts'

export interface CoordinatorConfig {
  readonly intervalMs: number
  /** While a source catches up with a backlog; 0: none then. */
  readonly intervalDuringBacklogMs: number
  readonly minPauseMs: number
  readonly timeoutMs: number
  readonly tolerableFailures: number
  readonly maxConcurrent: number
  readonly retained: number
  /** Savepoints then wait for pending checkpoints to end: these overtake. */
  readonly unaligned: boolean
}

export interface CoordinatorState {
  readonly nextId: CheckpointId
  /** The job runs and the interval triggers. */
  readonly isPeriodic: boolean
  /** The interval waits for the outcome of the savepoint with which the job is to stop. */
  readonly isSuspended: boolean
  /** Every subtask has emitted its last record. */
  readonly hasInputEnded: boolean
  readonly isBacklog: boolean
  /** When the interval elapses; null: nobody waits for it. */
  readonly nextTriggerAt: Millis | null
  readonly queue: RequestQueue
  readonly pending: ReadonlyMap<CheckpointId, PendingCheckpoint>
  readonly completed: CompletedCheckpoints
  /** Subsumed checkpoints whose objects are still being deleted. */
  readonly cleaning: number
  readonly lastCompletedAt: Millis | null
  readonly failures: FailureCounter
  /** The last ones that took too long, oldest first. */
  readonly expired: readonly CheckpointId[]
  /** The last whose metadata is stored, or may be: what they name is not deleted for an acknowledgement that comes again. */
  readonly named: readonly PendingCheckpoint[]
  /** Aborted while their metadata was being written: what was stored goes when the storage has answered. */
  readonly abandoned: ReadonlyMap<CheckpointId, PendingCheckpoint>
  /** Nothing that was restored may be referred to: the next checkpoint is whole. */
  readonly isFullForced: boolean
}

/** What a trigger needs to know about the job at that moment. */
export interface TriggerPlan {
  /** Null when some subtask does not run. */
  readonly expected: ReadonlyMap<SubtaskId, AttemptId> | null
  readonly coordinators: readonly string[]
  readonly vertices: readonly VertexShape[]
}

export type CoordinatorInput =
  /** The job runs: begin the periodic triggers, the first after `firstDelayMs`. */
  | { readonly type: 'scheduler-started'; readonly firstDelayMs: number }
  /** The job restarts or ends: abort what is pending and trigger no more. */
  | { readonly type: 'scheduler-stopped'; readonly failure: CheckpointFailure }
  /** Every subtask has emitted its last record: take the final checkpoint now, and again until one completes. */
  | { readonly type: 'input-ended' }
  | { readonly type: 'backlog-changed'; readonly isBacklog: boolean }
  | { readonly type: 'interval-elapsed' }
  | {
      readonly type: 'savepoint-requested'
      readonly kind: 'savepoint' | 'stop' | 'drain'
      readonly target: SavepointTarget
    }
  | {
      readonly type: 'coordinator-snapshotted'
      readonly checkpoint: CheckpointId
      readonly uid: string
      readonly state: Uint8Array
    }
  | {
      readonly type: 'acknowledged'
      readonly checkpoint: CheckpointId
      readonly handle: SnapshotHandle
    }
  | {
      readonly type: 'declined'
      readonly checkpoint: CheckpointId
      readonly failure: Extract<CheckpointFailure, { type: 'declined' }>
    }
  | { readonly type: 'timed-out'; readonly checkpoint: CheckpointId }
  | { readonly type: 'metadata-stored'; readonly checkpoint: CheckpointId }
  | {
      readonly type: 'metadata-failed'
      readonly checkpoint: CheckpointId
      readonly reason: string
      /** It may be stored all the same. */
      readonly isUncertain: boolean
    }
  /** The objects of a subsumed checkpoint are deleted. */
  | { readonly type: 'cleaned' }

export type CoordinatorEffect =
  | { readonly type: 'schedule-interval'; readonly delayMs: number }
  | { readonly type: 'cancel-interval' }
  | {
      readonly type: 'schedule-timeout'
      readonly checkpoint: CheckpointId
      readonly delayMs: number
    }
  | { readonly type: 'cancel-timeout'; readonly checkpoint: CheckpointId }
  /** A request came to nothing before it had an id. */
  | { readonly type: 'skip'; readonly reason: string; readonly savepoint: SavepointTarget | null }
  | { readonly type: 'announce'; readonly checkpoint: CheckpointId; readonly kind: CheckpointKind }
  | { readonly type: 'snapshot-coordinators'; readonly checkpoint: CheckpointId }
  | { readonly type: 'trigger-sources'; readonly pending: PendingCheckpoint }
  | {
      readonly type: 'store-metadata'
      readonly metadata: CheckpointMetadata
      readonly location: StorageKey
    }
  /** Its metadata is durable. `isNotified` false: a savepoint on the way, which commits nothing. */
  | {
      readonly type: 'complete'
      readonly metadata: CheckpointMetadata
      readonly location: StorageKey
      readonly durationMs: number
      readonly savepoint: SavepointTarget | null
      readonly isNotified: boolean
    }
  | {
      readonly type: 'notify-aborted'
      readonly checkpoint: CheckpointId
      readonly failure: CheckpointFailure
      readonly latestCompleted: CheckpointId | null
      readonly savepoint: SavepointTarget | null
    }
  /** The handles belong to no checkpoint. `ended`: the one that is over with that. */
  | {
      readonly type: 'discard'
      readonly handles: readonly SnapshotHandle[]
      readonly ended: CheckpointId | null
    }
  /** Metadata that was written for a checkpoint which was aborted meanwhile. */
  | { readonly type: 'delete-metadata'; readonly location: StorageKey }
  | { readonly type: 'subsume'; readonly checkpoint: CompletedCheckpoint }
  /** `task`: only what is connected with it has to start again. Null: everything. */
  | { readonly type: 'fail-job'; readonly reason: string; readonly task: SubtaskId | null }

export interface StepContext {
  readonly config: CoordinatorConfig
  readonly now: Millis
  readonly plan: () => TriggerPlan
  readonly mutants: Mutants
}

export type Step = readonly [state: CoordinatorState, effects: readonly CoordinatorEffect[]]
