/**
 * What travels on a channel. The unit is a buffer: up to `BUFFER_RECORDS_MAX` records as parallel columns, or one
 * control element. Control elements are ordered with the records around them, and that order is the protocol.
 */
import type { CheckpointId, Millis } from './ids.ts'
import type { RecordOrigin } from './trace.ts'

/** Records in a full buffer: enough to make the cost of a hop vanish, few enough to keep latency low. */
export const BUFFER_RECORDS_MAX = 256

/** The timestamp of a record that has none (Flink: Long.MIN_VALUE). */
export const NO_TIMESTAMP = Number.NEGATIVE_INFINITY

/** The input records that an output newly stands for; only kept when provenance is on. */
export type Origins = readonly RecordOrigin[]

/** Records as columns of equal length; `hashes` only behind a keyBy, `origins` only with provenance. */
export interface RecordBuffer {
  readonly type: 'records'
  readonly values: unknown[]
  readonly timestamps: number[]
  /** Hash of each record's key, computed once where the record was partitioned. */
  readonly hashes: number[] | null
  readonly origins: Origins[] | null
}

/** Separates the records of checkpoint n from those of n+1 (Chandy and Lamport's marker). */
export interface Barrier {
  readonly type: 'barrier'
  readonly checkpoint: CheckpointId
  /** When the checkpoint was triggered. */
  readonly timestamp: Millis
}

/** The checkpoint will not happen upstream: stop aligning for it (Flink CancelCheckpointMarker). */
export interface CancelMarker {
  readonly type: 'cancel-marker'
  readonly checkpoint: CheckpointId
}

/** No record will follow on this channel. */
export interface EndOfInput {
  readonly type: 'end-of-input'
}

export type ControlElement = Barrier | CancelMarker | EndOfInput
export type Element = RecordBuffer | ControlElement

export function newRecordBuffer(isKeyed: boolean, hasProvenance: boolean): RecordBuffer {
  return {
    type: 'records',
    values: [],
    timestamps: [],
    hashes: isKeyed ? [] : null,
    origins: hasProvenance ? [] : null,
  }
}
