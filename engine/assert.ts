/**
 * Assertions of the core. A failed assertion is a bug in Weir, never a bad input: nobody catches it but the
 * top loop of a world, which ends the run with the outcome `invariant`.
 */

export class InvariantViolation extends Error {
  override readonly name = 'InvariantViolation'
}

/** Throws an InvariantViolation with `message` (one sentence with ids) unless `condition` is truthy. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new InvariantViolation(message)
}

/** The value, which must be there: an absent one is a bug described by `message`. */
export function present<T>(value: T | undefined | null, message: string): T {
  if (value === undefined || value === null) throw new InvariantViolation(message)
  return value
}

/** Ends an exhaustive switch: the compiler proves that no case is left. */
export function unreachable(value: never): never {
  throw new InvariantViolation(`This case must not exist: ${JSON.stringify(value)}.`)
}
