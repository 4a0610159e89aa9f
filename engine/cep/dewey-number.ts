/**
 * Versions of partial matches. A run's version grows by a digit with every stage and its last digit by every branch, so
 * that one buffered record can belong to many runs and each finds its own way back. Immutable.
 * Source: Agrawal et al., Efficient Pattern Matching over Event Streams (SIGMOD 2008), section 4.2; Flink DeweyNumber.
 */
import { present } from '../assert.ts'

export type DeweyNumber = readonly number[]

/** The version of a key's first run. */
export const FIRST_VERSION: DeweyNumber = [1]

/** Counts the last digit up. */
export function increased(version: DeweyNumber, by: number): DeweyNumber {
  const last = present(version.at(-1), 'A version has no digit.')
  return [...version.slice(0, -1), last + by]
}

export function withStage(version: DeweyNumber): DeweyNumber {
  return [...version, 0]
}

/** Whether a run of that version went along an edge of version `edge`: a prefix, or an earlier branch of the same. */
export function isCompatible(version: DeweyNumber, edge: DeweyNumber): boolean {
  if (version.length < edge.length) return false
  const last = edge.length - 1
  for (let i = 0; i < last; i += 1) if (version[i] !== edge[i]) return false
  const own = present(version[last], 'A version has no digit.')
  const other = present(edge[last], 'A version has no digit.')
  return version.length > edge.length ? own === other : own >= other
}

export function isEqualVersion(left: DeweyNumber, right: DeweyNumber): boolean {
  return left.length === right.length && left.every((digit, i) => digit === right[i])
}
