/**
 * The exactly-once barrier handler as a step function (Flink SingleCheckpointBarrierHandler and its states,
 * flink-semantics.md 3.4). It decides which channels to block, when records in flight belong to the snapshot, and when
 * the subtask takes it; it does none of that itself. One checkpoint at a time: a newer one subsumes it.
 *
 *   waiting ──barrier──▶ collecting ──last: trigger──▶ waiting          without unaligned checkpoints
 *
 *   alternating-waiting ──barrier──▶ alternating-collecting ──last: trigger──▶ alternating-waiting
 *            │ too old, overtaken            │ too old, overtaken: capture, trigger
 *            ▼                               ▼
 *   unaligned-waiting ──first: capture, trigger──▶ unaligned-collecting ──last: stop──▶ alternating-waiting
 *
 *   any ──cancel marker, newer checkpoint: abort──▶ the waiting it began with
 */
import { assert } from '../assert.ts'
import type { Barrier } from '../element.ts'
import { checkpointId } from '../ids.ts'
import type { CheckpointId, Millis } from '../ids.ts'
import { asUnaligned, isTimeoutable, isUnaligned, patienceOf } from './barrier-alignment.ts'

export type HandlerPhase =
  /** W: no checkpoint is under way, and none may overtake. */
  | 'waiting'
  /** C: some channels delivered the barrier and are blocked. */
  | 'collecting'
  /** AW: no barrier was delivered; one may have been announced. */
  | 'alternating-waiting'
  /** AC: some channels delivered the barrier and are blocked; the checkpoint may become unaligned. */
  | 'alternating-collecting'
  /** UW: the checkpoint became unaligned before a barrier was delivered. */
  | 'unaligned-waiting'
  /** UC: the snapshot is taken; what the other channels bring before their barriers belongs to it. */
  | 'unaligned-collecting'

export const HANDLER_TRANSITIONS: Readonly<Record<HandlerPhase, readonly HandlerPhase[]>> = {
  waiting: ['waiting', 'collecting'],
  collecting: ['collecting', 'waiting'],
  'alternating-waiting': ['alternating-waiting', 'alternating-collecting', 'unaligned-waiting'],
  'alternating-collecting': [
    'alternating-collecting',
    'alternating-waiting',
    'unaligned-collecting',
  ],
  'unaligned-waiting': ['unaligned-waiting', 'unaligned-collecting', 'alternating-waiting'],
  'unaligned-collecting': ['unaligned-collecting', 'alternating-waiting'],
}

/** The checkpoint that is under way: one of its barriers was delivered or announced. */
export interface PendingBarrier {
  readonly barrier: Barrier
  /** The channels that were open when it began; it is over when each is in `aligned`. */
  readonly target: readonly number[]
  /** Channels that delivered the barrier, or ended. */
  readonly aligned: readonly number[]
  readonly blocked: readonly number[]
  /** Channels in whose queue the barrier waits. */
  readonly announced: readonly number[]
  /** When the first barrier was delivered. */
  readonly startedAt: Millis | null
  readonly hasTimer: boolean
}

export interface HandlerState {
  readonly phase: HandlerPhase
  readonly open: readonly number[]
  /** The newest checkpoint that was completed or aborted. */
  readonly lastDone: CheckpointId
  readonly pending: PendingBarrier | null
}

export type HandlerInput =
  | { readonly type: 'barrier'; readonly channel: number; readonly barrier: Barrier }
  /** A barrier that may time out came into the queue of the channel. */
  | { readonly type: 'announcement'; readonly channel: number; readonly barrier: Barrier }
  | { readonly type: 'timed-out'; readonly checkpoint: CheckpointId }
  | { readonly type: 'cancel-marker'; readonly channel: number; readonly checkpoint: CheckpointId }
  | { readonly type: 'end-of-input'; readonly channel: number }

