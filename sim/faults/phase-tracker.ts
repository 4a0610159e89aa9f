/**
 * What is in flight at each moment, as a fold over the facts: the phase that a fault hits. Fault kind times phase is the
 * coverage matrix (simulation-and-oracle.md 3.4).
 */
import type { Fact } from '../../engine/trace.ts'

export const PHASES = [
  /** Nothing but records is under way. */
  'idle',
  /** A checkpoint is triggered, no barrier is out yet. */
  'triggered',
  /** Barriers are under way; some subtask has not taken its snapshot. */
  'aligning',
  /** Every subtask took its snapshot; some have not acknowledged it. */
  'snapshotting',
  /** Everybody acknowledged; the metadata is being written. */
  'storing',
  /** The checkpoint is complete, its transactions are not yet all committed. */
  'committing',
  /** A failure happened; the job is down or being deployed. */
  'restoring',
  /** The job runs again and has not caught up yet. */
  'replaying',
] as const

export type Phase = (typeof PHASES)[number]

type CheckpointPhase = 'idle' | 'triggered' | 'aligning' | 'snapshotting' | 'storing'

export class PhaseTracker {
  #checkpoint: CheckpointPhase = 'idle'
  /** The checkpoint that is pending; what comes late for another one puts nothing in flight. */
  #pending = 0
  /** Subtasks that took, and that acknowledged, the snapshot of the pending checkpoint. */
  readonly #taken = new Set<string>()
  readonly #acknowledged = new Set<string>()
  #isDown = true
  #isReplaying = false
  /** The worker of each subtask's newest attempt. */
  readonly #workers = new Map<string, string>()
  #notRunning = new Set<string>()
  #behind = new Set<string>()
  /** Transactions that the newest completed checkpoint allows to commit. */
  #uncommitted = new Map<string, number>()
  #latestCompleted = 0

  get phase(): Phase {
    if (this.#isDown || this.#notRunning.size > 0) return 'restoring'
    if (this.#checkpoint !== 'idle') return this.#checkpoint
    for (const checkpoint of this.#uncommitted.values()) {
      if (checkpoint <= this.#latestCompleted) return 'committing'
    }
    return this.#isReplaying ? 'replaying' : 'idle'
  }

  /** Whether a subtask is deployed on the worker. */
  hosts(worker: string): boolean {
    return [...this.#workers.values()].includes(worker)
  }

  observe(fact: Fact): void {
    switch (fact.type) {
      case 'worker-crashed':
        this.#isDown ||= this.hosts(fact.worker)
        return
      case 'master-crashed':
        this.#isDown = true
        return
      case 'job-status-changed':
        this.#isDown = fact.status !== 'running'
        if (this.#isDown) this.#checkpoint = 'idle'
        return
      case 'job-submitted':
        this.#workers.clear()
        this.#notRunning.clear()
        return
      case 'subtask-status-changed':
        this.#workers.set(fact.subtask, fact.worker)
        if (fact.status === 'running') this.#notRunning.delete(fact.subtask)
        else this.#notRunning.add(fact.subtask)
        return
      case 'split-restored':
        this.#isReplaying = true
        this.#behind.add(`${fact.topic}/${fact.partition}`)
        return
      case 'split-caught-up':
        this.#behind.delete(`${fact.topic}/${fact.partition}`)
        this.#isReplaying &&= this.#behind.size > 0
        return
      case 'transaction-prepared':
        this.#uncommitted.set(fact.transactionalId, fact.checkpoint)
        return
      case 'transaction-committed':
      case 'transaction-fenced':
        this.#uncommitted.delete(fact.transactionalId)
        return
      default:
        this.#observeCheckpoint(fact)
    }
  }

  #observeCheckpoint(fact: Fact): void {
    switch (fact.type) {
      case 'checkpoint-triggered':
        this.#checkpoint = 'triggered'
        this.#pending = fact.checkpoint
        this.#taken.clear()
        this.#acknowledged.clear()
        return
      case 'barrier-injected':
        if (this.#checkpoint === 'triggered') this.#checkpoint = 'aligning'
        return
      case 'snapshot-taken':
        if (!this.#isPending(fact.checkpoint)) return
        this.#taken.add(fact.subtask)
        if (this.#taken.size === this.#workers.size) this.#checkpoint = 'snapshotting'
        return
      case 'checkpoint-acknowledged':
        if (!this.#isPending(fact.checkpoint)) return
        this.#acknowledged.add(fact.subtask)
        if (this.#acknowledged.size === this.#workers.size) this.#checkpoint = 'storing'
        return
      case 'checkpoint-completed':
        this.#latestCompleted = fact.checkpoint
        this.#checkpoint = 'idle'
        return
      case 'checkpoint-aborted':
        this.#checkpoint = 'idle'
        return
      default:
    }
  }

  #isPending(checkpoint: number): boolean {
    return this.#checkpoint !== 'idle' && checkpoint === this.#pending
  }
}
