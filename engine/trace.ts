/**
 * The one event type of Weir: everything worth drawing, checking or measuring is a TraceEvent. Facts in the past
 * tense, plain JSON. `seq` is the total order; `at` is the world's clock in ms; `cause` is the seq of the event
 * that led to this one (-1 for none), so that happened-before can be read off the trace.
 * The engine never reads the trace. Adding a member is compatible; changing one needs a decision record.
 */
import type { SnapshotMetrics } from './checkpoint/snapshot-handle.ts'
import type { Alignment, CheckpointKind } from './element.ts'
import type {
  AttemptId,
  ChannelId,
  CheckpointId,
  Millis,
  SubtaskId,
  VertexId,
  WorkerId,
} from './ids.ts'
import type { RequestType } from './kafka/protocol.ts'

/** `control`: barriers, checkpoints, transactions, recovery. `records` adds buffers, fetches and state changes. */
export type TraceLevel = 'control' | 'records'

/** An input record: the position that identifies it for ever. */
export interface RecordOrigin {
  readonly topic: string
  readonly partition: number
  readonly offset: number
}

export type JobStatus =
  | 'created'
  | 'running'
  | 'restarting'
  | 'failing'
  | 'failed'
  | 'canceling'
  | 'canceled'
  | 'finished'
export type SubtaskStatus =
  | 'scheduled'
  | 'deploying'
  | 'initializing'
  | 'running'
  | 'finished'
  | 'canceling'
  | 'canceled'
  | 'failed'

type JobEvent =
  | { readonly type: 'job-status-changed'; readonly status: JobStatus; readonly reason: string }
  | { readonly type: 'worker-registered'; readonly worker: WorkerId; readonly slots: number }
  /** The job master gave the worker up: this is the moment of detection. */
  | { readonly type: 'worker-lost'; readonly worker: WorkerId; readonly reason: string }
  | {
      readonly type: 'subtask-status-changed'
      readonly subtask: SubtaskId
      readonly attempt: AttemptId
      readonly worker: WorkerId
      readonly status: SubtaskStatus
      readonly reason: string
    }
  | {
      readonly type: 'restart-scheduled'
      readonly delayMs: number
      readonly restart: number
      readonly reason: string
    }
  | {
      readonly type: 'restart-started'
      readonly restart: number
      readonly checkpoint: CheckpointId | null
      /** Those that start again; the others go on. */
      readonly subtasks: readonly SubtaskId[]
    }
  /** A job master took over: `epoch` counts them from 1. `checkpoint` is the newest that it found. */
  | {
      readonly type: 'master-started'
      readonly epoch: number
      readonly checkpoint: CheckpointId | null
    }

