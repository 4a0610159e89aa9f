/** The options of the restart strategies and their defaults. Source: Flink RestartStrategyOptions. */
import { ConfigurationError, inRange } from '../errors.ts'

/** The first failure fails the job. */
export interface NoRestart {
  readonly strategy: 'none'
}

/** So many restarts, each after the same pause. */
export interface FixedDelay {
  readonly strategy: 'fixed-delay'
  /** Default 10; Flink's default is 1. */
  readonly attempts?: number
  /** Default 1000. */
  readonly delayMs?: number
}

/** Restarts as long as failures are rare enough. */
export interface FailureRate {
  readonly strategy: 'failure-rate'
  /** More failures than this within the interval fail the job. Default 1. */
  readonly maxFailures?: number
  /** Default 60 000. */
  readonly intervalMs?: number
  /** Default 1000. */
  readonly delayMs?: number
}

/** Pauses that grow from attempt to attempt. Failures before the pending restart belong to its attempt. */
export interface ExponentialDelay {
  readonly strategy: 'exponential-delay'
  /** Pause of the first attempt. Default 1000. */
  readonly initialDelayMs?: number
  /** Default 60 000. */
  readonly maxDelayMs?: number
  /** From one pause to the next; greater than 1. Default 1.5. */
  readonly multiplier?: number
  /** So long after a restart without a failure the attempts begin from the first. Default 3 600 000. */
  readonly resetThresholdMs?: number
  /** Part of a pause by which it varies at random, from 0 to 1. Default 0.1. */
  readonly jitter?: number
  /** Restarts without such a quiet time. Default Infinity. */
  readonly attempts?: number
}

/** What happens after a failure. */
export type RestartOptions = NoRestart | FixedDelay | FailureRate | ExponentialDelay

export type RestartSettings =
  NoRestart | Required<FixedDelay> | Required<FailureRate> | Required<ExponentialDelay>

/** Fills in defaults. Throws ConfigurationError for a value that is not allowed. */
export function restartSettings(options: RestartOptions): RestartSettings {
  switch (options.strategy) {
    case 'none':
      return options
    case 'fixed-delay':
      return {
        strategy: 'fixed-delay',
        attempts: count('attempts', options.attempts ?? 10, 0),
        delayMs: count('delayMs', options.delayMs ?? 1000, 0),
      }
    case 'failure-rate':
      return {
        strategy: 'failure-rate',
        maxFailures: count('maxFailures', options.maxFailures ?? 1, 1),
        intervalMs: count('intervalMs', options.intervalMs ?? 60_000, 1),
        delayMs: count('delayMs', options.delayMs ?? 1000, 0),
      }
    case 'exponential-delay':
      return exponentialSettings(options)
    default:
      return unknownStrategy(options)
  }
}

function exponentialSettings(options: ExponentialDelay): Required<ExponentialDelay> {
  const initialDelayMs = count('initialDelayMs', options.initialDelayMs ?? 1000, 1)
  const { attempts = Number.POSITIVE_INFINITY } = options
  return {
    strategy: 'exponential-delay',
    initialDelayMs,
    maxDelayMs: count('maxDelayMs', options.maxDelayMs ?? 60_000, initialDelayMs),
    multiplier: between('multiplier', options.multiplier ?? 1.5, 1, Number.MAX_SAFE_INTEGER, true),
    resetThresholdMs: count('resetThresholdMs', options.resetThresholdMs ?? 3_600_000, 1),
    jitter: between('jitter', options.jitter ?? 0.1, 0, 1, false),
    attempts: attempts === Number.POSITIVE_INFINITY ? attempts : count('attempts', attempts, 1),
  }
}

function count(option: string, value: number, least: number): number {
  return inRange(`restart.${option}`, value, least, Number.MAX_SAFE_INTEGER)
}

function between(
  option: string,
  value: number,
  least: number,
  most: number,
  isAbove: boolean,
): number {
  if (value <= most && (isAbove ? value > least : value >= least)) return value
  throw new ConfigurationError(
    'option-out-of-range',
    `The option restart.${option} is ${String(value)}; ` +
      `it must be ${isAbove ? 'greater than' : 'from'} ${least}${isAbove ? '' : ` to ${most}`}.`,
  )
}

/** Programs without types may give anything. */
function unknownStrategy(options: never): never {
  const { strategy } = options as RestartOptions
  throw new ConfigurationError(
    'unknown-restart-strategy',
    `The option restart.strategy is "${String(strategy)}"; ` +
      'it must be "none", "fixed-delay", "failure-rate" or "exponential-delay".',
  )
}
