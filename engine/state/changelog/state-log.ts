/**
 * Where a changelog keeps changes: the contract of a log, and the words that it shares with the backend. Each checkpoint
 * draws a line; the changes between two lines are one batch, with the full value of each row. Must not know backends.
 * Source: Flink StateChangelogWriter (persist, truncate, confirm).
 */

import type { CheckpointId } from '../../ids.ts'
import type { SnapshotPart, SnapshotRequest } from '../keyed-state-backend.ts'
import type { LogRange } from '../lsm/run-manifest.ts'
import type { RowChange } from '../rows/row-change.ts'

/** Lines are numbered in the order in which an attempt draws them; 0 is where it began. */
export type LogLine = number

/** How much a batch was. */
export interface BatchSize {
  readonly count: number
  readonly bytes: number
}

/** What lies between two lines, as part of a snapshot. */
export interface LogPart {
  /** Objects, newest first. To be iterated when everything up to its last line has been written. */
  parts(): Iterable<SnapshotPart>
  /** What is written elsewhere: null once it is there, else one sentence. */
  whenWritten(onWritten: (failure: string | null) => void): void
  /** Where that is; null: there are only objects. Asked for when everything is written. */
  range(): LogRange | null
  /** Nobody asks any more. Idempotent. */
  release(): void
}

export interface StateLog {
  /** The changes between the line before and this one. Lines come in order, but some may be left out. */
  write(line: LogLine, checkpoint: CheckpointId, changes: Iterable<RowChange>): BatchSize
  /** Whether a snapshot upon that completed checkpoint can refer to all changes behind the line. */
  reaches(from: LogLine, base: CheckpointId | null): boolean
  /** To be called when the line `to` is drawn, and only if it `reaches` so far. */
  between(from: LogLine, to: LogLine, request: SnapshotRequest): LogPart
  /** The whole state is about to be stored as of that line: what comes behind it must do without what comes before. */
  divide(at: LogLine): void
  /** No snapshot needs what is before the line: the completed checkpoint begins there or later. */
  truncate(before: LogLine, completed: CheckpointId): void
}
