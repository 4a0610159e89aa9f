/**
 * The pattern API: `begin('start').where(…).followedBy('end').within(1000)`. Flink's names; a pattern is immutable, every
 * method returns another one. What is wrong with a single step is refused by that step, what is wrong with the pattern
 * as a whole when it is compiled. Source: Flink Pattern, GroupPattern.
 */
import { present } from '../assert.ts'
import { ConfigurationError } from '../errors.ts'
import { and, or } from './conditions.ts'
import type {
  AfterMatchSkip as AfterMatchSkipSpec,
  Condition,
  Contiguity,
  InnerContiguity,
  PatternSpec,
  Quantifier,
  StageSpec,
  WithinType,
} from './pattern-spec.ts'

export type AfterMatchSkip = AfterMatchSkipSpec

/** What becomes of the other matches when one is found (Flink AfterMatchSkipStrategy). */
export const AfterMatchSkip = {
  /** Every possible match is found; the default. */
  noSkip: (): AfterMatchSkip => ({ type: 'no-skip' }),
  /** No other match starts with the same record. */
  skipToNext: (): AfterMatchSkip => ({ type: 'skip-to-next' }),
  /** No other match starts before the match's end. */
  skipPastLastEvent: (): AfterMatchSkip => ({ type: 'skip-past-last-event' }),
  /** No other match starts before the first record of that stage. */
  skipToFirst: (stage: string): AfterMatchSkip => ({ type: 'skip-to-first', stage }),
  /** No other match starts before the last record of that stage. */
  skipToLast: (stage: string): AfterMatchSkip => ({ type: 'skip-to-last', stage }),
} as const

/** Starts a pattern with a stage of that name, or with a group. `skip` is the strategy of the whole pattern. */
export function begin<T>(
  stage: string | Pattern<T>,
  skip: AfterMatchSkip = AfterMatchSkip.noSkip(),
): Pattern<T> {
  return new Pattern<T>({ stages: [newStage(stage, 'next')], skip })
}

/** A pattern over records of type T. Conditions, quantifiers and `within` refer to the stage added last. */
export class Pattern<T> {
  readonly spec: PatternSpec

  constructor(spec: PatternSpec) {
    checkNames(spec)
    this.spec = spec
  }

  /** The stage accepts a record that satisfies this condition and those given before. */
  where(condition: Condition<T>): Pattern<T> {
    const former = this.#conditionOf('where')
    if (former === null) return this.#with({ condition })
    return this.#with({ condition: and(former, condition) })
  }

  /** The stage also accepts a record that satisfies this condition. */
  or(condition: Condition<T>): Pattern<T> {
    const former = this.#conditionOf('or')
    if (former === null) return this.#with({ condition })
    return this.#with({ condition: or(former, condition) })
  }

  /** The loop of this stage ends before a record that satisfies the condition. */
  until(condition: Condition<T>): Pattern<T> {
    if (this.#last.until !== null)
      throw malformed(`${this.#subject} has an until condition already.`)
    if (this.#last.quantifier.kind !== 'looping') {
      throw malformed(
        `until needs a loop: call oneOrMore() or timesOrMore(n) on ${this.#name} first.`,
      )
    }
    return this.#with({ until: condition })
  }

  /** The next record of the key is the one (strict contiguity). */
  next(stage: string | Pattern<T>): Pattern<T> {
    return this.#append(stage, 'next')
  }

  /** The next record that the stage accepts (relaxed contiguity). */
  followedBy(stage: string | Pattern<T>): Pattern<T> {
    return this.#append(stage, 'followedBy')
  }

  /** Any later record that the stage accepts, one match for each. */
  followedByAny(stage: string | Pattern<T>): Pattern<T> {
    return this.#append(stage, 'followedByAny')
  }

  /** The next record of the key must not be accepted by the stage. */
  notNext(stage: string): Pattern<T> {
    return this.#appendNot(stage, 'notNext')
  }

  /** No record up to the next stage may be accepted; at the end of a pattern it needs `within`. */
  notFollowedBy(stage: string): Pattern<T> {
    return this.#appendNot(stage, 'notFollowedBy')
  }

  /** `from` to `to` records; without `to` exactly `from`. `from` 0 makes the stage optional. */
  times(from: number, to: number = from, windowMs: number | null = null): Pattern<T> {
    if (!Number.isInteger(from) || from < 0 || !Number.isInteger(to) || to < Math.max(from, 1)) {
      throw malformed(
        `times(${from}, ${to}) of ${this.#name} must be two whole numbers with 0 <= from <= to and to > 0.`,
      )
    }
    return this.#loop('times', Math.max(from, 1), to, windowMs, from === 0)
  }

  /** At least `from` records. */
  timesOrMore(from: number, windowMs: number | null = null): Pattern<T> {
    if (!Number.isInteger(from) || from < 1) {
      throw malformed(`timesOrMore(${from}) of ${this.#name} must be a whole number above 0.`)
    }
    return this.#loop('looping', from, from, windowMs, false)
  }

  /** At least one record; `windowMs`: at most that far from each other. */
  oneOrMore(windowMs: number | null = null): Pattern<T> {
    return this.#loop('looping', 1, 1, windowMs, false)
  }

  /** The stage may take no record at all. */
  optional(): Pattern<T> {
    const previous = this.spec.stages.at(-2)
    if (previous?.quantifier.isGreedy === true) {
      throw malformed(`${this.#subject} cannot be optional: the stage before it is greedy.`)
    }
    if (this.#last.quantifier.isOptional) throw malformed(`${this.#subject} is optional already.`)
    this.#refuseNot('optional')
    return this.#quantify({ isOptional: true })
  }

  /** A looping stage takes as many records as it can. */
  greedy(): Pattern<T> {
    this.#refuseNot('greedy')
    if (this.#last.group !== null) throw malformed('A group cannot be greedy.')
    const { inner } = this.#refuseSingle('greedy')
    if (inner === 'followedByAny') {
      throw malformed(`${this.#subject} allows combinations and cannot be greedy.`)
    }
    return this.#quantify({ isGreedy: true })
  }

  /** Nothing may lie between the records of the loop. */
  consecutive(): Pattern<T> {
    return this.#inside('consecutive', 'next')
  }

  /** Any subset of the acceptable records is a run of the loop. */
  allowCombinations(): Pattern<T> {
    return this.#inside('allowCombinations', 'followedByAny')
  }

  /** Matches that take longer than `windowMs` (exclusive) time out. The smallest window of a pattern counts. */
  within(windowMs: number, type: WithinType = 'first-and-last'): Pattern<T> {
    checkWindow(windowMs)
    return this.#with({ within: { ...this.#last.within, [type]: windowMs } })
  }

  get #last(): StageSpec {
    return present(this.spec.stages.at(-1), 'A pattern has no stage.')
  }

  get #name(): string {
    return this.#last.name === null ? 'the group' : `stage "${this.#last.name}"`
  }

  get #subject(): string {
    return this.#last.name === null ? 'The group' : `Stage "${this.#last.name}"`
  }

