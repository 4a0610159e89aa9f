/**
 * The metadata of a checkpoint: everything needed to restore it. A checkpoint exists from the moment its metadata is
 * durable (F-I2). Guarded by a checksum like every object.
 */
import type { CheckpointKind } from '../element.ts'
import { xxHash32 } from '../hash.ts'
import type { CheckpointId } from '../ids.ts'
import { binary } from '../serializer.ts'
import type { SnapshotHandle } from './snapshot-handle.ts'

export interface CheckpointMetadata {
  readonly checkpoint: CheckpointId
  readonly kind: CheckpointKind
  readonly triggeredAt: number
  readonly handles: readonly SnapshotHandle[]
  /** State of operator coordinators, by operator uid. */
  readonly coordinators: readonly { readonly uid: string; readonly state: Uint8Array }[]
}

const CHECKSUM_BYTES = 4

/** `chk-7/_metadata`, as in Flink. */
export function metadataKey(checkpoint: CheckpointId): string {
  return `chk-${checkpoint}/_metadata`
}

export function encodeMetadata(metadata: CheckpointMetadata): Uint8Array {
  const body = binary.encode(metadata)
  const bytes = new Uint8Array(CHECKSUM_BYTES + body.length)
  new DataView(bytes.buffer).setUint32(0, xxHash32(body) >>> 0)
  bytes.set(body, CHECKSUM_BYTES)
  return bytes
}

/** The metadata, or one sentence about what is wrong with the bytes. */
export function decodeMetadata(bytes: Uint8Array): CheckpointMetadata | string {
  if (bytes.length <= CHECKSUM_BYTES) return `it has only ${bytes.length} bytes`
  const body = bytes.subarray(CHECKSUM_BYTES)
  const checksum = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0)
  if (xxHash32(body) >>> 0 !== checksum) return 'its checksum is wrong'
  return binary.decode(body) as CheckpointMetadata
}
