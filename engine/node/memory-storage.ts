/** Snapshots in the memory of this process: they survive a restart of the job, not one of the process. */
import { concatenate } from '../concatenate.ts'
import type { StorageKey, StoragePort } from '../runtime.ts'

/** `post` runs an action in a turn of the engine. */
export function memoryStorage(post: (action: () => void) => void): StoragePort {
  const objects = new Map<StorageKey, Uint8Array>()
  return {
    put: (key, pieces, onResult) => {
      objects.set(key, concatenate(pieces))
      post(() => onResult({ type: 'ok', value: null }))
    },
    get: (key, onResult) => {
      const value = objects.get(key)
      post(() =>
        onResult(
          value === undefined
            ? { type: 'failed', reason: 'there is no such object' }
            : { type: 'ok', value },
        ),
      )
    },
    list: (prefix, onResult) => {
      const keys = [...objects.keys()].filter((key) => key.startsWith(prefix)).sort()
      post(() => onResult({ type: 'ok', value: keys }))
    },
    delete: (key, onResult) => {
      objects.delete(key)
      if (onResult !== undefined) post(() => onResult({ type: 'ok', value: null }))
    },
  }
}
