/** A stream partitioned by key: operators on it have state and timers for each key. Source: Flink KeyedStream. */
import type { Pattern } from '../cep/pattern.ts'
import { ConfigurationError } from '../errors.ts'
import { intervalJoinSpec } from '../join/interval-join-options.ts'
import type { IntervalJoinContext, IntervalJoinOptions } from '../join/interval-join-spec.ts'
import type { KeyedProcessContext, KeyedProcessFunction } from '../operator/functions.ts'
import type { OperatorSpec, RollingSpec } from '../operator/operator-spec.ts'
import { globalWindows } from '../window/assigners.ts'
import { countEvictor } from '../window/evictors.ts'
import { countTrigger, purgingTrigger } from '../window/triggers.ts'
import type { WindowAssigner, WindowOptions } from '../window/window-spec.ts'
import { BroadcastStream } from './broadcast-stream.ts'
import { KeyedBroadcastConnectedStream, KeyedConnectedStreams, keyed } from './connected-streams.ts'
import type { DataStream } from './data-stream.ts'
import type { OperatorOptions } from './operator-options.ts'
import { cepSpec } from './pattern-call.ts'
import type { PatternCall } from './pattern-call.ts'
import type { StreamEnvironment } from './stream-environment.ts'
import type { StreamEdge, StreamInput } from './stream-graph.ts'
import { WindowedStream } from './windowed-stream.ts'

/** Names of fields of T that hold numbers. */
export type NumericField<T> = { [K in keyof T]: T[K] extends number ? K : never }[keyof T] & string

/** Names of fields of T that can be compared. */
export type ComparableField<T> = {
  [K in keyof T]: T[K] extends number | string | bigint ? K : never
}[keyof T] &
  string

type ErasedKeySelector = { method(value: unknown): unknown }['method']

export class KeyedStream<T, K> {
  /** For the other stream classes. */
  readonly environment: StreamEnvironment
  readonly input: StreamInput
  readonly #keySelector: ErasedKeySelector
  /** Only there for the type; never set. */
  readonly type?: () => readonly [T, K]

  constructor(
    environment: StreamEnvironment,
    edges: readonly StreamEdge[],
    keySelector: ErasedKeySelector,
  ) {
    this.environment = environment
    this.input = keyed(edges, keySelector)
    this.#keySelector = keySelector
  }

  /** A running sum: emits the key's first value with `field` replaced by the sum so far (as Flink does). */
  sum(field: NumericField<T>, options: OperatorOptions = {}): DataStream<T> {
    return this.#add('sum', { type: 'sum', field }, options)
  }

  /** A running minimum: emits the key's first value with `field` replaced by the least so far. */
  min(field: ComparableField<T>, options: OperatorOptions = {}): DataStream<T> {
    return this.#roll({ fn: 'min', field, keepsFirst: true }, options)
  }

  /** A running maximum: emits the key's first value with `field` replaced by the greatest so far. */
  max(field: ComparableField<T>, options: OperatorOptions = {}): DataStream<T> {
    return this.#roll({ fn: 'max', field, keepsFirst: true }, options)
  }

  /** The value with the least `field` so far; of equal ones the first, unless `keepsFirst` is false. */
  minBy(field: ComparableField<T>, options: RollingOptions = {}): DataStream<T> {
    return this.#roll({ fn: 'minBy', field, keepsFirst: options.keepsFirst ?? true }, options)
  }

  /** The value with the greatest `field` so far; of equal ones the first, unless `keepsFirst` is false. */
  maxBy(field: ComparableField<T>, options: RollingOptions = {}): DataStream<T> {
    return this.#roll({ fn: 'maxBy', field, keepsFirst: options.keepsFirst ?? true }, options)
  }

  /** A running combination: emits, for every value, what `reduce` made of all values of the key so far. */
  reduce(reduce: (left: T, right: T) => T, options: OperatorOptions = {}): DataStream<T> {
    return this.#add('reduce', { type: 'reduce', reduce }, options)
  }

