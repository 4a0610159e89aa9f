/**
 * Reads every checkpoint from storage at the moment it completes, as a restore would: metadata, objects, checksums. So
 * the oracle judges what was really stored.
 */
import { decodeMetadata, metadataKey } from '../../engine/checkpoint/checkpoint-metadata.ts'
import type { CheckpointMetadata } from '../../engine/checkpoint/checkpoint-metadata.ts'
import { decodeSnapshotObject } from '../../engine/checkpoint/snapshot-format.ts'
import type { CheckpointId } from '../../engine/ids.ts'
import { decodeSplits } from '../../engine/source/kafka-source-reader.ts'
import { decodeKeyGroup } from '../../engine/state/decode-key-group.ts'
import type { SimulatedStorage } from '../world/simulated-storage.ts'
import type { CheckpointRecord, StateAtCheckpoint } from './history.ts'

export function recordCheckpoint(
  storage: SimulatedStorage,
  checkpoint: CheckpointId,
  seq: number,
): CheckpointRecord {
  const bytes = storage.peek(metadataKey(checkpoint))
  const metadata = bytes === undefined ? 'it is not in the storage' : decodeMetadata(bytes)
  if (typeof metadata === 'string') {
    return { checkpoint, seq, offsets: [], states: [], problems: [`metadata: ${metadata}`] }
  }
  const problems: string[] = []
  return {
    checkpoint,
    seq,
    offsets: offsetsOf(metadata),
    states: statesOf(metadata, storage, problems),
    problems,
  }
}

function offsetsOf({ handles }: CheckpointMetadata): CheckpointRecord['offsets'] {
  return handles.flatMap(({ operators }) =>
    operators.flatMap(({ uid, operatorState }) =>
      decodeSplits(operatorState).map((split) => ({ source: uid, ...split })),
    ),
  )
}

function statesOf(
  { handles }: CheckpointMetadata,
  storage: SimulatedStorage,
  problems: string[],
): StateAtCheckpoint[] {
  return handles.flatMap(({ object, subtask }) => {
    if (object === null) return []
    const bytes = storage.peek(object)
    const segments = bytes === undefined ? 'it is not in the storage' : decodeSnapshotObject(bytes)
    if (typeof segments === 'string') {
      problems.push(`${object}: ${segments}`)
      return []
    }
    const vertex = subtask.slice(0, subtask.lastIndexOf('/'))
    return segments.flatMap((segment) =>
      decodeKeyGroup(segment.bytes).map(({ state, entries }) => ({ vertex, state, entries })),
    )
  })
}
