/**
 * When checkpoints are triggered: the interval, requests for savepoints, the end of the input, and whose turn it is.
 * Source: Flink CheckpointRequestDecider, CheckpointCoordinator.ScheduledTrigger (flink-semantics.md 3.2).
 */
import { checkpointId, millis } from '../ids.ts'
import { isSavepoint, isSynchronous } from './checkpoint-kind.ts'
import { stop } from './checkpoint-endings.ts'
import { choose, enqueue } from './checkpoint-requests.ts'
import type { CheckpointRequest } from './checkpoint-requests.ts'
import type {
  CoordinatorConfig,
  CoordinatorEffect,
  CoordinatorInput,
  CoordinatorState,
  Step,
  StepContext,
  TriggerPlan,
} from './coordinator-protocol.ts'
import { schedule, skip, withPending } from './coordinator-state.ts'
import type { PendingCheckpoint } from './pending-checkpoint.ts'

/** How soon a final checkpoint that could not be triggered, or failed, is tried again. */
const FINAL_RETRY_MS = 100

/** The base period: never shorter than the pause (Flink `max(interval, minPause)`). Null: none now. */
export function basePeriodMs(config: CoordinatorConfig, isBacklog = false): number | null {
  const { intervalMs, intervalDuringBacklogMs, minPauseMs } = config
  if (!isBacklog) return Math.max(intervalMs, minPauseMs)
  return intervalDuringBacklogMs === 0 ? null : Math.max(intervalDuringBacklogMs, minPauseMs)
}

/** A shorter interval begins at once; a longer one with the next trigger. */
export function onBacklog(state: CoordinatorState, context: StepContext): Step {
  if (!state.isPeriodic || state.hasInputEnded) return [state, []]
  const periodMs = basePeriodMs(context.config, state.isBacklog)
  const { nextTriggerAt } = state
  if (periodMs === null || context.now + periodMs >= (nextTriggerAt ?? Infinity)) return [state, []]
  return schedule(state, periodMs, context)
}

export function onInterval(state: CoordinatorState, context: StepContext): Step {
  const elapsed: CoordinatorState = { ...state, nextTriggerAt: null }
  if (!state.isPeriodic) return [elapsed, []]
  if (state.hasInputEnded) return requestFinal(elapsed, context)
  const periodMs = basePeriodMs(context.config, state.isBacklog)
  const [next, effects] = schedule(elapsed, periodMs, context)
  if (periodMs === null) return [next, effects]
  const [requested, more] = request(next, {
    kind: 'checkpoint',
    isPeriodic: true,
    isForced: false,
    requestedAt: context.now,
    savepoint: null,
  })
  return [requested, [...effects, ...more]]
}

function requestFinal(state: CoordinatorState, context: StepContext): Step {
  const [next, effects] = schedule(state, FINAL_RETRY_MS, context)
  const isUnderWay =
    state.queue.some(({ kind }) => kind === 'final') ||
    [...state.pending.values()].some(({ kind }) => kind === 'final')
  if (isUnderWay) return [next, effects]
  const [requested, more] = request(next, {
    kind: 'final',
    isPeriodic: false,
    isForced: false,
    requestedAt: context.now,
    savepoint: null,
  })
  return [requested, [...effects, ...more]]
}

/** A job that stops takes no other checkpoint before it has. */
export function onSavepointRequested(
  state: CoordinatorState,
  { kind, target }: Extract<CoordinatorInput, { type: 'savepoint-requested' }>,
  { now, config }: StepContext,
): Step {
  const [ready, effects] = isSynchronous(kind)
    ? stop(state, { type: 'suspended' })
    : ([state, []] as const)
  const [next, more] = request(ready, {
    kind,
    isPeriodic: false,
    isForced: !config.unaligned,
    requestedAt: now,
    savepoint: target,
  })
  return [next, [...effects, ...more]]
}

/** The job was to stop and its savepoint came to nothing: the interval goes on. */
export function resume(state: CoordinatorState, context: StepContext): Step {
  const isStopping = [...state.queue, ...state.pending.values()].some(({ kind }) =>
    isSynchronous(kind),
  )
  if (!state.isSuspended || isStopping) return [state, []]
  const resumed = { ...state, isSuspended: false, isPeriodic: true }
  const delayMs = state.hasInputEnded
    ? FINAL_RETRY_MS
    : basePeriodMs(context.config, state.isBacklog)
  return schedule(resumed, delayMs, context)
}

function request(state: CoordinatorState, added: CheckpointRequest): Step {
  const [queue, refused] = enqueue(state.queue, added)
  return [{ ...state, queue }, refused === null ? [] : [skip(refused, 'too many requests wait')]]
}

/** Gives requests their turn, as long as one has it. */
export function decide(state: CoordinatorState, context: StepContext): Step {
  const effects: CoordinatorEffect[] = []
  let next = state
  for (;;) {
    const { config, now } = context
    const choice = choose(next.queue, {
      isTriggering: [...next.pending.values()].some(({ phase }) => phase === 'coordinating'),
      pending: next.pending.size,
      cleaning: next.cleaning,
      maxConcurrent: config.maxConcurrent,
      earliest: millis(
        next.lastCompletedAt === null ? now : next.lastCompletedAt + config.minPauseMs,
      ),
      now,
    })
    if (choice.type === 'wait') return [next, effects]
    const dequeued = { ...next, queue: choice.rest }
    const [after, more] =
      choice.type === 'run'
        ? trigger(dequeued, choice.request, context)
        : tooEarly(dequeued, choice.delayMs, context)
    next = after
    effects.push(...more)
  }
}

function tooEarly(state: CoordinatorState, delayMs: number, context: StepContext): Step {
  const [next, effects] = schedule(state, delayMs, context)
  const reason = 'the pause since the last one is too short'
  return [next, [...effects, { type: 'skip', reason, savepoint: null }]]
}

function trigger(state: CoordinatorState, chosen: CheckpointRequest, context: StepContext): Step {
  const plan = context.plan()
  if (plan.expected === null) return [state, [skip(chosen, 'not all subtasks are running')]]
  const { config, now } = context
  const id = state.nextId
  const { kind, savepoint } = chosen
  const pending: PendingCheckpoint = {
    id,
    phase: plan.coordinators.length === 0 ? 'collecting' : 'coordinating',
    kind,
    triggeredAt: now,
    isFull: state.isFullForced || isSavepoint(kind),
    savepoint,
    expected: plan.expected,
    vertices: plan.vertices,
    handles: [],
    missingCoordinators: plan.coordinators,
    coordinators: [],
  }
  return [
    { ...withPending(state, pending), nextId: checkpointId(id + 1) },
    [
      { type: 'announce', checkpoint: id, kind },
      { type: 'schedule-timeout', checkpoint: id, delayMs: config.timeoutMs },
      begin(pending, plan),
    ],
  ]
}

function begin(pending: PendingCheckpoint, { coordinators }: TriggerPlan): CoordinatorEffect {
  return coordinators.length === 0
    ? { type: 'trigger-sources', pending }
    : { type: 'snapshot-coordinators', checkpoint: pending.id }
}