type CheckpointEvent =
  | {
      readonly type: 'checkpoint-triggered'
      readonly checkpoint: CheckpointId
      readonly kind: CheckpointKind
      readonly alignment: Alignment
    }
  | { readonly type: 'checkpoint-skipped'; readonly reason: string }
  | {
      readonly type: 'checkpoint-acknowledged'
      readonly checkpoint: CheckpointId
      readonly subtask: SubtaskId
      readonly attempt: AttemptId
      readonly sizeBytes: number
      readonly writtenBytes: number
      readonly metrics: SnapshotMetrics
    }
  | {
      readonly type: 'checkpoint-declined'
      readonly checkpoint: CheckpointId
      readonly subtask: SubtaskId
      readonly reason: string
    }
  /** Its metadata is durable. `durationMs` is from trigger to here. */
  | {
      readonly type: 'checkpoint-completed'
      readonly checkpoint: CheckpointId
      readonly kind: CheckpointKind
      /** The key of its metadata in the snapshot storage. */
      readonly location: string
      readonly sizeBytes: number
      readonly writtenBytes: number
      readonly durationMs: number
    }
  | {
      readonly type: 'checkpoint-aborted'
      readonly checkpoint: CheckpointId
      readonly reason: string
    }
  | { readonly type: 'checkpoint-subsumed'; readonly checkpoint: CheckpointId }
  | {
      readonly type: 'completion-received'
      readonly checkpoint: CheckpointId
      readonly subtask: SubtaskId
    }
  | {
      readonly type: 'abortion-received'
      readonly checkpoint: CheckpointId
      readonly subtask: SubtaskId
    }
  /** A source put the barrier between two of its records. */
  | {
      readonly type: 'barrier-injected'
      readonly checkpoint: CheckpointId
      readonly subtask: SubtaskId
    }
  | {
      readonly type: 'barrier-sent'
      readonly checkpoint: CheckpointId
      readonly channel: ChannelId
      readonly alignment: Alignment
    }
  | {
      readonly type: 'barrier-received'
      readonly checkpoint: CheckpointId
      readonly channel: ChannelId
    }
  | {
      readonly type: 'channel-blocked'
      readonly checkpoint: CheckpointId
      readonly channel: ChannelId
    }
  | {
      readonly type: 'channel-unblocked'
      readonly checkpoint: CheckpointId
      readonly channel: ChannelId
    }
  /** The synchronous part of a snapshot: from here on the subtask's changes belong to the next checkpoint. */
  | {
      readonly type: 'snapshot-taken'
      readonly checkpoint: CheckpointId
      readonly subtask: SubtaskId
      readonly startDelayMs: number
      readonly alignmentMs: number
      /** Records that the attempt had processed, all of them before the cut. */
      readonly records: number
    }
  /** An aligned checkpoint became too old: from here on its barriers overtake. */
  | {
      readonly type: 'alignment-timed-out'
      readonly checkpoint: CheckpointId
      readonly subtask: SubtaskId
    }
  /** Records that the barrier overtook on this channel belong to the snapshot of the subtask. */
  | {
      readonly type: 'channel-state-captured'
      readonly checkpoint: CheckpointId
      readonly subtask: SubtaskId
      readonly channel: ChannelId
      readonly end: 'input' | 'output'
      readonly count: number
    }
  /** Its metadata or an object cannot be read; `fallback` is what is restored instead, if that is allowed. */
  | {
      readonly type: 'checkpoint-unreadable'
      readonly checkpoint: CheckpointId
      readonly reason: string
      readonly fallback: CheckpointId | null
    }
  /** The changes since the last checkpoint are in the log of a changelog backend. */
  | {
      readonly type: 'changelog-appended'
      readonly checkpoint: CheckpointId
      readonly subtask: SubtaskId
      readonly count: number
      readonly sizeBytes: number
    }
  /** A changelog backend stored its whole state: changes from before are not needed any more. */
  | {
      readonly type: 'state-materialized'
      readonly subtask: SubtaskId
      readonly sizeBytes: number
    }
  | {
      readonly type: 'snapshot-stored'
      readonly checkpoint: CheckpointId
      readonly subtask: SubtaskId
      readonly sizeBytes: number
    }

/** How far a subtask is, at most every 100 ms; `isIdle`: it had nothing left to do. */
type ProgressEvent = {
  readonly type: 'subtask-progressed'
  readonly subtask: SubtaskId
  readonly attempt: AttemptId
  /** Processed by this attempt so far. */
  readonly records: number
  readonly isIdle: boolean
}

type RestoreEvent =
  | {
      readonly type: 'restore-started'
      readonly subtask: SubtaskId
      readonly checkpoint: CheckpointId
    }
  /** Every object of its state is there; `localBytes` of it came from the worker's own copy. */
  | {
      readonly type: 'state-downloaded'
      readonly subtask: SubtaskId
      readonly checkpoint: CheckpointId
      readonly sizeBytes: number
      readonly localBytes: number
    }
  /** Records that were in flight are processed, before any other. */
  | {
      readonly type: 'channel-state-restored'
      readonly subtask: SubtaskId
      readonly checkpoint: CheckpointId
      readonly count: number
    }
  | {
      readonly type: 'state-restored'
      readonly subtask: SubtaskId
      readonly checkpoint: CheckpointId
      readonly sizeBytes: number
      readonly keyCount: number
    }

