/** The state of the checkpoint coordinator: how it begins, and the small steps of which the others are made. */
import { checkpointId, millis } from '../ids.ts'
import type { CheckpointId } from '../ids.ts'
import type { CompletedCheckpoint, CompletedCheckpoints } from './completed-checkpoints.ts'
import type { CheckpointRequest } from './checkpoint-requests.ts'
import type {
  CoordinatorEffect,
  CoordinatorState,
  Step,
  StepContext,
} from './coordinator-protocol.ts'
import { NO_FAILURES } from './failure-counter.ts'
import type { PendingCheckpoint } from './pending-checkpoint.ts'

export interface CoordinatorStart {
  /** Greater than every id that was ever used (F-I1). */
  readonly nextId: CheckpointId
  /** What can be restored, oldest first. */
  readonly completed: CompletedCheckpoints
  /** The next checkpoint must not refer to what was restored: that belongs to somebody else. */
  readonly isFullForced: boolean
}

export const FRESH_START: CoordinatorStart = {
  nextId: checkpointId(1),
  completed: [],
  isFullForced: false,
}

export function newCoordinator(start = FRESH_START): CoordinatorState {
  return {
    ...start,
    isPeriodic: false,
    hasInputEnded: false,
    isBacklog: false,
    nextTriggerAt: null,
    queue: [],
    pending: new Map(),
    cleaning: 0,
    lastCompletedAt: null,
    failures: NO_FAILURES,
    expired: [],
    named: [],
    abandoned: new Map(),
    isSuspended: false,
  }
}

/** So many checkpoints are remembered after they have ended. */
const REMEMBERED_MAX = 16

export function remember<T>(remembered: readonly T[], one: T): readonly T[] {
  return [...remembered, one].slice(-REMEMBERED_MAX)
}

/** What a restart begins with. */
export function latestCompleted({ completed }: CoordinatorState): CompletedCheckpoint | null {
  return completed.at(-1) ?? null
}

export function withPending(state: CoordinatorState, pending: PendingCheckpoint): CoordinatorState {
  return { ...state, pending: new Map(state.pending).set(pending.id, pending) }
}

export function withoutPending(state: CoordinatorState, id: CheckpointId): CoordinatorState {
  const pending = new Map(state.pending)
  pending.delete(id)
  return { ...state, pending }
}

/** The timer of the interval, set anew; null cancels it. */
export function schedule(
  state: CoordinatorState,
  delayMs: number | null,
  { now }: StepContext,
): Step {
  const cancel: readonly CoordinatorEffect[] =
    state.nextTriggerAt === null ? [] : [{ type: 'cancel-interval' }]
  if (delayMs === null) return [{ ...state, nextTriggerAt: null }, cancel]
  const nextTriggerAt = millis(now + delayMs)
  return [{ ...state, nextTriggerAt }, [...cancel, { type: 'schedule-interval', delayMs }]]
}

export function skip({ savepoint }: CheckpointRequest, reason: string): CoordinatorEffect {
  return { type: 'skip', reason, savepoint }
}
