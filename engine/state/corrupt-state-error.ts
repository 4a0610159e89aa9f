/**
 * What reading a snapshot throws when the bytes are not what was written. Checksums are verified one level up; this
 * catches what would make reading go wrong: another version, a wrong length.
 */

export class CorruptStateError extends Error {
  override readonly name = 'CorruptStateError'
  readonly code = 'corrupt-state'
}

/** Throws a CorruptStateError with `message` unless `condition` is truthy. */
export function checkIntact(condition: unknown, message: string): asserts condition {
  if (!condition) throw new CorruptStateError(message)
}
