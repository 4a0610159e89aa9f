/**
 * Recorded cases of what Apache Flink does, for tests of single modules.
 * CONFORMANCE_CASES names another folder, such as one of freshly generated cases.
 */
import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'

const FOLDER = resolve(
  process.env['CONFORMANCE_CASES'] ?? resolve(import.meta.dirname, '../conformance/cases'),
)

/** One case; the family says what job, steps and rows are. */
export interface ConformanceCase<Job, Step, Row = Readonly<Record<string, unknown>>> {
  readonly id: string
  readonly job: Job
  readonly input: readonly Step[]
  readonly end?: boolean
  readonly expected: { readonly main: readonly Row[] }
}

export function readCases<Job, Step>(family: string): ConformanceCase<Job, Step>[] {
  const file = resolve(FOLDER, `${family}.json`)
  if (!existsSync(file)) return []
  return JSON.parse(readFileSync(file, 'utf8')) as ConformanceCase<Job, Step>[]
}

/** A time of a case: a number, or the ends of event time by their names. */
export type CaseTime = number | 'min' | 'max'

export function timeOf(time: CaseTime): number {
  if (time === 'min') return Number.NEGATIVE_INFINITY
  return time === 'max' ? Number.POSITIVE_INFINITY : time
}

export function timeName(time: number): CaseTime {
  if (time === Number.NEGATIVE_INFINITY) return 'min'
  return time === Number.POSITIVE_INFINITY ? 'max' : time
}
