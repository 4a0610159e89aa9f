/** Evicting: which records stay in a window. Source: Flink CountEvictor, TimeEvictor, DeltaEvictor. */
import { NO_TIMESTAMP } from '../element.ts'
import { unreachable } from '../assert.ts'
import type { Evictor } from './window-spec.ts'

/** A record as windows with an evictor keep it. */
export type TimestampedRecord = readonly [value: unknown, timestamp: number]

/** The records that stay; `records`, in the order of their arrival, is left as it is. */
export function evict(
  evictor: Evictor,
  records: readonly TimestampedRecord[],
): readonly TimestampedRecord[] {
  switch (evictor.type) {
    case 'count':
      return evictor.count === 0 ? [] : records.slice(-evictor.count)
    case 'time':
      return evictByTime(evictor.sizeMs, records)
    case 'delta': {
      const last = records.at(-1)
      if (last === undefined) return records
      const { delta, threshold } = evictor
      return records.filter(([value]) => !(delta(value, last[0]) >= threshold))
    }
    default:
      return unreachable(evictor)
  }
}

/** Does nothing if the first record has no timestamp: then none is expected to have one. */
function evictByTime(
  sizeMs: number,
  records: readonly TimestampedRecord[],
): readonly TimestampedRecord[] {
  const first = records[0]
  if (first === undefined || first[1] === NO_TIMESTAMP) return records
  let latest = first[1]
  for (const [, timestamp] of records) latest = Math.max(latest, timestamp)
  return records.filter(([, timestamp]) => timestamp > latest - sizeMs)
}
