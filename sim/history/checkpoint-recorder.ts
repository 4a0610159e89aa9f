/**
 * Reads every checkpoint from storage at the moment it completes, as a restore would: metadata, objects, checksums. So
 * the oracle judges what was really stored. Values are decoded when somebody looks at them.
 */
import { decodeMetadata, metadataKey } from '../../engine/checkpoint/checkpoint-metadata.ts'
import type { CheckpointMetadata } from '../../engine/checkpoint/checkpoint-metadata.ts'
import { decodeSnapshotObject } from '../../engine/checkpoint/snapshot-format.ts'
import type { CheckpointId } from '../../engine/ids.ts'
import { decodeSplits } from '../../engine/source/kafka-source-reader.ts'
import { decodeKeyGroup } from '../../engine/state/decode-key-group.ts'
import type { SimulatedStorage } from '../world/simulated-storage.ts'
import type { CheckpointRecord, StateAtCheckpoint } from './history.ts'

/** Uids of operators by the part that their operator state plays: positions, what functions keep. */
export interface StateOwners {
  readonly sources: ReadonlySet<string>
  readonly functions: ReadonlySet<string>
  /** They keep what waits for the answer of a service. */
  readonly callers: ReadonlySet<string>
}

export function recordCheckpoint(
  storage: SimulatedStorage,
  checkpoint: CheckpointId,
  seq: number,
  owners: StateOwners,
): CheckpointRecord {
  const key = metadataKey(checkpoint)
  const bytes = storage.peek(key)
  const metadata = bytes === undefined ? 'it is not in the storage' : decodeMetadata(bytes, key)
  if (typeof metadata === 'string') {
    const problems = [`metadata: ${metadata}`]
    return { checkpoint, seq, offsets: [], states: [], operatorStates: [], inFlight: 0, problems }
  }
  const problems: string[] = []
  const stored = storedKeyGroups(metadata, storage, problems)
  let states: readonly StateAtCheckpoint[] | null = null
  return {
    checkpoint,
    seq,
    offsets: offsetsOf(metadata, owners),
    operatorStates: operatorStatesOf(metadata, owners.functions),
    inFlight: operatorStatesOf(metadata, owners.callers).flatMap(({ entries }) => entries).length,
    problems,
    // Most states are never looked at, and decoding them costs as much as the rest of the run.
    get states() {
      states ??= stored.flatMap(decodeStates)
      return states
    },
  }
}

function offsetsOf(
  { handles }: CheckpointMetadata,
  { sources }: StateOwners,
): CheckpointRecord['offsets'] {
  return handles.flatMap(({ operators }) =>
    operators
      .filter(({ uid }) => sources.has(uid))
      .flatMap(({ uid, operatorState }) =>
        decodeSplits(operatorState).map((split) => ({ source: uid, ...split })),
      ),
  )
}

function operatorStatesOf(
  { handles }: CheckpointMetadata,
  owners: ReadonlySet<string>,
): StateAtCheckpoint[] {
  return handles.flatMap(({ operators }) =>
    operators
      .filter(({ uid }) => owners.has(uid))
      .flatMap(({ uid, operatorState }) =>
        operatorState.map(({ name, items }) => ({
          vertex: uid,
          state: name,
          entries: items.map((value) => ({ key: null, value })),
        })),
      ),
  )
}

interface StoredKeyGroup {
  readonly vertex: string
  readonly bytes: Uint8Array
}

function storedKeyGroups(
  { handles }: CheckpointMetadata,
  storage: SimulatedStorage,
  problems: string[],
): StoredKeyGroup[] {
  return handles.flatMap(({ keyed, subtask }) =>
    (keyed?.exclusive ?? []).flatMap(({ key, checksum }) => {
      const bytes = storage.peek(key)
      const segments =
        bytes === undefined ? 'it is not in the storage' : decodeSnapshotObject(bytes, checksum)
      if (typeof segments === 'string') {
        problems.push(`${key}: ${segments}`)
        return []
      }
      const vertex = subtask.slice(0, subtask.lastIndexOf('/'))
      return segments.map((segment) => ({ vertex, bytes: segment.bytes }))
    }),
  )
}

function decodeStates({ vertex, bytes }: StoredKeyGroup): StateAtCheckpoint[] {
  return decodeKeyGroup(bytes).map(({ state, entries }) => ({ vertex, state, entries }))
}
