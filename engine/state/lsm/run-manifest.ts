/** The manifest of a snapshot of sorted runs: what the rows in them mean. The runs themselves are the handle's objects. */

import { binary } from '../../serializer.ts'
import type { KeyGroupRange } from '../key-groups.ts'
import type { StateInfo } from '../store-segment.ts'

export interface RunManifest {
  readonly version: 1
  readonly maxParallelism: number
  readonly states: readonly StateInfo[]
  /** Absent or null: the objects are all. */
  readonly log?: LogRange | null
}

/** A part of a Kafka partition that holds changes, newer than all objects (see engine/changelog). */
export interface LogRange {
  readonly topic: string
  readonly partition: number
  /** Offset of the first record, and of the first behind the last. */
  readonly from: number
  readonly to: number
  /** The key groups of the writer. */
  readonly keyGroups: KeyGroupRange
  /** Epochs of the records in it are at most this. */
  readonly epoch: number
  /** Epochs below were written by others, and are left alone. */
  readonly floor: number
  /** Older checkpoints can no longer be restored from this log. */
  readonly oldest: number
}

export function encodeManifest(manifest: RunManifest): Uint8Array {
  return binary.encode(manifest)
}

/** The manifest, or one sentence about what is wrong. Its checksum is that of the checkpoint's metadata. */
export function decodeManifest(bytes: Uint8Array | null): RunManifest | string {
  if (bytes === null) return 'the list of its states is missing'
  const manifest = binary.decode(bytes) as RunManifest
  if (manifest.version === 1) return manifest
  return `its states are listed in version ${String(manifest.version)}, this Weir reads version 1`
}
