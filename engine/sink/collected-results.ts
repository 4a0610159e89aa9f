/**
 * Where a collect sink puts committed values: an object of this process, for tests and small programs. It plays the
 * external system of the two-phase commit, so it knows what was committed and ignores a second time.
 */

/** What was committed of one subtask at one checkpoint. */
export interface CollectedPart {
  /** Names the part: a second commit of the same is none. */
  readonly id: string
  readonly values: readonly unknown[]
}

export class CollectedResults<T> {
  readonly #parts = new Map<string, readonly unknown[]>()
  /** Only there for the type; never set. */
  readonly type?: () => T

  /** What was committed so far, in the order of the commits. */
  get values(): readonly T[] {
    // The sink's type is the user's promise about what is collected here.
    return [...this.#parts.values()].flat() as T[]
  }

  /** For the sink. */
  commit({ id, values }: CollectedPart): void {
    if (!this.#parts.has(id)) this.#parts.set(id, values)
  }
}
