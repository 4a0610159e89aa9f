/**
 * Runs an automaton over the records of one key: every partial match sees every record and waits, goes on, branches or
 * ends. Must not know state backends, watermarks or the operator. Invariant: what is found, and in which order, depends
 * only on the stored matches and the records. Source: Flink NFA; Agrawal et al. (SIGMOD 2008).
 */
import { present } from '../assert.ts'
import { skippedBy } from './after-match-skip.ts'
import type { Automaton, State, Transition } from './automaton.ts'
import { FIRST_VERSION, increased, withStage } from './dewey-number.ts'
import type { DeweyNumber } from './dewey-number.ts'
import { compareMatches, dequeue, enqueue, isSameMatch, removeWhere } from './partial-match.ts'
import type { PartialMatch } from './partial-match.ts'
import type { ConditionContext } from './pattern-spec.ts'
import { SharedBuffer, pathsTo } from './shared-buffer.ts'
import type { BufferedEvent, MatchPath, Node } from './shared-buffer.ts'

/** The matches of a key. */
export interface MatchState {
  partial: PartialMatch[]
  /** Complete, but a partial match that began before them may still make them skipped. */
  readonly completed: PartialMatch[]
  readonly buffer: SharedBuffer
}

export type Match = ReadonlyMap<string, readonly unknown[]>

export interface TimedOut {
  readonly match: Match
  /** When its window ended. */
  readonly timestamp: number
}

/** The record that is being processed; registered when the first run takes it. */
interface Arrival {
  readonly value: unknown
  readonly timestamp: number
  event: BufferedEvent | null
}

export interface NfaOptions {
  /** Whether anybody wants to know of the partial matches that time out. */
  readonly reportsTimeouts: boolean
  processingTime(): number
}

export class Nfa {
  readonly #automaton: Automaton
  readonly #options: NfaOptions
  readonly #state: MatchState
  readonly #buffer: SharedBuffer
  #isChanged = false
  #hasNewStart = false

  /** Goes on from `state`, which it changes; null = no match yet. */
  constructor(automaton: Automaton, state: MatchState | null, options: NfaOptions) {
    this.#automaton = automaton
    this.#options = options
    this.#state = state ?? initialState(automaton)
    this.#buffer = this.#state.buffer
  }

  get state(): MatchState {
    return this.#state
  }

  /** Whether the state differs from the one given. */
  get isChanged(): boolean {
    return this.#isChanged || this.#buffer.isChanged
  }

  /** Whether nothing but the beginning of the pattern is waited for. */
  get isInitial(): boolean {
    return this.#state.partial.length === 1 && this.#state.completed.length === 0
  }

  /** Whether a match began since this object was made. One that begins at or before 0 does not count, as in Flink. */
  get hasNewStart(): boolean {
    return this.#hasNewStart
  }

  /** Offers a record to every partial match. Yields the matches that are now certain. */
  process(value: unknown, timestamp: number): readonly Match[] {
    const arrival: Arrival = { value, timestamp, event: null }
    const partial: PartialMatch[] = []
    const complete: PartialMatch[] = []
    for (const match of this.#state.partial) this.#advance(match, arrival, partial, complete)
    if (complete.length > 0) this.#isChanged = true
    const found = this.#settle(partial, complete)
    this.#state.partial = partial
    if (arrival.event !== null) this.#buffer.releaseEvent(arrival.event)
    return found
  }

  /**
   * No record below `timestamp` will come. Partial matches whose window is over end: behind a trailing notFollowedBy they
   * are matches, else timed out.
   */
  advanceTime(timestamp: number): {
    readonly matches: readonly Match[]
    readonly timedOut: readonly TimedOut[]
  } {
    const partial: PartialMatch[] = []
    const complete: PartialMatch[] = []
    const timedOut: TimedOut[] = []
    for (const match of this.#state.partial) {
      const end = this.#endOfWindow(match, timestamp)
      if (end === null) {
        enqueue(partial, match)
        continue
      }
      this.#isChanged = true
      if (this.#stateOf(match).type === 'pending') {
        enqueue(complete, match)
      } else {
        if (this.#options.reportsTimeouts) {
          timedOut.push({ match: recordsOf(match), timestamp: end })
        }
        this.#release(match)
      }
    }
    const matches = this.#settle(partial, complete)
    this.#state.partial = partial
    return { matches, timedOut }
  }

  /** When the window that is over ended; null while the match may go on. */
  #endOfWindow(match: PartialMatch, now: number): number | null {
    if (match.start === null) return null
    const sinceLastMs = this.#automaton.stateWindowsMs.get(match.state)
    if (sinceLastMs !== undefined && elapsed(match.previousTimestamp, now) >= sinceLastMs) {
      return match.previousTimestamp + sinceLastMs
    }
    const { windowMs } = this.#automaton
    const { timestamp } = match.start
    return windowMs === null || elapsed(timestamp, now) < windowMs ? null : timestamp + windowMs
  }

