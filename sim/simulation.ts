/**
 * One simulated run: builds the world of a plan, feeds the input, lets the faults strike, waits until the job came to
 * rest, and judges. Can be advanced in slices, so that a page stays responsive; the result does not depend on them.
 */
import { InvariantViolation, present } from '../engine/assert.ts'
import { changelogTopics } from '../engine/changelog/changelog-topics.ts'
import { checkServices } from '../engine/async/check-services.ts'
import { ConfigurationError, describeError } from '../engine/errors.ts'
import { JOB_MASTER, workerId } from '../engine/ids.ts'
import type { CheckpointId, WorkerId } from '../engine/ids.ts'
import type { Job } from '../engine/job/define-job.ts'
import { buildJobGraph } from '../engine/job/job-graph.ts'
import { describeTopology } from '../engine/job/topology.ts'
import type { JobGraph } from '../engine/job/job-graph.ts'
import { Mutants } from '../engine/mutants.ts'
import { JobMaster } from '../engine/recovery/job-master.ts'
import type { RestoreFrom } from '../engine/recovery/restore-point.ts'
import { isBounded } from '../engine/source/source-spec.ts'
import type { StorageKey } from '../engine/runtime.ts'
import { checkStateBackend } from '../engine/task/check-state-backend.ts'
import { Worker } from '../engine/task/worker.ts'
import type { TraceEvent, TraceLevel, TraceTopology } from '../engine/trace.ts'
import { ActionDriver } from './action-driver.ts'
import { hasEventTime } from './event-time.ts'
import { FaultInjector } from './faults/fault-injector.ts'
import type { History } from './history/history.ts'
import { HistoryRecorder } from './history/history-recorder.ts'
import { SimulatedCluster } from './kafka/simulated-cluster.ts'
import { judge } from './oracle/judge.ts'
import type { Twins } from './oracle/run-results.ts'
import type { Plan } from './plan/plan.ts'
import { PLAN_DEFAULTS, workersOf } from './plan/plan.ts'
import { RestDetector } from './rest-detector.ts'
import { runOptions } from './run-options.ts'
import { findCheckpoint, graphsOf, mergeTopologies } from './submissions.ts'
import { summarize } from './summary.ts'
import type { SimulationResult } from './summary.ts'
import { TwinCache } from './twins.ts'
import { Feeder } from './workload/feeder.ts'
import type { Arrange } from './workload/feeder.ts'
import type { WorkloadItem } from './workload/workload.ts'
import { simulatedBrokerPort } from './world/broker-connections.ts'
import { DEFAULT_COSTS } from './world/cost-model.ts'
import type { CostModel } from './world/cost-model.ts'
import { Network } from './world/network.ts'
import { SimulatedProcess, simulatedRuntime } from './world/process.ts'
import { SimulatedFiles } from './world/simulated-files.ts'
import { simulatedServicePort } from './world/simulated-services.ts'
import type { SimulatedServices } from './world/simulated-services.ts'
import { SimulatedStorage } from './world/simulated-storage.ts'
import { World } from './world/world.ts'

export interface SimulationOptions {
  /** The plan's input; see `inputLines`. */
  readonly lines: readonly WorkloadItem[]
  /** Default `control`; `records` for pictures. Does not change the run or its hash. */
  readonly traceLevel?: TraceLevel
  /** Files that file sources find, by path. */
  readonly files?: ReadonlyMap<string, Uint8Array>
  /** What asynchronous operators call, by name. */
  readonly services?: SimulatedServices
  /** A run that dispatches more events than this has failed to come to rest. Default 5 million. */
  readonly eventsMax?: number
  /** Keeps the runs without failures that the oracle compares with; give one to all runs of a campaign. */
  readonly twins?: TwinCache
  /** What is not as in the default cost model. */
  readonly costs?: Partial<CostModel>
  /** For a run to compare with: when the input is fed. Such a run is not looked at otherwise. */
  readonly arrange?: Arrange
}

/** Shorter than Kafka's, so that compaction comes as far as it can while a run lasts. */
const CLEANER_BACKOFF_MS = 300
const DELETE_RETENTION_MS = 500
/** So many at least, so that a job can be rescaled. */
const CHANGELOG_PARTITIONS = 8

/** Slots of each simulated worker: enough that one of them can run the whole job. */
const SLOTS = 128

