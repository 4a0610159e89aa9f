/**
 * The coordinators' side of watermark alignment, as pure functions over the reports of all sources of one group: the
 * bound is the least report plus the drift. Who is idle or finished reports MAX_WATERMARK and holds nobody back; who has
 * not reported yet does not count either.
 * Source: Flink SourceCoordinator.announceCombinedWatermark, WatermarkAggregator.
 */
import { MAX_WATERMARK, MIN_WATERMARK } from '../element.ts'

/** The last report of each subtask, by the uid of its source. */
export type AlignmentReports = ReadonlyMap<string, ReadonlyMap<number, number>>

export const NO_REPORTS: AlignmentReports = new Map()

export function report(
  reports: AlignmentReports,
  source: string,
  subtask: number,
  watermark: number,
): AlignmentReports {
  return new Map(reports).set(source, new Map(reports.get(source)).set(subtask, watermark))
}

/** A source starts anew: its subtasks count again when they have reported. */
export function forget(reports: AlignmentReports, source: string): AlignmentReports {
  const rest = new Map(reports)
  rest.delete(source)
  return rest
}

/** One subtask starts anew. */
export function forgetSubtask(
  reports: AlignmentReports,
  source: string,
  subtask: number,
): AlignmentReports {
  const subtasks = new Map(reports.get(source))
  subtasks.delete(subtask)
  return new Map(reports).set(source, subtasks)
}

/** What to announce: how far the splits of the group may be. MIN_WATERMARK while nobody has reported. */
export function maxAllowedWatermark(reports: AlignmentReports, maxDriftMs: number): number {
  let least = MAX_WATERMARK
  let hasReport = false
  for (const subtasks of reports.values()) {
    for (const watermark of subtasks.values()) {
      hasReport = true
      if (watermark < least) least = watermark
    }
  }
  return hasReport ? least + maxDriftMs : MIN_WATERMARK
}

/** The subtasks of a source that are told the bound: those that have reported. */
export function reportersOf(reports: AlignmentReports, source: string): number[] {
  return [...(reports.get(source)?.keys() ?? [])]
}
