/** Why the job failed, newest last: what is told when its restart strategy gives up. Keeps a few. */

/** Older ones are not told. */
const REASONS_MAX = 5

export class FailureReasons {
  #reasons: readonly string[] = []
  #count = 0

  add(reason: string): void {
    this.#count += 1
    this.#reasons = [...this.#reasons, reason].slice(-REASONS_MAX)
  }

  /** `the last failure was: …; before that: …`, newest first. */
  toString(): string {
    const [last, ...former] = this.#reasons.toReversed()
    const untold = this.#count - this.#reasons.length
    return [
      `the last failure was: ${last ?? 'none'}`,
      ...former.map((reason) => `before that: ${reason}`),
      ...(untold > 0 ? [`and ${untold} before those`] : []),
    ].join('; ')
  }
}
