/**
 * The checkpoint coordinator as a step function: decides when to trigger, counts acknowledgements, completes, aborts.
 * It knows ids and handles, nothing of operators, channels or storage. Invariants F-I1 (ids strictly increase),
 * F-I2 (completion is announced only when the metadata is durable), F-I5 (only acknowledgements of the current attempt).
 * Source: Flink CheckpointCoordinator, CheckpointRequestDecider, PendingCheckpoint (flink-semantics.md 3.2).
 *
 *   requested ──its turn──▶ coordinating ──all coordinators──▶ collecting ──all acknowledged──▶ storing ──durable──▶ completed
 *       │                        │                                 │                              │
 *    skipped                     └─── aborted ◀── timeout, decline, failover, subsumed, storage ◀─┘
 */
import { assert } from '../assert.ts'
import type { CheckpointId } from '../ids.ts'
import { abort, onAbandoned, onStored, stop } from './checkpoint-endings.ts'
import {
  decide,
  onBacklog,
  onInterval,
  onSavepointRequested,
  resume,
} from './checkpoint-triggers.ts'
import type {
  CoordinatorInput,
  CoordinatorState,
  Step,
  StepContext,
} from './coordinator-protocol.ts'
import { schedule, withPending } from './coordinator-state.ts'
import {
  judgeAcknowledgement,
  locationOf,
  metadataOf,
  withCoordinator,
} from './pending-checkpoint.ts'
import type { PendingCheckpoint } from './pending-checkpoint.ts'
import type { SnapshotHandle } from './snapshot-handle.ts'

/** Whatever has ended may have been what a request waited for. */
export function step(state: CoordinatorState, input: CoordinatorInput, context: StepContext): Step {
  const [next, effects] = react(state, input, context)
  const [decided, more] = decide(next, context)
  const [resumed, last] = resume(decided, context)
  return [resumed, [...effects, ...more, ...last]]
}

function react(state: CoordinatorState, input: CoordinatorInput, context: StepContext): Step {
  switch (input.type) {
    case 'scheduler-started':
      return schedule({ ...state, isPeriodic: true }, input.firstDelayMs, context)
    case 'input-ended': {
      const queue = state.queue.filter(({ isPeriodic }) => !isPeriodic)
      return schedule({ ...state, queue, isPeriodic: true, hasInputEnded: true }, 0, context)
    }
    case 'scheduler-stopped':
      return stop(state, input.failure)
    case 'backlog-changed':
      return onBacklog({ ...state, isBacklog: input.isBacklog }, context)
    case 'interval-elapsed':
      return onInterval(state, context)
    case 'savepoint-requested':
      return onSavepointRequested(state, input, context)
    case 'cleaned':
      assert(state.cleaning > 0, 'A checkpoint was cleaned up twice.')
      return [{ ...state, cleaning: state.cleaning - 1 }, []]
    case 'acknowledged':
      return onAcknowledged(state, input.checkpoint, input.handle, context)
    default:
      return onPending(state, input, context)
  }
}

/** What concerns one pending checkpoint; it may have been aborted meanwhile (FLINK-18137, FLINK-27148). */
function onPending(
  state: CoordinatorState,
  input: Extract<
    CoordinatorInput,
    {
      type:
        'coordinator-snapshotted' | 'declined' | 'timed-out' | 'metadata-stored' | 'metadata-failed'
    }
  >,
  context: StepContext,
): Step {
  const pending = state.pending.get(input.checkpoint)
  if (pending === undefined) {
    const isFlawed = context.mutants.active('pending-not-rechecked')
    assert(!isFlawed, `Checkpoint ${input.checkpoint} is gone.`)
    const isStorage = input.type === 'metadata-stored' || input.type === 'metadata-failed'
    return isStorage ? onAbandoned(state, input) : [state, []]
  }
  switch (input.type) {
    case 'coordinator-snapshotted': {
      const next = withCoordinator(pending, input.uid, input.state)
      const isReady = next.phase === 'collecting'
      return [withPending(state, next), isReady ? [{ type: 'trigger-sources', pending: next }] : []]
    }
    case 'declined':
      return abort(state, pending, input.failure, context)
    case 'timed-out':
      return abort(state, pending, { type: 'expired', afterMs: context.config.timeoutMs }, context)
    case 'metadata-stored':
      return onStored(state, pending, context)
    case 'metadata-failed': {
      const { id, phase } = pending
      assert(phase === 'storing', `Checkpoint ${id} was not stored while ${phase}.`)
      const type = input.isUncertain ? 'storage-uncertain' : 'storage-failed'
      return abort(state, pending, { type, reason: input.reason }, context)
    }
  }
}

function onAcknowledged(
  state: CoordinatorState,
  checkpoint: CheckpointId,
  handle: SnapshotHandle,
  { mutants }: StepContext,
): Step {
  const pending = state.pending.get(checkpoint)
  const ended = state.named.find(({ id }) => id === checkpoint)
  const known = pending ?? state.abandoned.get(checkpoint) ?? ended
  const result = known === undefined ? 'unknown' : judgeAcknowledgement(known, handle)
  if (result === 'duplicate') return [state, []]
  const isLate = result === 'unknown' && pending?.phase === 'collecting'
  const isAccepted = result === 'counts' || (isLate && mutants.active('late-ack-accepted'))
  if (pending === undefined || !isAccepted) {
    return [state, [{ type: 'discard', handles: [handle], ended: null }]]
  }
  const handles = [...pending.handles, handle]
  const missing = pending.expected.size - handles.length
  const isComplete = missing <= 0 || (missing === 1 && mutants.active('checkpoint-completes-early'))
  if (!isComplete) return [withPending(state, { ...pending, handles }), []]
  const storing: PendingCheckpoint = { ...pending, handles, phase: 'storing' }
  const location = locationOf(storing)
  return [
    withPending(state, storing),
    [{ type: 'store-metadata', metadata: metadataOf(storing), location }],
  ]
}
