/**
 * Deletes what checkpoints left in the snapshot storage: the metadata first, so that what is half gone is no checkpoint;
 * objects that others may name when the registry says so. No decision is taken here.
 */
import { isSavepoint } from '../checkpoint/checkpoint-kind.ts'
import { metadataKey } from '../checkpoint/checkpoint-metadata.ts'
import type { CheckpointMetadata } from '../checkpoint/checkpoint-metadata.ts'
import type { CompletedCheckpoint } from '../checkpoint/completed-checkpoints.ts'
import { exclusiveObjects } from '../checkpoint/snapshot-handle.ts'
import type { SnapshotHandle } from '../checkpoint/snapshot-handle.ts'
import type { CheckpointKind } from '../element.ts'
import type { CheckpointId } from '../ids.ts'
import type { Mutants } from '../mutants.ts'
import type { StorageKey, StoragePort } from '../runtime.ts'
import { SharedObjects } from './shared-objects.ts'

export class CheckpointObjects {
  readonly #storage: StoragePort
  readonly #shared: SharedObjects

  /** `restored`: what a former job or job master left. */
  constructor(storage: StoragePort, mutants: Mutants, restored: readonly CompletedCheckpoint[]) {
    this.#storage = storage
    this.#shared = new SharedObjects(storage, mutants)
    for (const { metadata, isOwned } of restored) if (isOwned) this.#shared.recovered(metadata)
  }

  /** To be called before the barriers go out. The checkpoint whose objects its snapshots may name; null: none. */
  triggered(checkpoint: CheckpointId, kind: CheckpointKind, isFull: boolean): CheckpointId | null {
    return this.#shared.triggered(checkpoint, kind, isFull)
  }

  /** Of every acknowledgement, before anything else, whatever became of the checkpoint. */
  acknowledged(checkpoint: CheckpointId, handle: SnapshotHandle): void {
    this.#shared.acknowledged(checkpoint, handle)
  }

  completed(metadata: CheckpointMetadata): void {
    this.#shared.completed(metadata)
  }

  /** Objects that belong to no checkpoint, and the checkpoint that is over with that. */
  discard(handles: readonly SnapshotHandle[], ended: CheckpointId | null): void {
    for (const { key } of handles.flatMap(exclusiveObjects)) this.#storage.delete(key)
    if (ended !== null) this.#shared.ended(ended)
  }

  /** `onDeleted` comes when the storage has answered for everything, whatever it said. */
  deleteCheckpoint(
    { metadata, location }: CompletedCheckpoint,
    onDeleted: () => void = () => undefined,
  ): void {
    const { checkpoint, handles } = metadata
    const objects = handles.flatMap(exclusiveObjects).map(({ key }) => key)
    this.#delete([location], () => {
      this.#shared.ended(checkpoint, handles)
      this.#delete(objects, onDeleted)
    })
  }

  /** Of what is not the job's own: only the name under which a successor of the job master would find it. */
  forget({ metadata: { checkpoint, kind } }: CompletedCheckpoint): void {
    if (isSavepoint(kind)) this.#storage.delete(metadataKey(checkpoint))
  }

  #delete(keys: readonly StorageKey[], onDeleted: () => void): void {
    let missing = keys.length
    if (missing === 0) onDeleted()
    for (const key of keys) {
      this.#storage.delete(key, () => {
        missing -= 1
        if (missing === 0) onDeleted()
      })
    }
  }
}
