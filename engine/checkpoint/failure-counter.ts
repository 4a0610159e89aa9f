/**
 * Counts the failed checkpoints in a row, and says when they are too many. A checkpoint counts once however often it is
 * reported, and not at all when a later one has succeeded. Source: Flink CheckpointFailureManager.
 */
import type { CheckpointId } from '../ids.ts'
import { isCounted } from './failure.ts'
import type { CheckpointFailure } from './failure.ts'

export interface FailureCounter {
  /** The checkpoints that failed since the last success, or since they failed the job. */
  readonly counted: ReadonlySet<CheckpointId>
  readonly lastSucceeded: CheckpointId | null
}

export const NO_FAILURES: FailureCounter = { counted: new Set(), lastSucceeded: null }

/** `exceeding`: so many failures fail the job, which resets the count; null when they are tolerable. */
export function onCheckpointFailed(
  counter: FailureCounter,
  checkpoint: CheckpointId,
  failure: CheckpointFailure,
  tolerableFailures: number,
): readonly [FailureCounter, exceeding: number | null] {
  const { lastSucceeded } = counter
  const isOutdated = lastSucceeded !== null && checkpoint <= lastSucceeded
  if (isOutdated || !isCounted(failure)) return [counter, null]
  const counted = new Set(counter.counted).add(checkpoint)
  if (counted.size <= tolerableFailures) return [{ ...counter, counted }, null]
  return [{ ...NO_FAILURES, lastSucceeded }, counted.size]
}

/** A success ends the row, unless a later checkpoint has succeeded before. */
export function onCheckpointSucceeded(
  counter: FailureCounter,
  checkpoint: CheckpointId,
): FailureCounter {
  const { lastSucceeded } = counter
  if (lastSucceeded !== null && checkpoint <= lastSucceeded) return counter
  return { ...NO_FAILURES, lastSucceeded: checkpoint }
}
