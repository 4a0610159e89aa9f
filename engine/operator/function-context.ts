/**
 * What a process function is given, with or without key, for records and for timers. One object for all calls, which
 * says what holds for the current one.
 */
import { present } from '../assert.ts'
import { NO_TIMESTAMP } from '../element.ts'
import { ConfigurationError } from '../errors.ts'
import type { MapStateDescriptor } from '../state/descriptors.ts'
import { FunctionOutputs } from './function-outputs.ts'
import type { BroadcastStates } from './broadcast-states.ts'
import type { ReadOnlyBroadcastState } from './broadcast-state.ts'
import type {
  KeyedStates,
  OnTimerContext,
  OutputTag,
  ReadOnlyBroadcastStates,
  TimeDomain,
  Timers,
} from './functions.ts'
import { keyedBackend, keyedStates } from './keyed-states.ts'
import type { OperatorContext, TimerTarget } from './operator.ts'

export class FunctionContext implements OnTimerContext<unknown, unknown>, ReadOnlyBroadcastStates {
  readonly timers: Timers
  readonly state: KeyedStates['state']
  domain: TimeDomain = 'event'
  readonly #operator: OperatorContext
  readonly #outputs: FunctionOutputs
  readonly #broadcast: BroadcastStates | null
  #timestamp = NO_TIMESTAMP

  constructor(operator: OperatorContext, target: TimerTarget, broadcast: BroadcastStates | null) {
    this.#operator = operator
    this.#broadcast = broadcast
    this.#outputs = new FunctionOutputs(operator)
    this.state = keyedStates(operator)
    this.timers =
      operator.keyedState === null ? new UnkeyedTimers(operator) : operator.timers(target)
  }

  get timestamp(): number | null {
    return this.#timestamp === NO_TIMESTAMP ? null : this.#timestamp
  }

  get key(): unknown {
    return keyedBackend(this.#operator, 'key').currentKey
  }

  /** A field, as the others that emit, so that a function may take it out of its context. */
  readonly collect = (value: unknown): void => {
    this.#outputs.collect(value)
  }

  readonly output = <T>(tag: OutputTag<T>, value: T): void => {
    this.#outputs.output(tag, value)
  }

  /** Only there for functions that have a broadcast side. */
  readonly broadcastState = <K, V>(
    descriptor: MapStateDescriptor<K, V>,
  ): ReadOnlyBroadcastState<K, V> => {
    const states = present(this.#broadcast, `"${this.#operator.name}" has no broadcast stream.`)
    return states.readOnly(descriptor)
  }

  forRecord(timestamp: number): this {
    this.#timestamp = timestamp
    this.#outputs.timestamp = timestamp
    return this
  }

  /** What a processing-time timer emits has no timestamp, as its time is none of the event's (Flink). */
  forTimer(time: number, domain: TimeDomain): this {
    this.#timestamp = time
    this.#outputs.timestamp = domain === 'event' ? time : NO_TIMESTAMP
    this.domain = domain
    return this
  }
}

/** The clocks where there is no current key; registering a timer is refused. */
export class UnkeyedTimers implements Timers {
  readonly #operator: OperatorContext
  /** Why there are no timers, after the operator's name. */
  readonly #reason: string

  constructor(
    operator: OperatorContext,
    reason = 'its stream is not keyed. Put a keyBy before it.',
  ) {
    this.#operator = operator
    this.#reason = reason
  }

  get currentWatermark(): number {
    return this.#operator.currentWatermark
  }

  processingTime(): number {
    return this.#operator.processingTime()
  }

  registerEventTime(): void {
    this.#refuse()
  }

  deleteEventTime(): void {
    this.#refuse()
  }

  registerProcessingTime(): void {
    this.#refuse()
  }

  deleteProcessingTime(): void {
    this.#refuse()
  }

  #refuse(): never {
    throw new ConfigurationError(
      'timer-outside-keyed-context',
      `The operator "${this.#operator.name}" asked for a timer, but ${this.#reason}`,
    )
  }
}
