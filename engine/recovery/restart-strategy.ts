/**
 * Whether and when a failed job starts again, as a step function over failures. Restarts are counted apart from the
 * attempts of a strategy: those may be merged or begin anew.
 * Source: Flink NoRestart-, FixedDelay-, FailureRate- and ExponentialDelayRestartBackoffTimeStrategy.
 */
import type {
  ExponentialDelay,
  FailureRate,
  FixedDelay,
  RestartSettings,
} from '../job/restart-options.ts'
import { exponentialDelayMs } from './exponential-delay.ts'

export interface RestartState {
  /** Restarts so far. */
  readonly restarts: number
  /** Failures that fixed-delay has counted, or attempts of exponential-delay since its last reset. */
  readonly attempts: number
  /** Times of the last failures, oldest first: what failure-rate looks back on. */
  readonly failedAt: readonly number[]
  /** When exponential-delay restarts, or restarted last. */
  readonly restartAt: number
}

export type RestartDecision =
  | {
      readonly type: 'restart'
      readonly restart: number
      readonly delayMs: number
      /** False: the failure belongs to the attempt that is pending. */
      readonly isNewAttempt: boolean
    }
  | { readonly type: 'give-up'; readonly reason: string; readonly isNewAttempt: boolean }

/** What the decision depends on besides the failures before. */
export interface FailureContext {
  readonly now: number
  /** An integer in [0, bound), for jitter. */
  readonly random: (bound: number) => number
}

export const NO_RESTARTS: RestartState = {
  restarts: 0,
  attempts: 0,
  failedAt: [],
  restartAt: Number.NEGATIVE_INFINITY,
}

type Step = readonly [RestartState, RestartDecision]

/** What to do about one failure. */
export function onFailure(
  state: RestartState,
  settings: RestartSettings,
  context: FailureContext,
): Step {
  switch (settings.strategy) {
    case 'none':
      return giveUp(state, 'the job has no restart strategy')
    case 'fixed-delay':
      return fixedDelay(state, settings)
    case 'failure-rate':
      return failureRate(state, settings, context.now)
    case 'exponential-delay':
      return exponentialDelay(state, settings, context)
  }
}

function fixedDelay(state: RestartState, { attempts, delayMs }: Required<FixedDelay>): Step {
  const next = { ...state, attempts: state.attempts + 1 }
  if (next.attempts <= attempts) return restart(next, delayMs)
  return giveUp(next, `the fixed-delay strategy allows ${attempts} restarts`)
}

/** Denied when the last `maxFailures` + 1 failures, this one included, lie within the interval, its ends included. */
function failureRate(
  state: RestartState,
  { maxFailures, intervalMs, delayMs }: Required<FailureRate>,
  now: number,
): Step {
  const next = { ...state, failedAt: [...state.failedAt, now].slice(-maxFailures - 1) }
  const [oldest] = next.failedAt
  const isFull = next.failedAt.length > maxFailures
  if (!isFull || oldest === undefined || now - oldest > intervalMs) return restart(next, delayMs)
  return giveUp(
    next,
    `the failure-rate strategy allows ${maxFailures} failures within ${intervalMs} ms`,
  )
}

function exponentialDelay(
  state: RestartState,
  settings: Required<ExponentialDelay>,
  { now, random }: FailureContext,
): Step {
  const { restartAt } = state
  // What fails before the pending restart, or in its very millisecond, has not been a new attempt yet.
  const isMerged = now <= restartAt
  const attempts = isMerged || now - restartAt < settings.resetThresholdMs ? state.attempts : 0
  const next = isMerged
    ? state
    : {
        ...state,
        attempts: attempts + 1,
        restartAt: now + exponentialDelayMs(settings, attempts, random),
      }
  if (next.attempts <= settings.attempts) {
    return restart(next, next.restartAt - now, !isMerged)
  }
  const reason = `the exponential-delay strategy allows ${settings.attempts} attempts`
  return giveUp(next, reason, !isMerged)
}

function restart(state: RestartState, delayMs: number, isNewAttempt = true): Step {
  const restarts = state.restarts + 1
  return [
    { ...state, restarts },
    { type: 'restart', restart: restarts, delayMs, isNewAttempt },
  ]
}

function giveUp(state: RestartState, because: string, isNewAttempt = true): Step {
  return [state, { type: 'give-up', reason: `Recovery is suppressed: ${because}`, isNewAttempt }]
}
