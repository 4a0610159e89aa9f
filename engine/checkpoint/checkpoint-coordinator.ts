/**
 * The checkpoint coordinator as a step function: decides when to trigger, counts acknowledgements, completes, aborts.
 * It knows ids and handles, nothing of operators, channels or storage. Invariants F-I1 (ids strictly increase),
 * F-I2 (completion is announced only when the metadata is durable), F-I5 (only acknowledgements of the current attempt).
 * Source: Flink CheckpointCoordinator, CheckpointRequestDecider, PendingCheckpoint (flink-semantics.md 3.2).
 *
 *   requested ──plan──▶ coordinating ──all coordinators──▶ collecting ──all acknowledged──▶ storing ──durable──▶ completed
 *                            │                                 │                              │
 *                            └──────────── aborted ◀── timeout, decline, failover, storage ◀──┘
 */
import { assert } from '../assert.ts'
import type { CheckpointKind } from '../element.ts'
import { checkpointId } from '../ids.ts'
import type { AttemptId, CheckpointId, Millis, SubtaskId } from '../ids.ts'
import type { CheckpointMetadata } from './checkpoint-metadata.ts'
import type { CheckpointFailure } from './failure.ts'
import { NO_FAILURES, onCheckpointFailed, onCheckpointSucceeded } from './failure-counter.ts'
import type { FailureCounter } from './failure-counter.ts'
import type { SnapshotHandle } from './snapshot-handle.ts'

export interface CoordinatorConfig {
  readonly intervalMs: number
  readonly minPauseMs: number
  readonly timeoutMs: number
  readonly tolerableFailures: number
}

/** How soon a final checkpoint that could not be triggered, or failed, is tried again. */
const FINAL_RETRY_MS = 100

/** Where a pending checkpoint stands. */
export type PendingPhase =
  /** Waiting for the operator coordinators' snapshots; no barrier exists yet. */
  | 'coordinating'
  /** Barriers are out; waiting for the subtasks. */
  | 'collecting'
  /** Everybody acknowledged; the metadata is being written. */
  | 'storing'

export interface PendingCheckpoint {
  readonly id: CheckpointId
  readonly phase: PendingPhase
  readonly kind: CheckpointKind
  readonly triggeredAt: Millis
  /** Subtasks with the attempts whose acknowledgement counts. */
  readonly expected: ReadonlyMap<SubtaskId, AttemptId>
  readonly handles: readonly SnapshotHandle[]
  readonly missingCoordinators: readonly string[]
  readonly coordinators: CheckpointMetadata['coordinators']
}

export interface CoordinatorState {
  readonly nextId: CheckpointId
  readonly isPeriodic: boolean
  /** Every subtask has emitted its last record. */
  readonly hasInputEnded: boolean
  readonly pending: PendingCheckpoint | null
  readonly latestCompleted: CheckpointMetadata | null
  readonly lastCompletedAt: Millis | null
  readonly failures: FailureCounter
}

/** What a trigger needs to know about the job at that moment. */
export interface TriggerPlan {
  /** Null when some subtask does not run. */
  readonly expected: ReadonlyMap<SubtaskId, AttemptId> | null
  readonly coordinators: readonly string[]
}

export type CoordinatorInput =
  /** The job runs: begin the periodic triggers, the first after `firstDelayMs`. */
  | { readonly type: 'scheduler-started'; readonly firstDelayMs: number }
  /** The job restarts or ends: abort what is pending and trigger no more. */
  | { readonly type: 'scheduler-stopped'; readonly failure: CheckpointFailure }
  /** Every subtask has emitted its last record: take the final checkpoint now, and again until one completes. */
  | { readonly type: 'input-ended' }
  | { readonly type: 'interval-elapsed'; readonly plan: TriggerPlan }
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
      readonly failure: CheckpointFailure
    }
  | { readonly type: 'timed-out'; readonly checkpoint: CheckpointId }
  | { readonly type: 'metadata-stored'; readonly checkpoint: CheckpointId }
  | {
      readonly type: 'metadata-failed'
      readonly checkpoint: CheckpointId
      readonly reason: string
    }

export type CoordinatorEffect =
  | { readonly type: 'schedule-interval'; readonly delayMs: number }
  | { readonly type: 'cancel-interval' }
  | {
      readonly type: 'schedule-timeout'
      readonly checkpoint: CheckpointId
      readonly delayMs: number
    }
  | { readonly type: 'cancel-timeout' }
  | { readonly type: 'skip'; readonly reason: string }
  | { readonly type: 'announce'; readonly checkpoint: CheckpointId; readonly kind: CheckpointKind }
  | { readonly type: 'snapshot-coordinators'; readonly checkpoint: CheckpointId }
  | {
      readonly type: 'trigger-sources'
      readonly checkpoint: CheckpointId
      readonly triggeredAt: Millis
      readonly kind: CheckpointKind
    }
  | { readonly type: 'store-metadata'; readonly metadata: CheckpointMetadata }
  | {
      readonly type: 'notify-complete'
      readonly metadata: CheckpointMetadata
      readonly durationMs: number
    }
  | {
      readonly type: 'notify-aborted'
      readonly checkpoint: CheckpointId
      readonly failure: CheckpointFailure
      readonly latestCompleted: CheckpointId | null
    }
  /** Its handles belong to no checkpoint any more. */
  | { readonly type: 'discard'; readonly handles: readonly SnapshotHandle[] }
  | { readonly type: 'subsume'; readonly metadata: CheckpointMetadata }
  | { readonly type: 'fail-job'; readonly reason: string }

