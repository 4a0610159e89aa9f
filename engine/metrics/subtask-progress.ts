/**
 * How much the subtasks of a job have processed, as far as the trace tells: since the checkpoint that a restart begins
 * with, before the failure and after it. Must not know recoveries. What they tell is up to 100 ms old.
 */
import type { AttemptId, CheckpointId, SubtaskId } from '../ids.ts'
import type { TraceEvent } from '../trace.ts'

/** Records that an attempt had processed. */
interface Count {
  readonly attempt: AttemptId
  readonly records: number
}

export class SubtaskProgress {
  readonly #attempts = new Map<SubtaskId, AttemptId>()
  /** Told since the attempt began; a subtask that has told nothing has had nothing to do. */
  readonly #told = new Map<SubtaskId, Count & { readonly isIdle: boolean }>()
  readonly #atCheckpoint = new Map<CheckpointId, Map<SubtaskId, Count>>()
  #atFailure: ReadonlyMap<SubtaskId, Count> = new Map()
  /** Sources are never without work for long: their splits tell whether they are behind. */
  readonly #sources = new Set<SubtaskId>()
  /** Records that a subtask must process to be where it was. */
  readonly #owed = new Map<SubtaskId, number>()

  observe(event: TraceEvent): void {
    switch (event.type) {
      case 'subtask-status-changed':
        if (this.#attempts.get(event.subtask) === event.attempt) return
        this.#attempts.set(event.subtask, event.attempt)
        this.#told.delete(event.subtask)
        return
      case 'barrier-injected':
        this.#sources.add(event.subtask)
        return
      case 'snapshot-taken':
        this.#onSnapshot(event.checkpoint, event.subtask, event.records)
        return
      case 'subtask-progressed':
        this.#told.set(event.subtask, event)
        if (event.records >= (this.#owed.get(event.subtask) ?? 0)) this.#owed.delete(event.subtask)
        return
      default:
    }
  }

  fail(): void {
    this.#atFailure = new Map(this.#told)
  }

  restart(checkpoint: CheckpointId | null): void {
    this.#owed.clear()
    const cut = checkpoint === null ? undefined : this.#atCheckpoint.get(checkpoint)
    for (const [subtask, { attempt, records }] of this.#atFailure) {
      const before = cut?.get(subtask)
      // An attempt that began with that very checkpoint counts from there.
      const since = before?.attempt === attempt ? records - before.records : records
      if (since > 0) this.#owed.set(subtask, since)
    }
  }

  get areRegained(): boolean {
    return this.#owed.size === 0
  }

  get areIdle(): boolean {
    for (const [subtask, { isIdle }] of this.#told) {
      if (!isIdle && !this.#sources.has(subtask)) return false
    }
    return true
  }

  #onSnapshot(checkpoint: CheckpointId, subtask: SubtaskId, records: number): void {
    const attempt = this.#attempts.get(subtask)
    if (attempt === undefined) return
    const counts = this.#atCheckpoint.get(checkpoint) ?? new Map<SubtaskId, Count>()
    this.#atCheckpoint.set(checkpoint, counts.set(subtask, { attempt, records }))
  }
}
