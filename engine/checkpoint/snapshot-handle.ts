/**
 * Handles: what the job master knows of a snapshot. Keyed state lies in an object of the snapshot storage; operator
 * state (splits, pre-committed transactions) is small and travels inline, as Flink inlines states below 20 kB.
 */
import type { AttemptId, CheckpointId, SubtaskId } from '../ids.ts'
import type { StorageKey } from '../runtime.ts'

/**
 * How operator state is dealt out when the job is restored: items round robin, all items to everyone, or (they are all
 * the same) those of one former subtask to each.
 */
export type Redistribution = 'split' | 'union' | 'broadcast'

export interface OperatorStateEntry {
  readonly name: string
  readonly redistribution: Redistribution
  readonly items: readonly Uint8Array[]
}

export interface OperatorHandle {
  readonly uid: string
  readonly operatorState: readonly OperatorStateEntry[]
}

/** One subtask's part of a checkpoint. */
export interface SnapshotHandle {
  readonly subtask: SubtaskId
  readonly attempt: AttemptId
  /** The object with the keyed state; null when the subtask has none. */
  readonly object: StorageKey | null
  readonly sizeBytes: number
  readonly operators: readonly OperatorHandle[]
}

/** What an attempt starts from. */
export interface RestoreInstruction {
  readonly checkpoint: CheckpointId
  /** Objects that hold key groups of this subtask. */
  readonly objects: readonly StorageKey[]
  /** Operator state after redistribution. */
  readonly operators: readonly OperatorHandle[]
}
