/** Why a checkpoint failed: a closed union with one sentence each (Flink CheckpointFailureReason). */
import type { CheckpointId, SubtaskId } from '../ids.ts'

export type CheckpointFailure =
  | { readonly type: 'expired'; readonly afterMs: number }
  /** `isFailure` false: the subtask was not ready, or the checkpoint ended upstream. */
  | {
      readonly type: 'declined'
      readonly subtask: SubtaskId
      readonly reason: string
      readonly isFailure: boolean
    }
  | { readonly type: 'storage-failed'; readonly reason: string }
  /** Its metadata may be stored or not: nothing that it names may be deleted (FLINK-22494). */
  | { readonly type: 'storage-uncertain'; readonly reason: string }
  /** A later one completed before it. */
  | { readonly type: 'subsumed'; readonly by: CheckpointId }
  /** The job stops with a savepoint. */
  | { readonly type: 'suspended' }
  | { readonly type: 'failover' }
  | { readonly type: 'job-ended' }

/** Whether it counts toward `tolerableFailures` (Flink CheckpointFailureManager). */
export function isCounted(failure: CheckpointFailure): boolean {
  switch (failure.type) {
    case 'expired':
    case 'storage-failed':
    case 'storage-uncertain':
      return true
    case 'declined':
      return failure.isFailure
    case 'subsumed':
    case 'suspended':
    case 'failover':
    case 'job-ended':
      return false
  }
}

export function describeFailure(failure: CheckpointFailure): string {
  switch (failure.type) {
    case 'expired':
      return `it took longer than ${failure.afterMs} ms`
    case 'declined':
      return `${failure.subtask} declined it: ${failure.reason}`
    case 'storage-failed':
      return `its metadata could not be stored: ${failure.reason}`
    case 'storage-uncertain':
      return `it is not known whether its metadata was stored: ${failure.reason}`
    case 'subsumed':
      return `checkpoint ${failure.by} completed before it`
    case 'suspended':
      return 'the job stops with a savepoint'
    case 'failover':
      return 'the job was restarted'
    case 'job-ended':
      return 'the job ended'
  }
}
