/** What storing a value fails with that cannot be encoded: at once, naming the state. */

import { InvariantViolation } from '../assert.ts'
import { ConfigurationError, describeError } from '../errors.ts'

export function unserializable(state: string, cause: unknown): unknown {
  if (cause instanceof InvariantViolation) return cause
  const reason = cause instanceof ConfigurationError ? cause.message : describeError(cause)
  return new ConfigurationError(
    'unserializable-state',
    `State "${state}" cannot store this value: ${reason}`,
  )
}
