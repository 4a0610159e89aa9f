/** Fills a subtask's keyed state from the objects of a checkpoint, and from logs of changes. */
import { InvariantViolation } from '../assert.ts'
import type { KeyedStateHandle, StoredObject } from '../checkpoint/snapshot-handle.ts'
import { describeError } from '../errors.ts'
import type { Mutants } from '../mutants.ts'
import type { SubtaskKeyedState } from './create-keyed-state.ts'
import { downloadLogs } from './download-logs.ts'
import { downloadState } from './download-state.ts'
import {
  objectsOf,
  readKeyedState,
  restoreContent,
  type LoggedOf,
  type Trust,
} from './keyed-state-content.ts'
import type { SubtaskEnvironment } from './subtask-environment.ts'

/** Reads the objects one after the other. Calls back with null, or with one sentence about what failed. */
export function restoreKeyedState(
  env: SubtaskEnvironment,
  state: SubtaskKeyedState | null,
  onRestored: (failure: string | null) => void,
): void {
  const { restore, subtask } = env.deployment
  if (restore === null) {
    onRestored(null)
    return
  }
  const { checkpoint } = restore
  env.runtime.trace({ type: 'restore-started', subtask, checkpoint })
  const keyed = state === null ? [] : restore.keyed
  downloadState(env, { ...restore, keyed }, (objects) => {
    if (objects.type === 'failed') {
      onRestored(objects.reason)
      return
    }
    downloadLogs(env, { checkpoint, keyed }, state?.changelog?.kafka?.client ?? null, (logs) => {
      if (logs.type === 'failed') {
        onRestored(logs.reason)
        return
      }
      const sizeBytes = objects.sizeBytes + logs.sizeBytes
      const { localBytes, bytes } = objects
      env.runtime.trace({ type: 'state-downloaded', subtask, checkpoint, sizeBytes, localBytes })
      const failure = state === null ? null : fill(env, state, keyed, { bytes, runOf: logs.runOf })
      if (failure !== null) {
        onRestored(failure)
        return
      }
      env.runtime.spend({ records: 0, bytes: sizeBytes })
      env.runtime.schedule(0, 'state-restored', () => {
        const keyCount = state?.backend.keyCount() ?? 0
        env.runtime.trace({ type: 'state-restored', subtask, checkpoint, sizeBytes, keyCount })
        onRestored(null)
      })
    })
  })
}

interface Downloaded {
  readonly bytes: ReadonlyMap<string, Uint8Array>
  readonly runOf: LoggedOf
}

/** Null, or one sentence about what failed. */
function fill(
  { deployment, mutants }: SubtaskEnvironment,
  { backend, changelog }: SubtaskKeyedState,
  keyed: readonly KeyedStateHandle[],
  { bytes, runOf }: Downloaded,
): string | null {
  const { restore } = deployment
  if (restore === null) return null
  for (const handle of keyed) {
    const where = `checkpoint ${restore.checkpoint}`
    const bytesOf = ({ key }: StoredObject): Uint8Array | string => bytes.get(key) ?? 'it is lost'
    const content = readKeyedState(handle, bytesOf, trustOf(mutants), runOf)
    const [first] = objectsOf(handle)
    if (content.type === 'unreadable') {
      const key = content.object?.key ?? first?.key ?? 'without objects'
      return `The snapshot ${key} of ${where} is corrupt: ${content.problem}.`
    }
    try {
      restoreContent(backend, content, restore.checkpoint, mutants)
    } catch (error) {
      if (error instanceof InvariantViolation) throw error
      return `The snapshot ${first?.key ?? ''} of ${where} cannot be restored: ${describeError(error)}`
    }
  }
  changelog?.continueBehind(keyed)
  return null
}

function trustOf(mutants: Mutants): Trust {
  if (mutants.active('checksum-ignored')) return 'blind'
  const isRight =
    mutants.active('local-copy-shared-by-operators') || mutants.active('stale-local-copy')
  return isRight ? 'right' : 'none'
}
