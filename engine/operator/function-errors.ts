/** What becomes of an exception that comes out of a user's function. */
import { InvariantViolation } from '../assert.ts'
import { ConfigurationError, UserFunctionError } from '../errors.ts'

/**
 * What is to be thrown instead of `error`. What an operator further down the chain threw (through `collect`) and bugs of
 * ours stay as they are; a ConfigurationError, which is about what the function asked for, names the operator.
 */
export function functionError(operator: string, error: unknown): unknown {
  if (error instanceof UserFunctionError || error instanceof InvariantViolation) return error
  if (!(error instanceof ConfigurationError)) return new UserFunctionError(operator, error)
  if (error.message.includes(`"${operator}"`)) return error
  return new ConfigurationError(error.code, `In the operator "${operator}": ${error.message}`)
}
