/**
 * map, flatMap, filter: operators without state. An exception of the user's function is wrapped where it is called;
 * what the rest of the chain throws passes through.
 */
import { UserFunctionError } from '../errors.ts'
import type { FilterFunction, FlatMapFunction, MapFunction } from './functions.ts'
import type { Collector, Operator, OperatorContext } from './operator.ts'

export class MapOperator implements Operator {
  readonly uid: string
  readonly #name: string
  readonly #map: MapFunction
  readonly #output: Collector

  constructor(map: MapFunction, context: OperatorContext) {
    this.uid = context.uid
    this.#name = context.name
    this.#map = map
    this.#output = context.output(null)
  }

  process(value: unknown, timestamp: number): void {
    let result: unknown
    try {
      result = this.#map(value)
    } catch (error) {
      throw new UserFunctionError(this.#name, error)
    }
    this.#output.emit(result, timestamp)
  }
}

export class FlatMapOperator implements Operator {
  readonly uid: string
  readonly #name: string
  readonly #flatMap: FlatMapFunction
  readonly #output: Collector

  constructor(flatMap: FlatMapFunction, context: OperatorContext) {
    this.uid = context.uid
    this.#name = context.name
    this.#flatMap = flatMap
    this.#output = context.output(null)
  }

  process(value: unknown, timestamp: number): void {
    let results: readonly unknown[]
    try {
      const iterable = this.#flatMap(value)
      results = Array.isArray(iterable) ? iterable : [...iterable]
    } catch (error) {
      throw new UserFunctionError(this.#name, error)
    }
    for (const result of results) this.#output.emit(result, timestamp)
  }
}

export class FilterOperator implements Operator {
  readonly uid: string
  readonly #name: string
  readonly #filter: FilterFunction
  readonly #output: Collector

  constructor(filter: FilterFunction, context: OperatorContext) {
    this.uid = context.uid
    this.#name = context.name
    this.#filter = filter
    this.#output = context.output(null)
  }

  process(value: unknown, timestamp: number): void {
    let isKept: boolean
    try {
      isKept = this.#filter(value)
    } catch (error) {
      throw new UserFunctionError(this.#name, error)
    }
    if (isKept) this.#output.emit(value, timestamp)
  }
}
