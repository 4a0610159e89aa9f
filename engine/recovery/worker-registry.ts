/**
 * The workers that the job master knows: who they are, how many slots they offer, when they were last heard. Decides
 * when one is lost; what follows from that is the job master's business.
 */
import type { Millis, WorkerId } from '../ids.ts'
import type { MasterMessage } from '../messages.ts'
import type { WorkerSlots } from './execution-graph.ts'

interface KnownWorker extends WorkerSlots {
  readonly incarnation: number
  lastHeardAt: Millis
}

type Registration = Extract<MasterMessage, { type: 'register-worker' }>
type Heartbeat = Extract<MasterMessage, { type: 'heartbeat' }>

export class WorkerRegistry {
  readonly #workers = new Map<WorkerId, KnownWorker>()

  get workers(): readonly WorkerSlots[] {
    return [...this.#workers.values()]
  }

  /** Whether it is known, as that incarnation. */
  isKnown({ worker, incarnation }: Registration): boolean {
    return this.#workers.get(worker)?.incarnation === incarnation
  }

  /** Whether the worker is known by another incarnation: its former self is gone, whatever the heartbeats said. */
  isReplaced({ worker, incarnation }: Registration): boolean {
    const known = this.#workers.get(worker)
    return known !== undefined && known.incarnation !== incarnation
  }

  add({ worker, incarnation, slots }: Registration, now: Millis): void {
    this.#workers.set(worker, { worker, incarnation, slots, lastHeardAt: now })
  }

  /** A sign of life. False: it does not count, because it is of a former incarnation, or the worker was given up. */
  hear({ worker, incarnation }: Heartbeat, now: Millis): boolean {
    const known = this.#workers.get(worker)
    if (known?.incarnation !== incarnation) return false
    known.lastHeardAt = now
    return true
  }

  remove(worker: WorkerId): void {
    this.#workers.delete(worker)
  }

  /** Workers that were silent for longer than the timeout. */
  silent(now: Millis, timeoutMs: number): WorkerId[] {
    return [...this.#workers.values()]
      .filter(({ lastHeardAt }) => now - lastHeardAt > timeoutMs)
      .map(({ worker }) => worker)
  }
}