type Step = readonly [state: CoordinatorState, effects: readonly CoordinatorEffect[]]

export interface StepContext {
  readonly config: CoordinatorConfig
  readonly now: Millis
  /** Mutant B-6: one acknowledgement too few is enough. */
  readonly missingAllowed: number
}

/** What a coordinator begins with. */
export interface CoordinatorStart {
  readonly nextId: CheckpointId
  /** What can be restored, oldest first. */
  readonly completed: readonly CheckpointMetadata[]
}

export function newCoordinator(start?: CoordinatorStart): CoordinatorState {
  return {
    nextId: start?.nextId ?? checkpointId(1),
    isPeriodic: false,
    hasInputEnded: false,
    pending: null,
    latestCompleted: start?.completed.at(-1) ?? null,
    lastCompletedAt: null,
    failures: NO_FAILURES,
  }
}

export function step(state: CoordinatorState, input: CoordinatorInput, context: StepContext): Step {
  switch (input.type) {
    case 'scheduler-started':
      return [
        { ...state, isPeriodic: true },
        [{ type: 'schedule-interval', delayMs: input.firstDelayMs }],
      ]
    case 'input-ended':
      return [
        { ...state, isPeriodic: true, hasInputEnded: true },
        [{ type: 'cancel-interval' }, { type: 'schedule-interval', delayMs: 0 }],
      ]
    case 'scheduler-stopped':
      return stop(state, input.failure)
    case 'interval-elapsed':
      return onInterval(state, input.plan, context)
    case 'coordinator-snapshotted':
      return onCoordinator(state, input)
    case 'acknowledged':
      return onAcknowledged(state, input.checkpoint, input.handle, context)
    case 'declined':
      if (state.pending?.id !== input.checkpoint) return [state, []]
      return abort(state, state.pending, input.failure, context)
    case 'timed-out':
      if (state.pending?.id !== input.checkpoint) return [state, []]
      return abort(
        state,
        state.pending,
        { type: 'expired', afterMs: context.config.timeoutMs },
        context,
      )
    case 'metadata-stored':
      return onStored(state, input.checkpoint, context)
    case 'metadata-failed':
      if (state.pending?.id !== input.checkpoint) return [state, []]
      return abort(state, state.pending, { type: 'storage-failed', reason: input.reason }, context)
  }
}

/** The base period: never shorter than the pause (Flink `max(interval, minPause)`). */
export function basePeriodMs({ intervalMs, minPauseMs }: CoordinatorConfig): number {
  return Math.max(intervalMs, minPauseMs)
}

function stop(state: CoordinatorState, failure: CheckpointFailure): Step {
  const stopped: CoordinatorState = { ...state, isPeriodic: false, hasInputEnded: false }
  const cancel: CoordinatorEffect = { type: 'cancel-interval' }
  if (state.pending === null) return [stopped, [cancel]]
  const [next, effects] = dispose(stopped, state.pending, failure)
  return [next, [cancel, ...effects]]
}

function onInterval(state: CoordinatorState, plan: TriggerPlan, context: StepContext): Step {
  const { config, now } = context
  if (!state.isPeriodic) return [state, []]
  const { hasInputEnded } = state
  const delayMs = hasInputEnded ? FINAL_RETRY_MS : basePeriodMs(config)
  const next: CoordinatorEffect = { type: 'schedule-interval', delayMs }
  // One at a time: the trigger waits for the pending checkpoint to end (max-concurrent-checkpoints 1).
  if (state.pending !== null) {
    return [state, [next, { type: 'skip', reason: `checkpoint ${state.pending.id} is pending` }]]
  }
  const earliest = state.lastCompletedAt === null ? now : state.lastCompletedAt + config.minPauseMs
  if (now < earliest && !hasInputEnded) {
    const skip: CoordinatorEffect = {
      type: 'skip',
      reason: 'the pause since the last one is too short',
    }
    return [state, [{ type: 'schedule-interval', delayMs: earliest - now }, skip]]
  }
  if (plan.expected === null) {
    return [state, [next, { type: 'skip', reason: 'not all subtasks are running' }]]
  }
  return trigger(state, plan.expected, plan.coordinators, context, next)
}

