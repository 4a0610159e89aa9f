/** Windows that cannot work are refused when the program is built, with one sentence that names the operator. */
import { ConfigurationError } from '../errors.ts'
import type { Trigger, WindowAssigner, WindowContents, WindowOptions } from './window-spec.ts'

export function checkWindow(
  operator: string,
  assigner: WindowAssigner,
  { trigger, evictor, allowedLatenessMs = 0 }: WindowOptions<unknown>,
  contents: WindowContents,
): void {
  checkLateness(operator, assigner, allowedLatenessMs)
  if (trigger !== undefined && assigner.type === 'global') checkEndless(operator, trigger)
  if (assigner.type !== 'session') return
  if (trigger !== undefined) checkMerges(operator, trigger)
  if (contents.type !== 'aggregate' || contents.aggregate.merge !== undefined) return
  // With an evictor the records are kept, and only they are merged.
  if (evictor !== undefined) return
  throw new ConfigurationError(
    'aggregate-without-merge',
    `The windows of the operator "${operator}" merge (sessions), but its aggregate function cannot: give it ` +
      'merge(left, right).',
  )
}

function checkLateness(operator: string, assigner: WindowAssigner, latenessMs: number): void {
  if (!Number.isSafeInteger(latenessMs) || latenessMs < 0) {
    throw new ConfigurationError(
      'bad-lateness',
      `The operator "${operator}" allows a lateness of ${String(latenessMs)} ms; it must be a whole number that is not ` +
        'negative.',
    )
  }
  if (latenessMs === 0 || (assigner.type !== 'global' && assigner.time === 'event')) return
  throw new ConfigurationError(
    'lateness-without-event-time',
    `The operator "${operator}" allows a lateness of ${latenessMs} ms, but its windows are not in event time, where no ` +
      'record is late: leave allowedLatenessMs out, or use event-time windows.',
  )
}

/** A global window has no end for a trigger to wait for. */
function checkEndless(operator: string, trigger: Trigger): void {
  const { type } = innermost(trigger)
  if (type !== 'event-time' && type !== 'processing-time') return
  throw new ConfigurationError(
    'trigger-without-end',
    `The trigger "${type}" of the operator "${operator}" waits for the end of a global window, which has none: use ` +
      'globalWindows({ firesAtEndOfStream: true }) or another trigger.',
  )
}

/** What a trigger remembers of two windows must make sense for the merged one (Flink Trigger.canMerge). */
function checkMerges(operator: string, trigger: Trigger): void {
  const { type } = trigger
  if (type === 'purging') checkMerges(operator, trigger.of)
  if (type !== 'delta' && type !== 'processing-time-timeout') return
  throw new ConfigurationError(
    'trigger-without-merge',
    `The windows of the operator "${operator}" merge (sessions), but its trigger "${type}" cannot: use another.`,
  )
}

/** The trigger inside those that wrap one. */
function innermost(trigger: Trigger): Trigger {
  const wraps = trigger.type === 'purging' || trigger.type === 'processing-time-timeout'
  return wraps ? innermost(trigger.of) : trigger
}
