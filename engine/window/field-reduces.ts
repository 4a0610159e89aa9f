/** Reduce functions over one field: the first record with that field replaced. */
import type { ReduceFunction } from '../operator/functions.ts'

type Fields = Readonly<Record<string, unknown>>

/** The first record with the sum of the field. */
export function sumReduce(field: string): ReduceFunction {
  return (left: Fields, right: Fields) => ({
    ...left,
    [field]: Number(left[field]) + Number(right[field]),
  })
}

/** The first record with the least value of the field. */
export function minReduce(field: string): ReduceFunction {
  return (left: Fields, right: Fields) =>
    isLess(right[field], left[field]) ? { ...left, [field]: right[field] } : left
}

/** The first record with the greatest value of the field. */
export function maxReduce(field: string): ReduceFunction {
  return (left: Fields, right: Fields) =>
    isLess(left[field], right[field]) ? { ...left, [field]: right[field] } : left
}

function isLess(left: unknown, right: unknown): boolean {
  return (left as number) < (right as number)
}
