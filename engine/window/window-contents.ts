/**
 * What a window keeps of its records until it fires, in namespaced keyed state. The namespace is set by the operator.
 * Source: Flink WindowOperatorBuilder, InternalWindowFunction, EvictingWindowOperator.
 */
import { unreachable } from '../assert.ts'
import type { ReduceFunction } from '../operator/functions.ts'
import { listState, numberState, valueState } from '../state/descriptors.ts'
import type { AggregateFunction } from '../state/descriptors.ts'
import type {
  KeyedStateBackend,
  ListState,
  MergingState,
  MergingValueState,
  NumberState,
  ValueState,
} from '../state/keyed-state-backend.ts'
import { evict } from './evict.ts'
import type { TimestampedRecord } from './evict.ts'
import type { Evictor, WindowContents, WindowSpec } from './window-spec.ts'

/** Takes what a window that fires has: a result, or its records. */
export type EmitContents = (contents: unknown) => void

/** The contents of the window that is the current namespace. */
export interface ContentsState {
  /** False if it is sure that there were contents before. */
  add(value: unknown, timestamp: number): boolean
  /** Emits the contents, if there are any. */
  fire(emit: EmitContents): void
  clear(): void
  /** Moves the contents of the windows `sources` to `target`. */
  merge(target: number, sources: readonly number[]): void
}

export function createContents(
  { contents, evictor }: WindowSpec,
  uid: string,
  state: KeyedStateBackend,
): ContentsState {
  const name = `${uid}.window`
  const options = { namespaced: true }
  if (evictor !== null) {
    const records = state.listState(listState<TimestampedRecord>(name, undefined, options))
    return new EvictedContents(evictor, foldOf(contents), records)
  }
  switch (contents.type) {
    case 'count':
      return new CountContents(state.numberState(numberState(name, options)))
    case 'reduce': {
      const reduced = state.valueState(valueState<unknown>(name, undefined, options))
      return new ReducedContents(contents.reduce, contents.check, reduced)
    }
    case 'aggregate': {
      const accumulator = state.valueState(valueState<unknown>(name, undefined, options))
      return new AggregatedContents(contents.aggregate, accumulator)
    }
    case 'list':
      return new ListContents(state.listState(listState<unknown>(name, undefined, options)))
    default:
      return unreachable(contents)
  }
}

/** One table probe per record. */
class CountContents implements ContentsState {
  readonly #count: NumberState & MergingValueState<number>

  constructor(count: NumberState & MergingValueState<number>) {
    this.#count = count
  }

  add(): boolean {
    return this.#count.add(1) === 1
  }

  fire(emit: EmitContents): void {
    const count = this.#count.get()
    if (count !== undefined) emit(count)
  }

  clear(): void {
    this.#count.clear()
  }

  merge(target: number, sources: readonly number[]): void {
    this.#count.mergeNamespaces(target, sources, (a, b) => a + b)
  }
}

class ReducedContents implements ContentsState {
  readonly #reduce: ReduceFunction
  readonly #check: ((record: unknown) => void) | undefined
  readonly #reduced: ValueState<unknown> & MergingValueState<unknown>

  constructor(
    reduce: ReduceFunction,
    check: ((record: unknown) => void) | undefined,
    reduced: ValueState<unknown> & MergingValueState<unknown>,
  ) {
    this.#reduce = reduce
    this.#check = check
    this.#reduced = reduced
  }

  add(value: unknown): boolean {
    const former = this.#reduced.value()
    if (former === undefined) this.#check?.(value)
    this.#reduced.update(former === undefined ? value : this.#reduce(former, value))
    return former === undefined
  }

  fire(emit: EmitContents): void {
    const reduced = this.#reduced.value()
    if (reduced !== undefined) emit(reduced)
  }

  clear(): void {
    this.#reduced.clear()
  }

  merge(target: number, sources: readonly number[]): void {
    this.#reduced.mergeNamespaces(target, sources, this.#reduce)
  }
}

