/**
 * A checkpoint on its way: who still has to answer. Source: Flink PendingCheckpoint (flink-semantics.md 3.2).
 *
 *   coordinating ──all coordinators──▶ collecting ──all subtasks──▶ storing
 */
import { assert } from '../assert.ts'
import type { CheckpointKind } from '../element.ts'
import type { AttemptId, CheckpointId, Millis, SubtaskId } from '../ids.ts'
import type { StorageKey } from '../runtime.ts'
import { metadataKey } from './checkpoint-metadata.ts'
import type { CheckpointMetadata, VertexShape } from './checkpoint-metadata.ts'
import type { SavepointTarget } from './checkpoint-requests.ts'
import type { SnapshotHandle } from './snapshot-handle.ts'

/** Where a pending checkpoint stands. */
export type PendingPhase =
  /** Waiting for the operator coordinators' snapshots; no barrier exists yet. */
  | 'coordinating'
  /** Barriers are out; waiting for the subtasks. */
  | 'collecting'
  /** Everybody acknowledged; the metadata is being written. */
  | 'storing'

export interface PendingCheckpoint {
  readonly id: CheckpointId
  readonly phase: PendingPhase
  readonly kind: CheckpointKind
  readonly triggeredAt: Millis
  /** Its snapshots refer to nothing that former checkpoints wrote. */
  readonly isFull: boolean
  readonly savepoint: SavepointTarget | null
  /** Subtasks with the attempts whose acknowledgement counts. */
  readonly expected: ReadonlyMap<SubtaskId, AttemptId>
  readonly vertices: readonly VertexShape[]
  readonly handles: readonly SnapshotHandle[]
  readonly missingCoordinators: readonly string[]
  readonly coordinators: CheckpointMetadata['coordinators']
}

/** The snapshot of one operator coordinator came. */
export function withCoordinator(
  pending: PendingCheckpoint,
  uid: string,
  state: Uint8Array,
): PendingCheckpoint {
  assert(pending.missingCoordinators.includes(uid), `Coordinator ${uid} answered twice.`)
  const missingCoordinators = pending.missingCoordinators.filter((other) => other !== uid)
  const phase = missingCoordinators.length === 0 ? 'collecting' : 'coordinating'
  const coordinators = [...pending.coordinators, { uid, state }]
  return { ...pending, phase, missingCoordinators, coordinators }
}

/** `unknown`: of an attempt that the checkpoint does not wait for, or too early or late for it. */
export type AcknowledgeResult = 'counts' | 'duplicate' | 'unknown'

export function judgeAcknowledgement(
  { phase, expected, handles }: PendingCheckpoint,
  { subtask, attempt }: SnapshotHandle,
): AcknowledgeResult {
  if (handles.some((one) => one.subtask === subtask && one.attempt === attempt)) return 'duplicate'
  return phase === 'collecting' && expected.get(subtask) === attempt ? 'counts' : 'unknown'
}

/** The name under which its metadata is stored. */
export function locationOf({ id, savepoint }: PendingCheckpoint): StorageKey {
  return savepoint === null ? metadataKey(id) : `${savepoint.location}/_metadata`
}

export function metadataOf(pending: PendingCheckpoint): CheckpointMetadata {
  const { id, kind, triggeredAt, vertices, handles, coordinators } = pending
  return { checkpoint: id, kind, triggeredAt, vertices, handles, coordinators }
}
