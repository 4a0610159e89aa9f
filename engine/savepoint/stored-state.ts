/**
 * The keyed state of a checkpoint as it lies in its objects, by vertex and subtask. Must not know where the bytes come
 * from. Reads key groups and sorted runs; of a changelog it only says that it is there.
 */
import type { CheckpointMetadata } from '../checkpoint/checkpoint-metadata.ts'
import type {
  KeyedStateHandle,
  SnapshotHandle,
  StoredObject,
} from '../checkpoint/snapshot-handle.ts'
import type { StorageKey } from '../runtime.ts'
import { CorruptStateError } from '../state/corrupt-state-error.ts'
import { parseKeyGroup } from '../state/key-group-segment.ts'
import type { KeyGroupContent } from '../state/key-group-segment.ts'
import { objectsOf, readKeyedState, segmentsOf } from '../task/keyed-state-content.ts'

const MISSING = 'it is missing'

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
  return handles.flatMap(({ keyed }) => (keyed !== null && isRead(keyed) ? objectsOf(keyed) : []))
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
  if (!isRead(keyed)) return null
  const content = readKeyedState(keyed, ({ key }) => objects.get(key) ?? MISSING)
  if (content.type === 'unreadable') {
    const name = `object ${content.object?.key ?? 'of a subtask'}`
    const { problem } = content
    throw new CorruptStateError(
      problem === MISSING ? `The ${name} is missing.` : `The ${name} is corrupt: ${problem}.`,
    )
  }
  return Array.from(segmentsOf(content), ({ bytes }) => parseKeyGroup(bytes))
}

/** A changelog is read by its backend only. */
function isRead({ format }: KeyedStateHandle): boolean {
  return format !== 'changelog'
}
