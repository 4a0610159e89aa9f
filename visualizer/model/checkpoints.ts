/** Checkpoints as the coordinator decided them: pending, completed or aborted, and what became of them. */
import type { Reducer } from './reducer.ts'
import { patch, update } from './reducer.ts'

export const checkpointTriggered: Reducer<'checkpoint-triggered'> = (draft, { checkpoint, at }) => {
  draft.checkpoints.set(checkpoint, {
    id: checkpoint,
    status: 'pending',
    triggeredAt: at,
    endedAt: null,
    acknowledged: [],
    sizeBytes: 0,
    reason: '',
    isSubsumed: false,
    restoredAt: [],
  })
}

export const checkpointSkipped: Reducer<'checkpoint-skipped'> = (draft) => {
  draft.job = { ...draft.job, skippedCheckpoints: draft.job.skippedCheckpoints + 1 }
}

export const checkpointAcknowledged: Reducer<'checkpoint-acknowledged'> = (draft, event) =>
  update(draft.checkpoints, event.checkpoint, (entry) => ({
    ...entry,
    acknowledged: entry.acknowledged.includes(event.subtask)
      ? entry.acknowledged
      : [...entry.acknowledged, event.subtask],
    sizeBytes: entry.sizeBytes + event.sizeBytes,
  }))

export const checkpointCompleted: Reducer<'checkpoint-completed'> = (draft, event) =>
  patch(draft.checkpoints, event.checkpoint, {
    status: 'completed',
    endedAt: event.at,
    sizeBytes: event.sizeBytes,
  })

export const checkpointAborted: Reducer<'checkpoint-aborted'> = (draft, event) =>
  patch(draft.checkpoints, event.checkpoint, {
    status: 'aborted',
    endedAt: event.at,
    reason: event.reason,
  })

export const checkpointSubsumed: Reducer<'checkpoint-subsumed'> = (draft, { checkpoint }) =>
  patch(draft.checkpoints, checkpoint, { isSubsumed: true })

export const checkpointRestored: Reducer<'restart-started'> = (draft, { checkpoint, at }) => {
  if (checkpoint === null) return
  update(draft.checkpoints, checkpoint, (entry) => ({
    ...entry,
    restoredAt: [...entry.restoredAt, at],
  }))
}
