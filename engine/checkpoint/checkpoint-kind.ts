/** What the kinds of checkpoints have in common (Flink CheckpointProperties, SnapshotType). */
import type { CheckpointKind } from '../element.ts'

/** It belongs to the user: written where they said, whole, and never deleted by the job. */
export function isSavepoint(kind: CheckpointKind): boolean {
  return kind === 'savepoint' || isSynchronous(kind)
}

/** The subtasks end with its completion, which commits what they wrote. */
export function isSynchronous(kind: CheckpointKind): boolean {
  return kind === 'stop' || kind === 'drain'
}

/** Its completion is told, and a restart may begin with it. An intermediate savepoint only stands by itself. */
export function commits(kind: CheckpointKind): boolean {
  return kind !== 'savepoint'
}
