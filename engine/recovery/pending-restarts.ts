/**
 * Restarts that are decided and not yet carried out. Each waits for its pause and for the former attempts of its subtasks
 * to end. A subtask belongs to its newest failure: versions tell, so that an older restart leaves it alone.
 * Source: Flink DefaultScheduler.restartTasksWithDelay, ExecutionVertexVersioner.
 *
 *   scheduled ──pause over──▶ due ──every subtask ended──▶ carried out
 *       └──────────────┴── every subtask taken over ──▶ dropped
 */
import type { SubtaskId } from '../ids.ts'

export interface PendingRestart {
  /** Counts the restarts of the job. */
  readonly restart: number
  /** The version of each subtask at the failure. */
  readonly subtasks: ReadonlyMap<SubtaskId, number>
  /** Everything is set back to the checkpoint, the coordinators included. */
  readonly isGlobal: boolean
  isPauseOver: boolean
}

export class PendingRestarts {
  readonly #versions = new Map<SubtaskId, number>()
  readonly #pending = new Set<PendingRestart>()

  get isEmpty(): boolean {
    return this.#pending.size === 0
  }

  get isGlobal(): boolean {
    return [...this.#pending].some(({ isGlobal }) => isGlobal)
  }

  /** Those whose pause is over, oldest first. */
  get due(): readonly PendingRestart[] {
    return [...this.#pending].filter(({ isPauseOver }) => isPauseOver)
  }

  /** A failure takes these subtasks over from any that came before it. */
  add(restart: number, subtasks: readonly SubtaskId[], isGlobal: boolean): PendingRestart {
    const versions = new Map(subtasks.map((subtask) => [subtask, this.#version(subtask) + 1]))
    for (const [subtask, version] of versions) this.#versions.set(subtask, version)
    const pending = { restart, subtasks: versions, isGlobal, isPauseOver: false }
    this.#pending.add(pending)
    for (const former of this.#pending) {
      if (this.ownedBy(former).length === 0) this.#pending.delete(former)
    }
    return pending
  }

  /** The subtasks of a restart that no newer failure has taken over. */
  ownedBy({ subtasks }: PendingRestart): SubtaskId[] {
    return [...subtasks]
      .filter(([subtask, version]) => this.#version(subtask) === version)
      .map(([subtask]) => subtask)
  }

  /** Whether some pending restart will start the subtask. */
  includes(subtask: SubtaskId): boolean {
    return [...this.#pending].some((pending) => this.ownedBy(pending).includes(subtask))
  }

  /** It was carried out. */
  remove(pending: PendingRestart): void {
    this.#pending.delete(pending)
  }

  clear(): void {
    this.#pending.clear()
  }

  #version(subtask: SubtaskId): number {
    return this.#versions.get(subtask) ?? 0
  }
}
