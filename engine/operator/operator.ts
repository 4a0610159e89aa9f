/**
 * The contract of a running operator. Operators see records and state, never channels or barriers. Life cycle
 * (Flink task_lifecycle.md): open → process… → snapshot/notify… → finish → close; after a failure straight to close.
 * Called synchronously, one call at a time.
 */
import type { OperatorStateEntry } from '../checkpoint/snapshot-handle.ts'
import type { Origins } from '../element.ts'
import type { AttemptId, CheckpointId, SubtaskId } from '../ids.ts'
import type { Mutants } from '../mutants.ts'
import type { BrokerPort, Runtime } from '../runtime.ts'
import type { KeyedStateBackend } from '../state/keyed-state-backend.ts'

/** Takes the records that an operator emits on one of its outputs. */
export interface Collector {
  emit(value: unknown, timestamp: number): void
}

/** The origins of the record that is being processed; null when provenance is off. One per subtask. */
export interface ProvenanceTracker {
  readonly isOn: boolean
  current: Origins | null
}

/** What an operator may use of its surroundings. */
export interface OperatorContext {
  readonly uid: string
  readonly name: string
  readonly jobName: string
  readonly subtask: SubtaskId
  readonly subtaskIndex: number
  readonly parallelism: number
  readonly attempt: AttemptId
  readonly runtime: Runtime
  readonly broker: BrokerPort
  readonly mutants: Mutants
  readonly provenance: ProvenanceTracker
  /** Null outside a keyed context. */
  readonly keyedState: KeyedStateBackend | null
  /** The main output for null, else the side output of that name. */
  output(tag: string | null): Collector
  /** Tells the subtask that this operator can go on, after it was unavailable or had no input. */
  wake(): void
  /** Fails the subtask with one sentence. */
  fail(reason: string): void
}

/** One checkpoint as an operator sees it. */
export interface SnapshotContext {
  readonly checkpoint: CheckpointId
  /** The snapshot waits until the returned function has been called; used for work that needs the broker. */
  hold(): () => void
}

/** Yields the operator state once every hold is released; evaluated then, not before. */
export type OperatorSnapshot = () => readonly OperatorStateEntry[]

export interface Operator {
  readonly uid: string
  /** False: no further record may be given to it until it wakes the subtask. Absent: always available. */
  readonly isAvailable?: boolean
  /** `restored` is empty and `restoredFrom` null on a fresh start. */
  open?(restored: readonly OperatorStateEntry[], restoredFrom: CheckpointId | null): void
  process(value: unknown, timestamp: number): void
  /** The synchronous part of the snapshot. */
  snapshot?(context: SnapshotContext): OperatorSnapshot
  notifyComplete?(checkpoint: CheckpointId): void
  notifyAborted?(checkpoint: CheckpointId): void
  /** The input ended. */
  finish?(): void
  close?(): void
}