export type HandlerEffect =
  | { readonly type: 'block'; readonly channel: number; readonly checkpoint: CheckpointId }
  | { readonly type: 'unblock'; readonly channel: number; readonly checkpoint: CheckpointId }
  | {
      readonly type: 'start-timer'
      readonly checkpoint: CheckpointId
      readonly delayMs: number
    }
  | { readonly type: 'cancel-timer' }
  /** Fetch the barrier out of the queue and deliver it, as one that overtakes. */
  | { readonly type: 'prioritize'; readonly channel: number; readonly checkpoint: CheckpointId }
  /** The checkpoint is too old to be aligned. */
  | { readonly type: 'time-out'; readonly checkpoint: CheckpointId }
  /** From here on what a channel brings before its barrier belongs to the snapshot; `delivered`: those that did. */
  | {
      readonly type: 'capture'
      readonly checkpoint: CheckpointId
      readonly delivered: readonly number[]
    }
  | { readonly type: 'trigger'; readonly barrier: Barrier; readonly alignmentMs: number }
  /** Every channel delivered its barrier: what was in flight is complete. */
  | {
      readonly type: 'captured'
      readonly checkpoint: CheckpointId
      readonly alignmentMs: number
    }
  | { readonly type: 'abort'; readonly checkpoint: CheckpointId; readonly reason: string }

type Step = readonly [state: HandlerState, effects: readonly HandlerEffect[]]

/** One step under way. */
interface Turn {
  readonly now: Millis
  readonly effects: HandlerEffect[]
}

/** Where a barrier comes from: a channel that delivered it, or that ended, which counts as if it had. */
interface Arrival {
  readonly channel: number
  readonly barrier: Barrier
  readonly isEnd: boolean
}

/** `isAlternating`: checkpoints may be unaligned. */
export function newHandler(channelCount: number, isAlternating: boolean): HandlerState {
  return {
    phase: isAlternating ? 'alternating-waiting' : 'waiting',
    open: Array.from({ length: channelCount }, (_, index) => index),
    lastDone: checkpointId(0),
    pending: null,
  }
}

export function step(state: HandlerState, input: HandlerInput, now: Millis): Step {
  const turn: Turn = { now, effects: [] }
  return [proceed(state, input, turn), turn.effects]
}

function proceed(state: HandlerState, input: HandlerInput, turn: Turn): HandlerState {
  switch (input.type) {
    case 'barrier':
      return onBarrier(state, { ...input, isEnd: false }, turn)
    case 'announcement':
      return onAnnouncement(state, input.channel, input.barrier, turn)
    case 'timed-out':
      return onTimeout(state, input.checkpoint, turn)
    case 'cancel-marker':
      return onCancel(state, input.checkpoint, turn)
    case 'end-of-input':
      return onEnd(state, input.channel, turn)
  }
}

function onBarrier(state: HandlerState, arrival: Arrival, turn: Turn): HandlerState {
  const { barrier } = arrival
  assert(
    !isUnaligned(barrier) || mayConvert(state),
    `The unaligned barrier ${barrier.checkpoint} came to a subtask that is ${state.phase}.`,
  )
  if (isObsolete(state, barrier.checkpoint)) return state
  const [begun, pending] = begin(state, barrier, turn)
  return deliver(begun, pending, arrival, turn)
}

function onAnnouncement(
  state: HandlerState,
  channel: number,
  barrier: Barrier,
  turn: Turn,
): HandlerState {
  if (!mayConvert(state) || isObsolete(state, barrier.checkpoint)) return state
  const [begun, pending] = begin(state, barrier, turn)
  if (pending.aligned.includes(channel)) return begun
  if (isOvertaking(begun)) {
    turn.effects.push({ type: 'prioritize', channel, checkpoint: barrier.checkpoint })
    return begun
  }
  return withPending(begun, { ...pending, announced: [...pending.announced, channel] })
}

/** Only where barriers were announced is there a timer. */
function onTimeout(state: HandlerState, checkpoint: CheckpointId, turn: Turn): HandlerState {
  assert(mayConvert(state), `Checkpoint ${checkpoint} timed out in a subtask that only aligns.`)
  const { pending } = state
  if (pending?.barrier.checkpoint !== checkpoint || isOvertaking(state)) return state
  turn.effects.push({ type: 'time-out', checkpoint })
  return convert(state, { ...pending, hasTimer: false }, turn)
}

