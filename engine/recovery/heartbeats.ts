/**
 * The job master's heartbeats: asks every worker for a sign of life in every interval, and tells which were silent for
 * too long. Requests are counted, so that an answer says what its sender had been told by then.
 */
import type { HeartbeatOptions } from '../job/job-options.ts'
import type { WorkerId } from '../ids.ts'
import type { Runtime } from '../runtime.ts'
import type { WorkerRegistry } from './worker-registry.ts'

export interface HeartbeatsHost {
  readonly runtime: Runtime
  readonly settings: HeartbeatOptions
  readonly workers: WorkerRegistry
  request(worker: WorkerId, beat: number): void
  onSilent(worker: WorkerId, reason: string): void
}

export class Heartbeats {
  readonly #host: HeartbeatsHost
  #beat = 0
  #isStopped = false

  constructor(host: HeartbeatsHost) {
    this.#host = host
  }

  /** Of the newest request. What is sent now is known to whoever answers a later one. */
  get beat(): number {
    return this.#beat
  }

  /** Gives up the workers that were silent too long, asks the others, and so on. */
  start(): void {
    if (this.#isStopped) return
    const { runtime, settings, workers } = this.#host
    const { intervalMs, timeoutMs } = settings
    for (const worker of workers.silent(runtime.now(), timeoutMs)) {
      this.#host.onSilent(worker, `no heartbeat for ${timeoutMs} ms`)
    }
    this.#beat += 1
    for (const { worker } of workers.workers) this.#host.request(worker, this.#beat)
    runtime.schedule(intervalMs, 'heartbeat', () => {
      this.start()
    })
  }

  stop(): void {
    this.#isStopped = true
  }
}
