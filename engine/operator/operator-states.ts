/**
 * Operator list states and their hooks in functions: state of a subtask instead of a key, dealt out anew when the job
 * is restored. Source: Flink OperatorStateStore, CheckpointedFunction.
 */
import type { ListStateDescriptor } from '../state/descriptors.ts'
import type { ListState } from '../state/keyed-state-backend.ts'

/** The list states of one subtask. A name belongs to one of the two kinds; `ttl` is not for them. */
export interface OperatorStates {
  /** After a change of parallelism the items are dealt out round robin. */
  listState<T>(descriptor: ListStateDescriptor<T>): ListState<T>
  /** After every restore each subtask has the items of all. */
  unionListState<T>(descriptor: ListStateDescriptor<T>): ListState<T>
}

export interface FunctionInitializationContext extends OperatorStates {
  /** Whether the states are those of a checkpoint. */
  readonly isRestored: boolean
}

export interface FunctionSnapshotContext extends OperatorStates {
  readonly checkpoint: number
}

/** What a function with operator list state has beside its own methods. */
export interface CheckpointedFunction {
  /** Before `open`: the moment to take what a checkpoint brought. */
  initializeState?(context: FunctionInitializationContext): void
  /** A checkpoint is taken: what the lists hold when this returns is in it. */
  snapshotState?(context: FunctionSnapshotContext): void
}
