/**
 * Requests for checkpoints that wait for their turn, and which of them may go. Savepoints come first, then forced ones,
 * then those that somebody asked for, then those of the interval; of equals the oldest. Bounded: a new request displaces
 * one of the interval, or is refused. Source: Flink CheckpointRequestDecider (flink-semantics.md 3.2).
 */
import type { CheckpointKind } from '../element.ts'
import type { Millis } from '../ids.ts'
import { isSavepoint } from './checkpoint-kind.ts'

/** Where a savepoint goes, and the request that it answers. */
export interface SavepointTarget {
  readonly requestId: number
  /** The prefix of its objects, without a slash at its end. */
  readonly location: string
}

export interface CheckpointRequest {
  readonly kind: CheckpointKind
  /** Of the interval: it keeps the pause since the last one. */
  readonly isPeriodic: boolean
  /** It does not wait for pending checkpoints to end. */
  readonly isForced: boolean
  readonly requestedAt: Millis
  /** Of a savepoint only. */
  readonly savepoint: SavepointTarget | null
}

/** In their order. */
export type RequestQueue = readonly CheckpointRequest[]

export const REQUESTS_MAX = 1000

/** The queue with the request, and which one had to go: the new one, or the last of the interval. */
export function enqueue(
  queue: RequestQueue,
  request: CheckpointRequest,
): readonly [RequestQueue, refused: CheckpointRequest | null] {
  const last = queue.at(-1)
  if (queue.length >= REQUESTS_MAX && last?.isPeriodic === false) return [queue, request]
  const behind = queue.findIndex((other) => compare(request, other) < 0)
  const extended = queue.toSpliced(behind < 0 ? queue.length : behind, 0, request)
  if (extended.length <= REQUESTS_MAX) return [extended, null]
  return [extended.slice(0, -1), extended.at(-1) ?? null]
}

export interface Occupancy {
  /** A checkpoint has no barriers yet. */
  readonly isTriggering: boolean
  readonly pending: number
  /** Former checkpoints whose objects are still being deleted. */
  readonly cleaning: number
  readonly maxConcurrent: number
  /** When a checkpoint of the interval may begin at the earliest. */
  readonly earliest: Millis
  readonly now: Millis
}

export type Choice =
  | { readonly type: 'wait' }
  | { readonly type: 'run'; readonly request: CheckpointRequest; readonly rest: RequestQueue }
  /** The pause since the last one is too short: the interval begins again. */
  | { readonly type: 'too-early'; readonly delayMs: number; readonly rest: RequestQueue }

/** The request that may go now. */
export function choose(queue: RequestQueue, occupancy: Occupancy): Choice {
  const [request, ...rest] = queue
  const { isTriggering, pending, cleaning, maxConcurrent, earliest, now } = occupancy
  if (request === undefined || isTriggering || cleaning > maxConcurrent) return { type: 'wait' }
  if (pending >= maxConcurrent) {
    return request.isForced ? { type: 'run', request, rest } : { type: 'wait' }
  }
  if (!request.isForced && request.isPeriodic && now < earliest) {
    return { type: 'too-early', delayMs: earliest - now, rest }
  }
  return { type: 'run', request, rest }
}

/** Negative: `a` goes before `b`. Equals stay in the order in which they came. */
function compare(a: CheckpointRequest, b: CheckpointRequest): number {
  return (
    rank(isSavepoint(a.kind)) - rank(isSavepoint(b.kind)) ||
    rank(a.isForced) - rank(b.isForced) ||
    rank(!a.isPeriodic) - rank(!b.isPeriodic) ||
    a.requestedAt - b.requestedAt
  )
}

function rank(isFirst: boolean): number {
  return isFirst ? 0 : 1
}
