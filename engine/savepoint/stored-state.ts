/**
 * The keyed state of a checkpoint as it lies in its objects, by vertex and subtask. Must not know where the bytes come
 * from. Reads what every backend reads, whole key groups; of other formats it only says that they are there.
 */
import { decodeSnapshotObject } from '../checkpoint/snapshot-format.ts'
import type { CheckpointMetadata } from '../checkpoint/checkpoint-metadata.ts'
import type { SnapshotHandle, StoredObject } from '../checkpoint/snapshot-handle.ts'
import type { StorageKey } from '../runtime.ts'
import { CorruptStateError } from '../state/corrupt-state-error.ts'
import { parseKeyGroup } from '../state/key-group-segment.ts'
import type { KeyGroupContent } from '../state/key-group-segment.ts'

export interface StoredSubtask {
  readonly handle: SnapshotHandle
  readonly index: number
  /** Null when its keyed state has a format that is not read here. */
  readonly keyGroups: readonly KeyGroupContent[] | null
}

export interface StoredVertex {
  readonly vertex: string
  /** By index. */
  readonly subtasks: readonly StoredSubtask[]
}

/** The objects that `readVertices` needs. */
export function objectsToRead({ handles }: CheckpointMetadata): readonly StoredObject[] {
  return handles.flatMap(({ keyed }) => (keyed?.format === 'key-groups' ? keyed.exclusive : []))
}

/** The vertices in the order of their names. Throws a CorruptStateError with one sentence. */
export function readVertices(
  metadata: CheckpointMetadata,
  objects: ReadonlyMap<StorageKey, Uint8Array>,
): readonly StoredVertex[] {
  const vertices = new Map<string, StoredSubtask[]>()
  for (const handle of metadata.handles) {
    const at = handle.subtask.lastIndexOf('/')
    const vertex = handle.subtask.slice(0, at)
    const subtasks = vertices.get(vertex) ?? []
    vertices.set(vertex, subtasks)
    const index = Number(handle.subtask.slice(at + 1))
    subtasks.push({ handle, index, keyGroups: readKeyGroups(handle, objects) })
  }
  return [...vertices]
    .map(([vertex, subtasks]) => ({
      vertex,
      subtasks: subtasks.toSorted((a, b) => a.index - b.index),
    }))
    .toSorted((a, b) => (a.vertex < b.vertex ? -1 : 1))
}

function readKeyGroups(
  { keyed }: SnapshotHandle,
  objects: ReadonlyMap<StorageKey, Uint8Array>,
): readonly KeyGroupContent[] | null {
  if (keyed === null) return []
  if (keyed.format !== 'key-groups') return null
  return keyed.exclusive.flatMap(({ key, checksum }) => {
    const bytes = objects.get(key)
    if (bytes === undefined) throw new CorruptStateError(`The object ${key} is missing.`)
    const segments = decodeSnapshotObject(bytes, checksum)
    if (typeof segments === 'string') {
      throw new CorruptStateError(`The object ${key} is corrupt: ${segments}.`)
    }
    return segments.map((segment) => parseKeyGroup(segment.bytes))
  })
}
