/** Makes a subtask's keyed state and fills it from the objects of a checkpoint. */
import { InvariantViolation } from '../assert.ts'
import { decodeSnapshotObject } from '../checkpoint/snapshot-format.ts'
import { describeError } from '../errors.ts'
import { HeapStateBackend } from '../state/heap-state-backend.ts'
import { keyGroupRange } from '../state/key-groups.ts'
import type { SubtaskEnvironment } from './subtask-environment.ts'

export function createKeyedState(env: SubtaskEnvironment): HeapStateBackend {
  const { maxParallelism, parallelism, nodes } = env.vertex
  const { deployment, mutants } = env
  // Mutant: against a clock that stands at the beginning nothing that was restored expires.
  const isStopped = deployment.restore !== null && mutants.active('ttl-ignored-after-restore')
  return new HeapStateBackend({
    maxParallelism,
    range: keyGroupRange(deployment.index, maxParallelism, parallelism),
    aliasSnapshots: mutants.active('snapshot-aliases-state'),
    forgetsTimers: mutants.active('timers-not-restored'),
    processingTime: () => (isStopped ? 0 : Math.floor(env.runtime.now())),
    ...(env.isStrict ? { strict: { operator: nodes[0]?.name ?? env.vertex.id } } : {}),
  })
}

/** Reads the objects one after the other. Calls back with null, or with one sentence about what failed. */
export function restoreKeyedState(
  env: SubtaskEnvironment,
  state: HeapStateBackend | null,
  onRestored: (failure: string | null) => void,
): void {
  const { restore, subtask } = env.deployment
  if (restore === null) {
    onRestored(null)
    return
  }
  const { checkpoint, keyed } = restore
  const objects = keyed.flatMap(({ exclusive, shared }) => [...exclusive, ...shared])
  env.runtime.trace({ type: 'restore-started', subtask, checkpoint })
  let sizeBytes = 0
  const next = (index: number): void => {
    const object = objects[index]
    if (state === null || object === undefined) {
      const keyCount = state?.keyCount() ?? 0
      env.runtime.trace({ type: 'state-restored', subtask, checkpoint, sizeBytes, keyCount })
      onRestored(null)
      return
    }
    const { key, checksum } = object
    env.storage.get(key, (result) => {
      if (result.type === 'failed') {
        onRestored(
          `The snapshot ${key} of checkpoint ${checkpoint} cannot be read: ${result.reason}.`,
        )
        return
      }
      const segments = decodeSnapshotObject(result.value, checksum)
      if (typeof segments === 'string') {
        onRestored(`The snapshot ${key} of checkpoint ${checkpoint} is corrupt: ${segments}.`)
        return
      }
      const { first, last } = state.range
      try {
        state.restore(segments.filter(({ keyGroup }) => keyGroup >= first && keyGroup <= last))
      } catch (error) {
        if (error instanceof InvariantViolation) throw error
        onRestored(
          `The snapshot ${key} of checkpoint ${checkpoint} cannot be restored: ${describeError(error)}`,
        )
        return
      }
      sizeBytes += result.value.length
      env.runtime.spend({ records: 0, bytes: result.value.length })
      next(index + 1)
    })
  }
  next(0)
}
