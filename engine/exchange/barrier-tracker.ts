/**
 * The at-least-once barrier handler as a step function (Flink CheckpointBarrierTracker, flink-semantics.md 3.4): counts
 * barriers and never blocks. So records behind the barrier on a fast channel are in the snapshot and come again after a
 * restore. Several checkpoints may be under way; one that is complete subsumes those before it.
 */
import type { Barrier } from '../element.ts'
import { checkpointId } from '../ids.ts'
import type { CheckpointId, Millis } from '../ids.ts'
import type { HandlerEffect, HandlerInput } from './barrier-handler.ts'

/** Checkpoints that are tracked at the same time; beyond it the oldest is forgotten. */
export const TRACKED_MAX = 50

interface Tracked {
  readonly checkpoint: CheckpointId
  /** Null: all that is known is that it was canceled. */
  readonly barrier: Barrier | null
  readonly startedAt: Millis
  readonly target: readonly number[]
  readonly seen: readonly number[]
  readonly isAborted: boolean
}

export interface TrackerState {
  readonly open: readonly number[]
  /** The newest checkpoint that any barrier or cancel marker named. */
  readonly latest: CheckpointId
  /** In the order of their ids. */
  readonly tracked: readonly Tracked[]
}

type Step = readonly [state: TrackerState, effects: readonly HandlerEffect[]]

export function newTracker(channelCount: number): TrackerState {
  const open = Array.from({ length: channelCount }, (_, index) => index)
  return { open, latest: checkpointId(0), tracked: [] }
}

/** Nothing times out here, and nothing is announced. */
export function step(
  state: TrackerState,
  input: Exclude<HandlerInput, { type: 'announcement' | 'timed-out' }>,
  now: Millis,
): Step {
  const { channel } = input
  switch (input.type) {
    case 'barrier':
      return onBarrier(state, channel, input.barrier, now)
    case 'cancel-marker':
      return onCancel(state, channel, input.checkpoint, now)
    case 'end-of-input':
      return onEnd(state, channel, now)
  }
}

function onBarrier(state: TrackerState, channel: number, barrier: Barrier, now: Millis): Step {
  const { checkpoint } = barrier
  const { open, latest, tracked } = state
  if (checkpoint > latest && open.length === 1) {
    // Whatever was tracked is subsumed.
    return [
      { ...state, latest: checkpoint, tracked: [] },
      [{ type: 'trigger', barrier, alignmentMs: 0 }],
    ]
  }
  const known = tracked.find((one) => one.checkpoint === checkpoint)
  if (known !== undefined) return complete(see(state, known, channel), now)
  if (checkpoint <= latest) return [state, []]
  const first = newTracked({ checkpoint, barrier, startedAt: now, target: open, channel })
  return [{ ...state, latest: checkpoint, tracked: [...tracked, first].slice(-TRACKED_MAX) }, []]
}

/** Those before it are aborted as well. It stays, canceled, until every channel has shown that it knows. */
function onCancel(
  state: TrackerState,
  channel: number,
  checkpoint: CheckpointId,
  now: Millis,
): Step {
  const { open, latest, tracked } = state
  if (open.length === 1 && checkpoint > latest) {
    return [{ ...state, latest: checkpoint, tracked: [] }, [canceled(checkpoint)]]
  }
  const older = tracked.filter((one) => one.checkpoint < checkpoint)
  const rest = tracked.slice(older.length)
  const effects = older.flatMap((one) => (one.isAborted ? [] : [canceled(one.checkpoint)]))
  const [known] = rest
  if (known?.checkpoint === checkpoint) {
    if (!known.isAborted) effects.push(canceled(checkpoint))
    const aborted: Tracked = { ...known, isAborted: true }
    const without = { ...state, tracked: [aborted, ...rest.slice(1)] }
    return [complete(see(without, aborted, channel), now)[0], effects]
  }
  if (checkpoint <= latest) return [{ ...state, tracked: rest }, effects]
  const first = newTracked({ checkpoint, barrier: null, startedAt: now, target: open, channel })
  return [
    { ...state, latest: checkpoint, tracked: [{ ...first, isAborted: true }] },
    [...effects, canceled(checkpoint)],
  ]
}

/** A channel that has ended has shown every barrier. */
function onEnd(state: TrackerState, channel: number, now: Millis): Step {
  const open = state.open.filter((other) => other !== channel)
  let ended: TrackerState = { ...state, open }
  for (const one of state.tracked) ended = see(ended, one, channel)
  return complete(ended, now)
}

function see(state: TrackerState, one: Tracked, channel: number): TrackerState {
  if (one.seen.includes(channel)) return state
  const seen: Tracked = { ...one, seen: [...one.seen, channel] }
  return {
    ...state,
    tracked: state.tracked.map((each) => (each.checkpoint === one.checkpoint ? seen : each)),
  }
}

/** Triggers the newest that every channel has shown, and forgets it with all before it. */
function complete(state: TrackerState, now: Millis): Step {
  const at = state.tracked.findLastIndex(({ target, seen }) =>
    target.every((channel) => seen.includes(channel)),
  )
  const done = state.tracked[at]
  if (done === undefined) return [state, []]
  const next: TrackerState = { ...state, tracked: state.tracked.slice(at + 1) }
  const { barrier, isAborted, startedAt } = done
  if (barrier === null || isAborted) return [next, []]
  return [next, [{ type: 'trigger', barrier, alignmentMs: now - startedAt }]]
}

function newTracked({
  channel,
  ...one
}: Omit<Tracked, 'seen' | 'isAborted'> & { readonly channel: number }): Tracked {
  return { ...one, seen: [channel], isAborted: false }
}

function canceled(checkpoint: CheckpointId): HandlerEffect {
  return { type: 'abort', checkpoint, reason: 'canceled upstream' }
}
