/** A whole job in a deterministic world: workers that crash when the test says so, and a cluster whose topics can grow. */
import { JOB_MASTER, workerId } from '../../../engine/ids.ts'
import type { Job } from '../../../engine/job/define-job.ts'
import { buildJobGraph } from '../../../engine/job/job-graph.ts'
import type { JobGraph } from '../../../engine/job/job-graph.ts'
import type { JobOptions } from '../../../engine/job/job-options.ts'
import { Mutants } from '../../../engine/mutants.ts'
import { JobMaster } from '../../../engine/recovery/job-master.ts'
import { text } from '../../../engine/serializer.ts'
import { Worker } from '../../../engine/task/worker.ts'
import type { FactType, TraceEvent } from '../../../engine/trace.ts'
import { FaultInjector } from '../../../sim/faults/fault-injector.ts'
import { SimulatedCluster } from '../../../sim/kafka/simulated-cluster.ts'
import { simulatedBrokerPort } from '../../../sim/world/broker-connections.ts'
import { DEFAULT_COSTS } from '../../../sim/world/cost-model.ts'
import { Network } from '../../../sim/world/network.ts'
import { SimulatedProcess, simulatedRuntime } from '../../../sim/world/process.ts'
import { SimulatedFiles } from '../../../sim/world/simulated-files.ts'
import { SimulatedStorage } from '../../../sim/world/simulated-storage.ts'
import { World } from '../../../sim/world/world.ts'
import { NO_SERVICES } from '../operator-context.ts'

const COSTS = { ...DEFAULT_COSTS, recordMicros: 100 }
const WORKERS = ['worker-1', 'worker-2']
const RESTART_AFTER_MS = 50

export const RUN_OPTIONS: JobOptions = {
  parallelism: 2,
  checkpointing: { intervalMs: 100 },
  heartbeat: { intervalMs: 100, timeoutMs: 500 },
  restart: { strategy: 'fixed-delay', attempts: 20, delayMs: 20 },
}

export class SourceWorld {
  readonly world: World
  readonly cluster: SimulatedCluster
  readonly #graph: JobGraph
  readonly #master: JobMaster
  readonly #network: Network
  readonly #storage: SimulatedStorage
  readonly #files: SimulatedFiles
  readonly #faults: FaultInjector
  readonly #mutants = new Mutants()
  #incarnation = 1

  /** `topics`: partitions by name. `files`: lines by path. */
  constructor(
    job: Job,
    topics: Readonly<Record<string, number>>,
    files: Readonly<Record<string, string>> = {},
    seed = 1,
  ) {
    this.#graph = buildJobGraph(job, { ...RUN_OPTIONS, ...job.options })
    const world = new World(seed, 'control')
    this.world = world
    this.#network = new Network(world, COSTS)
    this.#storage = new SimulatedStorage(world, COSTS)
    const contents = Object.entries(files).map(
      ([path, lines]) => [path, text.encode(lines)] as const,
    )
    this.#files = new SimulatedFiles(world, COSTS, new Map(contents))
    this.#faults = new FaultInjector([], world, {
      crash: () => false,
      fail: () => false,
      compact: () => 0,
    })
    this.cluster = new SimulatedCluster(
      { topics: Object.entries(topics).map(([topic, partitions]) => ({ topic, partitions })) },
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
    this.#master = this.#startMaster()
    for (const worker of WORKERS) this.#startWorker(worker)
  }

  get status(): string {
    return this.#master.status
  }

  /** Appends records with these timestamps; a record's value is its timestamp. */
  append(topic: string, partition: number, ...timestamps: readonly number[]): this {
    const records = timestamps.map((timestamp) => ({
      key: null,
      value: text.encode(String(timestamp)),
      timestamp,
      headers: [],
    }))
    this.cluster.append(topic, partition, records)
    return this
  }

  at(ms: number, action: () => void): this {
    this.world.at(ms * 1000, 'test', 'test', action)
    return this
  }

  /** The worker dies and is back soon. */
  crash(worker: string): void {
    const process = this.#network.find(worker)
    if (process?.isAlive !== true) return
    process.crash()
    this.world.after(RESTART_AFTER_MS, 'worker-restart', worker, () => {
      this.#startWorker(worker)
    })
  }

  /** Crashes right after the nth fact for which the test holds. */
  crashOn(worker: string, is: (event: TraceEvent) => boolean, nth = 1): this {
    let seen = 0
    this.world.listen((event) => {
      if (!is(event)) return
      seen += 1
      if (seen === nth)
        this.world.at(this.world.turnEndMicros, 'crash', worker, () => this.crash(worker))
    })
    return this
  }

  /** Until that time, or until the job has ended. */
  run(untilMs = 60_000): this {
    const isOver = (): boolean => ['finished', 'failed'].includes(this.status)
    while (this.world.now() < untilMs && !isOver() && this.world.step());
    return this
  }

  /** What the job said when its status changed for the last time. */
  get reason(): string {
    return this.factsOf('job-status-changed').at(-1)?.reason ?? ''
  }

  factsOf<T extends FactType>(type: T): Extract<TraceEvent, { type: T }>[] {
    return this.world.trace.filter(
      (event): event is Extract<TraceEvent, { type: T }> => event.type === type,
    )
  }

  #startMaster(): JobMaster {
    const process = new SimulatedProcess(JOB_MASTER, 1)
    const master = new JobMaster({
      ...this.#portsOf(process),
      graph: this.#graph,
      mutants: this.#mutants,
      workersExpected: WORKERS.length,
    })
    process.attach((message) => {
      master.receive(message)
    })
    this.world.after(0, 'start', JOB_MASTER, () => {
      master.start()
    })
    return master
  }

  #startWorker(name: string): void {
    const incarnation = this.#incarnation++
    const process = new SimulatedProcess(workerId(name), incarnation)
    const worker = new Worker({
      ...this.#portsOf(process),
      graph: this.#graph,
      mutants: this.#mutants,
      incarnation,
      slots: 100,
      hasProvenance: true,
      services: NO_SERVICES,
      files: this.#files.portOf(process),
      isStrict: true,
    })
    process.attach((message) => {
      worker.receive(message)
    })
    this.world.after(0, 'start', name, () => {
      worker.start()
    })
  }

  #portsOf(process: SimulatedProcess) {
    const { world, cluster } = this
    const network = this.#network
    network.register(process)
    return {
      runtime: simulatedRuntime({ process, world, network, costs: COSTS }),
      broker: simulatedBrokerPort({ world, network, cluster, faults: this.#faults, process }),
      storage: this.#storage.portOf(process),
    }
  }
}