  /** Replaces one partial match by what the record makes of it. */
  #advance(
    match: PartialMatch,
    arrival: Arrival,
    partial: PartialMatch[],
    complete: PartialMatch[],
  ): void {
    const successors = this.#successorsOf(match, arrival)
    const [only] = successors
    if (successors.length !== 1 || only === undefined || !isSameMatch(only, match)) {
      this.#isChanged = true
    }
    const isStart = this.#stateOf(match).type === 'start'
    const kept: PartialMatch[] = []
    let isStopped = false
    for (const successor of successors) {
      if (isStart && (successor.start?.timestamp ?? 0) > 0) this.#hasNewStart = true
      const { type } = this.#stateOf(successor)
      if (type === 'final') {
        enqueue(complete, successor)
      } else if (type === 'stop') {
        isStopped = true
        this.#release(successor)
      } else {
        kept.push(successor)
      }
    }
    for (const successor of kept) {
      if (isStopped) this.#release(successor)
      else enqueue(partial, successor)
    }
  }

  /** Gives out the complete matches that no earlier partial match can make skipped, and skips what they tell to skip. */
  #settle(partial: PartialMatch[], complete: readonly PartialMatch[]): Match[] {
    const { completed } = this.#state
    const { skip } = this.#automaton
    for (const match of complete) enqueue(completed, match)
    const found: Match[] = []
    for (let first = completed[0]; first !== undefined; [first] = completed) {
      const [earliest] = partial
      const mayBeSkipped = earliest !== undefined && compareMatches(first, earliest) > 0
      if (skip.type !== 'no-skip' && mayBeSkipped) break
      this.#isChanged = true
      dequeue(completed)
      const paths = pathsTo(nodeOf(first), first.version)
      const isSkipped = skippedBy(skip, paths)
      if (isSkipped !== null) {
        for (const match of removeWhere(partial, isSkipped)) this.#release(match)
        for (const match of removeWhere(completed, isSkipped)) this.#release(match)
      }
      found.push(recordsAlong(present(paths[0], 'A match has no records.')))
      this.#release(first)
    }
    return found
  }

  #successorsOf(match: PartialMatch, arrival: Arrival): readonly PartialMatch[] {
    const state = this.#stateOf(match)
    const context = this.#contextOf(match, arrival)
    const edges = this.#edgesOf(state, arrival.value, context)
    const takes = edges.filter(({ action }) => action === 'take').length
    const ignores = edges.filter(
      ({ action, target }) => action === 'ignore' && target !== state,
    ).length
    const branches = takes === 0 && ignores === 0 ? 0 : ignores + Math.max(1, takes)
    // Later branches get smaller versions, so that none can be taken for another's continuation.
    let takesLeft = Math.max(0, takes - 1)
    let ignoresLeft = ignores
    const successors: PartialMatch[] = []
    for (const edge of edges) {
      if (edge.action === 'take') {
        this.#take(match, edge, arrival, increased(match.version, takesLeft), context, successors)
        takesLeft -= 1
      } else if (state.type === 'start') {
        continue
      } else if (edge.target === state) {
        this.#follow({ ...match, version: increased(match.version, branches) }, successors)
      } else {
        const by = Math.max(0, takes - 1) + ignoresLeft
        const version = withStage(increased(match.version, by))
        this.#follow({ ...match, state: edge.target.name, version }, successors)
        ignoresLeft -= 1
      }
    }
    if (state.type === 'start') {
      successors.push({ ...match, version: increased(match.version, branches) })
    }
    if (match.node !== null) this.#buffer.release(match.node, match.version)
    return successors
  }

  /** The record joins the run; if the rest of the pattern is optional, that is a match as well. */
  #take(
    match: PartialMatch,
    edge: Transition,
    arrival: Arrival,
    version: DeweyNumber,
    context: ConditionContext<unknown>,
    successors: PartialMatch[],
  ): void {
    const { timestamp } = arrival
    const event = (arrival.event ??= this.#buffer.register(arrival.value, timestamp))
    const isStart = this.#stateOf(match).type === 'start'
    const next: PartialMatch = {
      state: edge.target.name,
      version: withStage(version),
      node: this.#buffer.put(edge.source.stage, event, match.node, version),
      start: isStart ? event : match.start,
      previousTimestamp: timestamp,
    }
    this.#follow(next, successors)
    const final = finalBehind(edge.target, arrival.value, context)
    if (final !== null) this.#follow({ ...next, state: final.name }, successors)
  }

  #follow(match: PartialMatch, successors: PartialMatch[]): void {
    successors.push(match)
    if (match.node !== null) this.#buffer.lock(match.node, match.version)
  }

  #release(match: PartialMatch): void {
    this.#buffer.release(nodeOf(match), match.version)
  }

  /** The edges that the record may go along, those behind `proceed` included. */
  #edgesOf(from: State, value: unknown, context: ConditionContext<unknown>): readonly Transition[] {
    const edges: Transition[] = []
    const states = [from]
    for (let state = states.pop(); state !== undefined; state = states.pop()) {
      for (const edge of state.transitions) {
        if (!edge.condition(value, context)) continue
        if (edge.action === 'proceed') states.push(edge.target)
        else edges.push(edge)
      }
    }
    return edges
  }

  #contextOf(match: PartialMatch, arrival: Arrival): ConditionContext<unknown> {
    // Walking the buffer is dear and most conditions do not ask.
    let records: Match | undefined
    return {
      timestamp: arrival.timestamp,
      processingTime: () => this.#options.processingTime(),
      eventsOf: (stage) => (records ??= recordsOf(match)).get(stage) ?? [],
    }
  }

  #stateOf(match: PartialMatch): State {
    return present(this.#automaton.states.get(match.state), `No state "${match.state}".`)
  }
}

