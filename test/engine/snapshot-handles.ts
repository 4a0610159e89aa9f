/** Handles and barriers as tests write them: keyed state in one object, nothing measured. */
import type {
  KeyedStateHandle,
  SnapshotHandle,
  SnapshotMetrics,
  StoredObject,
} from '../../engine/checkpoint/snapshot-handle.ts'
import type { Barrier } from '../../engine/element.ts'
import { checkpointId, millis } from '../../engine/ids.ts'

export const NO_METRICS: SnapshotMetrics = {
  startDelayMs: 0,
  alignmentMs: 0,
  syncMs: 0,
  asyncMs: 0,
  processedBytes: 0,
  persistedBytes: 0,
  isUnaligned: false,
}

export function keyedIn(...objects: readonly (string | StoredObject)[]): KeyedStateHandle {
  const exclusive = objects.map((object) =>
    typeof object === 'string' ? { key: object, sizeBytes: 1, checksum: 0 } : object,
  )
  return { format: 'key-groups', manifest: null, exclusive, shared: [] }
}

/** The names of the objects, in order. */
export function objectsIn(keyed: KeyedStateHandle | null): string[] {
  return keyed === null ? [] : [...keyed.exclusive, ...keyed.shared].map(({ key }) => key)
}

/** The handle of a subtask with its keyed state in that object; with none for null. */
export function handleOf(
  { subtask, attempt }: Pick<SnapshotHandle, 'subtask' | 'attempt'>,
  object: string | null,
  sizeBytes = 1,
): SnapshotHandle {
  return {
    subtask,
    attempt,
    keyed: object === null ? null : keyedIn(object),
    channels: null,
    sizeBytes,
    writtenBytes: sizeBytes,
    operators: [],
    metrics: NO_METRICS,
  }
}

export function barrierOf(
  checkpoint: number,
  kind: Barrier['kind'] = 'checkpoint',
  timestamp = 0,
): Barrier {
  return {
    type: 'barrier',
    checkpoint: checkpointId(checkpoint),
    timestamp: millis(timestamp),
    kind,
    alignment: 'aligned',
  }
}
