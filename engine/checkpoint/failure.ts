/** Why a checkpoint failed: a closed union with one sentence each (Flink CheckpointFailureReason). */
import type { SubtaskId } from '../ids.ts'

export type CheckpointFailure =
  | { readonly type: 'expired'; readonly afterMs: number }
  | { readonly type: 'declined'; readonly subtask: SubtaskId; readonly reason: string }
  | { readonly type: 'storage-failed'; readonly reason: string }
  | { readonly type: 'failover' }
  | { readonly type: 'job-ended' }

/** Whether it counts toward `tolerableFailures`; a failure that the job's own restart caused does not. */
export function isCounted(failure: CheckpointFailure): boolean {
  return (
    failure.type === 'expired' || failure.type === 'declined' || failure.type === 'storage-failed'
  )
}

export function describeFailure(failure: CheckpointFailure): string {
  switch (failure.type) {
    case 'expired':
      return `it took longer than ${failure.afterMs} ms`
    case 'declined':
      return `${failure.subtask} declined it: ${failure.reason}`
    case 'storage-failed':
      return `its metadata could not be stored: ${failure.reason}`
    case 'failover':
      return 'the job was restarted'
    case 'job-ended':
      return 'the job ended'
  }
}