function trigger(
  state: CoordinatorState,
  expected: ReadonlyMap<SubtaskId, AttemptId>,
  coordinators: readonly string[],
  { config, now }: StepContext,
  next: CoordinatorEffect,
): Step {
  const id = state.nextId
  const pending: PendingCheckpoint = {
    id,
    phase: coordinators.length === 0 ? 'collecting' : 'coordinating',
    kind: state.hasInputEnded ? 'final' : 'checkpoint',
    triggeredAt: now,
    expected,
    handles: [],
    missingCoordinators: coordinators,
    coordinators: [],
  }
  const start: CoordinatorEffect =
    pending.phase === 'collecting'
      ? triggerSources(pending)
      : { type: 'snapshot-coordinators', checkpoint: id }
  return [
    { ...state, nextId: checkpointId(id + 1), pending },
    [
      next,
      { type: 'announce', checkpoint: id, kind: pending.kind },
      { type: 'schedule-timeout', checkpoint: id, delayMs: config.timeoutMs },
      start,
    ],
  ]
}

function onCoordinator(
  state: CoordinatorState,
  input: Extract<CoordinatorInput, { type: 'coordinator-snapshotted' }>,
): Step {
  const { pending } = state
  // It may have been aborted while the coordinators worked (FLINK-18137, FLINK-27148).
  if (pending === null || pending.id !== input.checkpoint) return [state, []]
  const { uid } = input
  assert(pending.missingCoordinators.includes(uid), `Coordinator ${uid} answered twice.`)
  const missingCoordinators = pending.missingCoordinators.filter((other) => other !== uid)
  const coordinators = [...pending.coordinators, { uid, state: input.state }]
  const isReady = missingCoordinators.length === 0
  const phase: PendingPhase = isReady ? 'collecting' : 'coordinating'
  return [
    { ...state, pending: { ...pending, phase, missingCoordinators, coordinators } },
    isReady ? [triggerSources(pending)] : [],
  ]
}

function triggerSources({ id, triggeredAt, kind }: PendingCheckpoint): CoordinatorEffect {
  return { type: 'trigger-sources', checkpoint: id, triggeredAt, kind }
}

function onAcknowledged(
  state: CoordinatorState,
  checkpoint: CheckpointId,
  handle: SnapshotHandle,
  context: StepContext,
): Step {
  const { pending } = state
  const isKnown = pending?.expected.get(handle.subtask) === handle.attempt
  if (pending === null || pending.id !== checkpoint || pending.phase !== 'collecting' || !isKnown) {
    return [state, [{ type: 'discard', handles: [handle] }]]
  }
  if (pending.handles.some(({ subtask }) => subtask === handle.subtask)) return [state, []]
  const handles = [...pending.handles, handle]
  if (handles.length < pending.expected.size - context.missingAllowed) {
    return [{ ...state, pending: { ...pending, handles } }, []]
  }
  const storing: PendingCheckpoint = { ...pending, handles, phase: 'storing' }
  return [
    { ...state, pending: storing },
    [{ type: 'store-metadata', metadata: metadataOf(storing) }],
  ]
}

function onStored(state: CoordinatorState, checkpoint: CheckpointId, { now }: StepContext): Step {
  const { pending, latestCompleted, failures } = state
  if (pending === null || pending.id !== checkpoint) return [state, []]
  assert(
    latestCompleted === null || latestCompleted.checkpoint < checkpoint,
    `Checkpoint ${checkpoint} completes after a newer one.`,
  )
  const metadata = metadataOf(pending)
  const effects: CoordinatorEffect[] = [
    { type: 'cancel-timeout' },
    { type: 'notify-complete', metadata, durationMs: now - pending.triggeredAt },
  ]
  if (latestCompleted !== null) effects.push({ type: 'subsume', metadata: latestCompleted })
  const isFinal = pending.kind === 'final'
  if (isFinal) effects.push({ type: 'cancel-interval' })
  return [
    {
      ...state,
      isPeriodic: state.isPeriodic && !isFinal,
      pending: null,
      latestCompleted: metadata,
      lastCompletedAt: now,
      failures: onCheckpointSucceeded(failures, checkpoint),
    },
    effects,
  ]
}

/** Ends a pending checkpoint that failed, and counts the failure. */
function abort(
  state: CoordinatorState,
  pending: PendingCheckpoint,
  failure: CheckpointFailure,
  { config: { tolerableFailures } }: StepContext,
): Step {
  const [disposed, effects] = dispose(state, pending, failure)
  const [failures, exceeding] = onCheckpointFailed(
    disposed.failures,
    pending.id,
    failure,
    tolerableFailures,
  )
  const next = { ...disposed, failures }
  if (exceeding === null) return [next, effects]
  const reason = `${exceeding} checkpoints in a row failed, ${tolerableFailures} are tolerable`
  return [next, [...effects, { type: 'fail-job', reason }]]
}

function dispose(
  state: CoordinatorState,
  pending: PendingCheckpoint,
  failure: CheckpointFailure,
): Step {
  return [
    { ...state, pending: null },
    [
      { type: 'cancel-timeout' },
      {
        type: 'notify-aborted',
        checkpoint: pending.id,
        failure,
        latestCompleted: state.latestCompleted?.checkpoint ?? null,
      },
      { type: 'discard', handles: pending.handles },
    ],
  ]
}

function metadataOf(pending: PendingCheckpoint): CheckpointMetadata {
  const { id, kind, triggeredAt, handles, coordinators } = pending
  return { checkpoint: id, kind, triggeredAt, handles, coordinators }
}
