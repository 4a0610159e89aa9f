/**
 * Reducing and aggregating state: one value or accumulator, kept like a value state. Must not know tables.
 * Source: Flink HeapReducingState, HeapAggregatingState, TtlReduceFunction, TtlAggregateFunction.
 */

import { ConfigurationError } from '../errors.ts'
import type { AggregatingStateDescriptor, ReducingStateDescriptor } from './descriptors.ts'
import type { AggregatingState, MergingState, ReducingState } from './keyed-state-backend.ts'
import type { LookupKey } from './lookup-key.ts'
import { mergeNamespaces, type ReadableValue } from './merge-namespaces.ts'

export class HeapReducingState<T> implements ReducingState<T>, MergingState {
  readonly #value: ReadableValue<T>
  readonly #key: LookupKey
  readonly #descriptor: ReducingStateDescriptor<T>

  constructor(value: ReadableValue<T>, key: LookupKey, descriptor: ReducingStateDescriptor<T>) {
    this.#value = value
    this.#key = key
    this.#descriptor = descriptor
  }

  get(): T | undefined {
    return this.#value.read()
  }

  add(value: T): void {
    const accumulated = this.#value.find()
    this.#value.store(
      accumulated === undefined ? value : this.#descriptor.reduce(accumulated, value),
    )
  }

  clear(): void {
    this.#value.clear()
  }

  mergeNamespaces(target: number, sources: Iterable<number>): void {
    const merge = (a: T, b: T): T => this.#descriptor.reduce(a, b)
    mergeNamespaces(this.#key, this.#value, { target, sources, merge })
  }
}

export class HeapAggregatingState<I, A, O> implements AggregatingState<I, O>, MergingState {
  readonly #accumulator: ReadableValue<A>
  readonly #key: LookupKey
  readonly #descriptor: AggregatingStateDescriptor<I, A, O>

  constructor(
    accumulator: ReadableValue<A>,
    key: LookupKey,
    descriptor: AggregatingStateDescriptor<I, A, O>,
  ) {
    this.#accumulator = accumulator
    this.#key = key
    this.#descriptor = descriptor
  }

  get(): O | undefined {
    const accumulator = this.#accumulator.read()
    return accumulator === undefined ? undefined : this.#descriptor.aggregate.getResult(accumulator)
  }

  add(value: I): void {
    const { aggregate } = this.#descriptor
    const accumulator = this.#accumulator.find() ?? aggregate.createAccumulator()
    this.#accumulator.store(aggregate.add(value, accumulator))
  }

  clear(): void {
    this.#accumulator.clear()
  }

  mergeNamespaces(target: number, sources: Iterable<number>): void {
    const merge = (a: A, b: A): A => this.#merge(a, b)
    mergeNamespaces(this.#key, this.#accumulator, { target, sources, merge })
  }

  #merge(a: A, b: A): A {
    const { name, aggregate } = this.#descriptor
    if (aggregate.merge !== undefined) return aggregate.merge(a, b)
    throw new ConfigurationError(
      'aggregate-without-merge',
      `The aggregate function of state "${name}" has no merge, but windows that merge (sessions) need one: add it.`,
    )
  }
}
