/**
 * A whole job in the simulated world, without input from outside: bounded sources of its own, workers that crash where the
 * test says, and an end. Runs until the job has finished or failed, or until nothing more can come of it.
 */
import { JOB_MASTER, workerId } from '../../engine/ids.ts'
import type { Job } from '../../engine/job/define-job.ts'
import { buildJobGraph } from '../../engine/job/job-graph.ts'
import type { JobGraph } from '../../engine/job/job-graph.ts'
import type { JobOptions } from '../../engine/job/job-options.ts'
import { Mutants } from '../../engine/mutants.ts'
import { JobMaster } from '../../engine/recovery/job-master.ts'
import { Worker } from '../../engine/task/worker.ts'
import type { WorkerOptions } from '../../engine/task/worker.ts'
import type { EventOf, FactType, TraceEvent } from '../../engine/trace.ts'
import { FaultInjector } from '../../sim/faults/fault-injector.ts'
import { SimulatedCluster } from '../../sim/kafka/simulated-cluster.ts'
import { simulatedBrokerPort } from '../../sim/world/broker-connections.ts'
import { DEFAULT_COSTS } from '../../sim/world/cost-model.ts'
import { Network } from '../../sim/world/network.ts'
import { SimulatedProcess, simulatedRuntime } from '../../sim/world/process.ts'
import { SimulatedFiles } from '../../sim/world/simulated-files.ts'
import { simulatedServicePort } from '../../sim/world/simulated-services.ts'
import type { SimulatedServices } from '../../sim/world/simulated-services.ts'
import { SimulatedStorage } from '../../sim/world/simulated-storage.ts'
import { World } from '../../sim/world/world.ts'

export interface BoundedOptions {
  readonly seed?: number
  /** `worker-1` and so on. Default 2. */
  readonly workers?: number
  readonly slots?: number
  readonly overrides?: JobOptions
  readonly topics?: readonly { readonly topic: string; readonly partitions: number }[]
  readonly services?: SimulatedServices
  /** Virtual time after which a run that has not ended is stuck. Default one minute. */
  readonly budgetMs?: number
}

/** A heartbeat that notices a crash soon, and restarts without end. */
const QUICK: JobOptions = {
  heartbeat: { intervalMs: 50, timeoutMs: 150 },
  restart: { strategy: 'fixed-delay', attempts: 100, delayMs: 20 },
}

export class BoundedWorld {
  readonly world: World
  readonly cluster: SimulatedCluster
  readonly files: SimulatedFiles
  readonly master: JobMaster
  readonly #options: BoundedOptions
  readonly #network: Network
  readonly #storage: SimulatedStorage
  readonly #graph: JobGraph
  readonly #faults: FaultInjector
  readonly #mutants = new Mutants()
  readonly #costs = { ...DEFAULT_COSTS, recordMicros: 10 }
  readonly #incarnations = new Map<string, number>()

  constructor(job: Job, options: BoundedOptions = {}) {
    this.#options = options
    this.#graph = buildJobGraph(job, { ...QUICK, ...options.overrides })
    const world = new World(options.seed ?? 1, 'control')
    this.world = world
    this.#network = new Network(world, this.#costs)
    this.#storage = new SimulatedStorage(world, this.#costs)
    this.files = new SimulatedFiles(world, this.#costs, new Map())
    this.#faults = new FaultInjector([], world, {
      crash: () => false,
      fail: () => false,
      compact: () => 0,
    })
    this.cluster = this.#createCluster()
    const process = new SimulatedProcess(JOB_MASTER, 1)
    const workers = options.workers ?? 2
    this.master = new JobMaster({
      ...this.#portsOf(process),
      graph: this.#graph,
      mutants: this.#mutants,
      workersExpected: workers,
    })
    process.attach((message) => {
      this.master.receive(message)
    })
    world.after(0, 'start', process.id, () => {
      this.master.start()
    })
    for (let i = 1; i <= workers; i++) this.#startWorker(`worker-${i}`)
  }

  /** Crashes a worker right after the first fact of a type that the test holds for. */
  crashOn<T extends FactType>(
    worker: string,
    type: T,
    is: (event: EventOf<T>) => boolean = () => true,
  ): this {
    let hasCrashed = false
    this.world.listen((event) => {
      if (hasCrashed || event.type !== type || !is(event as EventOf<T>)) return
      hasCrashed = true
      this.crashAt(worker, 0)
    })
    return this
  }

  crashAt(worker: string, atMs: number, restartAfterMs = 200): this {
    this.world.after(atMs, 'crash', worker, () => {
      this.#crash(worker, restartAfterMs)
    })
    return this
  }

  /** The status in which the job ended, or in which it is stuck. */
  run(): string {
    const budgetMs = this.#options.budgetMs ?? 60_000
    while (this.world.now() < budgetMs && this.world.step()) {
      const { status } = this.master
      if (status === 'finished' || status === 'failed') return this.#settled(status)
    }
    return `stuck ${this.master.status}`
  }

  /** The broker writes the markers of the last commits after it has answered. */
  #settled(status: string): string {
    const until = this.world.now() + 1000
    while (this.world.now() < until && this.world.step());
    return status
  }

  all<T extends FactType>(type: T): EventOf<T>[] {
    return this.world.trace.filter((event: TraceEvent): event is EventOf<T> => event.type === type)
  }

  #crash(id: string, restartAfterMs: number): void {
    const process = this.#network.find(id)
    if (process?.isAlive !== true) return
    process.crash()
    const { incarnation } = process
    this.world.record({ type: 'worker-crashed', worker: workerId(id), incarnation })
    this.world.after(restartAfterMs, 'worker-restart', id, () => {
      this.#startWorker(id)
    })
  }

  #createCluster(): SimulatedCluster {
    const { world } = this
    return new SimulatedCluster(
      { topics: this.#options.topics ?? [] },
      {
        now: () => world.now(),
        schedule: (delayMs, label, action) => {
          world.after(delayMs, label, 'broker-1', action)
        },
        trace: (fact) => {
          world.record(fact)
        },
        mix: () => undefined,
      },
      this.#mutants,
    )
  }

  #startWorker(id: string): void {
    const incarnation = (this.#incarnations.get(id) ?? 0) + 1
    this.#incarnations.set(id, incarnation)
    const process = new SimulatedProcess(workerId(id), incarnation)
    const worker = new Worker({
      ...this.#portsOf(process),
      graph: this.#graph,
      mutants: this.#mutants,
      incarnation,
      slots: this.#options.slots ?? 8,
      hasProvenance: true,
      services: simulatedServicePort(this.#options.services ?? {}, this.world, process),
      files: this.files.portOf(process),
      isStrict: true,
    })
    process.attach((message) => {
      worker.receive(message)
    })
    this.world.after(0, 'start', id, () => {
      worker.start()
    })
  }

  #portsOf(process: SimulatedProcess): Pick<WorkerOptions, 'runtime' | 'broker' | 'storage'> {
    const world = this.world
    const network = this.#network
    network.register(process)
    return {
      runtime: simulatedRuntime({ process, world, network, costs: this.#costs }),
      broker: simulatedBrokerPort({
        world,
        network,
        cluster: this.cluster,
        faults: this.#faults,
        process,
      }),
      storage: this.#storage.portOf(process),
    }
  }
}
