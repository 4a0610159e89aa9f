/**
 * What a picture needs to know of a run at one moment, folded from the trace alone. Every view reads this and
 * nothing else of the engine. Entries of the maps are immutable and replaced when they change, so a keyframe is a
 * shallow copy and a view may compare entries by identity. Times are sim ms; ids are the trace's own.
 */
import type {
  AttemptId,
  ChannelId,
  CheckpointId,
  SubtaskId,
  VertexId,
  WorkerId,
} from '../../engine/ids.ts'
import type {
  JobStatus,
  SubtaskStatus,
  TraceTopology,
  TransactionState as CoordinatorState,
} from '../../engine/trace.ts'
import { PrefixList } from './prefix-list.ts'

/** Number of the last checkpoint whose barrier passed; 0 before the first. Its parity gives a record's colour. */
export type Epoch = number

export interface JobState {
  readonly status: JobStatus
  readonly reason: string
  readonly restarts: number
  readonly skippedCheckpoints: number
  readonly isInputFinished: boolean
  /** Why the run ended; null while it goes on. */
  readonly endReason: string | null
}

/** starting: the process is up; registered: the job master knows it; crashed: dead, unnoticed; lost: given up. */
export type WorkerStatus = 'absent' | 'starting' | 'registered' | 'crashed' | 'lost'

export interface WorkerState {
  readonly id: WorkerId
  readonly status: WorkerStatus
  readonly incarnation: number
  readonly slots: number
  readonly reason: string
}

export type SnapshotPhase =
  'taken' | 'stored' | 'acknowledged' | 'declined' | 'completed' | 'aborted'

export interface SubtaskState {
  readonly id: SubtaskId
  readonly vertex: VertexId
  readonly status: SubtaskStatus | 'created'
  readonly attempt: AttemptId | null
  /** How often it was deployed. */
  readonly deployments: number
  readonly worker: WorkerId | null
  readonly reason: string
  /** Its worker crashed under it and no newer attempt exists: memory is gone, whatever the job master believes. */
  readonly isLost: boolean
  readonly epoch: Epoch
  readonly snapshot: { readonly checkpoint: CheckpointId; readonly phase: SnapshotPhase } | null
  readonly restore: {
    readonly checkpoint: CheckpointId
    readonly isDone: boolean
    readonly sizeBytes: number
    readonly keyCount: number
  } | null
  readonly processed: number
  /** Of a reader: records that it took from its partitions. */
  readonly fetched: number
  readonly lastUpdate: {
    readonly operator: string
    readonly key: string
    readonly value: string
  } | null
  /** In event time, where it moves on; undefined before, null at the end, behind the last record. */
  readonly watermark: number | null | undefined
}

/** A buffer or barrier between two subtasks. `seq` is that of its sending event: its identity in this trace. */
export type InFlight = {
  readonly seq: number
  readonly sentAt: number
} & (
  | {
      readonly kind: 'buffer'
      readonly element: number
      readonly attempt: AttemptId
      readonly count: number
      /** How many of the records were sent before, by an older attempt. */
      readonly replayed: number
      readonly epoch: Epoch
    }
  | { readonly kind: 'barrier'; readonly checkpoint: CheckpointId }
)

export interface ChannelState {
  readonly id: ChannelId
  readonly from: SubtaskId
  readonly to: SubtaskId
  /** Which input of the consumer it feeds, from 0. */
  readonly input: number
  readonly epoch: Epoch
  /** The checkpoint for which the consumer does not read this channel; null when it reads. */
  readonly blockedBy: CheckpointId | null
  /** Elements waiting at the consumer when the last one arrived. */
  readonly queued: number
  readonly inFlight: readonly InFlight[]
  /** How long the last element took: where to draw one whose arrival never comes. */
  readonly lastLatencyMs: number
  readonly delivered: number
}

/** `topic/partition`. */
export type PartitionKey = string

export type LogEntry =
  | {
      readonly kind: 'batch'
      readonly baseOffset: number
      readonly count: number
      readonly producerId: number
      readonly isTransactional: boolean
      /** Epoch of the subtask that wrote it; null when the writer is not part of the job. */
      readonly epoch: Epoch | null
    }
  | {
      readonly kind: 'marker'
      readonly baseOffset: number
      readonly count: 1
      readonly producerId: number
      readonly result: 'commit' | 'abort'
    }

/** Where a source's barrier of `checkpoint` cut the partition: `offset` is the first record after it. */
export interface Cut {
  readonly checkpoint: CheckpointId
  readonly offset: number
}

export interface PartitionState {
  readonly key: PartitionKey
  readonly topic: string
  readonly partition: number
  readonly role: 'input' | 'output'
  readonly log: PrefixList<LogEntry>
  readonly logEndOffset: number
  readonly highWatermark: number
  readonly lastStableOffset: number
  readonly reader: SubtaskId | null
  /** Next record that the reader hands to the job. */
  readonly position: number
  /** Behind the last record fetched. */
  readonly fetchedTo: number
  /** Highest position that any attempt reached: what lies between the two is read again after a restore. */
  readonly furthest: number
  /** Records below this were sent by an older attempt. */
  readonly replayUntil: number
  readonly lag: number
  readonly isCaughtUp: boolean
  readonly committedOffset: number | null
  /** The position in the last completed checkpoint. */
  readonly checkpointedOffset: number | null
  readonly cuts: readonly Cut[]
  readonly duplicatesRecognized: number
}

