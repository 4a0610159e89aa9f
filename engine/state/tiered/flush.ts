/**
 * The way of changes from the tables to the base store, in slices: encode, put into a batch, commit. Whoever needs the
 * result at once takes the rest of the way in one go. Must not know snapshots.
 */

import type { ChangeTracker, FrozenChanges } from '../rows/change-tracker.ts'
import type { RowChange } from '../rows/row-change.ts'
import type { BaseBatch, BaseStore } from './base-store.ts'

export class Flush {
  readonly #changes: FrozenChanges
  readonly #base: BaseStore
  readonly #onCommitted: () => void
  #batch: BaseBatch | null = null
  #rest: Iterator<RowChange> | null = null
  #isDone = false

  /** Draws the line at once; `onCommitted` is called before anything else changes the base. */
  constructor(tracker: ChangeTracker, base: BaseStore, onCommitted: () => void) {
    this.#changes = tracker.freeze()
    this.#base = base
    this.#onCommitted = onCommitted
  }

  get isDone(): boolean {
    return this.#isDone
  }

  /** Goes on by about so many bytes; how many they were. */
  step(bytesMax: number): number {
    if (this.#isDone) return 0
    let bytes = 0
    if (this.#rest === null) {
      bytes = this.#changes.encode(bytesMax)
      if (bytes >= bytesMax) return bytes
      this.#rest = this.#changes.changes()[Symbol.iterator]()
      this.#batch = this.#base.batch()
    }
    while (bytes < bytesMax) {
      const next = this.#rest.next()
      if (next.done === true) {
        this.#batch?.commit()
        this.#isDone = true
        this.#onCommitted()
        break
      }
      const { key, value } = next.value
      bytes += key.length + (value?.length ?? 0)
      this.#batch?.put(next.value)
    }
    return bytes
  }
}
