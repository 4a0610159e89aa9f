/**
 * The exactly-once barrier handler as a step function (Flink SingleCheckpointBarrierHandler, states W and C of
 * flink-semantics.md 3.4). It decides which channels to block and when the subtask takes its snapshot; it does
 * neither itself.
 *
 *            barrier, others open                     last barrier: trigger, unblock
 *   waiting ───────────────────────▶ collecting ─────────────────────────────▶ waiting
 *      ▲                                 │  abort (newer barrier, cancel marker): unblock, decline
 *      └─────────────────────────────────┘
 */
import type { Barrier } from '../element.ts'
import { checkpointId } from '../ids.ts'
import type { CheckpointId, Millis } from '../ids.ts'

export type AlignerState =
  /** No checkpoint is being aligned; `lastDone` is the newest that was triggered or aborted. */
  | { readonly type: 'waiting'; readonly lastDone: CheckpointId; readonly open: readonly number[] }
  /** Some channels delivered the barrier and are blocked; the others are awaited. */
  | {
      readonly type: 'collecting'
      readonly barrier: Barrier
      readonly startedAt: Millis
      readonly aligned: readonly number[]
      readonly lastDone: CheckpointId
      readonly open: readonly number[]
    }

export type AlignerInput =
  | { readonly type: 'barrier'; readonly channel: number; readonly barrier: Barrier }
  | { readonly type: 'cancel-marker'; readonly checkpoint: CheckpointId }
  | { readonly type: 'end-of-input'; readonly channel: number }

export type AlignerEffect =
  | { readonly type: 'block'; readonly channel: number; readonly checkpoint: CheckpointId }
  | { readonly type: 'unblock'; readonly channel: number; readonly checkpoint: CheckpointId }
  | { readonly type: 'trigger'; readonly barrier: Barrier; readonly alignmentMs: number }
  | { readonly type: 'abort'; readonly checkpoint: CheckpointId; readonly reason: string }

type Step = readonly [state: AlignerState, effects: readonly AlignerEffect[]]
type Collecting = Extract<AlignerState, { type: 'collecting' }>

export function newAligner(channelCount: number): AlignerState {
  const open = Array.from({ length: channelCount }, (_, index) => index)
  return { type: 'waiting', lastDone: checkpointId(0), open }
}

export function step(state: AlignerState, input: AlignerInput, now: Millis): Step {
  switch (input.type) {
    case 'barrier':
      return onBarrier(state, input.channel, input.barrier, now)
    case 'cancel-marker':
      return onCancel(state, input.checkpoint)
    case 'end-of-input':
      return onEnd(state, input.channel, now)
  }
}

function onBarrier(state: AlignerState, channel: number, barrier: Barrier, now: Millis): Step {
  const { checkpoint } = barrier
  if (checkpoint <= state.lastDone) return [state, []]
  if (state.type === 'collecting') {
    if (checkpoint < state.barrier.checkpoint) return [state, []]
    if (checkpoint > state.barrier.checkpoint) {
      const [waiting, aborted] = abort(state, `subsumed by checkpoint ${checkpoint}`)
      const [next, effects] = onBarrier(waiting, channel, barrier, now)
      return [next, [...aborted, ...effects]]
    }
  }
  const collecting: Collecting =
    state.type === 'collecting'
      ? { ...state, aligned: [...state.aligned, channel] }
      : { ...state, type: 'collecting', barrier, startedAt: now, aligned: [channel] }
  const block: AlignerEffect = { type: 'block', channel, checkpoint }
  const [next, effects] = completeIfAll(collecting, now)
  return next.type === 'collecting' ? [next, [block]] : [next, withoutUnblock(effects, channel)]
}

/** The last channel to deliver its barrier was never blocked. */
function withoutUnblock(effects: readonly AlignerEffect[], channel: number): AlignerEffect[] {
  return effects.filter((effect) => effect.type !== 'unblock' || effect.channel !== channel)
}

function completeIfAll(state: Collecting, now: Millis): Step {
  if (!state.open.every((channel) => state.aligned.includes(channel))) return [state, []]
  const { barrier, aligned, open } = state
  return [
    { type: 'waiting', lastDone: barrier.checkpoint, open },
    [
      { type: 'trigger', barrier, alignmentMs: now - state.startedAt },
      ...unblockAll(aligned, barrier.checkpoint),
    ],
  ]
}

function onCancel(state: AlignerState, checkpoint: CheckpointId): Step {
  if (state.type === 'collecting' && checkpoint >= state.barrier.checkpoint) {
    const [waiting, aborted] = abort(state, 'canceled upstream')
    // Of a newer checkpoint: that one is aborted too, so that its marker goes on downstream.
    const [next, effects] = onCancel(waiting, checkpoint)
    return [next, [...aborted, ...effects]]
  }
  if (checkpoint <= state.lastDone || state.type === 'collecting') return [state, []]
  return [
    { ...state, lastDone: checkpoint },
    [{ type: 'abort', checkpoint, reason: 'canceled upstream' }],
  ]
}

/** A finished channel counts as having delivered every barrier. */
function onEnd(state: AlignerState, channel: number, now: Millis): Step {
  const open = state.open.filter((other) => other !== channel)
  if (state.type === 'waiting') return [{ ...state, open }, []]
  return completeIfAll({ ...state, open }, now)
}

function abort(state: Collecting, reason: string): Step {
  const { checkpoint } = state.barrier
  return [
    { type: 'waiting', lastDone: checkpoint, open: state.open },
    [...unblockAll(state.aligned, checkpoint), { type: 'abort', checkpoint, reason }],
  ]
}

function unblockAll(channels: readonly number[], checkpoint: CheckpointId): AlignerEffect[] {
  return channels.map((channel) => ({ type: 'unblock', channel, checkpoint }))
}
