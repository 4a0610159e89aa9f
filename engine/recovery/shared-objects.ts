/**
 * Deletes the shared objects of checkpoints when the registry says so. No decision is taken here, except by mutants.
 */
import type { CheckpointMetadata } from '../checkpoint/checkpoint-metadata.ts'
import {
  baseOf,
  newSharedStates,
  stepSharedStates,
  type SharedStateInput,
  type SharedStates,
} from '../checkpoint/shared-state-registry.ts'
import type { SnapshotHandle } from '../checkpoint/snapshot-handle.ts'
import type { CheckpointKind } from '../element.ts'
import type { CheckpointId } from '../ids.ts'
import type { Mutants } from '../mutants.ts'
import type { StorageKey, StoragePort } from '../runtime.ts'

export class SharedObjects {
  readonly #storage: StoragePort
  readonly #mutants: Mutants
  #states: SharedStates = newSharedStates()

  constructor(storage: StoragePort, mutants: Mutants) {
    this.#storage = storage
    this.#mutants = mutants
  }

  /** To be called before the barriers go out. The checkpoint whose objects its snapshots may name; null: none. */
  triggered(checkpoint: CheckpointId, kind: CheckpointKind, isFull = false): CheckpointId | null {
    const base = isFull || !isCheckpoint(kind) ? null : baseOf(this.#states)
    this.#step({ type: 'triggered', checkpoint, base })
    return base
  }

  /** Of every acknowledgement, before anything else, whatever became of the checkpoint. */
  acknowledged(checkpoint: CheckpointId, handle: SnapshotHandle): void {
    this.#step({ type: 'acknowledged', checkpoint, objects: sharedKeys(handle) })
  }

  /** Savepoints belong to the user: no later checkpoint builds on them. */
  completed({ checkpoint, kind }: CheckpointMetadata): void {
    this.#step({ type: isCheckpoint(kind) ? 'completed' : 'ended', checkpoint })
  }

  /** It was aborted, subsumed or discarded. */
  ended(checkpoint: CheckpointId, handles: readonly SnapshotHandle[] = []): void {
    if (handles.length > 0 && this.#mutants.active('shared-run-deleted')) {
      for (const key of handles.flatMap(sharedKeys)) this.#storage.delete(key)
    }
    this.#step({ type: 'ended', checkpoint })
  }

  /** A former job master completed it, and it can still be restored. */
  recovered({ checkpoint, handles }: CheckpointMetadata): void {
    this.#step({ type: 'recovered', checkpoint, objects: handles.flatMap(sharedKeys) })
  }

  #step(input: SharedStateInput): void {
    const [states, deleted] = stepSharedStates(this.#states, input)
    this.#states = states
    for (const key of deleted) this.#storage.delete(key)
  }
}

function sharedKeys({ keyed }: SnapshotHandle): readonly StorageKey[] {
  return (keyed?.shared ?? []).map(({ key }) => key)
}

function isCheckpoint(kind: CheckpointKind): boolean {
  return kind === 'checkpoint' || kind === 'final'
}
