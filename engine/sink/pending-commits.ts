/**
 * Two-phase commit for sinks whose commit is idempotent: what was written before a checkpoint is prepared in its snapshot
 * and committed, in order, when it completed, and again after a restore. A checkpoint that never completes leaves its part
 * to the next one that does. Source: Flink Sink V2 Committer (flink-semantics.md 2.1).
 */
import type { OperatorStateEntry } from '../checkpoint/snapshot-handle.ts'
import type { CheckpointId } from '../ids.ts'
import { binary } from '../serializer.ts'

const PENDING = 'pending'

interface Pending<T> {
  readonly checkpoint: CheckpointId
  readonly committable: T
  isCommitting: boolean
}

export class PendingCommits<T> {
  readonly #commit: (committable: T, onCommitted: () => void) => void
  #pending: Pending<T>[] = []

  /** `commit` must do nothing the second time; it calls back when it is done, at once or later. */
  constructor(commit: (committable: T, onCommitted: () => void) => void) {
    this.#commit = commit
  }

  get isEmpty(): boolean {
    return this.#pending.length === 0
  }

  /** What a completed checkpoint prepared is committed now: its completion may never have been heard. */
  restore(restored: readonly OperatorStateEntry[], restoredFrom: CheckpointId | null): void {
    if (restoredFrom === null) return
    for (const { name, items } of restored) {
      if (name !== PENDING) continue
      for (const item of items) {
        // Written by `state` below.
        this.add(restoredFrom, binary.decode(item) as T)
      }
    }
    this.complete(restoredFrom)
  }

  add(checkpoint: CheckpointId, committable: T): void {
    this.#pending.push({ checkpoint, committable, isCommitting: false })
  }

  /** What a snapshot must remember. */
  state(): OperatorStateEntry[] {
    const items = this.#pending.map(({ committable }) => binary.encode(committable))
    return [{ name: PENDING, redistribution: 'split', items }]
  }

  complete(checkpoint: CheckpointId): void {
    const due = this.#pending.filter((each) => each.checkpoint <= checkpoint && !each.isCommitting)
    for (const each of due) {
      each.isCommitting = true
      this.#commit(each.committable, () => {
        this.#pending = this.#pending.filter((other) => other !== each)
      })
    }
  }
}
