/** Makes a subtask's keyed state and fills it from the objects of a checkpoint. */
import { assert, InvariantViolation } from '../assert.ts'
import type { StoredObject } from '../checkpoint/snapshot-handle.ts'
import { describeError } from '../errors.ts'
import type { CheckpointId } from '../ids.ts'
import { HeapStateBackend, type HeapStateBackendOptions } from '../state/heap-state-backend.ts'
import { keyGroupRange } from '../state/key-groups.ts'
import type { KeyedStateBackend } from '../state/keyed-state-backend.ts'
import { LsmStore } from '../state/lsm/lsm-store.ts'
import { TieredStateBackend } from '../state/tiered/tiered-state-backend.ts'
import {
  objectsOf,
  readKeyedState,
  restoreContent,
  type KeyedStateContent,
} from './keyed-state-content.ts'
import type { SubtaskEnvironment } from './subtask-environment.ts'

export function createKeyedState(env: SubtaskEnvironment): KeyedStateBackend {
  const { maxParallelism, parallelism, nodes } = env.vertex
  const { deployment, mutants } = env
  // Mutant: against a clock that stands at the beginning nothing that was restored expires.
  const isStopped = deployment.restore !== null && mutants.active('ttl-ignored-after-restore')
  const options: HeapStateBackendOptions = {
    maxParallelism,
    range: keyGroupRange(deployment.index, maxParallelism, parallelism),
    aliasSnapshots: mutants.active('snapshot-aliases-state'),
    forgetsTimers: mutants.active('timers-not-restored'),
    processingTime: () => (isStopped ? 0 : Math.floor(env.runtime.now())),
    ...(env.isStrict ? { strict: { operator: nodes[0]?.name ?? env.vertex.id } } : {}),
  }
  const { backend } = env.graph.settings.state
  if (backend === 'heap') return new HeapStateBackend(options)
  const sharesAborted = mutants.active('aborted-upload-shared')
  if (backend === 'lsm') {
    const store = new LsmStore()
    return new TieredStateBackend({ ...options, base: store, runs: store, sharesAborted })
  }
  const base = env.openBaseStore?.(deployment)
  assert(base !== undefined, `The world of ${deployment.subtask} has no "${backend}".`)
  return new TieredStateBackend({ ...options, base, sharesAborted })
}

/** Reads the objects one after the other. Calls back with null, or with one sentence about what failed. */
export function restoreKeyedState(
  env: SubtaskEnvironment,
  state: KeyedStateBackend | null,
  onRestored: (failure: string | null) => void,
): void {
  const { restore, subtask } = env.deployment
  if (restore === null) {
    onRestored(null)
    return
  }
  const { checkpoint, keyed } = restore
  env.runtime.trace({ type: 'restore-started', subtask, checkpoint })
  const objects = state === null ? [] : keyed.flatMap(objectsOf)
  download(env, checkpoint, objects, (downloaded) => {
    if (typeof downloaded === 'string') {
      onRestored(downloaded)
      return
    }
    const { bytesOf, sizeBytes } = downloaded
    env.runtime.trace({ type: 'state-downloaded', subtask, checkpoint, sizeBytes, localBytes: 0 })
    const failure = state === null ? null : fill(env, state, bytesOf)
    if (failure !== null) {
      onRestored(failure)
      return
    }
    env.runtime.spend({ records: 0, bytes: sizeBytes })
    env.runtime.schedule(0, 'state-restored', () => {
      const keyCount = state?.keyCount() ?? 0
      env.runtime.trace({ type: 'state-restored', subtask, checkpoint, sizeBytes, keyCount })
      onRestored(null)
    })
  })
}

interface Downloaded {
  readonly bytesOf: ReadonlyMap<string, Uint8Array>
  readonly sizeBytes: number
}

function download(
  env: SubtaskEnvironment,
  checkpoint: CheckpointId,
  objects: readonly StoredObject[],
  onDone: (result: Downloaded | string) => void,
): void {
  const bytesOf = new Map<string, Uint8Array>()
  let sizeBytes = 0
  const next = (index: number): void => {
    const object = objects[index]
    if (object === undefined) {
      onDone({ bytesOf, sizeBytes })
      return
    }
    env.storage.get(object.key, (result) => {
      if (result.type === 'failed') {
        const name = `snapshot ${object.key} of checkpoint ${checkpoint}`
        onDone(`The ${name} cannot be read: ${result.reason}.`)
        return
      }
      bytesOf.set(object.key, result.value)
      sizeBytes += result.value.length
      next(index + 1)
    })
  }
  next(0)
}

/** Null, or one sentence about what failed. */
function fill(
  env: SubtaskEnvironment,
  state: KeyedStateBackend,
  bytesOf: ReadonlyMap<string, Uint8Array>,
): string | null {
  const { restore } = env.deployment
  for (const handle of restore?.keyed ?? []) {
    const checkpoint = restore?.checkpoint ?? 0
    const content = readKeyedState(handle, ({ key }) => bytesOf.get(key) ?? 'it was not read')
    const where = handle.exclusive[0]?.key ?? handle.shared[0]?.key ?? 'without objects'
    if (content.type === 'unreadable') {
      const key = content.object?.key ?? where
      return `The snapshot ${key} of checkpoint ${checkpoint} is corrupt: ${content.problem}.`
    }
    const failure = fillFrom(env, state, content)
    if (failure === null) continue
    return `The snapshot ${where} of checkpoint ${checkpoint} cannot be restored: ${failure}`
  }
  return null
}

function fillFrom(
  { deployment }: SubtaskEnvironment,
  state: KeyedStateBackend,
  content: KeyedStateContent,
): string | null {
  const { restore } = deployment
  if (restore === null) return null
  try {
    restoreContent(state, content, restore.checkpoint)
    return null
  } catch (error) {
    if (error instanceof InvariantViolation) throw error
    return describeError(error)
  }
}
