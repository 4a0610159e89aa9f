/**
 * The playhead: a time, and how many events of the trace have happened. Playing, seeking and stepping are pure
 * functions from a playhead to the next one; the clock that drives them is app.ts. A playhead between two events
 * of one instant is possible (a step stops there), so `applied` is not derived from `at`.
 */
import type { EventGroup } from './events/catalog.ts'
import type { Recording } from './model/recording.ts'

export interface Playhead {
  /** Sim ms. */
  readonly at: number
  /** Events applied. */
  readonly applied: number
}

/** Sim ms per real second: a logarithmic scale, in steps a person can name. */
export const SPEEDS: readonly number[] = [
  0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000,
]

/** While nothing that matters happens for longer than this in real time, play is up to ten times faster. */
const DULL_MS = 1500
const HURRY_FACTOR_MAX = 10
/** Events that matter follow each other no faster than this, so that each can be seen… */
const DWELL_MS = 150
/** …until the reader asks for more than this speed: then they want the overview. */
const DWELL_SPEED_MAX = 50
/** A longer gap between two frames is a hidden tab, not playback. */
const FRAME_GAP_MAX_MS = 500

/** Whether play runs at the chosen speed, or slower or faster for the sake of what happens. */
export type Pace = 'slow' | 'normal' | 'fast'

export interface Advanced {
  readonly head: Playhead
  readonly pace: Pace
  /** Sim ms that pass in a real ms now. */
  readonly rate: number
  /** Real time spent in the present gap, where sim time does not pass. */
  readonly waitedMs: number
  /** Everything there is has been played. */
  readonly isAtEnd: boolean
}

export const START: Playhead = { at: 0, applied: 0 }

export function seek(recording: Recording, at: number): Playhead {
  const clamped = Math.min(Math.max(at, 0), recording.endAt)
  return { at: clamped, applied: recording.appliedAt(clamped) }
}

/**
 * Plays `elapsedMs` of real time at `speed`, gap by gap: the time from one event that matters to the next is passed
 * at constant rate, dull gaps faster and crowded ones slower than asked for. `waitedMs` is what the last call gave.
 */
export function advance(
  recording: Recording,
  from: Playhead,
  { elapsedMs, speed, waitedMs }: { elapsedMs: number; speed: number; waitedMs: number },
): Advanced {
  let left = elapsedMs > FRAME_GAP_MAX_MS ? 0 : elapsedMs
  let head = from
  let waited = waitedMs
  for (;;) {
    const gap = recording.gapAt(head.applied)
    const length = gap.to - gap.from
    const wallMs = wallTime(length, speed)
    const pace = paceOf(wallMs, (length / speed) * 1000)
    const rate = length / wallMs
    const neededMs = length === 0 ? wallMs - waited : ((gap.to - head.at) / length) * wallMs
    if (left < neededMs) {
      if (length === 0) return { head, pace, rate, waitedMs: waited + left, isAtEnd: false }
      const at = head.at + (left / wallMs) * length
      return {
        head: { at, applied: recording.appliedAt(at) },
        pace,
        rate,
        waitedMs: 0,
        isAtEnd: false,
      }
    }
    if (gap.next === undefined)
      return { head: seek(recording, recording.endAt), pace, rate, waitedMs: 0, isAtEnd: true }
    left -= neededMs
    waited = 0
    head = { at: gap.to, applied: gap.next + 1 }
  }
}

/** To just after the next event that matters (of one group if given), or to the end. */
export function stepForward(recording: Recording, head: Playhead, group?: EventGroup): Playhead {
  const index = recording.findNextMilestone(head.applied, group)
  if (index === undefined)
    return group === undefined ? { at: recording.endAt, applied: recording.count } : head
  return { at: atOf(recording, index), applied: index + 1 }
}

/** To just after the event that matters before the current one, or to the start. */
export function stepBack(recording: Recording, head: Playhead, group?: EventGroup): Playhead {
  const isOnEvent = head.applied > 0 && atOf(recording, head.applied - 1) === head.at
  const before = isOnEvent ? head.applied - 1 : head.applied
  const index = recording.findPreviousMilestone(before, group)
  if (index === undefined) return group === undefined ? START : head
  return { at: atOf(recording, index), applied: index + 1 }
}

/** One event of any kind. */
export function nudge(recording: Recording, head: Playhead, direction: 1 | -1): Playhead {
  const applied = Math.min(Math.max(head.applied + direction, 0), recording.count)
  return applied === 0 ? START : { at: atOf(recording, applied - 1), applied }
}

/** The playhead just after event number `index`. */
export function afterEvent(recording: Recording, index: number): Playhead {
  return { at: atOf(recording, index), applied: index + 1 }
}

/** Real ms that a gap of `length` sim ms takes. */
function wallTime(length: number, speed: number): number {
  const nominal = (length / speed) * 1000
  if (nominal > DULL_MS) return Math.max(DULL_MS, nominal / HURRY_FACTOR_MAX)
  return Math.max(nominal, DWELL_MS * Math.min(1, DWELL_SPEED_MAX / speed))
}

function paceOf(wallMs: number, nominalMs: number): Pace {
  if (wallMs < nominalMs * 0.99) return 'fast'
  return wallMs > nominalMs * 1.01 ? 'slow' : 'normal'
}

function atOf(recording: Recording, index: number): number {
  return recording.events[index]?.at ?? 0
}
