/**
 * What the alignment of a barrier means, and how it changes on the way: when it gets too old, and on edges that no barrier
 * may overtake on. Source: Flink CheckpointOptions (withUnalignedSupported, withUnalignedUnsupported, isTimeoutable).
 */
import type { Barrier } from '../element.ts'
import type { Millis } from '../ids.ts'
import type { Partitioning } from './partitioner.ts'

export function isUnaligned({ alignment }: Barrier): boolean {
  return alignment === 'unaligned'
}

/** It waits in line, but only up to an age. */
export function isTimeoutable({ alignment, alignedTimeoutMs }: Barrier): boolean {
  return alignment === 'aligned' && alignedTimeoutMs !== undefined
}

/** How much longer it may wait; 0 when it is too old. */
export function patienceOf({ timestamp, alignedTimeoutMs = 0 }: Barrier, now: Millis): number {
  return Math.max(0, alignedTimeoutMs - (now - timestamp))
}

export function asUnaligned(barrier: Barrier): Barrier {
  return { ...barrier, alignment: 'unaligned' }
}

/** As it goes over an edge where nothing is overtaken. */
export function inLine(barrier: Barrier): Barrier {
  return isUnaligned(barrier) || isTimeoutable(barrier)
    ? { ...barrier, alignment: 'forced-aligned' }
    : barrier
}

/** As it was before it went over such an edge. */
export function released(barrier: Barrier): Barrier {
  if (barrier.alignment !== 'forced-aligned') return barrier
  const alignment = barrier.alignedTimeoutMs === undefined ? 'unaligned' : 'aligned'
  return { ...barrier, alignment }
}

/**
 * False for edges whose records cannot be dealt out anew, because where they go is more than a matter of key or turn:
 * pointwise ones, and those that bring everything to everyone.
 */
export function mayOvertake({ type }: Partitioning): boolean {
  return type !== 'forward' && type !== 'rescale' && type !== 'broadcast'
}