class AggregatedContents implements ContentsState {
  readonly #aggregate: AggregateFunction<unknown, unknown, unknown>
  readonly #accumulator: ValueState<unknown> & MergingValueState<unknown>

  constructor(
    aggregate: AggregateFunction<unknown, unknown, unknown>,
    accumulator: ValueState<unknown> & MergingValueState<unknown>,
  ) {
    this.#aggregate = aggregate
    this.#accumulator = accumulator
  }

  add(value: unknown): boolean {
    const former = this.#accumulator.value()
    const accumulator = former === undefined ? this.#aggregate.createAccumulator() : former
    this.#accumulator.update(this.#aggregate.add(value, accumulator))
    return former === undefined
  }

  /** A result that is null is none (Flink). */
  fire(emit: EmitContents): void {
    const accumulator = this.#accumulator.value()
    if (accumulator === undefined) return
    const result = this.#aggregate.getResult(accumulator)
    if (result !== undefined && result !== null) emit(result)
  }

  clear(): void {
    this.#accumulator.clear()
  }

  merge(target: number, sources: readonly number[]): void {
    const aggregate = this.#aggregate
    // A window that merges was refused without `merge`; see check-window.ts.
    this.#accumulator.mergeNamespaces(target, sources, (a, b) => aggregate.merge?.(a, b))
  }
}

class ListContents implements ContentsState {
  readonly #records: ListState<unknown> & MergingState

  constructor(records: ListState<unknown> & MergingState) {
    this.#records = records
  }

  add(value: unknown): boolean {
    this.#records.add(value)
    return true
  }

  fire(emit: EmitContents): void {
    const records = this.#records.get()
    if (records.length > 0) emit(records)
  }

  clear(): void {
    this.#records.clear()
  }

  merge(target: number, sources: readonly number[]): void {
    this.#records.mergeNamespaces(target, sources)
  }
}

/** Keeps every record with its timestamp; reduces and aggregates only when it fires. */
class EvictedContents implements ContentsState {
  readonly #evictor: Evictor
  readonly #fold: (values: readonly unknown[]) => unknown
  readonly #records: ListState<TimestampedRecord> & MergingState

  constructor(
    evictor: Evictor,
    fold: (values: readonly unknown[]) => unknown,
    records: ListState<TimestampedRecord> & MergingState,
  ) {
    this.#evictor = evictor
    this.#fold = fold
    this.#records = records
  }

  add(value: unknown, timestamp: number): boolean {
    this.#records.add([value, timestamp])
    return true
  }

  /** The function runs even if nothing is left for it. */
  fire(emit: EmitContents): void {
    const all = this.#records.get()
    if (all.length === 0) return
    const { isAfter } = this.#evictor
    const records = isAfter ? all : evict(this.#evictor, all)
    const contents = this.#fold(records.map(([value]) => value))
    if (contents !== undefined) emit(contents)
    const left = isAfter ? evict(this.#evictor, all) : records
    if (left.length < all.length) this.#records.update(left)
  }

  clear(): void {
    this.#records.clear()
  }

  merge(target: number, sources: readonly number[]): void {
    this.#records.mergeNamespaces(target, sources)
  }
}

/** What a window makes of all its values at once; undefined for nothing to emit. */
function foldOf(contents: WindowContents): (values: readonly unknown[]) => unknown {
  switch (contents.type) {
    case 'count':
      return (values) => values.length
    case 'reduce':
      return ([first, ...others]) => {
        if (first !== undefined) contents.check?.(first)
        return others.reduce((left, right) => contents.reduce(left, right), first)
      }
    case 'aggregate':
      return (values) => {
        const { aggregate } = contents
        const empty = aggregate.createAccumulator()
        const add = (accumulator: unknown, value: unknown): unknown =>
          aggregate.add(value, accumulator)
        return aggregate.getResult(values.reduce(add, empty))
      }
    case 'list':
      return (values) => values
    default:
      return unreachable(contents)
  }
}
