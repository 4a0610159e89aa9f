/** Deletes what checkpoints left in the snapshot storage: the metadata first, so that what is half gone is no checkpoint. */
import type { CompletedCheckpoint } from '../checkpoint/completed-checkpoints.ts'
import { exclusiveObjects } from '../checkpoint/snapshot-handle.ts'
import type { SnapshotHandle } from '../checkpoint/snapshot-handle.ts'
import type { StorageKey, StoragePort } from '../runtime.ts'

export class CheckpointObjects {
  readonly #storage: StoragePort

  constructor(storage: StoragePort) {
    this.#storage = storage
  }

  /** Objects that belong to no checkpoint. */
  discard(handle: SnapshotHandle): void {
    for (const { key } of exclusiveObjects(handle)) this.#storage.delete(key)
  }

  /** `onDeleted` comes when the storage has answered for everything, whatever it said. */
  deleteCheckpoint(
    { metadata, location }: CompletedCheckpoint,
    onDeleted: () => void = () => undefined,
  ): void {
    const objects = metadata.handles.flatMap(exclusiveObjects).map(({ key }) => key)
    this.#delete([location], () => {
      this.#delete(objects, onDeleted)
    })
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
