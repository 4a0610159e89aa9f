/**
 * What a new job starts from: a savepoint, or a checkpoint that a former job left. Reads it, and refuses one whose state
 * the job cannot take. Source: Flink StateAssignmentOperation, SavepointRestoreSettings, RestoreMode.
 */
import { present } from '../assert.ts'
import { isSavepoint } from '../checkpoint/checkpoint-kind.ts'
import type { CheckpointMetadata } from '../checkpoint/checkpoint-metadata.ts'
import type { CoordinatorStart } from '../checkpoint/coordinator-state.ts'
import { decodeAt } from '../checkpoint/savepoint-metadata.ts'
import { ConfigurationError } from '../errors.ts'
import { checkpointId } from '../ids.ts'
import type { JobGraph } from '../job/job-graph.ts'
import type { StoragePort } from '../runtime.ts'

/**
 * `claim`: it becomes the job's own and is deleted when it is not needed any more. `no-claim`: it stays as it is, and
 * nothing of the job refers to it once its first checkpoint is complete.
 */
export type RestoreMode = 'claim' | 'no-claim'

export interface RestoreFrom {
  /** Of the savepoint or checkpoint in the snapshot storage, as `savepoint-1` or `chk-7`. */
  readonly location: string
  readonly mode: RestoreMode
  /** State of operators that the job does not have is dropped. Else it is an error. */
  readonly allowNonRestored: boolean
}

/** Calls back with what the coordinator begins with, or with the error that says why the job cannot start. */
export function readRestorePoint(
  storage: StoragePort,
  graph: JobGraph,
  { location, mode, allowNonRestored }: RestoreFrom,
  onRead: (start: CoordinatorStart | ConfigurationError) => void,
): void {
  const key = `${location.replace(/\/+$/, '')}/_metadata`
  storage.get(key, (result) => {
    if (result.type === 'failed') {
      const message = `There is no savepoint or checkpoint at "${location}": ${key} cannot be read: ${result.reason}.`
      onRead(new ConfigurationError('no-restore-point', message))
      return
    }
    const metadata = decodeAt(result.value, key)
    if (typeof metadata === 'string') {
      const message = `The savepoint or checkpoint at "${location}" is corrupt: ${metadata}.`
      onRead(new ConfigurationError('corrupt-restore-point', message))
      return
    }
    const error = checkRestorable(metadata, graph, allowNonRestored)
    if (error !== null) {
      onRead(error)
      return
    }
    newestIn(storage, (newest) => {
      const isOwned = mode === 'claim'
      onRead({
        nextId: checkpointId(Math.max(metadata.checkpoint, newest) + 1),
        completed: [{ metadata, location: key, isOwned }],
        isFullForced: !isOwned,
      })
    })
  })
}

/** The newest checkpoint that lies in the storage, of whatever job: none is overwritten. */
function newestIn(storage: StoragePort, onFound: (newest: number) => void): void {
  storage.list('chk-', (result) => {
    const keys = result.type === 'ok' ? result.value : []
    const ids = keys.map((key) => Number(/^chk-(\d+)\//.exec(key)?.[1] ?? 0))
    onFound(ids.reduce((newest, id) => Math.max(newest, id), 0))
  })
}

/** Null when every state of it has its operator in the job, with as many key groups. */
export function checkRestorable(
  { checkpoint, kind, vertices, handles, coordinators }: CheckpointMetadata,
  graph: JobGraph,
  allowNonRestored: boolean,
): ConfigurationError | null {
  const what = `${isSavepoint(kind) ? 'savepoint' : 'checkpoint'} ${checkpoint}`
  const uids = new Set(graph.vertices.flatMap(({ nodes }) => nodes.map(({ uid }) => uid)))
  const keyed = new Set<string>()
  const stateful = new Set(coordinators.map(({ uid }) => uid))
  for (const { subtask, keyed: state, operators } of handles) {
    const vertex = subtask.slice(0, subtask.lastIndexOf('/'))
    if (state !== null) keyed.add(vertex)
    for (const { uid, operatorState } of operators) {
      if (operatorState.some(({ items }) => items.length > 0)) stateful.add(uid)
    }
  }
  const unknown = [...new Set([...keyed, ...stateful])].filter((uid) => !uids.has(uid)).sort()
  if (unknown.length > 0 && !allowNonRestored) {
    const names = unknown.map((uid) => `"${uid}"`).join(', ')
    return new ConfigurationError(
      'state-without-operator',
      `The ${what} has state of ${names}, which the job does not have; give its operators the uids that they had, ` +
        'or allow that this state is dropped (allowNonRestored).',
    )
  }
  for (const former of vertices) {
    if (!keyed.has(former.vertex)) continue
    const vertex = graph.vertices.find(({ id }) => id === former.vertex)
    if (vertex === undefined || vertex.maxParallelism === former.maxParallelism) continue
    const { uid } = present(vertex.nodes[0], `Vertex ${vertex.id} has no operator.`)
    return new ConfigurationError(
      'max-parallelism-changed',
      `The operator "${uid}" has maxParallelism ${vertex.maxParallelism}, but its state in the ${what} was written ` +
        `with ${former.maxParallelism}; keyed state cannot change its number of key groups, so set maxParallelism ` +
        `to ${former.maxParallelism}.`,
    )
  }
  return null
}
