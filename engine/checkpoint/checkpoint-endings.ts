/**
 * How pending checkpoints end: completed, aborted, subsumed by a later one, or given up because the job does not run any
 * more. Source: Flink CheckpointCoordinator, CheckpointFailureManager (flink-semantics.md 3.2).
 */
import { assert } from '../assert.ts'
import type { CheckpointId, SubtaskId } from '../ids.ts'
import { commits, isSavepoint, isSynchronous } from './checkpoint-kind.ts'
import { addCompleted } from './completed-checkpoints.ts'
import type { CompletedCheckpoint } from './completed-checkpoints.ts'
import type {
  CoordinatorEffect,
  CoordinatorInput,
  CoordinatorState,
  Step,
  StepContext,
} from './coordinator-protocol.ts'
import { latestCompleted, remember, schedule, skip, withoutPending } from './coordinator-state.ts'
import type { CheckpointFailure } from './failure.ts'
import { onCheckpointFailed, onCheckpointSucceeded } from './failure-counter.ts'
import { locationOf, metadataOf } from './pending-checkpoint.ts'
import type { PendingCheckpoint } from './pending-checkpoint.ts'

export function onStored(
  state: CoordinatorState,
  pending: PendingCheckpoint,
  context: StepContext,
): Step {
  const { now, mutants } = context
  const { id, kind, savepoint, triggeredAt } = pending
  assert(pending.phase === 'storing', `Checkpoint ${id} was stored while ${pending.phase}.`)
  const isNotified = commits(kind) || mutants.active('savepoint-commits')
  const metadata = metadataOf(pending)
  const location = locationOf(pending)
  const done: CoordinatorState = {
    ...withoutPending(state, id),
    lastCompletedAt: now,
    named: remember(state.named, pending),
    failures: onCheckpointSucceeded(state.failures, id),
    isFullForced: state.isFullForced && isSavepoint(kind),
    isSuspended: state.isSuspended && !isSynchronous(kind),
  }
  const complete: readonly CoordinatorEffect[] = [
    { type: 'cancel-timeout', checkpoint: id },
    {
      type: 'complete',
      metadata,
      location,
      durationMs: now - triggeredAt,
      savepoint,
      isNotified,
    },
  ]
  if (!commits(kind) && !mutants.active('savepoint-subsumes-checkpoint')) return [done, complete]
  const [stored, subsumed] = store(
    done,
    { metadata, location, isOwned: !isSavepoint(kind) },
    context,
  )
  const [dropped, aborted] = subsumePending(stored, id)
  const [ended, cancel] = kind === 'final' ? endPeriodic(dropped, context) : [dropped, []]
  return [ended, [...aborted, ...complete, ...subsumed, ...cancel]]
}

function store(
  state: CoordinatorState,
  added: CompletedCheckpoint,
  { config, mutants }: StepContext,
): Step {
  const latest = latestCompleted(state)
  assert(
    latest === null || latest.metadata.checkpoint < added.metadata.checkpoint,
    `Checkpoint ${added.metadata.checkpoint} completes after a newer one.`,
  )
  const isFlawed = !commits(added.metadata.kind) && mutants.active('savepoint-subsumes-checkpoint')
  const [completed, subsumed] = isFlawed
    ? [[added], state.completed]
    : addCompleted(state.completed, added, config.retained)
  return [
    { ...state, completed, cleaning: state.cleaning + subsumed.length },
    subsumed.map((checkpoint) => ({ type: 'subsume', checkpoint })),
  ]
}

/** Older ones that are still pending are not needed any more; savepoints are wanted for themselves. */
function subsumePending(state: CoordinatorState, by: CheckpointId): Step {
  let next = state
  const effects: CoordinatorEffect[] = []
  for (const older of state.pending.values()) {
    if (older.id > by || isSavepoint(older.kind)) continue
    const [disposed, more] = dispose(next, older, { type: 'subsumed', by })
    next = disposed
    effects.push(...more)
  }
  return [next, effects]
}

function endPeriodic(state: CoordinatorState, context: StepContext): Step {
  return schedule({ ...state, isPeriodic: false }, null, context)
}

