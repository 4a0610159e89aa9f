/** Patterns, conditions and inputs written as in the conformance cases, for driving the pattern operator by hand. */
import type { CepSpec } from '../../../engine/cep/cep-spec.ts'
import type { CaseJob as OtherJob } from '../../conformance/cases.ts'
import { patternOf, type CepJob } from '../../conformance/programs/patterns.ts'

export interface Rec {
  readonly k: string
  readonly id: number
  readonly v: number
  readonly name: string
}

export type CaseJob = Omit<CepJob, keyof OtherJob>

export type CaseStep =
  | { readonly e: Rec; readonly t?: number }
  | { readonly w: number | 'max' | 'min' }
  | { readonly p: number }
  | { readonly restart: true }

export interface CaseRow {
  readonly key: string | null
  readonly match?: Readonly<Record<string, readonly number[]>>
  readonly e?: Rec
  readonly ts: number | string | null
  readonly at: number
}

/** The ids of the records of a match, by stage. */
export interface IdMatch {
  readonly key: string | null
  readonly match: Record<string, number[]>
}

export function specOf(job: CaseJob): CepSpec {
  return {
    pattern: patternOf(job).spec,
    time: job.time ?? 'event',
    process: (match: ReadonlyMap<string, readonly Rec[]>, context) => {
      context.collect(idsOf(match))
    },
    timeout: job.timeouts === true ? { tag: 'timeout', select: idsOf } : null,
    lateOutput: job.sideOutputLate === true ? 'late' : null,
  }
}

function idsOf(match: ReadonlyMap<string, readonly Rec[]>): IdMatch {
  const last = [...match.values()].at(-1)?.at(-1)
  const ids = [...match].map(([stage, records]) => [stage, records.map(({ id }) => id)] as const)
  return { key: last?.k ?? null, match: Object.fromEntries(ids) }
}
