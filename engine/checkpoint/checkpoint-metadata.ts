/**
 * The metadata of a checkpoint: everything needed to restore it. A checkpoint exists from the moment its metadata is
 * durable (F-I2). Guarded by a checksum like every object, and it knows its own name: intact metadata in another place,
 * which would restore an older checkpoint without a word, is refused.
 *
 *   "WMET" u32 | checksum u32 | body (binary serializer)
 */
import type { CheckpointKind } from '../element.ts'
import { xxHash32 } from '../hash.ts'
import type { CheckpointId, VertexId } from '../ids.ts'
import type { StorageKey } from '../runtime.ts'
import { binary } from '../serializer.ts'
import type { SnapshotHandle } from './snapshot-handle.ts'

/** A vertex of the job when the checkpoint was taken: what a changed job must still agree with. */
export interface VertexShape {
  readonly vertex: VertexId
  readonly parallelism: number
  /** Number of key groups. */
  readonly maxParallelism: number
  /** Uids of the chained operators, head first. */
  readonly operators: readonly string[]
}

export interface CheckpointMetadata {
  readonly checkpoint: CheckpointId
  readonly kind: CheckpointKind
  readonly triggeredAt: number
  readonly vertices: readonly VertexShape[]
  readonly handles: readonly SnapshotHandle[]
  /** State of operator coordinators, by operator uid. */
  readonly coordinators: readonly { readonly uid: string; readonly state: Uint8Array }[]
}

export interface StoredMetadata {
  /** The name under which it was stored. */
  readonly key: StorageKey
  readonly metadata: CheckpointMetadata
}

interface Body extends StoredMetadata {
  readonly version: 1
}

const MAGIC = 0x574d4554
const FIXED_BYTES = 8

/** `chk-7/_metadata`, as in Flink. */
export function metadataKey(checkpoint: CheckpointId): StorageKey {
  return `chk-${checkpoint}/_metadata`
}

export function encodeMetadata(
  metadata: CheckpointMetadata,
  key: StorageKey = metadataKey(metadata.checkpoint),
): Uint8Array {
  const content: Body = { version: 1, key, metadata }
  const body = binary.encode(content)
  const bytes = new Uint8Array(FIXED_BYTES + body.length)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, MAGIC)
  view.setUint32(4, xxHash32(body) >>> 0)
  bytes.set(body, FIXED_BYTES)
  return bytes
}

/** The metadata, or one sentence about what is wrong with the bytes; `key` is the name under which they were found. */
export function decodeMetadata(bytes: Uint8Array, key?: StorageKey): CheckpointMetadata | string {
  const stored = decodeStoredMetadata(bytes)
  if (typeof stored === 'string') return stored
  if (key !== undefined && stored.key !== key) {
    return `it is the metadata that was stored as ${stored.key}`
  }
  return stored.metadata
}

/** The same, with the name under which it was stored: for those who do not know where the storage begins. */
export function decodeStoredMetadata(bytes: Uint8Array): StoredMetadata | string {
  if (bytes.length <= FIXED_BYTES) return `it has only ${bytes.length} bytes`
  const view = new DataView(bytes.buffer, bytes.byteOffset)
  if (view.getUint32(0) !== MAGIC)
    return 'it is not the metadata of a checkpoint (wrong first bytes)'
  const body = bytes.subarray(FIXED_BYTES)
  if (xxHash32(body) >>> 0 !== view.getUint32(4)) return 'its checksum is wrong'
  const content = binary.decode(body) as Body
  if (content.version !== 1) {
    return `it has version ${String(content.version)}, this Weir reads version 1`
  }
  return content
}
