/**
 * Handles: what the job master knows of a snapshot. Keyed state lies in objects of the snapshot storage; operator
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

/** An object of the snapshot storage, with what tells it from any other that might lie under its name. */
export interface StoredObject {
  readonly key: StorageKey
  readonly sizeBytes: number
  /** Covers every byte of the object; how is its format's business. Unsigned, 32 bits. */
  readonly checksum: number
}

/**
 * How a backend wrote keyed state: whole key groups, which every backend reads; sorted runs, some of which former
 * checkpoints wrote; a base and the changes since.
 */
export type StateFormat = 'key-groups' | 'runs' | 'changelog'

/** Where the keyed state of one subtask lies. */
export interface KeyedStateHandle {
  readonly format: StateFormat
  /** What the format has to know besides the objects: small, written by the backend. */
  readonly manifest: Uint8Array | null
  /** Objects of this checkpoint alone. */
  readonly exclusive: readonly StoredObject[]
  /** Objects that other checkpoints may name as well: they are counted, and deleted with the last (F-I10). */
  readonly shared: readonly StoredObject[]
}

/** What the snapshot cost its subtask (Flink SubtaskCheckpointStatistics). Times in ms. */
export interface SnapshotMetrics {
  /** From the trigger to the first barrier. */
  readonly startDelayMs: number
  /** From the first barrier to the last. */
  readonly alignmentMs: number
  readonly syncMs: number
  /** From the end of the synchronous part to the acknowledgement. */
  readonly asyncMs: number
  /** In-flight data that was processed between the first barrier and the last, by an estimate of its size. */
  readonly processedBytes: number
  /** In-flight data in the snapshot: of unaligned checkpoints only. */
  readonly persistedBytes: number
  readonly isUnaligned: boolean
}

/** One subtask's part of a checkpoint. */
export interface SnapshotHandle {
  readonly subtask: SubtaskId
  readonly attempt: AttemptId
  /** Null when the subtask has no keyed state. */
  readonly keyed: KeyedStateHandle | null
  /** The records that the barrier overtook; null when there were none. */
  readonly channels: StoredObject | null
  /** Of everything that a restore reads. */
  readonly sizeBytes: number
  /** Of what was written for this checkpoint: less than `sizeBytes` when objects are shared. */
  readonly writtenBytes: number
  readonly operators: readonly OperatorHandle[]
  readonly metrics: SnapshotMetrics
}

/** What an attempt starts from. */
export interface RestoreInstruction {
  readonly checkpoint: CheckpointId
  /** Keyed state of former subtasks that had key groups of this one. */
  readonly keyed: readonly KeyedStateHandle[]
  /** Objects with records that were in flight to this subtask. */
  readonly channels: readonly StoredObject[]
  /** Operator state after redistribution. */
  readonly operators: readonly OperatorHandle[]
}

/** The objects that go with the checkpoint that the handle belongs to. */
export function exclusiveObjects({
  keyed,
  channels,
}: Pick<SnapshotHandle, 'keyed' | 'channels'>): readonly StoredObject[] {
  return [...(keyed?.exclusive ?? []), ...(channels === null ? [] : [channels])]
}
