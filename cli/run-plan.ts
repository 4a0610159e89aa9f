/** Runs a plan to its end, with a progress line where somebody watches. */
import { Simulation } from '../sim/index.ts'
import type { SimulationResult, TraceEvent } from '../sim/index.ts'
import type { RunRequest } from './run-request.ts'
import { ProgressLine, bar, count } from './terminal.ts'

export interface FinishedRun {
  readonly result: SimulationResult
  readonly trace: readonly TraceEvent[]
}

/** Dispatched events between two looks at the progress. */
const SLICE = 500
const EVENTS_MAX = 5_000_000
/** A run of a large file may dispatch so many events for each of its records. */
const EVENTS_PER_RECORD = 50

export function runPlan({ job, plan, lines }: RunRequest): FinishedRun {
  const eventsMax = Math.max(EVENTS_MAX, lines.length * EVENTS_PER_RECORD)
  const simulation = new Simulation(job.job, plan, {
    lines,
    eventsMax,
    services: job.services,
  })
  const line = new ProgressLine()
  const progress = new RunProgress(lines.length * simulation.topology.inputs.length)
  for (let isRunning = true; isRunning;) {
    isRunning = simulation.advance(SLICE)
    progress.observe(simulation.trace)
    line.show(() => progress.toString())
  }
  line.show(() => 'judging the run …')
  const result = simulation.result()
  line.clear()
  return { result, trace: simulation.trace }
}

/** What the progress line says, folded over the trace. */
class RunProgress {
  readonly #total: number
  #seen = 0
  #fed = 0
  #checkpoint = 0
  #at = 0
  #status = 'starting'
  #down: string | null = null

  constructor(total: number) {
    this.#total = total
  }

  observe(trace: readonly TraceEvent[]): void {
    for (; this.#seen < trace.length; this.#seen++) {
      const event = trace[this.#seen]
      if (event === undefined) return
      this.#at = event.at
      if (event.type === 'batch-appended' && event.producerId === -1) this.#fed += event.count
      else if (event.type === 'checkpoint-completed') this.#checkpoint = event.checkpoint
      else if (event.type === 'job-status-changed') this.#status = event.status
      else if (event.type === 'worker-crashed') this.#down = event.worker
      else if (event.type === 'worker-started') this.#down = null
    }
  }

  toString(): string {
    const share = this.#total === 0 ? 1 : this.#fed / this.#total
    const state = this.#down === null ? this.#status : `${this.#status}, ${this.#down} is down`
    return (
      `${bar(share, 24)} ${count(this.#fed)} of ${count(this.#total)} records  ` +
      `${(this.#at / 1000).toFixed(1)} s  checkpoint ${this.#checkpoint}  ${state}`
    )
  }
}