export class Simulation {
  readonly plan: Plan
  readonly topology: TraceTopology
  readonly #world: World
  readonly #costs: CostModel
  readonly #job: Job
  /** Of the job as it was submitted first, and again after actions. */
  readonly #graphs: JobGraph[]
  readonly #mutants: Mutants
  readonly #network: Network
  readonly #storage: SimulatedStorage
  readonly #files: SimulatedFiles
  readonly #services: SimulatedServices
  readonly #cluster: SimulatedCluster
  readonly #faults: FaultInjector
  readonly #feeder: Feeder
  readonly #history: HistoryRecorder
  readonly #rest: RestDetector
  readonly #actions: ActionDriver
  #master: JobMaster
  #parallelism: number | null = null
  /** What the job as it was submitted last starts from. */
  #restoreFrom: RestoreFrom | null = null
  readonly #options: SimulationOptions
  readonly #eventsMax: number
  readonly #incarnations = new Map<string, number>()
  /** Their newest lives, which may be over. */
  readonly #workers = new Map<WorkerId, Worker>()
  #ended: { readonly stuck: string | null; readonly bug: string | null } | null = null
  #result: SimulationResult | null = null

  constructor(job: Job, plan: Plan, options: SimulationOptions) {
    this.plan = plan
    this.#job = job
    this.#options = options
    this.#eventsMax = options.eventsMax ?? 5_000_000
    const graph = buildJobGraph(job, runOptions(job, plan))
    this.#graphs = [graph]
    const services = options.services ?? {}
    this.#services = services
    checkServices(graph, { has: (name) => Object.hasOwn(services, name) })
    checkStateBackend(this.#graph, { hasBaseStores: false })
    this.#mutants = new Mutants(plan.mutant ?? null)
    const world = new World(plan.seed, options.traceLevel ?? 'control')
    this.#world = world
    const recordMicros = plan.config.recordMicros ?? PLAN_DEFAULTS.recordMicros
    this.#costs = { ...DEFAULT_COSTS, recordMicros, ...options.costs }
    this.#network = new Network(world, this.#costs)
    this.#storage = new SimulatedStorage(world, this.#costs)
    this.#files = new SimulatedFiles(world, this.#costs, options.files ?? new Map())
    const inputPartitions = plan.config.inputPartitions ?? PLAN_DEFAULTS.inputPartitions
    const outputPartitions = plan.config.outputPartitions ?? PLAN_DEFAULTS.outputPartitions
    const workers = workersOf(plan.config).map(workerId)
    const fed = topicsIn(options.lines)
    const topology = describeTopology(graph, workers, () => 0, fed)
    checkSources(job, topology)
    const inputTopics = new Set(topology.inputs.map(({ topic }) => topic))
    const partitionsOf = (topic: string): number =>
      inputTopics.has(topic) ? inputPartitions : outputPartitions
    this.topology = mergeTopologies(
      graphsOf(job, plan).map((one) => describeTopology(one, workers, partitionsOf, fed)),
    )
    this.#cluster = this.#createCluster(partitionsOf)
    const { lines, arrange } = options
    this.#feeder = new Feeder(world, this.#cluster, plan.config, this.topology, lines, arrange)
    this.#history = new HistoryRecorder(world, this.#cluster, this.#storage, graph, this.topology)
    this.#faults = new FaultInjector(plan.faults, world, {
      crash: (process, restartAfterMs) => this.#crash(process, restartAfterMs),
      fail: (pattern) => this.#failSubtask(pattern),
      compact: (pattern) => this.#compact(pattern),
    })
    this.#network.lose((...message) => this.#faults.loses(...message))
    this.#master = this.#startMaster()
    for (const worker of this.topology.workers) this.#startWorker(worker)
    this.#actions = new ActionDriver(plan.actions ?? [], {
      world,
      network: this.#network,
      jobStatus: () => this.#master.status,
      findCheckpoint: () => findCheckpoint(this.#storage),
      submit: (...submission) => {
        this.#submit(...submission)
      },
    })
    this.#rest = this.#createRest()
    this.#feeder.start()
    if (arrange === undefined) this.#history.start()
    this.#rest.start()
  }

  get trace(): readonly TraceEvent[] {
    return this.#world.trace
  }

  /** The snapshots that are stored now, by key. */
  get snapshots(): ReadonlyMap<StorageKey, Uint8Array> {
    return this.#storage.objects
  }

  /** Dispatched events so far. */
  get dispatched(): number {
    return this.#world.dispatched
  }

  /** Runs at most so many events; false when the run has ended. */
  advance(events: number): boolean {
    for (let i = 0; i < events && this.#ended === null; i++) {
      try {
        if (!this.#world.step()) this.#end('no event is left', null)
      } catch (error) {
        // The only place that catches it: the run's outcome is `invariant`.
        if (!(error instanceof InvariantViolation)) throw error
        this.#end(null, describeError(error))
      }
      if (this.#world.dispatched >= this.#eventsMax) {
        this.#end(`it did not come to rest within ${this.#eventsMax} events`, null)
      }
    }
    return this.#ended === null
  }

  /** Runs to the end and judges. */
  run(): SimulationResult {
    while (this.advance(100_000));
    return this.result()
  }

  /** The verdict on a run that has ended. */
  result(): SimulationResult {
    if (this.#result === null) {
      const { stuck, bug } = present(this.#ended, 'The run has not ended.')
      const history = this.#history.finish(stuck)
      const judgement = judge({
        stream: this.#job.graph,
        graphs: this.#graphs,
        history,
        trace: this.trace,
        bug,
        twins: () => this.#twins(),
      })
      this.#result = summarize({
        plan: this.plan,
        topology: this.topology,
        history,
        judgement,
        trace: this.trace,
        faults: this.#faults.ledger.reports,
        actions: this.#actions.reports,
        traceHash: this.#world.fingerprint.toString(),
        mutantHits: this.#mutants.hits,
        dispatched: this.#world.dispatched,
        checkpointIntervalMs: this.#graph.settings.checkpointing?.intervalMs ?? null,
      })
    }
    return this.#result
  }

  #twins(): Twins {
    const { twins = new TwinCache(), ...options } = this.#options
    // Copies of broadcast state are as many as there are subtasks in the end.
    const { config } = this.plan
    const parallelism = this.#parallelism
    const asEnded =
      parallelism === null ? this.plan : { ...this.plan, config: { ...config, parallelism } }
    return twins.twinsOf(this.#job, asEnded, (plan, arrange) =>
      new Simulation(this.#job, plan, {
        ...options,
        arrange,
        traceLevel: 'control',
      }).#runToHistory(),
    )
  }

  #runToHistory(): History {
    while (this.advance(100_000));
    const { stuck, bug } = present(this.#ended, 'The run has not ended.')
    return this.#history.finish(stuck ?? bug)
  }

  #end(stuck: string | null, bug: string | null): void {
    if (this.#ended !== null) return
    this.#ended = { stuck, bug }
    this.#world.record({ type: 'run-ended', reason: bug ?? stuck ?? '' })
  }

  #createRest(): RestDetector {
    return new RestDetector({
      world: this.#world,
      jobStatus: () =>
        this.#network.find(JOB_MASTER)?.isAlive === true ? this.#master.status : null,
      areActionsOver: () => this.#actions.isOver,
      cluster: this.#cluster,
      faults: this.#faults,
      feeder: this.#feeder,
      history: this.#history,
      topology: this.topology,
      hasEventTime: hasEventTime(this.#job.graph),
      onRest: (stuck) => {
        this.#end(stuck, null)
      },
    })
  }

  #createCluster(partitionsOf: (topic: string) => number): SimulatedCluster {
    const world = this.#world
    const { inputs, outputs } = this.topology
    const topics = new Set([...inputs, ...outputs].map(({ topic }) => topic))
    return new SimulatedCluster(
      {
        topics: [
          ...[...topics].map((topic) => ({ topic, partitions: partitionsOf(topic) })),
          // Neither an input nor an output: nobody but the job's own subtasks reads or writes them.
          ...changelogTopics(this.#graph).map(({ topic, parallelism }) => ({
            topic,
            partitions: Math.max(parallelism, CHANGELOG_PARTITIONS),
            compaction: { deleteRetentionMs: DELETE_RETENTION_MS },
          })),
        ],
        cleanerBackoffMs: CLEANER_BACKOFF_MS,
      },
      {
        now: () => world.now(),
        schedule: (delayMs, label, action) => {
          world.after(delayMs, label, 'broker-1', action)
        },
        trace: (fact) => {
          world.record(fact)
        },
        mix: (value) => {
          world.fingerprint.mix(value)
        },
      },
      this.#mutants,
    )
  }

  get #graph(): JobGraph {
    return present(this.#graphs.at(-1), 'No job was submitted.')
  }

  /** The job again, on the same cluster, storage and workers; a worker that is down comes back with the new job. */
  #submit(
    parallelism: number | null,
    from: RestoreFrom | null,
    checkpoint: CheckpointId | null,
  ): void {
    this.#parallelism = parallelism ?? this.#parallelism
    const options = runOptions(this.#job, this.plan, this.#parallelism)
    this.#graphs.push(buildJobGraph(this.#job, options))
    this.#world.record({
      type: 'job-submitted',
      parallelism: this.#graph.settings.parallelism,
      location: from?.location ?? null,
      checkpoint,
    })
    this.#network.find(JOB_MASTER)?.crash()
    this.#restoreFrom = from
    this.#master = this.#startMaster()
    for (const worker of this.topology.workers) {
      const process = this.#network.find(worker)
      if (process?.isAlive !== true) continue
      process.crash()
      this.#startWorker(worker)
    }
  }

  #startMaster(): JobMaster {
    const restoreFrom = this.#restoreFrom
    const process = new SimulatedProcess(JOB_MASTER, this.#nextIncarnation(JOB_MASTER))
    const master = new JobMaster({
      ...this.#portsOf(process),
      graph: this.#graph,
      mutants: this.#mutants,
      workersExpected: this.topology.workers.length,
      submission: this.#graphs.length,
      ...(restoreFrom === null ? {} : { restoreFrom }),
    })
    process.attach((message) => {
      master.receive(message)
    })
    this.#world.after(0, 'start', process.id, () => {
      master.start()
    })
    return master
  }

  #startWorker(id: WorkerId): void {
    const incarnation = this.#nextIncarnation(id)
    const process = new SimulatedProcess(id, incarnation)
    const isTwin = this.#options.arrange !== undefined
    const worker = new Worker({
      ...this.#portsOf(process),
      graph: this.#graph,
      mutants: this.#mutants,
      incarnation,
      slots: SLOTS,
      hasProvenance: !isTwin,
      services: simulatedServicePort(this.#services, this.#world, process),
      files: this.#files.portOf(process),
      isStrict: !isTwin,
    })
    this.#workers.set(id, worker)
    process.attach((message) => {
      worker.receive(message)
    })
    this.#world.after(0, 'start', id, () => {
      this.#world.record({ type: 'worker-started', worker: id, incarnation })
      worker.start()
    })
  }

  #nextIncarnation(id: string): number {
    const incarnation = (this.#incarnations.get(id) ?? 0) + 1
    this.#incarnations.set(id, incarnation)
    return incarnation
  }

  #portsOf(
    process: SimulatedProcess,
  ): Pick<ConstructorParameters<typeof Worker>[0], 'runtime' | 'broker' | 'storage'> {
    const world = this.#world
    const network = this.#network
    network.register(process)
    return {
      runtime: simulatedRuntime({ process, world, network, costs: this.#costs }),
      broker: simulatedBrokerPort({
        world,
        network,
        cluster: this.#cluster,
        faults: this.#faults,
        process,
      }),
      storage: this.#storage.portOf(process),
    }
  }

  /** Fails one of the running subtasks that match. */
  #compact(pattern: string): number {
    const topics = this.#cluster.compactedTopics.filter((topic) => matches(pattern, topic))
    return topics.reduce((removed, topic) => removed + this.#cluster.compact(topic), 0)
  }

  #failSubtask(pattern: string): boolean {
    const running = this.topology.vertices
      .flatMap(({ subtasks }) => subtasks)
      .filter((subtask) => matches(pattern, subtask))
      .flatMap((subtask) => {
        const host = [...this.#workers].find(
          ([id, worker]) => this.#network.find(id)?.isAlive === true && worker.runs(subtask),
        )
        return host === undefined ? [] : [{ subtask, worker: host[1] }]
      })
    if (running.length === 0) return false
    const drawn = running[this.#world.random.draw('fault-fail', running.length)]
    drawn?.worker.failSubtask(drawn.subtask, 'Error: it was made to fail')
    return true
  }

  #crash(id: string, restartAfterMs: number): boolean {
    const process = this.#network.find(id)
    if (process?.isAlive !== true) return false
    process.crash()
    if (process.id === JOB_MASTER) {
      this.#world.record({ type: 'master-crashed', incarnation: process.incarnation })
      this.#world.after(restartAfterMs, 'master-restart', id, () => {
        // The job may have been submitted again meanwhile, to a master of its own.
        if (this.#network.find(JOB_MASTER) === process) this.#master = this.#startMaster()
      })
      return true
    }
    const worker = workerId(id)
    this.#world.record({ type: 'worker-crashed', worker, incarnation: process.incarnation })
    this.#world.after(restartAfterMs, 'worker-restart', id, () => {
      this.#startWorker(worker)
    })
    return true
  }
}

/** `*` stands for any text. */
function matches(pattern: string, name: string): boolean {
  const parts = pattern.split('*').map((part) => part.replaceAll(/[\\^$.|?+()[\]{}]/g, '\\$&'))
  return new RegExp(`^${parts.join('.*')}$`, 's').test(name)
}

/** Without Kafka topics to feed a job must bring its input along. */
function checkSources({ name, graph }: Job, { inputs }: TraceTopology): void {
  const isComplete = graph.nodes.every(
    ({ work }) => work.type === 'operator' || isBounded(work.source),
  )
  if (inputs.length > 0 || isComplete) return
  throw new ConfigurationError(
    'no-kafka-source',
    `The job "${name}" reads no Kafka topic; a simulation feeds Kafka topics, so begin with kafkaSource.`,
  )
}

/** The topics of records that name theirs. */
function topicsIn(items: readonly WorkloadItem[]): string[] {
  return [...new Set(items.flatMap((item) => (typeof item === 'string' ? [] : [item.topic])))]
}
