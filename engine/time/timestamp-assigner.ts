/** Gives a record its event timestamp by the strategy. Source: Flink TimestampAssigner, RecordTimestampAssigner. */
import { NO_TIMESTAMP } from '../element.ts'
import { ConfigurationError } from '../errors.ts'
import type { TimestampAssigner } from './watermark-strategy.ts'

/**
 * The timestamp by which `value` goes on. Throws what the assigner throws, and ConfigurationError when that is neither
 * whole nor NO_TIMESTAMP: windows are whole ms, a record between two of them would be in none.
 */
export function assignTimestamp<T>(
  assigner: TimestampAssigner<T> | null,
  value: T,
  recordTimestamp: number,
): number {
  if (assigner === null) return recordTimestamp
  const timestamp = assigner(value, recordTimestamp === NO_TIMESTAMP ? null : recordTimestamp)
  if (Number.isInteger(timestamp) || timestamp === NO_TIMESTAMP) return timestamp
  throw new ConfigurationError(
    'bad-timestamp',
    `The timestamp assigner returned ${String(timestamp)}; it must return whole milliseconds.`,
  )
}
