/**
 * The DataStream API: Flink's nouns and verbs, with options objects and inferred types. Every call adds a node to the
 * stream graph and runs nothing. Source: Flink DataStream API (operators/overview.md).
 */
import type { AsyncOptions } from '../async/async-spec.ts'
import { asyncSpec } from '../async/async-options.ts'
import type { Pattern } from '../cep/pattern.ts'
import { ConfigurationError } from '../errors.ts'
import type { Partitioning } from '../exchange/partitioner.ts'
import type { OutputTag, ProcessContext, ProcessFunction } from '../operator/functions.ts'
import type { OperatorSpec } from '../operator/operator-spec.ts'
import type { Sink } from '../sink/sink-spec.ts'
import { printSink } from '../sink/sinks.ts'
import type { MapStateDescriptor } from '../state/descriptors.ts'
import type { WatermarkStrategy } from '../time/watermark-strategy.ts'
import type { WindowAssigner, WindowOptions } from '../window/window-spec.ts'
import { BroadcastStream } from './broadcast-stream.ts'
import { BroadcastConnectedStream, ConnectedStreams } from './connected-streams.ts'
import { KeyedStream } from './keyed-stream.ts'
import type { OperatorOptions } from './operator-options.ts'
import type { PatternCall } from './pattern-call.ts'
import type { StreamEnvironment } from './stream-environment.ts'
import type { StreamEdge } from './stream-graph.ts'
import { JoinedStreams } from './joined-streams.ts'
import type { JoinOptions } from './joined-streams.ts'
import { WindowedStream } from './windowed-stream.ts'

/** What a broadcast state is known by. */
type NamedMapState = Pick<MapStateDescriptor<unknown, unknown>, 'type' | 'name'>

/** A stream of values of type T. */
export class DataStream<T> {
  /** For the other stream classes. */
  readonly environment: StreamEnvironment
  readonly edges: readonly StreamEdge[]
  /** Only there for the type; never set. */
  readonly type?: () => T

  constructor(environment: StreamEnvironment, edges: readonly StreamEdge[]) {
    this.environment = environment
    this.edges = edges
  }

  /** One value for each value. */
  map<O>(map: (value: T) => O, options: OperatorOptions = {}): DataStream<O> {
    return this.#add('map', { type: 'map', map }, options)
  }

  /** Any number of values for each value, in the order of the iterable. */
  flatMap<O>(flatMap: (value: T) => Iterable<O>, options: OperatorOptions = {}): DataStream<O> {
    return this.#add('flatMap', { type: 'flat-map', flatMap }, options)
  }

  /** The values for which `filter` returns true. */
  filter(filter: (value: T) => boolean, options: OperatorOptions = {}): DataStream<T> {
    return this.#add('filter', { type: 'filter', filter }, options)
  }

  /** Anything: `process` emits through its context, also to side outputs. */
  process<O>(
    process: ProcessFunction<T, O> | ((value: T, context: ProcessContext<O>) => void),
    options: OperatorOptions = {},
  ): DataStream<O> {
    const operator: OperatorSpec = {
      type: 'process',
      process: typeof process === 'function' ? { processElement: process } : process,
    }
    return this.#add('process', operator, options)
  }

  /** Partitions by key: all values of a key reach one subtask, in the order of each producer. */
  keyBy<K>(keySelector: (value: T) => K): KeyedStream<T, K> {
    return new KeyedStream<T, K>(this.environment, this.edges, keySelector)
  }

  /** The values that the operator of this stream emitted to a side output. */
  sideOutput<S>(tag: OutputTag<S>): DataStream<S> {
    return this.environment.stream<S>(this.edges.map((edge) => ({ ...edge, tag: tag.name })))
  }

  /** This stream and others as one, in no particular order. */
  union(...others: readonly DataStream<T>[]): DataStream<T> {
    for (const other of others) this.#checkSameJob(other)
    return this.environment.stream<T>([this, ...others].flatMap(({ edges }) => edges))
  }

  /** Two streams for one operator, which sees from which of them a value comes. */
  connect<B>(other: DataStream<B>): ConnectedStreams<T, B>
  connect<B>(other: BroadcastStream<B>): BroadcastConnectedStream<T, B>
  connect<B>(
    other: DataStream<B> | BroadcastStream<B>,
  ): ConnectedStreams<T, B> | BroadcastConnectedStream<T, B> {
    this.#checkSameJob(other)
    const first = { edges: this.edges, keySelector: null }
    return other instanceof BroadcastStream
      ? new BroadcastConnectedStream<T, B>(this.environment, first, other)
      : new ConnectedStreams<T, B>(this.environment, first.edges, other.edges)
  }

