/**
 * Reads every checkpoint from storage at the moment it completes, as a restore would: metadata, objects, checksums. So
 * the oracle judges what was really stored. Values are decoded when somebody looks at them.
 */
import { decodeLogRecord } from '../../engine/changelog/change-records.ts'
import { CHANGELOG_PREFIX } from '../../engine/changelog/kafka-log.ts'
import { LoggedChanges } from '../../engine/changelog/logged-changes.ts'
import { decodeChannelState } from '../../engine/checkpoint/channel-state-format.ts'
import { decodeAt } from '../../engine/checkpoint/savepoint-metadata.ts'
import type { CheckpointMetadata } from '../../engine/checkpoint/checkpoint-metadata.ts'
import { decodeSplits } from '../../engine/source/kafka-source-reader.ts'
import type { LogRange } from '../../engine/state/lsm/run-manifest.ts'
import type { SortedRun } from '../../engine/state/lsm/sorted-run.ts'
import { decodeKeyGroup } from '../../engine/state/decode-key-group.ts'
import { readKeyedState, segmentsOf } from '../../engine/task/keyed-state-content.ts'
import type { KeyedStateContent } from '../../engine/task/keyed-state-content.ts'
import type { EventOf } from '../../engine/trace.ts'
import { unabortedRecords } from '../kafka/ground-truth.ts'
import type { SimulatedCluster } from '../kafka/simulated-cluster.ts'
import type { SimulatedStorage } from '../world/simulated-storage.ts'
import type { CheckpointRecord, OvertakenRecord, StateAtCheckpoint } from './history.ts'

/** Uids of operators by the part that their operator state plays: positions, what functions keep. */
export interface StateOwners {
  readonly sources: ReadonlySet<string>
  readonly functions: ReadonlySet<string>
  /** They keep what waits for the answer of a service. */
  readonly callers: ReadonlySet<string>
}

export function recordCheckpoint(
  storage: SimulatedStorage,
  cluster: SimulatedCluster,
  {
    checkpoint,
    seq,
    location: key,
  }: Pick<EventOf<'checkpoint-completed'>, 'checkpoint' | 'seq' | 'location'>,
  owners: StateOwners,
): CheckpointRecord {
  const bytes = storage.peek(key)
  const metadata = bytes === undefined ? 'it is not in the storage' : decodeAt(bytes, key)
  if (typeof metadata === 'string') {
    const problems = [`metadata: ${metadata}`]
    const nothing = { offsets: [], states: [], operatorStates: [], inFlight: 0, channels: [] }
    return { checkpoint, seq, ...nothing, problems }
  }
  const problems: string[] = []
  const stored = storedStates(metadata, storage, cluster, problems)
  let states: readonly StateAtCheckpoint[] | null = null
  return {
    checkpoint,
    seq,
    offsets: offsetsOf(metadata, owners),
    operatorStates: operatorStatesOf(metadata, owners.functions),
    inFlight: operatorStatesOf(metadata, owners.callers).flatMap(({ entries }) => entries).length,
    channels: overtakenRecords(metadata, storage, problems),
    problems,
    // Most states are never looked at, and decoding them costs as much as the rest of the run.
    get states() {
      states ??= stored.flatMap(decodeStates)
      return states
    },
  }
}

function overtakenRecords(
  { handles }: CheckpointMetadata,
  storage: SimulatedStorage,
  problems: string[],
): OvertakenRecord[] {
  return handles.flatMap(({ channels }) => {
    if (channels === null) return []
    const bytes = storage.peek(channels.key)
    const parts =
      bytes === undefined
        ? 'it is not in the storage'
        : decodeChannelState(bytes, channels.checksum)
    if (typeof parts === 'string') {
      problems.push(`${channels.key}: ${parts}`)
      return []
    }
    return parts.flatMap(({ consumer, buffers }) =>
      buffers.flatMap(({ origins }) => (origins ?? []).map((one) => ({ consumer, origins: one }))),
    )
  })
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
        operatorState
          .filter(({ name }) => !name.startsWith(CHANGELOG_PREFIX))
          .map(({ name, items }) => ({
            vertex: uid,
            state: name,
            entries: items.map((value) => ({ key: null, value })),
          })),
      ),
  )
}

interface StoredState {
  readonly vertex: string
  readonly content: KeyedStateContent
}

function storedStates(
  { handles }: CheckpointMetadata,
  storage: SimulatedStorage,
  cluster: SimulatedCluster,
  problems: string[],
): StoredState[] {
  return handles.flatMap(({ keyed, subtask }) => {
    if (keyed === null) return []
    const content = readKeyedState(
      keyed,
      ({ key }) => storage.peek(key) ?? 'it is not in the storage',
      'none',
      (range) => loggedIn(cluster, range),
    )
    if (content.type === 'unreadable') {
      problems.push(`${content.object?.key ?? subtask}: ${content.problem}`)
      return []
    }
    return [{ vertex: subtask.slice(0, subtask.lastIndexOf('/')), content }]
  })
}

function decodeStates({ vertex, content }: StoredState): StateAtCheckpoint[] {
  return [...segmentsOf(content)].flatMap(({ bytes }) =>
    decodeKeyGroup(bytes).map(({ state, entries }) => ({ vertex, state, entries })),
  )
}

/**
 * What a restore of the checkpoint will find in a log of changes: its transactions are about to be committed, so those that
 * were not aborted count.
 */
function loggedIn(cluster: SimulatedCluster, range: LogRange): SortedRun {
  const changes = new LoggedChanges(range)
  const { batches } = cluster.log(range.topic, range.partition)
  for (const { offset, record } of unabortedRecords(batches)) {
    if (range.from <= offset && offset < range.to) changes.take(decodeLogRecord(record), record)
  }
  return changes.finish().run
}
