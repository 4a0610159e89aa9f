/**
 * The errors that a user of Weir can meet, apart from InvariantViolation (a bug of ours).
 * Expected failures inside the engine are values, not errors (see checkpoint/failure.ts).
 */

/** A job, option or plan that cannot be accepted. The message says what was given, what is allowed, how to fix it. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError'
  /** Stable, for programs: `unknown-option`, `duplicate-uid`, … */
  readonly code: string

  constructor(code: string, message: string) {
    super(message)
    this.code = code
  }
}

/** An exception thrown by a user's function; caught once, in the subtask, and turned into its failure. */
export class UserFunctionError extends Error {
  override readonly name = 'UserFunctionError'
  readonly operator: string

  constructor(operator: string, cause: unknown) {
    super(`The function of operator "${operator}" threw: ${describeError(cause)}`, { cause })
    this.operator = operator
  }
}

/** One line about anything that was thrown. */
export function describeError(cause: unknown): string {
  return cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause)
}

/** The value, or ConfigurationError when it is not a whole number from `least` to `most`. */
export function inRange(option: string, value: number, least: number, most: number): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value
  throw new ConfigurationError(
    'option-out-of-range',
    `The option ${option} is ${String(value)}; it must be a whole number from ${least} to ${most}.`,
  )
}
