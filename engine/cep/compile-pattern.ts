/**
 * Turns a pattern into its automaton, from the last stage to the first. The order in which states and transitions are made
 * is part of the semantics: it decides the order of matches. Refuses what is wrong with a pattern as a whole.
 * Source: Flink NFACompiler; documentation of Flink's pattern API, "Combining Patterns".
 */
import { assert, present } from '../assert.ts'
import { ConfigurationError } from '../errors.ts'
import { connect, refuseEmptyLoops, refuseNegatedStart } from './automaton.ts'
import type { Automaton, State, StateType } from './automaton.ts'
import { and, not } from './conditions.ts'
import type { Condition, PatternSpec, StageSpec } from './pattern-spec.ts'
import {
  beforeUntil,
  chainOf,
  ignoreCondition,
  innerIgnoreCondition,
  isHeadOfOptionalGroup,
  proceedCondition,
  takeCondition,
} from './stage-conditions.ts'
import type { GroupScope, Link } from './stage-conditions.ts'

export function compilePattern(pattern: PatternSpec): Automaton {
  checkSkip(pattern)
  return new PatternCompiler(pattern).compile()
}

/** Names that no stage can have: theirs have no colon and are not empty. */
const FINAL_STATE = ':match'
const GROUP_STAGE = ':group'

/** What a negated stage refuses. */
interface Negation {
  readonly stage: string
  readonly condition: Condition<unknown>
}

class PatternCompiler {
  readonly #pattern: PatternSpec
  readonly #states = new Map<string, State>()
  readonly #stops = new Map<string, State>()
  readonly #stateWindowsMs = new Map<string, number>()
  /** What follows a greedy loop once its until condition ended it, by the name of what follows it otherwise. */
  readonly #afterUntil = new Map<string, State>()
  #windowMs: number | null
  /** Where the compiler stands: a stage, the one behind it and the group around it. */
  #stage: Link
  #following: StageSpec | null = null
  #group: GroupScope | null = null

  constructor(pattern: PatternSpec) {
    this.#pattern = pattern
    this.#stage = lastOf(pattern)
    this.#windowMs = this.#stage.spec.within['first-and-last'] ?? null
  }

  compile(): Automaton {
    const last = this.#stage.spec
    const start = this.#convert(this.#middle(this.#newState(FINAL_STATE, 'final')))
    start.type = 'start'
    this.#checkWindows(last)
    refuseEmptyLoops(this.#states.values())
    refuseNegatedStart(start)
    return {
      states: this.#states,
      start: start.name,
      windowMs: this.#windowMs,
      stateWindowsMs: this.#stateWindowsMs,
      skip: this.#pattern.skip,
    }
  }

  /** All stages but the first, in front of `sink`. */
  #middle(sink: State): State {
    let next = sink
    while (this.#stage.previous !== null) {
      const { contiguity } = this.#stage.spec
      if (contiguity === 'notFollowedBy') next = this.#notFollowedBy(next)
      else if (contiguity === 'notNext') next = this.#notNext(next)
      else next = this.#convert(next)
      this.#following = this.#stage.spec
      this.#stage = this.#stage.previous
      const windowMs = this.#stage.spec.within['first-and-last']
      if (windowMs !== undefined && windowMs < (this.#windowMs ?? Number.POSITIVE_INFINITY)) {
        this.#windowMs = windowMs
      }
    }
    return next
  }

  /** Between stages it becomes a condition of the states around it; at the end it waits for the window to pass. */
  #notFollowedBy(next: State): State {
    const { within } = this.#stage.spec
    const isBounded = within['previous-and-current'] !== undefined || this.#windowMs !== null
    if (next.type !== 'final' || !isBounded) return next
    const state = this.#newStageState('pending', true)
    const negation = this.#negationOf(this.#stage)
    connect(state, 'proceed', this.#stopState(negation), negation.condition)
    connect(state, 'ignore', state, not(negation.condition))
    return state
  }

  #notNext(next: State): State {
    const state = this.#newStageState('normal', true)
    const negation = this.#negationOf(this.#stage)
    const stop = this.#stopState(negation)
    // To the final state by `ignore`, so that the record before is not taken for the one that must differ.
    connect(state, next.type === 'final' ? 'ignore' : 'proceed', next, not(negation.condition))
    connect(state, 'proceed', stop, negation.condition)
    return state
  }

