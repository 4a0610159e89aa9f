/**
 * Whether and when a failed job starts again, as a step function: the fixed-delay strategy.
 * Source: Flink FixedDelayRestartBackoffTimeStrategy (flink-semantics.md 1.5).
 */
import type { RestartOptions } from '../job/job-options.ts'

export interface RestartState {
  /** Restarts so far. */
  readonly restarts: number
}

export type RestartDecision =
  | { readonly type: 'restart'; readonly restart: number; readonly delayMs: number }
  | { readonly type: 'give-up'; readonly reason: string }

export const NO_RESTARTS: RestartState = { restarts: 0 }

/** What to do about one failure. Failures that arrive before the scheduled restart belong to the same one. */
export function onFailure(
  { restarts }: RestartState,
  { attempts, delayMs }: Required<RestartOptions>,
): readonly [RestartState, RestartDecision] {
  if (restarts >= attempts) {
    const reason = `Recovery is suppressed: the fixed-delay strategy allows ${attempts} restarts`
    return [{ restarts }, { type: 'give-up', reason }]
  }
  return [{ restarts: restarts + 1 }, { type: 'restart', restart: restarts + 1, delayMs }]
}
