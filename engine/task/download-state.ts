/**
 * Brings the objects of a subtask's keyed state to it, one after the other: from the worker's own copies where they are
 * intact, else from the snapshot storage. What came from there is kept as a copy for the next time.
 */
import type {
  KeyedStateHandle,
  RestoreInstruction,
  StoredObject,
} from '../checkpoint/snapshot-handle.ts'
import type { StorageKey } from '../runtime.ts'
import { findDamage, objectsOf } from './keyed-state-content.ts'
import type { SubtaskEnvironment } from './subtask-environment.ts'

export type DownloadedState =
  | {
      readonly type: 'downloaded'
      readonly bytes: ReadonlyMap<StorageKey, Uint8Array>
      readonly sizeBytes: number
      /** Of them, read from own copies. */
      readonly localBytes: number
    }
  | { readonly type: 'failed'; readonly reason: string }

interface Wanted {
  readonly handle: KeyedStateHandle
  readonly object: StoredObject
}

export function downloadState(
  env: SubtaskEnvironment,
  { checkpoint, keyed }: RestoreInstruction,
  onDone: (result: DownloadedState) => void,
): void {
  const { copies, deployment, storage } = env
  const { subtask } = deployment
  const wanted = keyed.flatMap((handle) => objectsOf(handle).map((object) => ({ handle, object })))
  const bytes = new Map<StorageKey, Uint8Array>()
  let sizeBytes = 0
  let localBytes = 0
  copies?.restored(subtask, checkpoint)
  const take = ({ key }: StoredObject, content: Uint8Array): void => {
    bytes.set(key, content)
    sizeBytes += content.length
  }
  const next = (index: number): void => {
    const one = wanted[index]
    if (one === undefined) {
      const objects = wanted.map(({ object }) => object)
      copies?.name(subtask, checkpoint, objects)
      onDone({ type: 'downloaded', bytes, sizeBytes, localBytes })
      return
    }
    const { object } = one
    findCopy(env, one, (copy) => {
      if (copy !== null) {
        take(object, copy)
        localBytes += copy.length
        next(index + 1)
        return
      }
      storage.get(object.key, (result) => {
        if (result.type === 'failed') {
          const name = `snapshot ${object.key} of checkpoint ${checkpoint}`
          onDone({ type: 'failed', reason: `The ${name} cannot be read: ${result.reason}.` })
          return
        }
        take(object, result.value)
        copies?.keep(deployment, object, [result.value])
        next(index + 1)
      })
    })
  }
  next(0)
}

/** An own copy that is what was stored, or null. */
function findCopy(
  { copies, deployment, mutants }: SubtaskEnvironment,
  { handle, object }: Wanted,
  onResult: (copy: Uint8Array | null) => void,
): void {
  if (copies === undefined || copies === null) {
    onResult(null)
    return
  }
  copies.find(deployment.subtask, object, (copy) => {
    const isBelieved =
      mutants.active('local-copy-shared-by-operators') || mutants.active('stale-local-copy')
    const isRight = copy !== null && (isBelieved || findDamage(handle, object, copy) === null)
    onResult(isRight ? copy : null)
  })
}
