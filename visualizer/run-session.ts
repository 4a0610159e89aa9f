/**
 * From a plan to what the page shows: reads the link, runs the plan, grows the recording, keeps the address bar in
 * step. While a changed plan is computed the old run stays on the screen until the new one has reached the
 * playhead, so that a crash under the pointer does not make the picture jump.
 */
import { describeError } from '../engine/errors.ts'
import type { TraceLevel, TraceTopology } from '../engine/trace.ts'
import { Recording } from './model/recording.ts'
import type { PlanLocation } from './plan-location.ts'
import { decodeRunLink, encodeRunLink } from './plan-url.ts'
import { START, seek } from './player.ts'
import { defaultPlan } from './default-plan.ts'
// Not from sim/index.ts: the page would load the serializer, and the simulator is the worker's.
import { encodePlan, parsePlan } from '../sim/plan/parse-plan.ts'
import type { Fault, Plan } from '../sim/index.ts'
import type { Runner } from './runner.ts'
import type { Store } from './store.ts'
import type { AppState } from './views/frame.ts'
import type { FromWorker, RunResult } from './worker-protocol.ts'

export interface RunSessionOptions {
  readonly store: Store<AppState>
  readonly runner: Runner
  readonly location: PlanLocation
}

export class RunSession {
  readonly #store: Store<AppState>
  readonly #runner: Runner
  readonly #location: PlanLocation
  readonly #endListening: () => void
  /** The recording of the run under way; not on the screen until it reached the playhead. */
  #growing: Recording | null = null
  /** Counts plans: what an older one finishes asynchronously is dropped. */
  #generation = 0

  constructor({ store, runner, location }: RunSessionOptions) {
    this.#store = store
    this.#runner = runner
    this.#location = location
    this.#endListening = location.onChange(() => void this.#open())
  }

  /** Opens the plan of the address, or the default plan. */
  start(): void {
    void this.#open()
  }

  openDefault(): void {
    this.#store.set({ playhead: START, selection: null })
    void this.#change(defaultPlan())
  }

  /** The default run of another job. */
  openJob(name: string): void {
    const choice = this.#store.get().jobs.find((job) => job.name === name)
    if (choice === undefined) return
    const plan: Plan = { ...defaultPlan(), job: { builtin: name }, input: choice.input }
    this.#store.set({ playhead: START, selection: null, isPlaying: false })
    void this.#change(plan)
  }

  changeFaults(change: (faults: readonly Fault[]) => readonly Fault[]): void {
    const { plan } = this.#store.get()
    if (plan !== null) void this.#change({ ...plan, faults: change(plan.faults) })
  }

  href(): string {
    return this.#location.href()
  }

  dispose(): void {
    this.#generation++
    this.#endListening()
    this.#runner.dispose()
  }

  async #open(): Promise<void> {
    const generation = ++this.#generation
    try {
      const link = await decodeRunLink(this.#location.read())
      if (generation !== this.#generation) return
      const plan = link === null ? defaultPlan() : parsePlan(link.planJson)
      this.#run(plan, link?.traceHash ?? null)
    } catch (error) {
      if (generation === this.#generation) this.#refuse(error)
    }
  }

  /** A plan made on the page: a new entry in the history. */
  async #change(plan: Plan): Promise<void> {
    const generation = ++this.#generation
    this.#run(plan, null)
    await this.#writeLink(plan, null, 'push', generation)
  }

  #run(plan: Plan, expectedHash: string | null): void {
    this.#growing = null
    this.#store.set({ plan, expectedHash, result: null, problem: null })
    const generation = this.#generation
    this.#runner.run(plan, (message) => {
      if (generation === this.#generation) this.#receive(message, plan, generation)
    })
  }

  #receive(message: FromWorker, plan: Plan, generation: number): void {
    switch (message.type) {
      case 'jobs':
        return this.#store.set({ jobs: message.jobs })
      case 'started':
        return this.#begin(message.topology, message.traceLevel)
      case 'events':
        this.#growing?.append(message.events)
        return this.#show(false)
      case 'finished':
        this.#growing?.complete()
        this.#store.set({ result: message.result })
        this.#show(true)
        return void this.#finish(plan, message.result, generation)
      case 'refused':
        return this.#store.set({ problem: message.problem })
    }
  }

  #begin(topology: TraceTopology, traceLevel: TraceLevel): void {
    this.#growing = new Recording(topology, traceLevel)
    if (this.#store.get().recording === null) this.#show(false)
  }

  /** Puts the growing recording on the screen once it covers the playhead; tells the views that it grew. */
  #show(isLast: boolean): void {
    const growing = this.#growing
    if (growing === null) return
    const { recording, playhead } = this.#store.get()
    if (recording === growing) return this.#store.set({ loaded: growing.count })
    if (recording !== null && !isLast && growing.endAt <= playhead.at) return
    this.#store.set({
      recording: growing,
      loaded: growing.count,
      playhead: seek(growing, playhead.at),
    })
  }

  async #finish(plan: Plan, { traceHash }: RunResult, generation: number): Promise<void> {
    await this.#writeLink(plan, traceHash, 'replace', generation)
  }

  async #writeLink(
    plan: Plan,
    traceHash: string | null,
    mode: 'push' | 'replace',
    generation: number,
  ): Promise<void> {
    const hash = await encodeRunLink({ planJson: encodePlan(plan), traceHash })
    if (generation === this.#generation) this.#location.write(hash, mode)
  }

  #refuse(error: unknown): void {
    const message = error instanceof Error ? error.message : describeError(error)
    this.#store.set({ problem: { type: 'other', message } })
  }
}
