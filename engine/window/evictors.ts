/** Evictors: which records of a window are removed before or after its function. */
import type { Evictor } from './window-spec.ts'

/** Keeps the last `count` records. */
export function countEvictor(count: number, { after = false } = {}): Evictor {
  return { type: 'count', count, isAfter: after }
}
