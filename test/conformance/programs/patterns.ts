// op `cep`: patterns.

import { AfterMatchSkip, begin, outputTag } from 'weirstream'
import type { Pattern, PatternCall, PatternMatch } from 'weirstream'
import { numberIn } from '../cases.ts'
import type { CaseJob, Fields } from '../cases.ts'
import { compares, satisfies } from '../conditions.ts'
import type { Condition, FieldCondition } from '../conditions.ts'
import type { Program, Row } from '../program.ts'

export interface CepJob extends CaseJob {
  readonly op: 'cep'
  readonly keyed?: boolean
  readonly time?: 'event' | 'processing'
  readonly pattern: readonly Stage[]
  readonly within?: number
  readonly withinType?: 'firstAndLast' | 'previousAndCurrent'
  readonly skip?: string
  readonly timeouts?: boolean
  readonly sideOutputLate?: boolean
}

interface Stage {
  readonly name?: string
  readonly group?: readonly Stage[]
  readonly contiguity?: 'next' | 'followedBy' | 'followedByAny' | 'notNext' | 'notFollowedBy'
  readonly where?: StageCondition
  readonly times?: 'oneOrMore' | readonly [from: number, to: number | null]
  readonly optional?: boolean
  readonly greedy?: boolean
  readonly consecutive?: boolean
  readonly allowCombinations?: boolean
  readonly until?: StageCondition
}

/** Compares with what a stage has accepted so far. */
type IterativeCondition = Omit<FieldCondition, 'value'> & {
  readonly of: string
  readonly agg: 'last' | 'sum'
}

type StageCondition =
  | Condition
  | IterativeCondition
  | { readonly all: readonly StageCondition[] }
  | { readonly any: readonly StageCondition[] }

/** What a condition may look at beside the record. */
interface Accepted {
  eventsOf(stage: string): readonly Fields[]
}

const LATE = outputTag<Fields>('late')
const TIMEOUT = outputTag<Row>('timeout')

export function cepProgram(job: CepJob): Program {
  const { keyed = true, timeouts = false, sideOutputLate = false, time = 'event' } = job
  const call: PatternCall<Fields, Row> = {
    time,
    select: rowOf,
    ...(sideOutputLate ? { lateOutput: LATE } : {}),
    ...(timeouts ? { timeout: { output: TIMEOUT, select: rowOf } } : {}),
  }
  return {
    build(records) {
      const pattern = patternOf(job)
      return keyed
        ? records.keyBy(({ k }) => k).pattern(pattern, call)
        : records.pattern(pattern, call)
    },
    ...(timeouts ? { sides: [TIMEOUT.name] } : {}),
    ...(sideOutputLate ? { recordSides: [LATE.name] } : {}),
  }
}

/** The pattern of a case. */
export function patternOf({
  pattern,
  within,
  withinType,
  skip = 'noSkip',
}: Pick<CepJob, 'pattern' | 'within' | 'withinType' | 'skip'>): Pattern<Fields> {
  const whole = stagesOf(pattern, skipOf(skip))
  if (within === undefined) return whole
  const isPrevious = withinType === 'previousAndCurrent'
  return whole.within(within, isPrevious ? 'previous-and-current' : 'first-and-last')
}

function skipOf(skip: string): AfterMatchSkip {
  const [strategy, stage = ''] = skip.split(':')
  switch (strategy) {
    case 'noSkip':
      return AfterMatchSkip.noSkip()
    case 'skipToNext':
      return AfterMatchSkip.skipToNext()
    case 'skipPastLastEvent':
      return AfterMatchSkip.skipPastLastEvent()
    case 'skipToFirst':
      return AfterMatchSkip.skipToFirst(stage)
    case 'skipToLast':
      return AfterMatchSkip.skipToLast(stage)
    default:
      throw new Error(`There is no skip strategy "${skip}".`)
  }
}

function stagesOf(stages: readonly Stage[], skip: AfterMatchSkip): Pattern<Fields> {
  let pattern: Pattern<Fields> | null = null
  for (const stage of stages) pattern = quantified(append(pattern, stage, skip), stage)
  if (pattern === null) throw new Error('A pattern has no stage.')
  return pattern
}

function append(
  pattern: Pattern<Fields> | null,
  { name, group, contiguity, where }: Stage,
  skip: AfterMatchSkip,
): Pattern<Fields> {
  const next = group === undefined ? (name ?? '') : stagesOf(group, skip)
  const appended = follow(pattern, next, contiguity, skip)
  return where === undefined ? appended : appended.where(conditionOf(where))
}

function follow(
  pattern: Pattern<Fields> | null,
  next: string | Pattern<Fields>,
  contiguity: Stage['contiguity'],
  skip: AfterMatchSkip,
): Pattern<Fields> {
  if (pattern === null) return begin<Fields>(next, skip)
  switch (contiguity) {
    case 'next':
      return pattern.next(next)
    case 'followedBy':
      return pattern.followedBy(next)
    case 'followedByAny':
      return pattern.followedByAny(next)
    case 'notNext':
      return pattern.notNext(nameOf(next))
    case 'notFollowedBy':
      return pattern.notFollowedBy(nameOf(next))
    case undefined:
      throw new Error('A stage has no contiguity.')
  }
}

function nameOf(next: string | Pattern<Fields>): string {
  if (typeof next === 'string') return next
  throw new Error('A negation cannot be a group.')
}

function quantified(appended: Pattern<Fields>, stage: Stage): Pattern<Fields> {
  let pattern = appended
  if (stage.times === 'oneOrMore') {
    pattern = pattern.oneOrMore()
  } else if (stage.times !== undefined) {
    const [from, to] = stage.times
    pattern = to === null ? pattern.timesOrMore(from) : pattern.times(from, to)
  }
  if (stage.consecutive === true) pattern = pattern.consecutive()
  if (stage.allowCombinations === true) pattern = pattern.allowCombinations()
  if (stage.greedy === true) pattern = pattern.greedy()
  if (stage.until !== undefined) pattern = pattern.until(conditionOf(stage.until))
  if (stage.optional === true) pattern = pattern.optional()
  return pattern
}

function conditionOf(condition: StageCondition): (fields: Fields, accepted: Accepted) => boolean {
  return (fields, accepted) => accepts(condition, fields, accepted)
}

function accepts(condition: StageCondition, fields: Fields, accepted: Accepted): boolean {
  if ('all' in condition) return condition.all.every((each) => accepts(each, fields, accepted))
  if ('any' in condition) return condition.any.some((each) => accepts(each, fields, accepted))
  if (!('of' in condition)) return satisfies(fields, condition)
  const { field, op, of, agg } = condition
  const values = accepted.eventsOf(of).map((event) => numberIn(event, field))
  const reference = agg === 'last' ? values.at(-1) : values.reduce((sum, value) => sum + value, 0)
  if (values.length === 0 || reference === undefined) return true
  return compares(fields[field], op, reference)
}

function rowOf(match: PatternMatch<Fields>): Row {
  const stages = [...match]
  const last = stages.at(-1)?.[1].at(-1)
  return {
    key: last?.k ?? null,
    match: Object.fromEntries(stages.map(([stage, events]) => [stage, events.map(({ id }) => id)])),
  }
}
