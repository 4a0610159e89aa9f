/**
 * The completed checkpoints that can be restored, oldest first. The newest `retained` of them stay. A savepoint with which
 * a job stops is one of them, but the newest other one is not given up for it: the next checkpoints of a job that goes on
 * after all are built on that (FLINK-21351). Source: Flink CompletedCheckpointStore, CheckpointSubsumeHelper.
 */
import type { StorageKey } from '../runtime.ts'
import { isSavepoint } from './checkpoint-kind.ts'
import type { CheckpointMetadata } from './checkpoint-metadata.ts'

export interface CompletedCheckpoint {
  readonly metadata: CheckpointMetadata
  /** Of its metadata. */
  readonly location: StorageKey
  /** The job deletes it when it is not needed any more; what belongs to a user or a former job stays. */
  readonly isOwned: boolean
}

export type CompletedCheckpoints = readonly CompletedCheckpoint[]

/** The checkpoints with the new one, and those that are not needed any more. */
export function addCompleted(
  completed: CompletedCheckpoints,
  added: CompletedCheckpoint,
  retained: number,
): readonly [CompletedCheckpoints, subsumed: CompletedCheckpoints] {
  const all = [...completed, added]
  const newest = all.findLast(({ metadata }) => !isSavepoint(metadata.kind))
  const surplus = all.length - retained
  const subsumed = all.filter((one, index) => index < surplus && one !== newest && one !== added)
  return [all.filter((one) => !subsumed.includes(one)), subsumed]
}
