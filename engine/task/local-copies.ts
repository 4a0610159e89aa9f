/**
 * Second copies of the keyed state that a worker's subtasks stored: what a restart on the same worker reads instead of
 * the snapshot storage. A copy belongs to a subtask and an attempt (FLINK-12296), is known as long as the worker lives,
 * and goes when no checkpoint that may be restored names its object. Never the only copy of anything: one that is not
 * there is read from the storage.
 * Source: Flink TaskLocalStateStoreImpl.
 */
import { concatenate } from '../concatenate.ts'
import type { StoredObject } from '../checkpoint/snapshot-handle.ts'
import type { AttemptId, CheckpointId, SubtaskId } from '../ids.ts'
import type { Mutants } from '../mutants.ts'
import type { StorageKey, StoragePort } from '../runtime.ts'

/** Where copies lie. Need not survive its worker. */
export type CopyStore = Pick<StoragePort, 'put' | 'get' | 'delete'>

/** Answers at once, which a copy in memory may: its owner waits for it. */
export function memoryCopies(): CopyStore {
  const copies = new Map<StorageKey, Uint8Array>()
  return {
    put: (key, pieces, onResult) => {
      copies.set(key, concatenate(pieces))
      onResult({ type: 'ok', value: null })
    },
    get: (key, onResult) => {
      const value = copies.get(key)
      if (value === undefined) onResult({ type: 'failed', reason: 'there is no such copy' })
      else onResult({ type: 'ok', value })
    },
    delete: (key) => {
      copies.delete(key)
    },
  }
}

/** Whose copy it is. */
interface CopyOwner {
  readonly subtask: SubtaskId
  readonly attempt: AttemptId
}

interface Owned {
  /** By the key of the object: where its copy lies. */
  readonly names: Map<StorageKey, StorageKey>
  /** What each checkpoint names that is not over. */
  readonly checkpoints: Map<CheckpointId, readonly StorageKey[]>
}

/** The folder of a checkpoint, which all its objects share; that of shared runs is none of a subtask, either. */
function directoryOf(key: StorageKey): StorageKey {
  return key.slice(0, key.lastIndexOf('/'))
}

export class LocalCopies {
  readonly #store: CopyStore
  readonly #mutants: Mutants
  readonly #owned = new Map<SubtaskId, Owned>()

  constructor(store: CopyStore, mutants: Mutants) {
    this.#store = store
    this.#mutants = mutants
  }

  /** Keeps a copy of an object; one that cannot be kept is not there, that is all. The pieces are lent until `onDone`. */
  keep(
    { subtask, attempt }: CopyOwner,
    { key }: StoredObject,
    pieces: readonly Uint8Array[],
    onDone?: () => void,
  ): void {
    // Mutant: one directory for all.
    const isShared = this.#mutants.active('local-copy-shared-by-operators')
    const name = isShared ? directoryOf(key) : `${subtask}/${attempt}/${key}`
    this.#store.put(name, pieces, (result) => {
      if (result.type === 'ok') this.#of(subtask).names.set(key, name)
      onDone?.()
    })
  }

  /** The snapshot of the subtask for this checkpoint consists of these objects. */
  name(subtask: SubtaskId, checkpoint: CheckpointId, objects: readonly StoredObject[]): void {
    this.#of(subtask).checkpoints.set(
      checkpoint,
      objects.map(({ key }) => key),
    )
  }

  /** A restart begins with this checkpoint or a newer one. */
  completed(subtask: SubtaskId, checkpoint: CheckpointId): void {
    this.#drop(subtask, (other) => other < checkpoint)
  }

  aborted(subtask: SubtaskId, checkpoint: CheckpointId): void {
    this.#drop(subtask, (other) => other === checkpoint)
  }

  /** The subtask begins with this checkpoint; nothing becomes of any other. */
  restored(subtask: SubtaskId, checkpoint: CheckpointId): void {
    this.#drop(subtask, (other) => other !== checkpoint)
  }

  /** The copy of the object, or null. It may be damaged. */
  find(
    subtask: SubtaskId,
    { key }: StoredObject,
    onResult: (bytes: Uint8Array | null) => void,
  ): void {
    const { names } = this.#of(subtask)
    const [oldest] = names.values()
    const name = this.#mutants.active('stale-local-copy') ? oldest : names.get(key)
    if (name === undefined) {
      onResult(null)
      return
    }
    this.#store.get(name, (result) => {
      onResult(result.type === 'ok' ? result.value : null)
    })
  }

  #of(subtask: SubtaskId): Owned {
    const owned = this.#owned.get(subtask) ?? { names: new Map(), checkpoints: new Map() }
    this.#owned.set(subtask, owned)
    return owned
  }

  #drop(subtask: SubtaskId, isOver: (checkpoint: CheckpointId) => boolean): void {
    if (this.#mutants.active('stale-local-copy')) return
    const { names, checkpoints } = this.#of(subtask)
    for (const checkpoint of checkpoints.keys())
      if (isOver(checkpoint)) checkpoints.delete(checkpoint)
    const needed = new Set([...checkpoints.values()].flat())
    for (const [key, name] of names) {
      if (needed.has(key)) continue
      names.delete(key)
      this.#store.delete(name)
    }
  }
}
