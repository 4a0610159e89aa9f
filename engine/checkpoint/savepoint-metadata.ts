/**
 * The metadata of a savepoint names its objects relative to itself (`./sum-0-3`), so that the whole can be moved. The
 * metadata of a checkpoint does not: its objects may lie elsewhere.
 */
import type { StorageKey } from '../runtime.ts'
import { isSavepoint } from './checkpoint-kind.ts'
import { decodeMetadata, decodeStoredMetadata, encodeMetadata } from './checkpoint-metadata.ts'
import type { CheckpointMetadata, StoredMetadata } from './checkpoint-metadata.ts'
import type { SnapshotHandle, StoredObject } from './snapshot-handle.ts'

/** What a savepoint's metadata is called by itself, wherever it lies. */
const OWN_KEY = './_metadata'

export function encodeAt(metadata: CheckpointMetadata, key: StorageKey): Uint8Array {
  if (!isSavepoint(metadata.kind)) return encodeMetadata(metadata, key)
  const folder = folderOf(key)
  const relative = withKeys(metadata, (name) =>
    name.startsWith(folder) ? `./${name.slice(folder.length)}` : name,
  )
  return encodeMetadata(relative, OWN_KEY)
}

/** The metadata found under that key, or one sentence about what is wrong with it. */
export function decodeAt(bytes: Uint8Array, key: StorageKey): CheckpointMetadata | string {
  const stored = decodeStoredMetadata(bytes)
  if (typeof stored === 'string') return stored
  return isRelative(stored) ? metadataAt(key, stored) : decodeMetadata(bytes, key)
}

/** Whether it may lie anywhere. */
export function isRelative({ key }: Pick<StoredMetadata, 'key'>): boolean {
  return key === OWN_KEY
}

/** With the names of its objects as they are when the metadata lies under that key. */
export function metadataAt(key: StorageKey, { metadata }: StoredMetadata): CheckpointMetadata {
  return withKeys(metadata, (name) =>
    name.startsWith('./') ? folderOf(key) + name.slice(2) : name,
  )
}

/** With the slash at its end. */
function folderOf(key: StorageKey): string {
  return key.slice(0, key.lastIndexOf('/') + 1)
}

function withKeys(
  metadata: CheckpointMetadata,
  rename: (key: StorageKey) => StorageKey,
): CheckpointMetadata {
  const renamed = (object: StoredObject): StoredObject => ({ ...object, key: rename(object.key) })
  const handles = metadata.handles.map((handle): SnapshotHandle => {
    const { keyed, channels } = handle
    return {
      ...handle,
      channels: channels === null ? null : renamed(channels),
      keyed:
        keyed === null
          ? null
          : {
              ...keyed,
              exclusive: keyed.exclusive.map(renamed),
              shared: keyed.shared.map(renamed),
            },
    }
  })
  return { ...metadata, handles }
}