/** Fails what waits and what is pending; the interval triggers no more. */
export function stop(state: CoordinatorState, failure: CheckpointFailure): Step {
  const effects: CoordinatorEffect[] = [{ type: 'cancel-interval' }]
  for (const waiting of state.queue) {
    if (waiting.savepoint !== null) effects.push(skip(waiting, 'the job does not run any more'))
  }
  const isSuspending = failure.type === 'suspended'
  let next: CoordinatorState = {
    ...state,
    isPeriodic: false,
    isSuspended: isSuspending && (state.isPeriodic || state.isSuspended),
    hasInputEnded: state.hasInputEnded && isSuspending,
    isBacklog: state.isBacklog && isSuspending,
    nextTriggerAt: null,
    queue: [],
  }
  for (const pending of state.pending.values()) {
    const [disposed, more] = dispose(next, pending, failure)
    next = disposed
    effects.push(...more)
  }
  return [next, effects]
}

/** Ends a pending checkpoint that failed, and counts the failure. */
export function abort(
  state: CoordinatorState,
  pending: PendingCheckpoint,
  failure: CheckpointFailure,
  context: StepContext,
): Step {
  const [disposed, effects] = dispose(state, pending, failure, context)
  const remembered =
    failure.type === 'expired'
      ? { ...disposed, expired: remember(disposed.expired, pending.id) }
      : disposed
  if (failure.type === 'declined' && isSynchronous(pending.kind)) {
    const reason = `the savepoint with which the job stops failed: ${failure.reason}`
    return [remembered, [...effects, { type: 'fail-job', reason, task: null }]]
  }
  const task = failure.type === 'declined' ? failure.subtask : null
  if (task === null && isSavepoint(pending.kind)) return [remembered, effects]
  if (failure.type === 'expired' && context.mutants.active('expired-not-counted')) {
    return [remembered, effects]
  }
  const [counted, more] = countFailure(remembered, pending.id, failure, task, context)
  return [counted, [...effects, ...more]]
}

function countFailure(
  state: CoordinatorState,
  id: CheckpointId,
  failure: CheckpointFailure,
  task: SubtaskId | null,
  { config: { tolerableFailures } }: StepContext,
): Step {
  const [failures, exceeding] = onCheckpointFailed(state.failures, id, failure, tolerableFailures)
  const next = { ...state, failures }
  if (exceeding === null) return [next, []]
  const reason = `${exceeding} checkpoints in a row failed, ${tolerableFailures} are tolerable`
  return [next, [{ type: 'fail-job', reason, task }]]
}

/**
 * Takes it out of the pending ones. What it stored goes, unless its metadata may have been stored as well, now or later:
 * metadata that names what was deleted would be taken for a checkpoint (FLINK-22494).
 */
function dispose(
  state: CoordinatorState,
  pending: PendingCheckpoint,
  failure: CheckpointFailure,
  context?: StepContext,
): Step {
  const { id, handles, savepoint } = pending
  const isUncertain =
    failure.type === 'storage-uncertain' &&
    context?.mutants.active('state-deleted-on-unknown-outcome') !== true
  const isAbandoned = pending.phase === 'storing' && !failure.type.startsWith('storage')
  const newest = latestCompleted(state)?.metadata.checkpoint ?? null
  const named = isUncertain ? remember(state.named, pending) : state.named
  const next = { ...withoutPending(state, id), named }
  return [
    isAbandoned ? { ...next, abandoned: new Map(state.abandoned).set(id, pending) } : next,
    [
      { type: 'cancel-timeout', checkpoint: id },
      { type: 'notify-aborted', checkpoint: id, failure, latestCompleted: newest, savepoint },
      ...(isUncertain || isAbandoned ? [] : [{ type: 'discard', handles, ended: id } as const]),
    ],
  ]
}

/** The storage answered for one that was aborted while it was written. */
export function onAbandoned(
  state: CoordinatorState,
  input: Extract<CoordinatorInput, { type: 'metadata-stored' | 'metadata-failed' }>,
): Step {
  const pending = state.abandoned.get(input.checkpoint)
  if (pending === undefined) return [state, []]
  const abandoned = new Map(state.abandoned)
  abandoned.delete(pending.id)
  const next = { ...state, abandoned }
  if (input.type === 'metadata-failed' && input.isUncertain) {
    return [{ ...next, named: remember(next.named, pending) }, []]
  }
  const metadata: readonly CoordinatorEffect[] =
    input.type === 'metadata-stored'
      ? [{ type: 'delete-metadata', location: locationOf(pending) }]
      : []
  return [next, [...metadata, { type: 'discard', handles: pending.handles, ended: pending.id }]]
}