function onCancel(state: HandlerState, checkpoint: CheckpointId, turn: Turn): HandlerState {
  const reason = 'canceled upstream'
  const { pending } = state
  if (isObsolete(state, checkpoint)) return state
  if (pending === null) return cancelAhead(state, checkpoint, reason, turn)
  const { barrier, aligned } = pending
  if (checkpoint > barrier.checkpoint) {
    // Both are aborted, so that both are declined and both markers go on downstream.
    return cancelAhead(abort(state, pending, reason, turn), checkpoint, reason, turn)
  }
  return aligned.length === 0 ? state : abort(state, pending, reason, turn)
}

/** None of its barriers has come: those that do are obsolete. */
function cancelAhead(
  state: HandlerState,
  checkpoint: CheckpointId,
  reason: string,
  turn: Turn,
): HandlerState {
  turn.effects.push({ type: 'abort', checkpoint, reason })
  return { ...state, lastDone: checkpoint }
}

function onEnd(state: HandlerState, channel: number, turn: Turn): HandlerState {
  const { pending } = state
  const ended = { ...state, open: state.open.filter((other) => other !== channel) }
  if (pending === null || pending.aligned.includes(channel)) return ended
  return deliver(ended, pending, { channel, barrier: pending.barrier, isEnd: true }, turn)
}

/** The checkpoint of the barrier is under way from here on; one that was before is subsumed. */
function begin(
  state: HandlerState,
  barrier: Barrier,
  turn: Turn,
): readonly [HandlerState, PendingBarrier] {
  const { pending } = state
  if (pending?.barrier.checkpoint === barrier.checkpoint) return [state, pending]
  const { checkpoint } = barrier
  const free =
    pending === null ? state : abort(state, pending, `subsumed by checkpoint ${checkpoint}`, turn)
  const hasTimer = mayConvert(state) && isTimeoutable(barrier)
  if (hasTimer) {
    const delayMs = patienceOf(barrier, turn.now)
    turn.effects.push({ type: 'start-timer', checkpoint, delayMs })
  }
  const begun: PendingBarrier = {
    barrier,
    target: free.open,
    aligned: [],
    blocked: [],
    announced: [],
    startedAt: null,
    hasTimer,
  }
  return [{ ...free, pending: begun }, begun]
}

/** A channel has brought the barrier of the checkpoint that is under way. */
function deliver(
  state: HandlerState,
  before: PendingBarrier,
  arrival: Arrival,
  turn: Turn,
): HandlerState {
  const { channel, barrier } = arrival
  const pending: PendingBarrier = {
    ...before,
    aligned: [...before.aligned, channel],
    announced: before.announced.filter((other) => other !== channel),
    startedAt: before.startedAt ?? turn.now,
  }
  if (isOvertaking(state)) return deliverOvertaking(state, pending, arrival, turn)
  if (isUnaligned(barrier) && !arrival.isEnd) {
    const converted = convert(state, pending, turn)
    return deliverOvertaking(converted, converted.pending ?? pending, arrival, turn)
  }
  if (isComplete(pending)) {
    turn.effects.push({
      type: 'trigger',
      barrier: arrival.isEnd ? pending.barrier : barrier,
      alignmentMs: turn.now - (pending.startedAt ?? turn.now),
    })
    return finish(enter(state, collectingOf(state)), pending, turn)
  }
  const blocked = blockUnlessEnd(pending, arrival, turn)
  if (!isTimedOut(state, barrier, turn.now)) {
    return withPending(enter(state, collectingOf(state)), blocked)
  }
  turn.effects.push({ type: 'time-out', checkpoint: barrier.checkpoint })
  const converted = convert(state, blocked, turn)
  const unaligned = { ...arrival, barrier: asUnaligned(barrier) }
  return deliverOvertaking(converted, converted.pending ?? blocked, unaligned, turn)
}

/** In UW the first barrier triggers; an aligned one blocks its channel, which the others do not wait for. */
function deliverOvertaking(
  state: HandlerState,
  before: PendingBarrier,
  arrival: Arrival,
  turn: Turn,
): HandlerState {
  const isLate = !isUnaligned(arrival.barrier) && !isComplete(before)
  const pending = isLate ? blockUnlessEnd(before, arrival, turn) : before
  const collecting = state.phase === 'unaligned-waiting' ? overtake(state, pending, turn) : state
  if (!isComplete(pending)) return withPending(collecting, pending)
  turn.effects.push({
    type: 'captured',
    checkpoint: pending.barrier.checkpoint,
    alignmentMs: turn.now - (pending.startedAt ?? turn.now),
  })
  return finish(collecting, pending, turn)
}

