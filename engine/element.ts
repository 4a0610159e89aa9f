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

/** The watermark behind the last record of a bounded stream: every event-time timer is due (Flink: Long.MAX_VALUE). */
export const MAX_WATERMARK = Number.POSITIVE_INFINITY

/** The watermark before any arrived. */
export const MIN_WATERMARK = Number.NEGATIVE_INFINITY

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

/**
 * How a barrier meets the records of its channel: it waits behind them and never blocks; it waits and blocks until all
 * channels brought it; it overtakes them, and they go into the snapshot; it would overtake, but this edge does not let
 * it (Flink CheckpointOptions.AlignmentType).
 */
export type Alignment = 'at-least-once' | 'aligned' | 'unaligned' | 'forced-aligned'

/**
 * What a checkpoint is for. `savepoint` commits nothing and no restart uses it; `stop` is the savepoint with which a job
 * ends, `drain` the same after the last watermark; `final` ends a bounded job (Flink CheckpointType, SavepointType).
 */
export type CheckpointKind = 'checkpoint' | 'savepoint' | 'stop' | 'drain' | 'final'

/** Separates the records of checkpoint n from those of n+1 (Chandy and Lamport's marker). */
export interface Barrier {
  readonly type: 'barrier'
  readonly checkpoint: CheckpointId
  /** When the checkpoint was triggered. */
  readonly timestamp: Millis
  readonly kind: CheckpointKind
  readonly alignment: Alignment
  /** Of an aligned one: from this age on (now - timestamp) the barrier overtakes. Absent: never. */
  readonly alignedTimeoutMs?: number
  /** The snapshot must not refer to objects of former checkpoints. */
  readonly isFull?: boolean
  /** The prefix of its objects in the snapshot storage. Absent: `chk-N`. */
  readonly location?: string
  /** The completed checkpoint whose shared objects snapshots may name again. Absent or null: they name only their own. */
  readonly base?: CheckpointId | null
}

export function isFinal({ kind }: Barrier): boolean {
  return kind === 'final'
}

/** The checkpoint will not happen upstream: stop aligning for it (Flink CancelCheckpointMarker). */
export interface CancelMarker {
  readonly type: 'cancel-marker'
  readonly checkpoint: CheckpointId
}

/** No record will follow on this channel, but barriers may: what was written waits for its final checkpoint (FLIP-147). */
export interface EndOfData {
  readonly type: 'end-of-data'
}

/** Nothing will follow on this channel. */
export interface EndOfInput {
  readonly type: 'end-of-input'
}

/** No record with a timestamp up to this one is expected behind it; those that come all the same are late. */
export interface Watermark {
  readonly type: 'watermark'
  readonly timestamp: number
}

/** The channel will bring no watermark for a while, or does so again (Flink WatermarkStatus). */
export interface WatermarkStatus {
  readonly type: 'watermark-status'
  readonly isIdle: boolean
}

export type ControlElement =
  Barrier | CancelMarker | EndOfData | EndOfInput | Watermark | WatermarkStatus
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