type SourceEvent =
  | {
      readonly type: 'split-assigned'
      readonly subtask: SubtaskId
      readonly topic: string
      readonly partition: number
      readonly offset: number
    }
  /** The reader continues at this position after a restore. */
  | {
      readonly type: 'split-restored'
      readonly subtask: SubtaskId
      readonly topic: string
      readonly partition: number
      readonly offset: number
    }
  /** How far a reader that has emitted records stands, at most every 100 ms; `lag` is what it knows to be left. */
  | {
      readonly type: 'split-progressed'
      readonly subtask: SubtaskId
      readonly topic: string
      readonly partition: number
      /** Of the next record to read. */
      readonly offset: number
      readonly lag: number
    }
  /** The reader reached the end of the partition, for the first time since its attempt began. */
  | {
      readonly type: 'split-caught-up'
      readonly subtask: SubtaskId
      readonly topic: string
      readonly partition: number
      readonly offset: number
    }
  | {
      readonly type: 'group-offset-committed'
      readonly groupId: string
      readonly topic: string
      readonly partition: number
      readonly offset: number
    }

type TransactionRef = {
  readonly transactionalId: string
  readonly producerId: number
  readonly producerEpoch: number
}

type SinkEvent =
  | ({ readonly type: 'transaction-opened'; readonly subtask: SubtaskId } & TransactionRef)
  /** All its records are in the broker's log and the handle goes into the snapshot of `checkpoint`. */
  | ({
      readonly type: 'transaction-prepared'
      readonly subtask: SubtaskId
      readonly checkpoint: CheckpointId
    } & TransactionRef)
  | ({
      readonly type: 'transaction-committed'
      readonly subtask: SubtaskId
      readonly checkpoint: CheckpointId
      readonly isRecommit: boolean
    } & TransactionRef)
  /** A transaction that a former attempt may have left open was fenced and aborted. */
  | ({ readonly type: 'transaction-fenced'; readonly subtask: SubtaskId } & TransactionRef)

/** What the cluster did. On a real Kafka these are written by the client from the replies, as far as replies tell. */
type BrokerEvent =
  | {
      readonly type: 'batch-appended'
      readonly topic: string
      readonly partition: number
      readonly baseOffset: number
      readonly count: number
      /** -1: written by the workload, without idempotence. */
      readonly producerId: number
      readonly producerEpoch: number
      readonly isTransactional: boolean
      readonly highWatermark: number
      readonly lastStableOffset: number
    }
  | {
      readonly type: 'marker-appended'
      readonly topic: string
      readonly partition: number
      readonly offset: number
      readonly producerId: number
      readonly producerEpoch: number
      readonly result: 'commit' | 'abort'
      readonly highWatermark: number
      readonly lastStableOffset: number
    }
  | {
      readonly type: 'transaction-state-changed'
      readonly transactionalId: string
      readonly producerId: number
      readonly producerEpoch: number
      readonly state: TransactionState
    }
  /** A producer was refused because a newer one of the same transactional id exists. */
  | {
      readonly type: 'producer-fenced'
      readonly transactionalId: string
      readonly producerId: number
      readonly producerEpoch: number
      readonly request: RequestType
    }
  /** An idempotent producer's repeated batch was recognized and not appended again. */
  | {
      readonly type: 'duplicate-recognized'
      readonly topic: string
      readonly partition: number
      readonly producerId: number
      readonly baseOffset: number
    }

/** States of a transaction in the coordinator (Kafka TransactionState; K-R21). */
export type TransactionState =
  | 'Empty'
  | 'Ongoing'
  | 'PrepareCommit'
  | 'PrepareAbort'
  | 'CompleteCommit'
  | 'CompleteAbort'
  | 'PrepareEpochFence'
  | 'Dead'