export type TransactionPhase = 'open' | 'prepared' | 'committed' | 'aborted'

export interface TransactionEntry {
  readonly transactionalId: string
  readonly producerId: number
  readonly producerEpoch: number
  readonly subtask: SubtaskId | null
  readonly phase: TransactionPhase
  readonly coordinator: CoordinatorState
  /** The checkpoint whose completion commits it, once prepared. */
  readonly checkpoint: CheckpointId | null
  readonly isRecommit: boolean
  readonly fencedCount: number
  readonly openedAt: number
  /** Where it has records. */
  readonly partitions: readonly PartitionKey[]
}

export interface CheckpointState {
  readonly id: CheckpointId
  readonly status: 'pending' | 'completed' | 'aborted'
  readonly triggeredAt: number
  readonly endedAt: number | null
  readonly acknowledged: readonly SubtaskId[]
  readonly sizeBytes: number
  readonly reason: string
  readonly isSubsumed: boolean
  /** The job was restored from it at these times. */
  readonly restoredAt: readonly number[]
}

export interface FiredFault {
  readonly fault: number
  readonly kind: string
  readonly on: string
  readonly phase: string
  readonly at: number
}

export interface RunState {
  readonly job: JobState
  readonly workers: ReadonlyMap<WorkerId, WorkerState>
  readonly subtasks: ReadonlyMap<SubtaskId, SubtaskState>
  readonly channels: ReadonlyMap<ChannelId, ChannelState>
  readonly partitions: ReadonlyMap<PartitionKey, PartitionState>
  readonly transactions: ReadonlyMap<string, TransactionEntry>
  readonly checkpoints: ReadonlyMap<CheckpointId, CheckpointState>
  readonly faults: ReadonlyMap<number, FiredFault>
}

type TopologyChannel = TraceTopology['channels'][number]

/** The same state while the fold owns it: maps may be set, entries are still replaced. */
export type Draft = {
  -readonly [K in keyof RunState]: RunState[K] extends ReadonlyMap<infer Key, infer Entry>
    ? Map<Key, Entry>
    : RunState[K]
}

export const partitionKey = (topic: string, partition: number): PartitionKey =>
  `${topic}/${partition}`

export function emptyWorker(id: WorkerId): WorkerState {
  return { id, status: 'absent', incarnation: 0, slots: 0, reason: '' }
}

export function emptySubtask(id: SubtaskId, vertex: VertexId): SubtaskState {
  return {
    id,
    vertex,
    status: 'created',
    attempt: null,
    deployments: 0,
    worker: null,
    reason: '',
    isLost: false,
    epoch: 0,
    snapshot: null,
    restore: null,
    processed: 0,
    fetched: 0,
    lastUpdate: null,
    watermark: undefined,
  }
}

export function emptyChannel({ id, from, to, input }: TopologyChannel): ChannelState {
  return {
    id,
    from,
    to,
    input,
    epoch: 0,
    blockedBy: null,
    queued: 0,
    inFlight: [],
    lastLatencyMs: 1,
    delivered: 0,
  }
}

export function emptyPartition(
  topic: string,
  partition: number,
  role: PartitionState['role'],
): PartitionState {
  return {
    key: partitionKey(topic, partition),
    topic,
    partition,
    role,
    log: PrefixList.empty(),
    logEndOffset: 0,
    highWatermark: 0,
    lastStableOffset: 0,
    reader: null,
    position: 0,
    fetchedTo: 0,
    furthest: 0,
    replayUntil: 0,
    lag: 0,
    isCaughtUp: false,
    committedOffset: null,
    checkpointedOffset: null,
    cuts: [],
    duplicatesRecognized: 0,
  }
}

/** The state before the first event: everything the topology names, nothing started. */
export function initialState(topology: TraceTopology): Draft {
  const subtasks = topology.vertices.flatMap((vertex) =>
    vertex.subtasks.map((id) => emptySubtask(id, vertex.id)),
  )
  const partitions = [
    ...topology.inputs.map((input) => ({ ...input, role: 'input' as const })),
    ...topology.outputs.map((output) => ({ ...output, role: 'output' as const })),
  ].flatMap(({ topic, partitions: count, role }) =>
    Array.from({ length: count }, (_, index) => emptyPartition(topic, index, role)),
  )
  return {
    job: {
      status: 'created',
      reason: '',
      restarts: 0,
      skippedCheckpoints: 0,
      isInputFinished: false,
      endReason: null,
    },
    workers: new Map(topology.workers.map((id) => [id, emptyWorker(id)])),
    subtasks: new Map(subtasks.map((subtask) => [subtask.id, subtask])),
    channels: new Map(topology.channels.map((channel) => [channel.id, emptyChannel(channel)])),
    partitions: new Map(partitions.map((partition) => [partition.key, partition])),
    transactions: new Map(),
    checkpoints: new Map(),
    faults: new Map(),
  }
}

/** A copy that the original's later changes do not reach. */
export function copyState(state: RunState): Draft {
  return {
    job: state.job,
    workers: new Map(state.workers),
    subtasks: new Map(state.subtasks),
    channels: new Map(state.channels),
    partitions: new Map(state.partitions),
    transactions: new Map(state.transactions),
    checkpoints: new Map(state.checkpoints),
    faults: new Map(state.faults),
  }
}
