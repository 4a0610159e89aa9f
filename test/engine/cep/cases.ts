/** Patterns, conditions and inputs written as in the conformance cases, for driving the pattern operator by hand. */
import type { CepSpec } from '../../../engine/cep/cep-spec.ts'
import { AfterMatchSkip, begin, type Pattern } from '../../../engine/cep/pattern.ts'
import type { ConditionContext } from '../../../engine/cep/pattern-spec.ts'

export interface Rec {
  readonly k: string
  readonly id: number
  readonly v: number
  readonly name: string
}

export type CaseCondition =
  | { readonly all: readonly CaseCondition[] }
  | { readonly any: readonly CaseCondition[] }
  | { readonly field: string; readonly op: string; readonly value: unknown }
  | { readonly field: string; readonly op: string; readonly of: string; readonly agg: string }

export interface CaseStage {
  readonly name?: string
  readonly group?: readonly CaseStage[]
  readonly contiguity?: string
  readonly where?: CaseCondition
  readonly times?: 'oneOrMore' | readonly [number, number | null]
  readonly optional?: boolean
  readonly greedy?: boolean
  readonly consecutive?: boolean
  readonly allowCombinations?: boolean
  readonly until?: CaseCondition
}

export interface CaseJob {
  readonly pattern: readonly CaseStage[]
  readonly within?: number
  readonly withinType?: 'firstAndLast' | 'previousAndCurrent'
  readonly skip?: string
  readonly time?: 'event' | 'processing'
  readonly timeouts?: boolean
  readonly sideOutputLate?: boolean
}

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

export function patternOf(job: CaseJob): Pattern<Rec> {
  const pattern = chain(job.pattern, skipOf(job.skip ?? 'noSkip'))
  if (job.within === undefined) return pattern
  const isWhole = job.withinType !== 'previousAndCurrent'
  return pattern.within(job.within, isWhole ? 'first-and-last' : 'previous-and-current')
}

function chain(stages: readonly CaseStage[], skip: AfterMatchSkip): Pattern<Rec> {
  const built = stages.reduce<Pattern<Rec> | null>(
    (pattern, stage) => quantified(appended(pattern, stage, skip), stage),
    null,
  )
  if (built === null) throw new Error('A case has no stage.')
  return built
}

function appended(
  pattern: Pattern<Rec> | null,
  stage: CaseStage,
  skip: AfterMatchSkip,
): Pattern<Rec> {
  const name = stage.name ?? ''
  const what = stage.group === undefined ? name : chain(stage.group, skip)
  let next: Pattern<Rec>
  if (pattern === null) next = begin(what, skip)
  else if (stage.contiguity === 'next') next = pattern.next(what)
  else if (stage.contiguity === 'followedBy') next = pattern.followedBy(what)
  else if (stage.contiguity === 'followedByAny') next = pattern.followedByAny(what)
  else if (stage.contiguity === 'notNext') next = pattern.notNext(name)
  else if (stage.contiguity === 'notFollowedBy') next = pattern.notFollowedBy(name)
  else throw new Error(`Unknown contiguity ${String(stage.contiguity)}.`)
  return stage.where === undefined ? next : next.where(conditionOf(stage.where))
}

function quantified(pattern: Pattern<Rec>, stage: CaseStage): Pattern<Rec> {
  let next = pattern
  if (stage.times === 'oneOrMore') next = next.oneOrMore()
  else if (stage.times !== undefined) {
    const [from, to] = stage.times
    next = to === null ? next.timesOrMore(from) : next.times(from, to)
  }
  if (stage.consecutive === true) next = next.consecutive()
  if (stage.allowCombinations === true) next = next.allowCombinations()
  if (stage.greedy === true) next = next.greedy()
  if (stage.until !== undefined) next = next.until(conditionOf(stage.until))
  return stage.optional === true ? next.optional() : next
}

function skipOf(text: string): AfterMatchSkip {
  const [type, stage = ''] = text.split(':')
  switch (type) {
    case 'skipToNext':
      return AfterMatchSkip.skipToNext()
    case 'skipPastLastEvent':
      return AfterMatchSkip.skipPastLastEvent()
    case 'skipToFirst':
      return AfterMatchSkip.skipToFirst(stage)
    case 'skipToLast':
      return AfterMatchSkip.skipToLast(stage)
    default:
      return AfterMatchSkip.noSkip()
  }
}

function conditionOf(
  condition: CaseCondition,
): (value: Rec, context: ConditionContext<Rec>) => boolean {
  return (value, context) => holds(condition, value, context)
}

function holds(condition: CaseCondition, value: Rec, context: ConditionContext<Rec>): boolean {
  if ('all' in condition) return condition.all.every((part) => holds(part, value, context))
  if ('any' in condition) return condition.any.some((part) => holds(part, value, context))
  const own = fieldOf(value, condition.field)
  if (!('of' in condition)) return compare(own, condition.op, condition.value)
  const others = context
    .eventsOf(condition.of)
    .map((other) => Number(fieldOf(other, condition.field)))
  const last = others.at(-1)
  if (last === undefined) return true
  const sum = others.reduce((a, b) => a + b, 0)
  return compare(own, condition.op, condition.agg === 'last' ? last : sum)
}

function fieldOf(value: Rec, field: string): unknown {
  return Object.entries(value).find(([name]) => name === field)?.[1]
}

function compare(a: unknown, op: string, b: unknown): boolean {
  const [left, right] =
    typeof a === 'number' && typeof b === 'number' ? [a, b] : [String(a), String(b)]
  switch (op) {
    case '==':
      return left === right
    case '!=':
      return left !== right
    case '<':
      return left < right
    case '<=':
      return left <= right
    case '>':
      return left > right
    default:
      return left >= right
  }
}

function idsOf(match: ReadonlyMap<string, readonly Rec[]>): IdMatch {
  const last = [...match.values()].at(-1)?.at(-1)
  const ids = [...match].map(([stage, records]) => [stage, records.map(({ id }) => id)] as const)
  return { key: last?.k ?? null, match: Object.fromEntries(ids) }
}
