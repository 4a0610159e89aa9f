/**
 * Notices when a run has come to rest after input and faults are over: the job runs, a completed checkpoint covers the
 * whole input and what the last watermark set off, no transaction is open, every partition can be read to its end (L1,
 * X4). If that does not happen within the budget it says what is missing: the reason of a liveness failure.
 */
import type { JobStatus, TraceEvent, TraceTopology } from '../engine/trace.ts'
import type { FaultInjector } from './faults/fault-injector.ts'
import type { HistoryRecorder } from './history/history-recorder.ts'
import type { SimulatedCluster } from './kafka/simulated-cluster.ts'
import type { Feeder } from './workload/feeder.ts'
import type { World } from './world/world.ts'

export interface RestOptions {
  readonly world: World
  /** Null: its master is down. */
  readonly jobStatus: () => JobStatus | null
  /** False while somebody still has something to do with the job. */
  readonly areActionsOver: () => boolean
  readonly cluster: SimulatedCluster
  readonly faults: FaultInjector
  readonly feeder: Feeder
  readonly history: HistoryRecorder
  readonly topology: TraceTopology
  readonly hasEventTime: boolean
  /** Null: at rest. Else one clause about what is missing. */
  readonly onRest: (stuck: string | null) => void
}

const LOOK_EVERY_MS = 50
/** Virtual time after the last input and fault. Longer than any timeout of the slice but the transaction timeout. */
const BUDGET_MS = 30_000
/** So long after the last record its watermark has surely been sent, and stands before a barrier that comes now. */
const SETTLE_MS = 1000

export class RestDetector {
  readonly #options: RestOptions
  readonly #notRunning = new Set<string>()
  #jobReason = ''
  #quietSince: number | null = null
  /** Since when a completed checkpoint covers the input, in a job that runs. */
  #coveredSince: number | null = null
  readonly #triggeredAt = new Map<number, number>()
  #lastTriggeredAt = 0

  constructor(options: RestOptions) {
    this.#options = options
    options.world.listen((event) => {
      this.#observe(event)
    })
  }

  start(): void {
    this.#options.world.after(LOOK_EVERY_MS, 'look', 'observer', () => {
      this.#look()
    })
  }

  #observe(event: TraceEvent): void {
    // A fault that counts messages may strike late: what it took is given the whole time to be made up for.
    if (event.type === 'message-lost') this.#quietSince = null
    if (event.type === 'job-status-changed') this.#jobReason = event.reason
    if (event.type === 'checkpoint-triggered') this.#triggeredAt.set(event.checkpoint, event.at)
    if (event.type === 'checkpoint-completed') {
      this.#lastTriggeredAt = this.#triggeredAt.get(event.checkpoint) ?? 0
    }
    if (event.type === 'job-submitted') this.#notRunning.clear()
    if (event.type !== 'subtask-status-changed') return
    if (event.status === 'running') this.#notRunning.delete(event.subtask)
    else this.#notRunning.add(event.subtask)
  }

  #look(): void {
    const { world, faults, feeder, onRest, areActionsOver } = this.#options
    // A job that gave up does not come back: nothing is gained by waiting.
    if (this.#options.jobStatus() === 'failed') return onRest(this.#missing())
    if (!feeder.isFinished || !faults.isTimeOver || !areActionsOver()) return this.start()
    this.#quietSince ??= world.now()
    const missing = this.#missing()
    if (missing === null) return onRest(null)
    if (world.now() - this.#quietSince > BUDGET_MS) return onRest(missing)
    this.start()
  }

  #missing(): string | null {
    const { jobStatus, topology } = this.#options
    if (jobStatus() === 'finished') return this.#open(true)
    // What does not read Kafka brings its input along, and ends.
    const brings = topology.inputs.length === 0
    if (brings && jobStatus() === 'running') return 'the job has not finished'
    return this.#uncovered() ?? this.#unsettled() ?? this.#open(false)
  }

  #uncovered(): string | null {
    const missing = this.#firstUncovered()
    if (missing === null) this.#coveredSince ??= this.#options.world.now()
    else this.#coveredSince = null
    return missing
  }

  /** Event time goes on after the last record was read; what that sets off must be in a checkpoint, too. */
  #unsettled(): string | null {
    const { hasEventTime } = this.#options
    const least = (this.#coveredSince ?? Infinity) + SETTLE_MS
    if (!hasEventTime || this.#lastTriggeredAt >= least) return null
    return 'no completed checkpoint covers what the last watermark set off'
  }

  #firstUncovered(): string | null {
    const { jobStatus, cluster, topology, history } = this.#options
    const status = jobStatus()
    if (status === null) return 'the job master is down'
    if (status !== 'running') {
      return `the job is ${status}${this.#jobReason === '' ? '' : ` (${this.#jobReason})`}`
    }
    const [waiting] = this.#notRunning
    if (waiting !== undefined) return `subtask ${waiting} is not running`
    for (const { topic, partitions } of topology.inputs) {
      for (let partition = 0; partition < partitions; partition++) {
        const end = cluster.log(topic, partition).lastStableOffset
        const covered = history.coveredOffset(topic, partition)
        if (covered < end) {
          return `no completed checkpoint covers ${topic}/${partition} beyond offset ${covered} of ${end}`
        }
      }
    }
    return history.hasRecordsInFlight
      ? 'records wait for the answers of a service, or in channels'
      : null
  }

  /**
   * A late AddPartitionsToTxn opens a committed transaction again, empty, until its id is used again (decision 8). When
   * the job `isOver` nobody does: such a one stays until its timeout and holds nobody up.
   */
  #open(isOver: boolean): string | null {
    const { cluster, topology } = this.#options
    const open = cluster.openTransactions().find(({ state }) => !isOver || state !== 'Ongoing')
    if (open !== undefined) return `transaction ${open.transactionalId} is still ${open.state}`
    for (const { topic, partitions } of topology.outputs) {
      for (let partition = 0; partition < partitions; partition++) {
        const { lastStableOffset, highWatermark } = cluster.log(topic, partition)
        if (lastStableOffset < highWatermark) {
          return `readers of ${topic}/${partition} are held at offset ${lastStableOffset} of ${highWatermark}`
        }
      }
    }
    return null
  }
}