  #convert(sink: State): State {
    const { kind } = this.#stage.spec.quantifier
    let first: State
    if (kind === 'looping') first = this.#times(this.#looping(this.#withoutNegations(sink)), sink)
    else if (kind === 'times') first = this.#times(sink, sink)
    else first = this.#one(sink, sink, this.#take, this.#ignore, this.#isOptional, true)
    this.#addStops(first)
    return first
  }

  get #take(): Condition<unknown> {
    return takeCondition(this.#stage, this.#group)
  }

  get #ignore(): Condition<unknown> | null {
    return ignoreCondition(this.#stage, this.#group)
  }

  get #isOptional(): boolean {
    return this.#stage.spec.quantifier.isOptional
  }

  /** from…to copies of the stage in front of `sink`; those above `from` may be left for `proceed`. */
  #times(sink: State, proceed: State): State {
    const { until, quantifier } = this.#stage.spec
    const { from, to } = quantifier
    const inner = beforeUntil(innerIgnoreCondition(this.#stage, this.#group), until)
    const take = beforeUntil(this.#take, until)
    if (quantifier.isGreedy && from !== to) leaveToLoop(sink, take)
    let next = sink
    for (let i = 1; i < to; i += 1) {
      const isOptional = i <= to - from
      next = this.#one(next, isOptional ? proceed : null, take, inner, isOptional, false)
      this.#addStopToLoop(next)
    }
    return this.#one(next, proceed, take, this.#ignore, this.#isOptional, true)
  }

  /** The stage once: takes a record and goes to `sink`, or, if optional, goes to `proceed` without one. */
  #one(
    sink: State,
    proceed: State | null,
    take: Condition<unknown>,
    ignore: Condition<unknown> | null,
    isOptional: boolean,
    isFirst: boolean,
  ): State {
    if (this.#stage.spec.group !== null) {
      return this.#groupOnce(sink, isOptional ? proceed : null, isFirst)
    }
    const state = this.#newStageState('normal', true)
    const target = this.#withoutNegations(sink)
    connect(state, 'take', target, take)
    if (isOptional) this.#leaveOut(state, present(proceed, 'An optional stage leads nowhere.'))
    if (ignore === null) return state
    const waiting = isOptional || isHeadOfOptionalGroup(this.#stage, this.#group)
    connect(state, 'ignore', waiting ? this.#waiting(target, take, ignore) : state, ignore)
    return state
  }

  #leaveOut(state: State, proceed: State): void {
    const condition = proceedCondition(this.#group)
    const { until, quantifier } = this.#stage.spec
    if (!quantifier.isGreedy || until === null) {
      connect(state, 'proceed', proceed, condition)
      return
    }
    const ended = this.#afterUntil.get(proceed.name) ?? proceed
    connect(state, 'proceed', ended, and(condition, until))
    connect(state, 'proceed', proceed, and(condition, not(until)))
  }

  /** Where a run waits for an optional stage: without `proceed`, which it was offered once already. */
  #waiting(target: State, take: Condition<unknown>, ignore: Condition<unknown>): State {
    const state = this.#newStageState('normal', false)
    connect(state, 'take', target, take)
    connect(state, 'ignore', state, ignore)
    this.#addStops(state)
    return state
  }

  #groupOnce(sink: State, proceed: State | null, isFirst: boolean): State {
    const condition = proceedCondition(this.#group)
    const head = this.#inside(isFirst, sink)
    if (proceed !== null) connect(head, 'proceed', proceed, condition)
    return head
  }

  /** The states of the group that the compiler stands at, in front of `sink`. */
  #inside(isFirstRound: boolean, sink: State): State {
    const [stage, following, group] = [this.#stage, this.#following, this.#group]
    this.#group = { spec: stage.spec, isFirstRound }
    this.#stage = lastOf(present(stage.spec.group, 'A stage is no group.'))
    const head = this.#convert(this.#middle(sink))
    this.#stage = stage
    this.#following = following
    this.#group = group
    return head
  }

  #loopingGroup(sink: State): State {
    const condition = proceedCondition(this.#group)
    const end = this.#newStageState('normal', true)
    const head = this.#inside(false, end)
    connect(head, 'proceed', sink, condition)
    connect(end, 'proceed', head, condition)
    return head
  }

  /** A state that takes any number of records and can be left for `sink` at any time. */
  #looping(sink: State): State {
    const { until, group, quantifier } = this.#stage.spec
    if (group !== null) return this.#loopingGroup(sink)
    const inner = beforeUntil(innerIgnoreCondition(this.#stage, this.#group), until)
    const take = beforeUntil(this.#take, until)
    const condition = proceedCondition(this.#group)
    const state = this.#newStageState('normal', true)
    if (quantifier.isGreedy) {
      this.#leaveGreedily(state, sink, condition, until)
      leaveToLoop(sink, this.#take)
    } else {
      connect(state, 'proceed', sink, condition)
    }
    connect(state, 'take', state, take)
    this.#addStopToLoop(state)
    if (inner === null) return state
    const waiting = this.#newStageState('normal', false)
    connect(waiting, 'take', state, take)
    connect(waiting, 'ignore', waiting, inner)
    connect(state, 'ignore', waiting, inner)
    this.#addStopToLoop(waiting)
    return state
  }

  #leaveGreedily(
    state: State,
    sink: State,
    condition: Condition<unknown>,
    until: Condition<unknown> | null,
  ): void {
    if (until === null) {
      connect(state, 'proceed', sink, condition)
      return
    }
    const ended = this.#copy(sink)
    this.#afterUntil.set(sink.name, ended)
    connect(state, 'proceed', ended, and(condition, until))
    connect(state, 'proceed', sink, and(condition, not(until)))
  }

  /** The negations that hold until the stage takes its first record: those before it, optional stages left out. */
  #negations(): readonly Negation[] {
    const found: Negation[] = []
    for (let link = this.#stage.previous; link !== null; link = link.previous) {
      if (link.spec.contiguity === 'notFollowedBy') found.push(this.#negationOf(link))
      else if (!link.spec.quantifier.isOptional) break
    }
    return found
  }

  #negationOf(link: Link): Negation {
    const stage = present(link.spec.name, 'A group is negated.')
    return { stage, condition: takeCondition(link, this.#group) }
  }

  /** Once an optional stage took a record, the negations before it hold no longer: its target, without them. */
  #withoutNegations(sink: State): State {
    const negations = this.#negations()
    if (negations.length === 0 || !this.#isOptional) return sink
    const copy = this.#newState(sink.name, sink.type, sink.stage)
    for (const { action, source, target, condition } of sink.transitions) {
      if (action !== 'proceed') {
        connect(copy, action, target === source ? copy : target, condition)
      } else if (target.type !== 'stop') {
        connect(copy, action, this.#withoutNegations(target), condition)
      } else if (!negations.some((negation) => negation.stage === target.name)) {
        connect(copy, action, target, condition)
      }
    }
    return copy
  }

  #copy(state: State): State {
    const copy = this.#newState(state.stage, state.type)
    for (const { action, source, target, condition } of state.transitions) {
      connect(copy, action, target === source ? copy : target, condition)
    }
    return copy
  }

  #addStops(state: State): void {
    for (const negation of this.#negations()) {
      connect(state, 'proceed', this.#stopState(negation), negation.condition)
    }
  }

  #addStopToLoop(state: State): void {
    if (this.#following?.contiguity !== 'notFollowedBy') return
    const negation = this.#negationOf({ spec: this.#following, previous: null })
    connect(state, 'proceed', this.#stopState(negation), negation.condition)
  }

  #stopState({ stage, condition }: Negation): State {
    let state = this.#stops.get(stage)
    if (state === undefined) {
      state = this.#newState(stage, 'stop')
      connect(state, 'take', state, condition)
      this.#stops.set(stage, state)
    }
    return state
  }

  /** `isTaking`: the time since the run's last record is limited here, if the stage limits it. */
  #newStageState(type: StateType, isTaking: boolean): State {
    const { name, quantifier, within } = this.#stage.spec
    const state = this.#newState(name ?? GROUP_STAGE, type)
    const isRepetition = state.name !== state.stage
    let windowMs: number | null = null
    if (quantifier.kind === 'one') windowMs = within['previous-and-current'] ?? null
    else if (isRepetition) windowMs = quantifier.windowMs
    if (isTaking && windowMs !== null) this.#stateWindowsMs.set(state.name, windowMs)
    return state
  }

  #newState(base: string, type: StateType, stage = base): State {
    let name = base
    for (let i = 0; this.#states.has(name); i += 1) name = `${base}:${i}`
    const state: State = { name, stage, type, transitions: [] }
    this.#states.set(name, state)
    return state
  }

  #checkWindows(last: StageSpec): void {
    const whole = this.#windowMs
    for (const windowMs of this.#stateWindowsMs.values()) {
      if (whole === null || windowMs <= whole) continue
      throw malformed(
        `The window of ${windowMs} ms between two records is longer than that of the whole match, ${whole} ms.`,
      )
    }
    if (last.contiguity !== 'notFollowedBy' || whole !== null) return
    assert(last.name !== null, 'A group is negated.')
    if (!this.#stateWindowsMs.has(last.name)) {
      throw malformed(
        `notFollowedBy("${last.name}") at the end of a pattern would wait forever: add within(windowMs).`,
      )
    }
  }
}

/** Records that the greedy loop takes are not for the state behind it. */
function leaveToLoop(sink: State, take: Condition<unknown>): void {
  for (const transition of sink.transitions) {
    transition.condition = and(transition.condition, not(take))
  }
}

function lastOf(pattern: PatternSpec): Link {
  return present(chainOf(pattern.stages), 'A pattern has no stage.')
}

function checkSkip({ skip, stages }: PatternSpec): void {
  if (skip.type !== 'skip-to-first' && skip.type !== 'skip-to-last') return
  if (stages.some((stage) => stage.name === skip.stage)) return
  throw malformed(`${skip.type} names the stage "${skip.stage}", which the pattern does not have.`)
}

function malformed(sentence: string): ConfigurationError {
  return new ConfigurationError('malformed-pattern', sentence)
}