  /** Pairs of this stream and another that have the same key and lie in the same window. */
  join<B, K>(other: DataStream<B>, options: JoinOptions<T, B, K>): JoinedStreams<T, B, K> {
    this.#checkSameJob(other)
    return new JoinedStreams<T, B, K>(this, other, options)
  }

  /** Windows over all values, whatever their key: one subtask does it. */
  windowAll(assigner: WindowAssigner<T>, options: WindowOptions<T> = {}): WindowedStream<T, null> {
    return new WindowedStream<T, null>({
      environment: this.environment,
      kind: 'windowAll',
      edges: this.edges,
      keySelector: () => null,
      assigner,
      options,
      parallelism: 1,
    })
  }

  /** Sequences of values that fit a pattern, whatever their key: one subtask does it. Source: Flink CEP. */
  pattern<O>(
    pattern: Pattern<T>,
    call: PatternCall<T, O>,
    options: OperatorOptions = {},
  ): DataStream<O> {
    return this.keyBy(() => null).pattern(pattern, call, { ...options, parallelism: 1 })
  }

  /** Gives the values timestamps and makes watermarks in the middle of a job; better in the source, which knows its splits. */
  assignTimestampsAndWatermarks(
    strategy: WatermarkStrategy<T>,
    options: OperatorOptions = {},
  ): DataStream<T> {
    return this.#add('watermarks', { type: 'assign-watermarks', strategy }, options)
  }

  /** Calls a service for each value without waiting for one answer before the next call. */
  asyncWait<R, O>(call: AsyncOptions<T, R, O>, options: OperatorOptions = {}): DataStream<O> {
    return this.#add('asyncWait', { type: 'async', async: asyncSpec(call) }, options)
  }

  /**
   * Index i of the producer to index i of the consumer; what happens anyway where the parallelism is the same. The job is
   * refused where it is not.
   */
  forward(): DataStream<T> {
    return this.#partition({ type: 'forward', isRequired: true })
  }

  /** Deals the values out round robin, whatever the parallelism of producer and consumer. */
  rebalance(): DataStream<T> {
    return this.#partition({ type: 'rebalance' })
  }

  /** Deals the values out round robin among the consumers next to each producer. */
  rescale(): DataStream<T> {
    return this.#partition({ type: 'rescale' })
  }

  /** Each value to a consumer at random, from the run's seed. */
  shuffle(): DataStream<T> {
    return this.#partition({ type: 'shuffle' })
  }

  /** Everything to the first subtask of the consumer. */
  global(): DataStream<T> {
    return this.#partition({ type: 'global' })
  }

  /** To the subtask that `partition(key, channels)` chooses, from 0 to channels - 1. */
  partitionCustom<K>(
    partition: (key: K, channels: number) => number,
    keySelector: (value: T) => K,
  ): DataStream<T> {
    const keyOf: { method(value: unknown): K }['method'] = keySelector
    return this.#partition({
      type: 'custom',
      partition: (value, channels) => partition(keyOf(value), channels),
    })
  }

  /** Every value to every subtask of the consumer; with states, for `connect`: rules that all subtasks know. */
  broadcast(): DataStream<T>
  broadcast(...states: readonly NamedMapState[]): BroadcastStream<T>
  broadcast(...states: readonly NamedMapState[]): DataStream<T> | BroadcastStream<T> {
    const stream = this.#partition({ type: 'broadcast' })
    return states.length === 0
      ? stream
      : new BroadcastStream<T>(
          this.environment,
          stream.edges,
          states.map(({ name }) => name),
        )
  }

  /** Writes to a sink: the end of the stream. */
  sinkTo(sink: Sink<T>, options: OperatorOptions = {}): void {
    this.#add('sink', { type: 'sink', sink: sink.spec }, options)
  }

  /** Prints every value, with an optional word in front. */
  print(prefix = ''): void {
    this.sinkTo(printSink<T>(prefix), { name: 'print' })
  }

  #partition(partitioning: Partitioning): DataStream<T> {
    return this.environment.stream<T>(this.edges.map((edge) => ({ ...edge, partitioning })))
  }

  #add<O>(kind: string, operator: OperatorSpec, options: OperatorOptions): DataStream<O> {
    const input = { edges: this.edges, keySelector: null }
    return this.environment.addOperator<O>(kind, operator, [input], options)
  }

  #checkSameJob(other: { readonly environment: StreamEnvironment }): void {
    if (other.environment === this.environment) return
    throw new ConfigurationError(
      'stream-of-another-job',
      'A stream of one job was united or connected with a stream of another; make both from the same environment.',
    )
  }
}
