/**
 * `reduce(draft, event)`: one event folded into the state. The table is the whole truth about which concern
 * reacts to which event, in this order; a new FactType does not compile until it has a line here.
 */
import type { FactType, TraceEvent } from '../../engine/trace.ts'
import * as channels from './channels.ts'
import * as checkpoints from './checkpoints.ts'
import * as job from './job.ts'
import * as partitions from './partitions.ts'
import type { Reducer, Wiring } from './reducer.ts'
import type { Draft } from './run-state.ts'
import * as tasks from './tasks.ts'
import * as transactions from './transactions.ts'
import * as workers from './workers.ts'

const REDUCERS: { readonly [T in FactType]: readonly Reducer<T>[] } = {
  'job-status-changed': [job.jobStatusChanged],
  'worker-registered': [workers.workerRegistered],
  'worker-lost': [workers.workerLost],
  'subtask-status-changed': [tasks.subtaskStatusChanged, channels.channelsReset],
  'restart-scheduled': [],
  'restart-started': [
    job.restartCounted,
    checkpoints.checkpointRestored,
    partitions.partitionsRewound,
  ],
  'checkpoint-triggered': [checkpoints.checkpointTriggered],
  'checkpoint-skipped': [checkpoints.checkpointSkipped],
  'checkpoint-acknowledged': [checkpoints.checkpointAcknowledged, tasks.snapshotAcknowledged],
  'checkpoint-declined': [tasks.snapshotDeclined],
  'checkpoint-completed': [checkpoints.checkpointCompleted, partitions.cutsCompleted],
  'checkpoint-aborted': [checkpoints.checkpointAborted],
  'checkpoint-subsumed': [checkpoints.checkpointSubsumed],
  'completion-received': [tasks.completionReceived],
  'abortion-received': [tasks.abortionReceived],
  'barrier-injected': [partitions.partitionsCut],
  'barrier-sent': [channels.barrierSent],
  'barrier-received': [channels.barrierReceived],
  'channel-blocked': [channels.channelBlocked],
  'channel-unblocked': [channels.channelUnblocked],
  'snapshot-taken': [tasks.snapshotTaken],
  'snapshot-stored': [tasks.snapshotStored],
  'alignment-timed-out': [],
  'channel-state-captured': [],
  'checkpoint-unreadable': [],
  'changelog-appended': [],
  'state-materialized': [],
  'state-downloaded': [],
  'channel-state-restored': [],
  'master-started': [],
  'job-submitted': [],
  'master-crashed': [],
  'message-lost': [],
  'restore-started': [tasks.restoreStarted, channels.channelsRestored],
  'state-restored': [tasks.stateRestored],
  'split-assigned': [partitions.splitAssigned],
  'split-restored': [partitions.splitRestored],
  'subtask-progressed': [],
  'split-progressed': [],
  'split-caught-up': [partitions.splitCaughtUp],
  'group-offset-committed': [partitions.groupOffsetCommitted],
  'transaction-opened': [transactions.transactionOpened],
  'transaction-prepared': [transactions.transactionPrepared],
  'transaction-committed': [transactions.transactionCommitted],
  'transaction-fenced': [transactions.transactionFenced],
  'batch-appended': [partitions.batchAppended, transactions.transactionGrown],
  'marker-appended': [partitions.markerAppended],
  'transaction-state-changed': [transactions.transactionStateChanged],
  'producer-fenced': [transactions.producerFenced],
  'duplicate-recognized': [partitions.duplicateRecognized],
  'worker-started': [workers.workerStarted],
  'worker-crashed': [channels.channelsCrashed, tasks.subtasksCrashed, workers.workerCrashed],
  'fault-fired': [job.faultFired],
  'input-finished': [job.inputFinished],
  'run-ended': [job.runEnded],
  'line-printed': [],
  'watermark-advanced': [tasks.watermarkAdvanced],
  'buffer-sent': [channels.bufferSent, partitions.positionsAdvanced],
  'buffer-received': [channels.bufferReceived],
  'records-fetched': [partitions.recordsFetched],
  'records-processed': [tasks.recordsProcessed, partitions.positionsCaughtUp],
  'state-updated': [tasks.stateUpdated],
}

export function reduce(draft: Draft, event: TraceEvent, wiring: Wiring): void {
  // The table pairs every type with reducers of that type; the compiler cannot follow the pair through an index.
  for (const apply of REDUCERS[event.type] as readonly Reducer<FactType>[])
    apply(draft, event, wiring)
}
