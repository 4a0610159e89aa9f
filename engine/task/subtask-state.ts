/** Makes a subtask's keyed state and fills it from the objects of a checkpoint. */
import { assert, InvariantViolation } from '../assert.ts'
import type { KeyedStateHandle, StoredObject } from '../checkpoint/snapshot-handle.ts'
import { describeError } from '../errors.ts'
import type { Mutants } from '../mutants.ts'
import { HeapStateBackend, type HeapStateBackendOptions } from '../state/heap-state-backend.ts'
import { keyGroupRange } from '../state/key-groups.ts'
import type { KeyedStateBackend } from '../state/keyed-state-backend.ts'
import { LsmStore } from '../state/lsm/lsm-store.ts'
import { TieredStateBackend } from '../state/tiered/tiered-state-backend.ts'
import { downloadState } from './download-state.ts'
import { objectsOf, readKeyedState, restoreContent, type Trust } from './keyed-state-content.ts'
import type { SubtaskEnvironment } from './subtask-environment.ts'

/** Rows in memory above a store that is not: reading one from there takes much longer than from any table. */
const WORKING_ROWS_MAX = 1 << 19

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
  const { runs } = base
  return new TieredStateBackend({
    ...options,
    base,
    sharesAborted,
    rowsMax: WORKING_ROWS_MAX,
    ...(runs === undefined ? {} : { runs }),
  })
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
  const { checkpoint } = restore
  env.runtime.trace({ type: 'restore-started', subtask, checkpoint })
  const keyed = state === null ? [] : restore.keyed
  downloadState(env, { ...restore, keyed }, (downloaded) => {
    if (downloaded.type === 'failed') {
      onRestored(downloaded.reason)
      return
    }
    const { sizeBytes, localBytes } = downloaded
    env.runtime.trace({ type: 'state-downloaded', subtask, checkpoint, sizeBytes, localBytes })
    const failure = state === null ? null : fill(env, state, keyed, downloaded.bytes)
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

/** Null, or one sentence about what failed. */
function fill(
  { deployment, mutants }: SubtaskEnvironment,
  state: KeyedStateBackend,
  keyed: readonly KeyedStateHandle[],
  bytes: ReadonlyMap<string, Uint8Array>,
): string | null {
  const { restore } = deployment
  if (restore === null) return null
  for (const handle of keyed) {
    const where = `checkpoint ${restore.checkpoint}`
    const bytesOf = ({ key }: StoredObject): Uint8Array | string => bytes.get(key) ?? 'it is lost'
    const content = readKeyedState(handle, bytesOf, trustOf(mutants))
    const [first] = objectsOf(handle)
    if (content.type === 'unreadable') {
      const key = content.object?.key ?? first?.key ?? 'without objects'
      return `The snapshot ${key} of ${where} is corrupt: ${content.problem}.`
    }
    try {
      restoreContent(state, content, restore.checkpoint, mutants)
    } catch (error) {
      if (error instanceof InvariantViolation) throw error
      return `The snapshot ${first?.key ?? ''} of ${where} cannot be restored: ${describeError(error)}`
    }
  }
  return null
}

function trustOf(mutants: Mutants): Trust {
  if (mutants.active('checksum-ignored')) return 'blind'
  const isRight =
    mutants.active('local-copy-shared-by-operators') || mutants.active('stale-local-copy')
  return isRight ? 'right' : 'none'
}
