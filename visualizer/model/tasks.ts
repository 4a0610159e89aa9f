/** Subtasks: deployment, snapshot and restore as the picture shows them. */
import type { SubtaskId } from '../../engine/ids.ts'
import type { Reducer } from './reducer.ts'
import { patch, update } from './reducer.ts'
import type { Draft, SnapshotPhase, SubtaskState } from './run-state.ts'
import { emptySubtask } from './run-state.ts'

export const subtaskStatusChanged: Reducer<'subtask-status-changed'> = (draft, event) => {
  const { subtask: id, attempt, worker, status, reason } = event
  const known = draft.subtasks.get(id)
  if (known === undefined) return
  const isNewAttempt = known.attempt !== attempt
  const base: SubtaskState = isNewAttempt ? emptySubtask(id, known.vertex) : known
  const deployments = known.deployments + (isNewAttempt ? 1 : 0)
  draft.subtasks.set(id, { ...base, attempt, deployments, worker, status, reason })
}

export const subtasksCrashed: Reducer<'worker-crashed'> = (draft, { worker }) => {
  for (const subtask of draft.subtasks.values()) {
    if (subtask.worker === worker && isDeployed(subtask))
      draft.subtasks.set(subtask.id, { ...subtask, isLost: true, snapshot: null, restore: null })
  }
}

export const snapshotTaken: Reducer<'snapshot-taken'> = (draft, { checkpoint, subtask }) =>
  patch(draft.subtasks, subtask, {
    epoch: checkpoint,
    snapshot: { checkpoint, phase: 'taken' },
  })

export const snapshotStored = snapshotMoved<'snapshot-stored'>('stored')
export const snapshotAcknowledged = snapshotMoved<'checkpoint-acknowledged'>('acknowledged')
export const snapshotDeclined = snapshotMoved<'checkpoint-declined'>('declined')
export const completionReceived = snapshotMoved<'completion-received'>('completed')
export const abortionReceived = snapshotMoved<'abortion-received'>('aborted')

export const restoreStarted: Reducer<'restore-started'> = (draft, { subtask, checkpoint }) =>
  patch(draft.subtasks, subtask, {
    epoch: checkpoint,
    restore: { checkpoint, isDone: false, sizeBytes: 0, keyCount: 0 },
  })

export const stateRestored: Reducer<'state-restored'> = (draft, event) => {
  const { subtask, checkpoint, sizeBytes, keyCount } = event
  patch(draft.subtasks, subtask, {
    epoch: checkpoint,
    restore: { checkpoint, isDone: true, sizeBytes, keyCount },
  })
}

export const recordsProcessed: Reducer<'records-processed'> = (draft, { subtask, count }) =>
  update(draft.subtasks, subtask, (entry) => ({ ...entry, processed: entry.processed + count }))

export const stateUpdated: Reducer<'state-updated'> = (draft, { subtask, operator, key, value }) =>
  patch(draft.subtasks, subtask, { lastUpdate: { operator, key, value } })

export const watermarkAdvanced: Reducer<'watermark-advanced'> = (draft, { subtask, watermark }) =>
  patch(draft.subtasks, subtask, { watermark })

/** Holds memory on a worker: a crash takes it. */
function isDeployed({ status }: SubtaskState): boolean {
  return (
    status === 'deploying' ||
    status === 'initializing' ||
    status === 'running' ||
    status === 'canceling'
  )
}

type SnapshotFact =
  | 'snapshot-stored'
  | 'checkpoint-acknowledged'
  | 'checkpoint-declined'
  | 'completion-received'
  | 'abortion-received'

function snapshotMoved<T extends SnapshotFact>(phase: SnapshotPhase): Reducer<T> {
  return (draft: Draft, event: { subtask: SubtaskId; checkpoint: number }) =>
    update(draft.subtasks, event.subtask, (entry) =>
      entry.snapshot?.checkpoint === event.checkpoint
        ? { ...entry, snapshot: { ...entry.snapshot, phase } }
        : entry,
    )
}
