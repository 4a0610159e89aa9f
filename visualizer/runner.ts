/**
 * Runs plans in a module worker, so that a long simulation never stops the page. One run at a time: a new one ends a
 * worker that is busy, which is the only way to stop a simulation; an idle worker is used again.
 */
import type { Plan } from '../sim/index.ts'
import type { FromWorker, ToWorker } from './worker-protocol.ts'

/** Where runs come from: a worker on the page, a trace known by heart in a test. */
export interface Runner {
  /** Starts a run and gives up the last one; `onMessage` hears of the newest run only. */
  run(plan: Plan, onMessage: (message: FromWorker) => void): void
  dispose(): void
}

export class WorkerRunner implements Runner {
  #worker: Worker | null = null
  #isBusy = false
  #run = 0
  #onMessage: (message: FromWorker) => void = () => undefined

  run(plan: Plan, onMessage: (message: FromWorker) => void): void {
    if (this.#isBusy) this.dispose()
    this.#run += 1
    this.#isBusy = true
    this.#onMessage = onMessage
    this.#worker ??= this.#start()
    const request: ToWorker = { run: this.#run, plan, baseUrl: document.baseURI }
    this.#worker.postMessage(request)
  }

  dispose(): void {
    this.#worker?.terminate()
    this.#worker = null
    this.#isBusy = false
  }

  #start(): Worker {
    const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' })
    worker.addEventListener('message', ({ data }: MessageEvent<FromWorker>) => {
      if (worker === this.#worker) this.#receive(data)
    })
    worker.addEventListener('error', ({ message }) => {
      const problem = { type: 'other' as const, message: message || 'The worker did not start.' }
      if (worker === this.#worker) this.#receive({ type: 'refused', run: this.#run, problem })
    })
    return worker
  }

  #receive(message: FromWorker): void {
    if (message.run !== this.#run) return
    if (message.type === 'finished' || message.type === 'refused') this.#isBusy = false
    this.#onMessage(message)
  }
}
