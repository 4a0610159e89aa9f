/** The stream graph under construction: where a job's sources begin. Source: Flink StreamExecutionEnvironment. */
import { ConfigurationError } from '../errors.ts'
import type { OperatorSpec } from '../operator/operator-spec.ts'
import type { Source } from '../source/source-spec.ts'
import type { WatermarkStrategy } from '../time/watermark-strategy.ts'
import { DataStream } from './data-stream.ts'
import { checkOptions } from './operator-options.ts'
import type { OperatorOptions } from './operator-options.ts'
import type { StreamEdge, StreamGraph, StreamInput, StreamNode } from './stream-graph.ts'

export interface SourceOptions<T> extends OperatorOptions {
  /** Timestamps and watermarks, made for each split of the source. Default: the source's own timestamps, no watermarks. */
  readonly watermarks?: WatermarkStrategy<T>
}

export class StreamEnvironment {
  readonly #nodes: StreamNode[] = []

  /** Reads from a source. */
  fromSource<T>(source: Source<T>, options: SourceOptions<NoInfer<T>> = {}): DataStream<T> {
    const watermarks = options.watermarks ?? null
    const node = this.#add('source', options, [], {
      type: 'source',
      source: source.spec,
      watermarks,
    })
    return this.#outputOf(node)
  }

  /** For the stream classes: appends an operator and gives it its uid and name. */
  addOperator<O>(
    kind: string,
    operator: OperatorSpec,
    inputs: readonly StreamInput[],
    options: OperatorOptions,
  ): DataStream<O> {
    return this.#outputOf(this.#add(kind, options, inputs, { type: 'operator', operator }))
  }

  /** For the stream classes: what comes along these edges. */
  stream<T>(edges: readonly StreamEdge[]): DataStream<T> {
    return new DataStream<T>(this, edges)
  }

  graph(): StreamGraph {
    return { nodes: [...this.#nodes] }
  }

  /** The main output. */
  #outputOf<O>(node: StreamNode): DataStream<O> {
    return this.stream([{ from: node.id, tag: null, partitioning: { type: 'forward' } }])
  }

  #add(
    kind: string,
    options: OperatorOptions,
    inputs: readonly StreamInput[],
    work: StreamNode['work'],
  ): StreamNode {
    const name = options.name ?? kind
    const node: StreamNode = {
      id: this.#nodes.length,
      uid: options.uid ?? this.#defaultUid(name),
      name,
      ...checkOptions(name, options),
      inputs,
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

  /** The name, numbered from the second operator of that name on. */
  #defaultUid(name: string): string {
    const same = this.#nodes.filter((node) => node.name === name).length
    return same === 0 ? name : `${name}-${same + 1}`
  }
}
