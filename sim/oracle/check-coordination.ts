/**
 * Invariants of checkpoint coordination, as a fold over the trace: ids grow and are never used twice, also by a new job
 * master (F-I1); completion is told when it is true (F-I2); a subtask commits in the order of checkpoints (F-I3).
 * Source: flink-semantics.md 3.6.
 */
import type { EventOf, TraceEvent } from '../../engine/trace.ts'
import type { Violations } from './violation.ts'

export class CoordinationCheck {
  readonly #violations: Violations
  readonly #completed = new Set<number>()
  /** By subtask: the newest checkpoint that its current attempt has committed. */
  readonly #committed = new Map<string, number>()
  #newestTriggered = 0

  constructor(violations: Violations) {
    this.#violations = violations
  }

  run(trace: readonly TraceEvent[]): void {
    for (const event of trace) this.#observe(event)
  }

  #observe(event: TraceEvent): void {
    switch (event.type) {
      case 'checkpoint-triggered':
        this.#onTriggered(event)
        return
      case 'checkpoint-completed':
        this.#completed.add(event.checkpoint)
        return
      case 'completion-received':
        this.#onCompletionReceived(event)
        return
      case 'subtask-status-changed':
        if (event.status === 'deploying') this.#committed.delete(event.subtask)
        return
      case 'transaction-committed':
        this.#onCommitted(event)
        return
      default:
    }
  }

  #onTriggered({ checkpoint, seq }: EventOf<'checkpoint-triggered'>): void {
    if (checkpoint <= this.#newestTriggered) {
      const message = `Checkpoint ${checkpoint} was triggered after ${this.#newestTriggered}.`
      this.#violations.add('F-I1', message, seq)
    }
    this.#newestTriggered = Math.max(this.#newestTriggered, checkpoint)
  }

  #onCompletionReceived({ checkpoint, subtask, seq }: EventOf<'completion-received'>): void {
    if (this.#completed.has(checkpoint)) return
    const message = `${subtask} was told that checkpoint ${checkpoint} is complete before it was.`
    this.#violations.add('F-I2', message, seq)
  }

  #onCommitted({ checkpoint, subtask, isRecommit, seq }: EventOf<'transaction-committed'>): void {
    const former = this.#committed.get(subtask) ?? 0
    // What a restore commits again was prepared for checkpoints up to the restored one, by whatever subtask.
    if (checkpoint < former && !isRecommit) {
      const message = `${subtask} committed checkpoint ${checkpoint} after ${former}.`
      this.#violations.add('F-I3', message, seq)
    }
    if (!isRecommit) this.#committed.set(subtask, Math.max(former, checkpoint))
  }
}