function initialState(automaton: Automaton): MatchState {
  const start: PartialMatch = {
    state: automaton.start,
    version: FIRST_VERSION,
    node: null,
    start: null,
    previousTimestamp: -1,
  }
  return { partial: [start], completed: [], buffer: new SharedBuffer() }
}

function recordsOf(match: PartialMatch): Match {
  const [path] = match.node === null ? [] : pathsTo(match.node, match.version)
  return path === undefined ? new Map() : recordsAlong(path)
}

function recordsAlong(path: MatchPath): Match {
  return new Map(Array.from(path, ([stage, events]) => [stage, events.map(({ value }) => value)]))
}

function nodeOf(match: PartialMatch): Node {
  return present(match.node, `A partial match in state "${match.state}" has no record.`)
}

/** The final state, if the record lets a run proceed to it from here. */
function finalBehind(
  from: State,
  value: unknown,
  context: ConditionContext<unknown>,
): State | null {
  const states = [from]
  for (let state = states.pop(); state !== undefined; state = states.pop()) {
    for (const { action, target, condition } of state.transitions) {
      if (action !== 'proceed' || !condition(value, context)) continue
      if (target.type === 'final') return target
      states.push(target)
    }
  }
  return null
}

/** In Flink the difference to the maximal watermark overflows for times before 0, and such a match does not time out. */
function elapsed(since: number, now: number): number {
  return now === Number.POSITIVE_INFINITY && since < 0 ? Number.NEGATIVE_INFINITY : now - since
}
