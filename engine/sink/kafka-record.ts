/** What Kafka sinks have in common: their limits, and how a value becomes a record of a partition. */
import { NO_TIMESTAMP } from '../element.ts'
import { UserFunctionError } from '../errors.ts'
import { partitionForKey } from '../kafka/murmur2.ts'
import { encodeOrigins } from '../kafka/provenance.ts'
import type { RecordData } from '../kafka/protocol.ts'
import type { OperatorContext } from '../operator/operator.ts'
import type { KafkaSinkSpec } from './sink-spec.ts'

/** Records that may wait in memory before the sink stops its input. */
export const PENDING_RECORDS_MAX = 5000
/** How long a record may wait for company (Kafka's `linger.ms`). */
export const LINGER_MS = 5

/** Throws UserFunctionError when the job's key or serializer does. A value of null is a tombstone. */
export function encodeRecord(
  spec: KafkaSinkSpec,
  { provenance, runtime, name }: OperatorContext,
  value: unknown,
  timestamp: number,
): RecordData {
  const origins = provenance.current
  const hasTimestamp = timestamp !== NO_TIMESTAMP && timestamp !== Number.POSITIVE_INFINITY
  try {
    return {
      key: spec.key === null ? null : spec.key(value),
      value: spec.isDeleted?.(value) === true ? null : spec.value.encode(value),
      timestamp: hasTimestamp ? timestamp : Math.floor(runtime.now()),
      headers: origins === null ? [] : [encodeOrigins(origins)],
    }
  } catch (error) {
    throw new UserFunctionError(name, error)
  }
}

/** By key as Kafka's own clients do; without key a subtask keeps to one partition. */
export function partitionOf(
  { key }: RecordData,
  partitions: number,
  { subtaskIndex }: OperatorContext,
): number {
  return key === null ? subtaskIndex % partitions : partitionForKey(key, partitions)
}
