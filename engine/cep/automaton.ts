/**
 * The states and transitions that a pattern is compiled to. Must not know partial matches or records.
 * Source: Flink State, StateTransition; the automaton of Agrawal et al. (SIGMOD 2008), section 3.
 */
import { ConfigurationError } from '../errors.ts'
import type { AfterMatchSkip, Condition } from './pattern-spec.ts'

/**
 * `start`: where runs begin; `final`: a match; `stop`: a negated stage accepted a record, the run ends; `pending`: behind a
 * trailing notFollowedBy, a match once its window is over; `normal`: the rest.
 */
export type StateType = 'start' | 'normal' | 'pending' | 'stop' | 'final'

/** `take`: the record joins the run; `ignore`: the run waits; `proceed`: the record is offered to the next state at once. */
export type TransitionAction = 'take' | 'ignore' | 'proceed'

export interface Transition {
  readonly action: TransitionAction
  readonly source: State
  readonly target: State
  condition: Condition<unknown>
}

export interface State {
  /** Unique; a number behind a colon tells the states of a stage apart. */
  readonly name: string
  /** What the stage is called in a match. */
  readonly stage: string
  type: StateType
  readonly transitions: Transition[]
}

export interface Automaton {
  readonly states: ReadonlyMap<string, State>
  readonly start: string
  /** Of a whole match in ms; null = none. */
  readonly windowMs: number | null
  /** Of the time since a run's last record, by the name of its state. */
  readonly stateWindowsMs: ReadonlyMap<string, number>
  readonly skip: AfterMatchSkip
}

/** Adds a transition behind those that the state has: their order is part of the order of matches. */
export function connect(
  source: State,
  action: TransitionAction,
  target: State,
  condition: Condition<unknown>,
): void {
  source.transitions.push({ action, source, target, condition })
}

/** A circle of `proceed` would offer one record to the same states forever. */
export function refuseEmptyLoops(states: Iterable<State>): void {
  const finished = new Set<State>()
  const open = new Set<State>()
  const visit = (state: State): void => {
    if (finished.has(state)) return
    if (open.has(state)) {
      throw malformed(
        'A looping group must have a stage that is not optional, or it would loop without a record.',
      )
    }
    open.add(state)
    for (const next of proceeding(state)) visit(next)
    open.delete(state)
    finished.add(state)
  }
  for (const state of states) visit(state)
}

/** A run that has no record yet can be stopped by none. */
export function refuseNegatedStart(start: State): void {
  const reached = new Set([start])
  for (const state of reached) {
    if (state.type === 'stop') {
      throw malformed(
        `The negation "${state.stage}" must have a stage before it that is not optional.`,
      )
    }
    for (const next of proceeding(state)) reached.add(next)
  }
}

function proceeding(state: State): readonly State[] {
  return state.transitions.flatMap(({ action, target }) => (action === 'proceed' ? [target] : []))
}

function malformed(sentence: string): ConfigurationError {
  return new ConfigurationError('malformed-pattern', sentence)
}
