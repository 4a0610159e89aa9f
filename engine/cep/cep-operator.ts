/**
 * Finds a pattern in the records of each key. Event time: records wait in keyed state until the watermark reaches them
 * and are then processed by timestamp, those of one timestamp as they arrived. Processing time: records are processed as
 * they arrive. Partial matches with their records, waiting records and timers are keyed state, so they survive restarts.
 * Source: Flink CepOperator.
 */
import { InvariantViolation, present } from '../assert.ts'
import { NO_TIMESTAMP } from '../element.ts'
import { UserFunctionError } from '../errors.ts'
import type { OutputTag } from '../operator/functions.ts'
import type { Collector, Operator, OperatorContext, TimerService } from '../operator/operator.ts'
import { mapState, valueState } from '../state/descriptors.ts'
import type { MapState, ValueState } from '../state/keyed-state-backend.ts'
import type { Automaton } from './automaton.ts'
import type { CepSpec, MatchCollector } from './cep-spec.ts'
import { compilePattern } from './compile-pattern.ts'
import { Nfa } from './nfa.ts'
import type { Match, TimedOut } from './nfa.ts'
import { packMatches, unpackMatches } from './stored-matches.ts'
import type { StoredMatches } from './stored-matches.ts'

export class CepOperator implements Operator {
  readonly uid: string
  readonly #spec: CepSpec
  readonly #context: OperatorContext
  readonly #automaton: Automaton
  readonly #timers: TimerService
  readonly #matches: ValueState<StoredMatches>
  /** Event time: the records that the watermark has not reached, by timestamp. */
  readonly #waiting: MapState<number, readonly unknown[]>
  readonly #collector: MatchOutput
  readonly #timedOut: Collector | null
  readonly #late: Collector | null

  constructor(spec: CepSpec, context: OperatorContext) {
    this.uid = context.uid
    this.#spec = spec
    this.#context = context
    this.#automaton = compilePattern(spec.pattern)
    const state = present(context.keyedState, `The pattern of "${context.uid}" has no keyed state.`)
    this.#matches = state.valueState(valueState<StoredMatches>(`${context.uid}.matches`))
    this.#waiting = state.mapState(mapState<number, readonly unknown[]>(`${context.uid}.waiting`))
    this.#timers = context.timers({
      onEventTime: () => {
        this.#processWaiting()
      },
      onProcessingTime: () => {
        this.#run((nfa) => {
          this.#advanceTime(nfa, this.#timers.processingTime())
        })
      },
    })
    this.#collector = new MatchOutput(context)
    this.#timedOut = spec.timeout === null ? null : context.output(spec.timeout.tag)
    this.#late = spec.lateOutput === null ? null : context.output(spec.lateOutput)
  }

  process(value: unknown, timestamp: number): void {
    if (this.#spec.time === 'processing') {
      this.#run((nfa) => {
        const now = this.#timers.processingTime()
        this.#advanceTime(nfa, now)
        this.#processRecord(nfa, value, now)
      })
    } else if (timestamp > this.#timers.currentWatermark) {
      this.#wait(value, timestamp)
    } else {
      this.#late?.emit(value, timestamp)
    }
  }

  #wait(value: unknown, timestamp: number): void {
    const records = this.#waiting.get(timestamp)
    if (records === undefined) this.#timers.registerEventTime(timestamp)
    this.#waiting.put(timestamp, records === undefined ? [value] : [...records, value])
  }

  #processWaiting(): void {
    const watermark = this.#timers.currentWatermark
    const due = [...this.#waiting.keys()].filter((timestamp) => timestamp <= watermark)
    due.sort((a, b) => a - b)
    this.#run((nfa) => {
      for (const timestamp of due) {
        this.#advanceTime(nfa, timestamp)
        for (const value of this.#waiting.get(timestamp) ?? []) {
          this.#processRecord(nfa, value, timestamp)
        }
        this.#waiting.remove(timestamp)
      }
      this.#advanceTime(nfa, watermark)
    })
  }

  /** Works on the matches of the current key and stores what became of them. */
  #run(work: (nfa: Nfa) => void): void {
    const stored = this.#matches.value()
    const matches = stored === undefined ? null : unpackMatches(stored)
    const nfa = new Nfa(this.#automaton, matches, {
      reportsTimeouts: this.#timedOut !== null,
      processingTime: () => this.#timers.processingTime(),
    })
    work(nfa)
    if (nfa.isChanged) {
      if (nfa.isInitial) this.#matches.clear()
      else this.#matches.update(packMatches(nfa.state))
    }
  }

  #processRecord(nfa: Nfa, value: unknown, timestamp: number): void {
    const found = this.#guarded(() => nfa.process(value, timestamp))
    const { windowMs } = this.#automaton
    if (windowMs !== null && nfa.hasNewStart) this.#registerTimer(timestamp + windowMs)
    this.#emitMatches(found, timestamp)
  }

  #advanceTime(nfa: Nfa, timestamp: number): void {
    const { matches, timedOut } = nfa.advanceTime(timestamp)
    this.#emitMatches(matches, timestamp)
    this.#emitTimedOut(timedOut)
  }

  #registerTimer(time: number): void {
    // The clock stands at `time` for a whole millisecond, in which further records may come.
    if (this.#spec.time === 'processing') this.#timers.registerProcessingTime(time + 1)
    else this.#timers.registerEventTime(time)
  }

  #emitMatches(matches: readonly Match[], timestamp: number): void {
    this.#setTimestamp(timestamp)
    for (const match of matches) {
      this.#guarded(() => {
        this.#spec.process(match, this.#collector)
      })
    }
  }

  #emitTimedOut(timedOut: readonly TimedOut[]): void {
    for (const { match, timestamp } of timedOut) {
      this.#setTimestamp(timestamp)
      const value = this.#guarded(() => this.#spec.timeout?.select(match, this.#collector))
      this.#timedOut?.emit(value, this.#collector.current)
    }
  }

  /** Results have no timestamp in processing time. */
  #setTimestamp(timestamp: number): void {
    this.#collector.current = this.#spec.time === 'event' ? timestamp : NO_TIMESTAMP
  }

  #guarded<R>(callUser: () => R): R {
    try {
      return callUser()
    } catch (error) {
      // Thrown by an operator further down the chain, through `collect`.
      if (error instanceof UserFunctionError || error instanceof InvariantViolation) throw error
      throw new UserFunctionError(this.#context.name, error)
    }
  }
}

class MatchOutput implements MatchCollector<unknown> {
  current: number = NO_TIMESTAMP
  readonly #context: OperatorContext
  readonly #main: Collector

  constructor(context: OperatorContext) {
    this.#context = context
    this.#main = context.output(null)
  }

  get timestamp(): number | null {
    return this.current === NO_TIMESTAMP ? null : this.current
  }

  readonly processingTime = (): number => {
    return this.#context.processingTime()
  }

  /** A field, as the others that emit, so that a function may take it out of its context. */
  readonly collect = (value: unknown): void => {
    this.#main.emit(value, this.current)
  }

  readonly output = <T>(tag: OutputTag<T>, value: T): void => {
    this.#context.output(tag.name).emit(value, this.current)
  }
}
