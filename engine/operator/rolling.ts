/**
 * sum, min, max, minBy and maxBy as reductions of two records. Source: Flink SumAggregator, ComparableAggregator.
 */
import type { ReduceFunction } from './functions.ts'
import type { RollingSpec } from './operator-spec.ts'

type Fields = Readonly<Record<string, unknown>>

export interface Reduction {
  readonly reduce: ReduceFunction
  /** Throws when the first record of a key cannot take part. */
  check?(record: unknown): void
}

/** The field of the first record becomes the sum. */
export function sumReduction(field: string): Reduction {
  const amountOf = (record: unknown): number => {
    const amount = fieldsOf('sum', field, record)[field]
    if (typeof amount === 'number') return amount
    throw new TypeError(`sum('${field}') needs a number, got ${typeof amount} ${String(amount)}.`)
  }
  return {
    check: amountOf,
    reduce: (left, right) => ({
      ...fieldsOf('sum', field, left),
      [field]: amountOf(left) + amountOf(right),
    }),
  }
}

/** `min` and `max` change the field of the first record, `minBy` and `maxBy` choose a record. */
export function rollingReduction({ fn, field, keepsFirst }: RollingSpec): Reduction {
  const isMin = fn === 'min' || fn === 'minBy'
  const choosesRecord = fn === 'minBy' || fn === 'maxBy'
  const valueOf = (record: unknown): number | bigint | string => {
    const value = fieldsOf(fn, field, record)[field]
    if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'string') {
      return value
    }
    throw new TypeError(
      `${fn}('${field}') needs a number or a text, got ${typeof value} ${String(value)}.`,
    )
  }
  return {
    check: valueOf,
    reduce(left, right) {
      const [a, b] = [valueOf(left), valueOf(right)]
      const leftWins = isMin ? a < b : a > b
      if (choosesRecord) return leftWins || (keepsFirst && a === b) ? left : right
      return leftWins ? left : { ...fieldsOf(fn, field, left), [field]: b }
    },
  }
}

function fieldsOf(fn: string, field: string, record: unknown): Fields {
  if (typeof record === 'object' && record !== null) return record as Fields
  throw new TypeError(`${fn}('${field}') needs records with fields, got ${String(record)}.`)
}
