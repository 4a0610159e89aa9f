/** Two streams for one operator. Source: Flink ConnectedStreams, BroadcastConnectedStream. */
import type {
  BroadcastProcessFunction,
  CoProcessFunction,
  KeyedBroadcastProcessFunction,
  KeyedCoProcessFunction,
} from '../operator/functions.ts'
import type { BroadcastStream } from './broadcast-stream.ts'
import type { DataStream } from './data-stream.ts'
import type { OperatorOptions } from './operator-options.ts'
import type { StreamEnvironment } from './stream-environment.ts'
import type { StreamEdge, StreamInput } from './stream-graph.ts'

/** Two streams without key. */
export class ConnectedStreams<A, B> {
  readonly #environment: StreamEnvironment
  readonly #first: readonly StreamEdge[]
  readonly #second: readonly StreamEdge[]
  /** Only there for the type; never set. */
  readonly type?: () => readonly [A, B]

  constructor(
    environment: StreamEnvironment,
    first: readonly StreamEdge[],
    second: readonly StreamEdge[],
  ) {
    this.#environment = environment
    this.#first = first
    this.#second = second
  }

  /** One value for each value of either stream. */
  map<O>(
    map1: (value: A) => O,
    map2: (value: B) => O,
    options: OperatorOptions = {},
  ): DataStream<O> {
    return this.flatMap<O>(
      (value) => [map1(value)],
      (value) => [map2(value)],
      { name: 'map', ...options },
    )
  }

  /** Any number of values for each value of either stream. */
  flatMap<O>(
    flatMap1: (value: A) => Iterable<O>,
    flatMap2: (value: B) => Iterable<O>,
    options: OperatorOptions = {},
  ): DataStream<O> {
    return this.process<O>(
      {
        processElement1(value, context) {
          for (const result of flatMap1(value)) context.collect(result)
        },
        processElement2(value, context) {
          for (const result of flatMap2(value)) context.collect(result)
        },
      },
      { name: 'flatMap', ...options },
    )
  }

  process<O>(process: CoProcessFunction<A, B, O>, options: OperatorOptions = {}): DataStream<O> {
    return this.#environment.addOperator<O>(
      'process',
      { type: 'co-process', process },
      [
        { edges: this.#first, keySelector: null },
        { edges: this.#second, keySelector: null },
      ],
      options,
    )
  }

  /** Partitions both by a key of the same kind: values of one key meet, with its state and timers. */
  keyBy<K>(
    keySelector1: (value: A) => K,
    keySelector2: (value: B) => K,
  ): KeyedConnectedStreams<A, B, K> {
    return new KeyedConnectedStreams<A, B, K>(
      this.#environment,
      keyed(this.#first, keySelector1),
      keyed(this.#second, keySelector2),
    )
  }
}

/** Two keyed streams that share the state and the timers of a key. */
export class KeyedConnectedStreams<A, B, K> {
  readonly #environment: StreamEnvironment
  readonly #inputs: readonly [StreamInput, StreamInput]
  /** Only there for the type; never set. */
  readonly type?: () => readonly [A, B, K]

  constructor(environment: StreamEnvironment, first: StreamInput, second: StreamInput) {
    this.#environment = environment
    this.#inputs = [first, second]
  }

  process<O>(
    process: KeyedCoProcessFunction<A, B, K, O>,
    options: OperatorOptions = {},
  ): DataStream<O> {
    const operator = { type: 'co-process', process } as const
    return this.#environment.addOperator<O>('process', operator, this.#inputs, options)
  }
}

/** A stream without key, and one that every subtask sees. */
export class BroadcastConnectedStream<T, B> {
  readonly #environment: StreamEnvironment
  readonly #input: StreamInput
  readonly #broadcast: BroadcastStream<B>
  /** Only there for the type; never set. */
  readonly type?: () => T

  constructor(environment: StreamEnvironment, input: StreamInput, broadcast: BroadcastStream<B>) {
    this.#environment = environment
    this.#input = input
    this.#broadcast = broadcast
  }

  process<O>(
    process: BroadcastProcessFunction<T, B, O>,
    options: OperatorOptions = {},
  ): DataStream<O> {
    return addBroadcast(this.#environment, process, this.#input, this.#broadcast, options)
  }
}

/** A keyed stream, and one that every subtask sees. */
export class KeyedBroadcastConnectedStream<T, B, K> {
  readonly #environment: StreamEnvironment
  readonly #input: StreamInput
  readonly #broadcast: BroadcastStream<B>
  /** Only there for the type; never set. */
  readonly type?: () => readonly [T, K]

  constructor(environment: StreamEnvironment, input: StreamInput, broadcast: BroadcastStream<B>) {
    this.#environment = environment
    this.#input = input
    this.#broadcast = broadcast
  }

  process<O>(
    process: KeyedBroadcastProcessFunction<T, B, K, O>,
    options: OperatorOptions = {},
  ): DataStream<O> {
    return addBroadcast(this.#environment, process, this.#input, this.#broadcast, options)
  }
}

/** An input that is partitioned by key. */
export function keyed(
  edges: readonly StreamEdge[],
  keySelector: { method(value: unknown): unknown }['method'],
): StreamInput {
  const partitioning = { type: 'hash', keySelector } as const
  return { edges: edges.map((edge) => ({ ...edge, partitioning })), keySelector }
}

type AnyBroadcastFunction =
  | KeyedBroadcastProcessFunction<unknown, unknown, unknown, unknown>
  | BroadcastProcessFunction<unknown, unknown, unknown>

function addBroadcast<O>(
  environment: StreamEnvironment,
  process: AnyBroadcastFunction,
  input: StreamInput,
  { edges, states }: BroadcastStream<unknown>,
  options: OperatorOptions,
): DataStream<O> {
  const broadcast = { edges, keySelector: null }
  const operator = { type: 'broadcast-process', process, states } as const
  return environment.addOperator<O>('process', operator, [input, broadcast], options)
}
