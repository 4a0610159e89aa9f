/** A stream whose values are grouped into windows, by key or all together. Source: Flink WindowedStream, AllWindowedStream. */
import type { RollingSpec } from '../operator/operator-spec.ts'
import { rollingReduction, sumReduction } from '../operator/rolling.ts'
import { windowSpec } from '../window/window-spec.ts'
import type {
  AggregateFunction,
  ProcessWindowContext,
  ProcessWindowFunction,
  ProcessWindowResultFunction,
  WindowAssigner,
  WindowContents,
  WindowOptions,
} from '../window/window-spec.ts'
import type { DataStream } from './data-stream.ts'
import type { ComparableField, NumericField, RollingOptions } from './keyed-stream.ts'
import type { OperatorOptions } from './operator-options.ts'
import type { StreamEnvironment } from './stream-environment.ts'
import type { StreamEdge } from './stream-graph.ts'
import { keyed } from './connected-streams.ts'

export interface WindowedStreamParts {
  readonly environment: StreamEnvironment
  readonly kind: string
  readonly edges: readonly StreamEdge[]
  readonly keySelector: { method(value: unknown): unknown }['method']
  readonly assigner: WindowAssigner
  readonly options: WindowOptions<unknown>
  /** Null: the job's. */
  readonly parallelism: number | null
}

export class WindowedStream<T, K> {
  readonly #parts: WindowedStreamParts
  /** Only there for the type; never set. */
  readonly type?: () => readonly [T, K]

  constructor(parts: WindowedStreamParts) {
    this.#parts = parts
  }

  /** Combines a window's values as they come; emits the combination, or what `process` makes of it. */
  reduce(reduce: (left: T, right: T) => T, options?: OperatorOptions): DataStream<T>
  reduce<O>(
    reduce: (left: T, right: T) => T,
    process: ProcessWindowResultFunction<T, K, O>,
    options?: OperatorOptions,
  ): DataStream<O>
  reduce(
    reduce: (left: T, right: T) => T,
    second?: AnyProcess | OperatorOptions,
    third?: OperatorOptions,
  ): DataStream<T> | DataStream<unknown> {
    const { process, options } = splitArguments(second, third)
    return this.#add<unknown>({ type: 'reduce', reduce, process }, options)
  }

  /** Aggregates a window's values as they come; emits the result, or what `process` makes of it. */
  aggregate<A, R>(aggregate: AggregateFunction<T, A, R>, options?: OperatorOptions): DataStream<R>
  aggregate<A, R, O>(
    aggregate: AggregateFunction<T, A, R>,
    process: ProcessWindowResultFunction<R, K, O>,
    options?: OperatorOptions,
  ): DataStream<O>
  aggregate(
    aggregate: AggregateFunction<unknown, unknown, unknown>,
    second?: AnyProcess | OperatorOptions,
    third?: OperatorOptions,
  ): DataStream<unknown> {
    const { process, options } = splitArguments(second, third)
    return this.#add({ type: 'aggregate', aggregate, process }, options)
  }

  /** All values of a window, when it fires. Keeps every value until then. */
  process<O>(
    process: ProcessWindowFunction<T, K, O>,
    options: OperatorOptions = {},
  ): DataStream<O> {
    return this.#add({ type: 'list', process }, options)
  }

  /** How many values a window has. Keeps no more than the number. */
  count(options?: OperatorOptions): DataStream<number>
  count<O>(
    process: ProcessWindowResultFunction<number, K, O>,
    options?: OperatorOptions,
  ): DataStream<O>
  count(
    second?: AnyProcess | OperatorOptions,
    third?: OperatorOptions,
  ): DataStream<number> | DataStream<unknown> {
    const { process, options } = splitArguments(second, third)
    return this.#add<unknown>({ type: 'count', process }, options)
  }

  /** The window's first value with `field` replaced by the sum. */
  sum(field: NumericField<T>, options: OperatorOptions = {}): DataStream<T> {
    return this.#add({ type: 'reduce', ...sumReduction(field), process: null }, options)
  }

  /** The window's first value with `field` replaced by the least. */
  min(field: ComparableField<T>, options: OperatorOptions = {}): DataStream<T> {
    return this.#roll({ fn: 'min', field, keepsFirst: true }, options)
  }

  /** The window's first value with `field` replaced by the greatest. */
  max(field: ComparableField<T>, options: OperatorOptions = {}): DataStream<T> {
    return this.#roll({ fn: 'max', field, keepsFirst: true }, options)
  }

  /** The window's value with the least `field`; of equal ones the first, unless `keepsFirst` is false. */
  minBy(field: ComparableField<T>, options: RollingOptions = {}): DataStream<T> {
    return this.#roll({ fn: 'minBy', field, keepsFirst: options.keepsFirst ?? true }, options)
  }

  /** The window's value with the greatest `field`; of equal ones the first, unless `keepsFirst` is false. */
  maxBy(field: ComparableField<T>, options: RollingOptions = {}): DataStream<T> {
    return this.#roll({ fn: 'maxBy', field, keepsFirst: options.keepsFirst ?? true }, options)
  }

  #roll(rolling: RollingSpec, options: OperatorOptions): DataStream<T> {
    return this.#add({ type: 'reduce', ...rollingReduction(rolling), process: null }, options)
  }

  #add<O>(contents: WindowContents, given: OperatorOptions): DataStream<O> {
    const { environment, kind, edges, keySelector, assigner, parallelism } = this.#parts
    const name = given.name ?? kind
    const window = windowSpec(name, assigner, this.#parts.options, contents)
    const options = parallelism === null ? given : { ...given, parallelism }
    const operator = { type: 'window', window } as const
    return environment.addOperator<O>(kind, operator, [keyed(edges, keySelector)], options)
  }
}

/** A function of any result and key. */
type AnyProcess = {
  method(result: unknown, context: ProcessWindowContext<unknown, unknown>): void
}['method']

function splitArguments(
  second: AnyProcess | OperatorOptions | undefined,
  third: OperatorOptions | undefined,
): { process: AnyProcess | null; options: OperatorOptions } {
  if (typeof second === 'function') return { process: second, options: third ?? {} }
  return { process: null, options: second ?? {} }
}
