/**
 * The DataStream API: Flink's nouns and verbs, with options objects and inferred types. Every call adds a node to the
 * stream graph and runs nothing. Source: Flink DataStream API (operators/overview.md).
 */
import { ConfigurationError, inRange } from '../errors.ts'
import type { KeySelector } from '../exchange/partitioner.ts'
import type { KeyedProcessContext, OutputTag, ProcessContext } from '../operator/functions.ts'
import type { OperatorSpec } from '../operator/operator-spec.ts'
import type { Sink } from '../sink/sink-spec.ts'
import type { Source } from '../source/source-spec.ts'
import type { StreamEdge, StreamGraph, StreamNode } from './stream-graph.ts'

export interface OperatorOptions {
  /** Identifies the operator's state in checkpoints; set it so that the job can change around it. Default: name and position. */
  readonly uid?: string
  readonly name?: string
  /** Subtasks of this operator; default: the job's parallelism. */
  readonly parallelism?: number
}

/** Names of fields of T that hold numbers. */
export type NumericField<T> = { [K in keyof T]: T[K] extends number ? K : never }[keyof T] & string

/** The graph under construction. */
export class StreamEnvironment {
  readonly #nodes: StreamNode[] = []

  /** Reads from a source. */
  fromSource<T>(source: Source<T>, options: OperatorOptions = {}): DataStream<T> {
    const node = this.addNode('source', options, null, null, {
      type: 'source',
      source: source.spec,
    })
    return new DataStream<T>(this, { from: node.id, tag: null, partitioning: { type: 'forward' } })
  }

  /** For the stream classes: appends a node and gives it its uid and name. */
  addNode(
    kind: string,
    options: OperatorOptions,
    input: StreamEdge | null,
    keySelector: KeySelector | null,
    work: StreamNode['work'],
  ): StreamNode {
    const name = options.name ?? kind
    const node: StreamNode = {
      id: this.#nodes.length,
      uid: options.uid ?? this.#defaultUid(name),
      name,
      parallelism: parallelismOf(name, options),
      input,
      keySelector,
      work,
    }
    if (this.#nodes.some(({ uid }) => uid === node.uid)) {
      throw new ConfigurationError(
        'duplicate-uid',
        `Two operators have the uid "${node.uid}"; every uid names one operator, so give one of them another.`,
      )
    }
    this.#nodes.push(node)
    return node
  }

  graph(): StreamGraph {
    return { nodes: [...this.#nodes] }
  }

  /** The name, numbered from the second operator of that name on. */
  #defaultUid(name: string): string {
    const same = this.#nodes.filter((node) => node.name === name).length
    return same === 0 ? name : `${name}-${same + 1}`
  }
}

/** A stream of values of type T. */
export class DataStream<T> {
  readonly #environment: StreamEnvironment
  readonly #edge: StreamEdge

  constructor(environment: StreamEnvironment, edge: StreamEdge) {
    this.#environment = environment
    this.#edge = edge
  }

  /** One value for each value. */
  map<O>(map: (value: T) => O, options: OperatorOptions = {}): DataStream<O> {
    return this.#transform('map', { type: 'map', map }, options)
  }

  /** Any number of values for each value, in the order of the iterable. */
  flatMap<O>(flatMap: (value: T) => Iterable<O>, options: OperatorOptions = {}): DataStream<O> {
    return this.#transform('flatMap', { type: 'flat-map', flatMap }, options)
  }

  /** The values for which `filter` returns true. */
  filter(filter: (value: T) => boolean, options: OperatorOptions = {}): DataStream<T> {
    return this.#transform('filter', { type: 'filter', filter }, options)
  }

  /** Anything: `process` emits through its context, also to side outputs. */
  process<O>(
    process: (value: T, context: ProcessContext<O>) => void,
    options: OperatorOptions = {},
  ): DataStream<O> {
    return this.#transform('process', { type: 'process', process }, options)
  }

  /** Partitions by key: all values of a key reach one subtask, in the order of each producer. */
  keyBy<K>(keySelector: (value: T) => K): KeyedStream<T, K> {
    return new KeyedStream<T, K>(this.#environment, this.#edge, keySelector)
  }

  /** The values that the operator of this stream emitted to a side output. */
  sideOutput<S>(tag: OutputTag<S>): DataStream<S> {
    return new DataStream<S>(this.#environment, { ...this.#edge, tag: tag.name })
  }

  /** Deals the values out round robin, whatever the parallelism of producer and consumer. */
  rebalance(): DataStream<T> {
    return new DataStream<T>(this.#environment, {
      ...this.#edge,
      partitioning: { type: 'rebalance' },
    })
  }

  /** Writes to a sink: the end of the stream. */
  sinkTo(sink: Sink<T>, options: OperatorOptions = {}): void {
    this.#transform('sink', { type: 'sink', sink: sink.spec }, options)
  }

  #transform<O>(kind: string, operator: OperatorSpec, options: OperatorOptions): DataStream<O> {
    const node = this.#environment.addNode(kind, options, this.#edge, null, {
      type: 'operator',
      operator,
    })
    return new DataStream<O>(this.#environment, outputOf(node))
  }
}

/** A stream partitioned by key: operators on it have state for each key. */
export class KeyedStream<T, K> {
  readonly #environment: StreamEnvironment
  readonly #edge: StreamEdge
  readonly #keySelector: KeySelector

  constructor(environment: StreamEnvironment, edge: StreamEdge, keySelector: ErasedKeySelector) {
    this.#environment = environment
    this.#keySelector = keySelector
    this.#edge = { ...edge, partitioning: { type: 'hash', keySelector } }
  }

  /** A running sum: emits the key's first value with `field` replaced by the sum so far (as Flink does). */
  sum(field: NumericField<T>, options: OperatorOptions = {}): DataStream<T> {
    return this.#transform('sum', { type: 'sum', field }, options)
  }

  /** A running combination: emits, for every value, what `reduce` made of all values of the key so far. */
  reduce(reduce: (left: T, right: T) => T, options: OperatorOptions = {}): DataStream<T> {
    return this.#transform('reduce', { type: 'reduce', reduce }, options)
  }

  /** Anything, with the key and its state: `context.state(valueState('count'))`. */
  process<O>(
    process: (value: T, context: KeyedProcessContext<K, O>) => void,
    options: OperatorOptions = {},
  ): DataStream<O> {
    return this.#transform('process', { type: 'process', process }, options)
  }

  #transform<O>(kind: string, operator: OperatorSpec, options: OperatorOptions): DataStream<O> {
    const node = this.#environment.addNode(kind, options, this.#edge, this.#keySelector, {
      type: 'operator',
      operator,
    })
    return new DataStream<O>(this.#environment, outputOf(node))
  }
}

function parallelismOf(name: string, { parallelism }: OperatorOptions): number | null {
  if (parallelism === undefined) return null
  return inRange(`parallelism of operator "${name}"`, parallelism, 1, 32_768)
}

type ErasedKeySelector = { method(value: unknown): unknown }['method']

function outputOf(node: StreamNode): StreamEdge {
  return { from: node.id, tag: null, partitioning: { type: 'forward' } }
}
