/**
 * The tie between a worker and the job master, from the worker's end: registers again and again until it is asked for a
 * sign of life, and notices when nobody asks any more. Only the newest job master is obeyed: its epoch is the highest.
 * Source: Flink TaskExecutor, which gives its tasks up when the job master's heartbeats stay away.
 *
 *   unregistered ──request──▶ registered ──silence longer than the timeout──▶ unregistered
 */
import type { HeartbeatOptions } from '../job/job-options.ts'
import type { Runtime } from '../runtime.ts'

export interface MasterLinkHost {
  readonly runtime: Runtime
  readonly heartbeat: HeartbeatOptions
  register(): void
  /** The job master is gone, as far as this worker can tell: nothing that it deployed may go on. */
  onSilence(): void
}

/** Who speaks: the job master as before, a newer one, or one that was replaced. */
export type Speaker = 'known' | 'newer' | 'replaced'

export class MasterLink {
  readonly #host: MasterLinkHost
  #epoch = 0
  /** When a job master was heard last; null while this worker is not registered. */
  #heardAt: number | null = null

  constructor(host: MasterLinkHost) {
    this.#host = host
  }

  /** Of the newest job master that was heard; 0 before the first. */
  get epoch(): number {
    return this.#epoch
  }

  start(): void {
    this.#host.register()
    this.#look()
  }

  /** A message that carries the epoch of its sender came. */
  hear(epoch: number): Speaker {
    if (epoch < this.#epoch) return 'replaced'
    this.#heardAt = this.#host.runtime.now()
    if (epoch === this.#epoch) return 'known'
    this.#epoch = epoch
    return 'newer'
  }

  #look(): void {
    const { runtime, heartbeat } = this.#host
    runtime.schedule(heartbeat.intervalMs, 'look-for-master', () => {
      if (this.#heardAt !== null && runtime.now() - this.#heardAt > heartbeat.timeoutMs) {
        this.#heardAt = null
        this.#host.onSilence()
      }
      if (this.#heardAt === null) this.#host.register()
      this.#look()
    })
  }
}