  #with(change: Partial<StageSpec>): Pattern<T> {
    const stages = [...this.spec.stages.slice(0, -1), { ...this.#last, ...change }]
    return new Pattern<T>({ ...this.spec, stages })
  }

  #quantify(change: Partial<Quantifier>): Pattern<T> {
    return this.#with({ quantifier: { ...this.#last.quantifier, ...change } })
  }

  #append(stage: string | Pattern<T>, contiguity: Contiguity): Pattern<T> {
    return new Pattern<T>({
      ...this.spec,
      stages: [...this.spec.stages, newStage(stage, contiguity)],
    })
  }

  #appendNot(stage: string, contiguity: 'notNext' | 'notFollowedBy'): Pattern<T> {
    if (this.#last.quantifier.isOptional) {
      throw malformed(
        `${contiguity}("${stage}") cannot come behind an optional stage: use two patterns, one without that stage.`,
      )
    }
    return this.#append(stage, contiguity)
  }

  #loop(
    kind: 'times' | 'looping',
    from: number,
    to: number,
    windowMs: number | null,
    isOptional: boolean,
  ): Pattern<T> {
    this.#refuseNot('A quantifier')
    const { quantifier } = this.#last
    if (quantifier.kind !== 'one') throw malformed(`${this.#subject} has a quantifier already.`)
    if (quantifier.isOptional)
      throw malformed(`Call optional() of ${this.#name} after its quantifier.`)
    if (windowMs !== null) checkWindow(windowMs)
    return this.#quantify({ kind, from, to, windowMs, isOptional })
  }

  #inside(option: 'consecutive' | 'allowCombinations', inner: InnerContiguity): Pattern<T> {
    const former = this.#refuseSingle(option).inner
    if (former === inner) throw malformed(`${this.#subject} has ${option} already.`)
    if (former !== 'followedBy') {
      throw malformed(`${this.#subject} can be consecutive or allow combinations, not both.`)
    }
    return this.#quantify({ inner })
  }

  #conditionOf(method: string): Condition<unknown> | null {
    if (this.#last.group !== null) {
      throw malformed(`A group has no ${method}: give conditions to the stages inside.`)
    }
    return this.#last.condition
  }

  #refuseNot(option: string): void {
    const { contiguity } = this.#last
    if (contiguity === 'notNext' || contiguity === 'notFollowedBy') {
      throw malformed(`${option} is not applicable to ${this.#name}, which is a ${contiguity}.`)
    }
  }

  #refuseSingle(option: string): Quantifier {
    const { quantifier } = this.#last
    if (quantifier.kind === 'one') {
      throw malformed(`${option} needs a loop: call times or oneOrMore on ${this.#name} first.`)
    }
    return quantifier
  }
}

const ONE: Quantifier = {
  kind: 'one',
  from: 1,
  to: 1,
  isOptional: false,
  isGreedy: false,
  inner: 'followedBy',
  windowMs: null,
}

function newStage<T>(stage: string | Pattern<T>, contiguity: Contiguity): StageSpec {
  const isName = typeof stage === 'string'
  return {
    name: isName ? stage : null,
    group: isName ? null : stage.spec,
    contiguity,
    condition: null,
    until: null,
    quantifier: ONE,
    within: {},
  }
}

/** Names are the keys of a match, so they must differ, also between a group and its surroundings. */
function checkNames(spec: PatternSpec): void {
  const names = new Set<string>()
  for (const name of namesOf(spec)) {
    // The automaton numbers the states of a stage behind a colon.
    if (name === '' || name.includes(':')) {
      throw malformed(`The stage name "${name}" must not be empty nor contain a colon.`)
    }
    if (names.has(name)) throw malformed(`Two stages are named "${name}": names must differ.`)
    names.add(name)
  }
}

function namesOf(spec: PatternSpec): readonly string[] {
  return spec.stages.flatMap((stage) => {
    if (stage.group !== null) return namesOf(stage.group)
    return [present(stage.name, 'A stage has neither a name nor a group.')]
  })
}

function checkWindow(windowMs: number): void {
  if (!Number.isInteger(windowMs) || windowMs <= 0) {
    throw malformed(`A window of ${windowMs} ms must be a whole number above 0.`)
  }
}

function malformed(sentence: string): ConfigurationError {
  return new ConfigurationError('malformed-pattern', sentence)
}
