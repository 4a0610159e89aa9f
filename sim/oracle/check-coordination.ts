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
  /** By sink of a subtask: the newest checkpoint that its current attempt has committed. */
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
        // A savepoint stands by itself: nobody is told.
        if (event.kind !== 'savepoint') this.#completed.add(event.checkpoint)
        return
      case 'job-submitted':
        // Another job, which counts on from what it restores.
        this.#newestTriggered = event.checkpoint ?? 0
        return
      case 'completion-received':
        this.#onCompletionReceived(event)
        return
      case 'subtask-status-changed':
        if (event.status === 'deploying') this.#forget(event.subtask)
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

  #onCommitted(event: EventOf<'transaction-committed'>): void {
    const { checkpoint, subtask, isRecommit, transactionalId, seq } = event
    // A sink's ids differ in their last part; a subtask may have several sinks.
    const sink = `${subtask} ${transactionalId.slice(0, transactionalId.lastIndexOf('-'))}`
    const former = this.#committed.get(sink) ?? 0
    // What a restore commits again was prepared for checkpoints up to the restored one, by whatever subtask.
    if (checkpoint < former && !isRecommit) {
      const message = `${subtask} committed checkpoint ${checkpoint} after ${former}.`
      this.#violations.add('F-I3', message, seq)
    }
    if (!isRecommit) this.#committed.set(sink, Math.max(former, checkpoint))
  }

  #forget(subtask: string): void {
    for (const sink of this.#committed.keys()) {
      if (sink.startsWith(`${subtask} `)) this.#committed.delete(sink)
    }
  }
}
