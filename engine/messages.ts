/**
 * What actors say to each other: the job master and the workers (control), and subtasks through their workers
 * (data). Plain data, so that a message can cross a thread. Every message to a subtask names the attempt that it
 * is meant for: one for a former attempt is dropped.
 */
import type { SnapshotHandle } from './checkpoint/snapshot-handle.ts'
import type { RestoreInstruction } from './checkpoint/snapshot-handle.ts'
import type { Barrier, Element } from './element.ts'
import type { AttemptId, ChannelId, CheckpointId, SubtaskId, VertexId, WorkerId } from './ids.ts'
import type { PartitionOffset } from './kafka/protocol.ts'
import type { SubtaskStatus } from './trace.ts'

/** Where the other end of a channel lives. */
export interface ChannelPeer {
  readonly channel: ChannelId
  readonly subtask: SubtaskId
  readonly attempt: AttemptId
  readonly worker: WorkerId
}

/** The producer's end of a channel, and which of the consumer's inputs the channel feeds. */
export interface InputPeer extends ChannelPeer {
  readonly input: number
}

/** Everything a worker needs to run one attempt of a subtask; the job itself it already has. */
export interface Deployment {
  readonly subtask: SubtaskId
  readonly vertex: VertexId
  readonly index: number
  readonly attempt: AttemptId
  /** In the order of the vertex's input edges and, within one, of the producers. */
  readonly inputs: readonly InputPeer[]
  /** One list for each output edge, in the order of the consumers. */
  readonly outputs: readonly (readonly ChannelPeer[])[]
  readonly restore: RestoreInstruction | null
}

interface ToSubtask {
  readonly subtask: SubtaskId
  readonly attempt: AttemptId
}

/** A partition from `offset` on, up to `stoppingOffset` if it has one. */
export interface KafkaSplit extends PartitionOffset {
  readonly stoppingOffset?: number
}

/** From a source's coordinator to one of its readers. */
export type OperatorEvent =
  | { readonly type: 'assign-splits'; readonly splits: readonly KafkaSplit[] }
  /** The reader has all its splits: it has finished when they are read to their ends. */
  | { readonly type: 'no-more-splits' }
  /** Hybrid source: everybody has finished the one before. */
  | { readonly type: 'switch-source'; readonly source: number }
  /** Alignment: splits whose watermark is beyond it wait. */
  | { readonly type: 'watermark-bound'; readonly maxAllowed: number }

/** From a reader to its source's coordinator. */
export type ReaderEvent =
  /** Hybrid source: this reader has read the one that is active to its end. */
  | {
      readonly type: 'source-finished'
      readonly source: number
      readonly lastTimestamp: number
      readonly offsets: readonly PartitionOffset[]
    }
  /** The reader catches up with what has piled up, or has done so. */
  | { readonly type: 'backlog-reported'; readonly isBacklog: boolean }
  /** Alignment; MAX_WATERMARK when idle or finished. */
  | { readonly type: 'watermark-reported'; readonly watermark: number }

/** Job master to worker. `epoch` tells a job master from those before it: an older one is not obeyed. */
export type WorkerMessage =
  | {
      readonly type: 'heartbeat-request'
      readonly epoch: number
      /** Counts the requests, so that the answer tells what its sender had been told by then. */
      readonly beat: number
      /** The newest checkpoint that subtasks were to be told of, in case that was lost. */
      readonly latestCompleted: CheckpointId | null
    }
  | {
      readonly type: 'deploy'
      readonly epoch: number
      readonly deployments: readonly Deployment[]
    }
  | ({ readonly type: 'cancel' } & ToSubtask)
  | ({ readonly type: 'trigger-checkpoint'; readonly barrier: Barrier } & ToSubtask)
  | ({ readonly type: 'notify-complete'; readonly checkpoint: CheckpointId } & ToSubtask)
  | ({
      readonly type: 'notify-aborted'
      readonly checkpoint: CheckpointId
      /** The newest completed checkpoint, in case its notification was lost. */
      readonly latestCompleted: CheckpointId | null
    } & ToSubtask)
  | ({
      readonly type: 'operator-event'
      readonly operator: string
      readonly eventId: number
      readonly event: OperatorEvent
    } & ToSubtask)