  /** Anything, with the key, its state and its timers: `context.state(valueState('count'))`. */
  process<O>(
    process:
      KeyedProcessFunction<T, K, O> | ((value: T, context: KeyedProcessContext<K, O>) => void),
    options: OperatorOptions = {},
  ): DataStream<O> {
    const operator: OperatorSpec = {
      type: 'process',
      process: typeof process === 'function' ? { processElement: process } : process,
    }
    return this.#add('process', operator, options)
  }

  /** Groups the values of a key into windows. */
  window(assigner: WindowAssigner<T>, options: WindowOptions<T> = {}): WindowedStream<T, K> {
    return new WindowedStream<T, K>({
      environment: this.environment,
      kind: 'window',
      edges: this.input.edges,
      keySelector: this.#keySelector,
      assigner,
      options,
      parallelism: null,
    })
  }

  /** Windows of `count` values; with `slide`, one every `slide` values over the last `count`. */
  countWindow(count: number, slide?: number): WindowedStream<T, K> {
    return this.window(
      globalWindows(),
      slide === undefined
        ? { trigger: purgingTrigger(countTrigger(count)) }
        : { trigger: countTrigger(slide), evictor: countEvictor(count) },
    )
  }

  /** Sequences of values of a key that fit a pattern. Source: Flink CEP. */
  pattern<O>(
    pattern: Pattern<T>,
    call: PatternCall<T, O>,
    options: OperatorOptions = {},
  ): DataStream<O> {
    return this.#add('pattern', { type: 'cep', cep: cepSpec(pattern, call) }, options)
  }

  /** Pairs of this stream and another of the same key whose timestamps lie within bounds of each other. */
  intervalJoin<R>(
    other: KeyedStream<R, K>,
    options: IntervalJoinOptions<T, R>,
  ): IntervalJoin<T, R, K> {
    this.#checkSameJob(other)
    return new IntervalJoin<T, R, K>(this.environment, [this.input, other.input], options)
  }

  /** With another stream of the same key: shared state and timers. With a broadcast stream: rules that every key sees. */
  connect<B>(other: KeyedStream<B, K>): KeyedConnectedStreams<T, B, K>
  connect<B>(other: BroadcastStream<B>): KeyedBroadcastConnectedStream<T, B, K>
  connect<B>(
    other: KeyedStream<B, K> | BroadcastStream<B>,
  ): KeyedConnectedStreams<T, B, K> | KeyedBroadcastConnectedStream<T, B, K> {
    this.#checkSameJob(other)
    return other instanceof BroadcastStream
      ? new KeyedBroadcastConnectedStream<T, B, K>(this.environment, this.input, other)
      : new KeyedConnectedStreams<T, B, K>(this.environment, this.input, other.input)
  }

  #roll(rolling: RollingSpec, options: OperatorOptions): DataStream<T> {
    return this.#add(rolling.fn, { type: 'rolling', rolling }, options)
  }

  #add<O>(kind: string, operator: OperatorSpec, options: OperatorOptions): DataStream<O> {
    return this.environment.addOperator<O>(kind, operator, [this.input], options)
  }

  #checkSameJob(other: { readonly environment: StreamEnvironment }): void {
    if (other.environment === this.environment) return
    throw new ConfigurationError(
      'stream-of-another-job',
      'A stream of one job was joined or connected with a stream of another; make both from the same environment.',
    )
  }
}

export interface RollingOptions extends OperatorOptions {
  readonly keepsFirst?: boolean
}

/** Two keyed streams with the bounds within which their records join. Source: Flink KeyedStream.IntervalJoined. */
export class IntervalJoin<L, R, K> {
  readonly #environment: StreamEnvironment
  readonly #inputs: readonly StreamInput[]
  readonly #options: IntervalJoinOptions<L, R>

  constructor(
    environment: StreamEnvironment,
    inputs: readonly StreamInput[],
    options: IntervalJoinOptions<L, R>,
  ) {
    this.#environment = environment
    this.#inputs = inputs
    this.#options = options
  }

  /** Emits for each pair, when the second of the two has come. */
  process<O>(
    process: (left: L, right: R, context: IntervalJoinContext<K, O>) => void,
    options: OperatorOptions = {},
  ): DataStream<O> {
    const join = intervalJoinSpec(this.#options, process)
    const operator = { type: 'interval-join', join } as const
    return this.#environment.addOperator<O>('intervalJoin', operator, this.#inputs, options)
  }
}