/** Written by a simulated world only. */
type WorldEvent =
  | { readonly type: 'worker-started'; readonly worker: WorkerId; readonly incarnation: number }
  | { readonly type: 'worker-crashed'; readonly worker: WorkerId; readonly incarnation: number }
  | { readonly type: 'master-crashed'; readonly incarnation: number }
  /** A fault took it off its link; `message` is its type. */
  | {
      readonly type: 'message-lost'
      readonly from: string
      readonly to: string
      readonly message: string
    }
  | {
      readonly type: 'fault-fired'
      readonly fault: number
      readonly kind: string
      readonly on: string
      readonly phase: string
    }
  /** Somebody started the job again after it was stopped or canceled; `checkpoint`: from this one. */
  | {
      readonly type: 'job-submitted'
      readonly parallelism: number
      readonly location: string | null
      readonly checkpoint: CheckpointId | null
    }
  | { readonly type: 'input-finished' }
  | { readonly type: 'run-ended'; readonly reason: string }

/** Level `records` only: what moves on the picture. */
type RecordEvent =
  | {
      readonly type: 'buffer-sent'
      readonly channel: ChannelId
      /** Sequence number of the element in its channel and attempt; pairs sent with received. */
      readonly element: number
      readonly attempt: AttemptId
      readonly count: number
      readonly origins: readonly RecordOrigin[]
    }
  | {
      readonly type: 'buffer-received'
      readonly channel: ChannelId
      readonly element: number
      readonly attempt: AttemptId
      readonly queued: number
    }
  | {
      readonly type: 'records-fetched'
      readonly subtask: SubtaskId
      readonly topic: string
      readonly partition: number
      readonly offset: number
      readonly count: number
      readonly lag: number
    }
  /** A print sink's line. */
  | { readonly type: 'line-printed'; readonly subtask: SubtaskId; readonly line: string }
  /** In event time; null: the end, behind the last record. */
  | {
      readonly type: 'watermark-advanced'
      readonly subtask: SubtaskId
      readonly watermark: number | null
    }
  | { readonly type: 'records-processed'; readonly subtask: SubtaskId; readonly count: number }
  | {
      readonly type: 'state-updated'
      readonly subtask: SubtaskId
      readonly operator: string
      readonly key: string
      readonly value: string
    }

/** A trace event without its stamp, as its author writes it. */
export type Fact =
  | JobEvent
  | CheckpointEvent
  | ProgressEvent
  | RestoreEvent
  | SourceEvent
  | SinkEvent
  | BrokerEvent
  | WorldEvent
  | RecordEvent

export type FactType = Fact['type']

/** Where a fact stands in its run. */
export interface Stamp {
  readonly seq: number
  readonly at: Millis
  readonly cause: number
}

export type TraceEvent = Fact & Stamp

/** The member of the union with this type. */
export type EventOf<T extends FactType> = Extract<TraceEvent, { type: T }>

/** The graph that a trace speaks of: what a picture needs before the first event. */
export interface TraceTopology {
  readonly job: string
  readonly vertices: readonly {
    readonly id: VertexId
    readonly operators: readonly {
      readonly uid: string
      readonly name: string
      readonly kind: string
    }[]
    readonly subtasks: readonly SubtaskId[]
  }[]
  readonly channels: readonly {
    readonly id: ChannelId
    readonly from: SubtaskId
    readonly to: SubtaskId
    /** Which input of its consumer it feeds, from 0. */
    readonly input: number
  }[]
  readonly workers: readonly WorkerId[]
  readonly inputs: readonly {
    readonly topic: string
    readonly partitions: number
    readonly vertex: VertexId
  }[]
  readonly outputs: readonly {
    readonly topic: string
    readonly partitions: number
    readonly vertex: VertexId
    readonly isTransactional: boolean
  }[]
}