/** An attempt that a worker runs, or of which it still holds what consumers may ask for. */
export interface HostedAttempt extends ToSubtask {
  readonly status: SubtaskStatus
  readonly hasInputEnded: boolean
}

/** Worker to job master. */
export type MasterMessage =
  | {
      readonly type: 'register-worker'
      readonly worker: WorkerId
      readonly incarnation: number
      readonly slots: number
    }
  | {
      readonly type: 'heartbeat'
      readonly worker: WorkerId
      readonly incarnation: number
      /** Of the newest job master that it has heard of. */
      readonly epoch: number
      /** Of the request. */
      readonly beat: number
      readonly hosted: readonly HostedAttempt[]
    }
  | ({
      readonly type: 'subtask-status'
      readonly status: SubtaskStatus
      readonly reason: string
    } & ToSubtask)
  | ({
      readonly type: 'acknowledge-checkpoint'
      readonly checkpoint: CheckpointId
      readonly handle: SnapshotHandle
    } & ToSubtask)
  | ({
      readonly type: 'decline-checkpoint'
      readonly checkpoint: CheckpointId
      /** False: nothing went wrong here; the subtask was not ready, or the checkpoint ended upstream. */
      readonly isFailure: boolean
      readonly reason: string
    } & ToSubtask)
  | ({ readonly type: 'operator-event-acknowledged'; readonly eventId: number } & ToSubtask)
  | ({ readonly type: 'reader-event'; readonly event: ReaderEvent } & ToSubtask)
  /** The subtask has processed and emitted everything: it waits for the final checkpoint. */
  | ({ readonly type: 'input-ended' } & ToSubtask)
  /** The subtask took checkpoint n: later events for it belong behind the cut. */
  | ({ readonly type: 'barrier-passed'; readonly checkpoint: CheckpointId } & ToSubtask)

/** From outside to the job master. The request's number is the client's own, and comes back with the reply. */
export type ClientMessage =
  /** `location`: the prefix of its objects in the snapshot storage, without a slash at its end. */
  | {
      readonly type: 'trigger-savepoint'
      readonly requestId: number
      readonly location: string
    }
  /** The job ends with a savepoint; `isDrained`: after the last watermark, so that nothing is left open. */
  | {
      readonly type: 'stop-with-savepoint'
      readonly requestId: number
      readonly location: string
      readonly isDrained: boolean
    }
  | { readonly type: 'cancel-job'; readonly requestId: number }

/** Job master to its client. */
export type ClientReply =
  | {
      readonly type: 'savepoint-completed'
      readonly requestId: number
      readonly checkpoint: CheckpointId
      readonly location: string
    }
  /** Every side effect before the savepoint is committed. */
  | {
      readonly type: 'job-stopped'
      readonly requestId: number
      readonly checkpoint: CheckpointId
      readonly location: string
    }
  | { readonly type: 'job-canceled'; readonly requestId: number }
  | { readonly type: 'request-failed'; readonly requestId: number; readonly reason: string }

/** Subtask to subtask. */
export type ChannelMessage =
  /** From the consumer: it is ready, and may be sent so many record buffers. */
  | {
      readonly type: 'connect-channel'
      readonly channel: ChannelId
      readonly attempt: AttemptId
      readonly credit: number
      readonly consumer: AttemptId
      readonly consumerWorker: WorkerId
    }
  /** From the producer's worker: that attempt is not deployed here (yet). */
  | {
      readonly type: 'channel-unavailable'
      readonly channel: ChannelId
      readonly attempt: AttemptId
    }
  /** To both ends: something on its way was lost, so nothing more can come or go (TCP). Null: whoever is there. */
  | {
      readonly type: 'channel-broken'
      readonly channel: ChannelId
      readonly attempt: AttemptId | null
    }
  | {
      readonly type: 'element'
      readonly channel: ChannelId
      readonly attempt: AttemptId
      readonly sequence: number
      readonly element: Element
    }
  | {
      readonly type: 'credit'
      readonly channel: ChannelId
      readonly attempt: AttemptId
      readonly credit: number
    }

export type Message = WorkerMessage | MasterMessage | ChannelMessage | ClientMessage | ClientReply
