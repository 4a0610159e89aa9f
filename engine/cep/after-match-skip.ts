/**
 * Which partial and complete matches a found match ends, by the strategy of the pattern.
 * Source: Flink AfterMatchSkipStrategy; documentation of Flink's pattern API, "After Match Skip Strategy".
 */
import { unreachable } from '../assert.ts'
import { compareEvents } from './partial-match.ts'
import type { PartialMatch } from './partial-match.ts'
import type { AfterMatchSkip } from './pattern-spec.ts'
import type { EventId, MatchPath } from './shared-buffer.ts'

/** Whether the match along `paths` ends another one; null = it ends none. */
export function skippedBy(
  skip: AfterMatchSkip,
  paths: readonly MatchPath[],
): ((match: PartialMatch) => boolean) | null {
  const end = endOfSkip(skip, paths)
  if (end === null) return null
  const isToRecord = skip.type === 'skip-to-first' || skip.type === 'skip-to-last'
  return ({ start }) => {
    if (start === null) return false
    const order = compareEvents(start, end)
    return isToRecord ? order < 0 : order <= 0
  }
}

/** The record up to which matches may not start; null = no match is skipped. */
function endOfSkip(skip: AfterMatchSkip, paths: readonly MatchPath[]): EventId | null {
  switch (skip.type) {
    case 'no-skip':
      return null
    case 'skip-to-next':
      return earliest(
        paths.flatMap((path) => [...path.values()].flatMap((events) => events.slice(0, 1))),
      )
    case 'skip-past-last-event':
      return latest(
        paths.flatMap((path) => [...path.values()].flatMap((events) => events.slice(-1))),
      )
    case 'skip-to-first':
      return latest(paths.flatMap((path) => (path.get(skip.stage) ?? []).slice(0, 1)))
    case 'skip-to-last':
      return latest(paths.flatMap((path) => (path.get(skip.stage) ?? []).slice(-1)))
    default:
      return unreachable(skip)
  }
}

function earliest(events: readonly EventId[]): EventId | null {
  return events.reduce<EventId | null>(
    (first, event) => (first === null || compareEvents(event, first) < 0 ? event : first),
    null,
  )
}

function latest(events: readonly EventId[]): EventId | null {
  return events.reduce<EventId | null>(
    (last, event) => (last === null || compareEvents(event, last) > 0 ? event : last),
    null,
  )
}