/** The checkpoint becomes unaligned: barriers that wait in queues are fetched; if some were delivered, it is taken now. */
function convert(state: HandlerState, pending: PendingBarrier, turn: Turn): HandlerState {
  const { checkpoint } = pending.barrier
  for (const channel of pending.announced) {
    turn.effects.push({ type: 'prioritize', channel, checkpoint })
  }
  const fetched: PendingBarrier = { ...pending, announced: [] }
  const converted =
    state.phase === 'alternating-waiting'
      ? enter(state, 'unaligned-waiting')
      : overtake(state, pending, turn)
  return withPending(converted, fetched)
}

function overtake(state: HandlerState, pending: PendingBarrier, turn: Turn): HandlerState {
  const { barrier, aligned } = pending
  turn.effects.push(
    { type: 'capture', checkpoint: barrier.checkpoint, delivered: aligned },
    { type: 'trigger', barrier: asUnaligned(barrier), alignmentMs: 0 },
  )
  return enter(state, 'unaligned-collecting')
}

function blockUnlessEnd(
  pending: PendingBarrier,
  { channel, isEnd }: Arrival,
  turn: Turn,
): PendingBarrier {
  if (isEnd) return pending
  const { checkpoint } = pending.barrier
  turn.effects.push({ type: 'block', channel, checkpoint })
  return { ...pending, blocked: [...pending.blocked, channel] }
}

function finish(state: HandlerState, pending: PendingBarrier, turn: Turn): HandlerState {
  release(pending, turn)
  const { checkpoint } = pending.barrier
  return { ...enter(state, waitingOf(state)), lastDone: checkpoint, pending: null }
}

function abort(
  state: HandlerState,
  pending: PendingBarrier,
  reason: string,
  turn: Turn,
): HandlerState {
  release(pending, turn)
  const { checkpoint } = pending.barrier
  turn.effects.push({ type: 'abort', checkpoint, reason })
  return { ...enter(state, waitingOf(state)), lastDone: checkpoint, pending: null }
}

function release({ barrier, blocked, hasTimer }: PendingBarrier, { effects }: Turn): void {
  const { checkpoint } = barrier
  if (hasTimer) effects.push({ type: 'cancel-timer' })
  for (const channel of blocked) effects.push({ type: 'unblock', channel, checkpoint })
}

function isObsolete({ lastDone, pending }: HandlerState, checkpoint: CheckpointId): boolean {
  return pending === null ? checkpoint <= lastDone : checkpoint < pending.barrier.checkpoint
}

function isComplete({ target, aligned }: PendingBarrier): boolean {
  return target.every((channel) => aligned.includes(channel))
}

function isTimedOut(state: HandlerState, barrier: Barrier, now: Millis): boolean {
  return mayConvert(state) && isTimeoutable(barrier) && patienceOf(barrier, now) === 0
}

/** Unaligned checkpoints are possible here. */
function mayConvert({ phase }: HandlerState): boolean {
  return phase !== 'waiting' && phase !== 'collecting'
}

function isOvertaking({ phase }: HandlerState): boolean {
  return phase === 'unaligned-waiting' || phase === 'unaligned-collecting'
}

function collectingOf(state: HandlerState): HandlerPhase {
  return mayConvert(state) ? 'alternating-collecting' : 'collecting'
}

function waitingOf(state: HandlerState): HandlerPhase {
  return mayConvert(state) ? 'alternating-waiting' : 'waiting'
}

function enter(state: HandlerState, phase: HandlerPhase): HandlerState {
  assert(
    HANDLER_TRANSITIONS[state.phase].includes(phase),
    `The barrier handler cannot go from ${state.phase} to ${phase}.`,
  )
  return { ...state, phase }
}

function withPending(state: HandlerState, pending: PendingBarrier): HandlerState {
  return { ...state, pending }
}
