/**
 * A job in this process and on the wall clock: one job master, one worker, snapshots in memory. Runs bounded jobs
 * without Kafka to their end, for measuring; the Node world with Kafka, worker threads and durable storage builds on it.
 * The only place of effects here is the pump: it runs ready actions in slices and lets the event loop breathe.
 */
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { assert } from '../assert.ts'
import { checkServices } from '../async/check-services.ts'
import { refuseChangelogTopics } from '../changelog/changelog-topics.ts'
import { ConfigurationError } from '../errors.ts'
import { JOB_MASTER, millis, workerId } from '../ids.ts'
import type { ActorId, ReceiverId } from '../ids.ts'
import type { Job } from '../job/define-job.ts'
import { checkCommits } from '../job/check-program.ts'
import { buildJobGraph } from '../job/job-graph.ts'
import type { JobOptions } from '../job/job-options.ts'
import type { Message } from '../messages.ts'
import { Mutants } from '../mutants.ts'
import { JobMaster } from '../recovery/job-master.ts'
import type { BrokerPort, Runtime } from '../runtime.ts'
import { Worker } from '../task/worker.ts'
import type { Fact, JobStatus } from '../trace.ts'
import { localFiles } from './local-files.ts'
import { memoryStorage } from './memory-storage.ts'
import { RocksDbState } from './rocksdb/rocksdb-state.ts'
import { userServices } from './user-services.ts'
import type { UserServices } from './user-services.ts'
import { WallClockTimers } from './wall-clock-timers.ts'

/** The event loop gets its turn at least this often. */
const SLICE_MS = 10
/** As long as a timer can wait. */
const KEEP_ALIVE_MS = 0x7fff_ffff

export interface LocalRunOptions {
  /** Win over the job's own. */
  readonly overrides?: JobOptions
  /** Called for every fact of the control level. */
  readonly onFact?: (fact: Fact) => void
  /** What asynchronous operators call, by name. */
  readonly services?: UserServices
  /** Where state lives that is not in memory (`rocksdb`). Default: a folder of the system's for temporary files. */
  readonly stateDirectory?: string
}

/** Runs a bounded job to its end. Rejects when the job uses Kafka, or when an assertion of the engine fails. */
export function runLocally(job: Job, options: LocalRunOptions = {}): Promise<JobStatus> {
  return new Promise((resolve, reject) => {
    new LocalWorld(job, options, resolve, reject).start()
  })
}

class LocalWorld {
  readonly #receivers = new Map<ReceiverId, (message: Message) => void>()
  readonly #master: JobMaster
  readonly #worker: Worker
  readonly #options: LocalRunOptions
  readonly #resolve: (status: JobStatus) => void
  readonly #reject: (error: unknown) => void
  /** Null: the job's state is in memory. */
  readonly #databases: RocksDbState | null
  #ready: (() => void)[] = []
  #isPumping = false
  #isEnded = false
  #keepAlive: NodeJS.Timeout | undefined

  constructor(
    job: Job,
    options: LocalRunOptions,
    resolve: (status: JobStatus) => void,
    reject: (error: unknown) => void,
  ) {
    this.#options = options
    this.#resolve = resolve
    this.#reject = reject
    const graph = buildJobGraph(job, options.overrides)
    checkCommits(graph)
    const services = userServices(options.services ?? {}, (action) => {
      this.#post(action)
    })
    checkServices(graph, services)
    refuseChangelogTopics(graph)
    const mutants = new Mutants()
    const storage = memoryStorage((action) => {
      this.#post(action)
    })
    const worker = workerId('worker-1')
    const { state, checkpointing } = graph.settings
    const keepsRuns = checkpointing?.incremental === true
    const databases =
      state.backend === 'rocksdb'
        ? RocksDbState.start(options.stateDirectory ?? join(tmpdir(), 'weir-state'))
        : null
    this.#databases = databases
    this.#master = new JobMaster({
      runtime: this.#runtime(JOB_MASTER),
      broker: NO_KAFKA,
      storage,
      graph,
      mutants,
      workersExpected: 1,
    })
    this.#worker = new Worker({
      runtime: this.#runtime(worker),
      broker: NO_KAFKA,
      storage,
      graph,
      mutants,
      incarnation: 1,
      slots: Math.max(...graph.vertices.map(({ parallelism }) => parallelism)),
      hasProvenance: false,
      services,
      files: localFiles((action) => {
        this.#post(action)
      }),
      isStrict: false,
      ...(databases === null ? {} : { openBaseStore: () => databases.open(keepsRuns) }),
    })
    this.#receivers.set(JOB_MASTER, (message) => {
      this.#master.receive(message)
    })
    this.#receivers.set(worker, (message) => {
      this.#worker.receive(message)
    })
  }

  start(): void {
    // The timers of actors do not keep the process alive: some are still set when the job has ended.
    this.#keepAlive = setInterval(() => undefined, KEEP_ALIVE_MS)
    this.#post(() => {
      this.#master.start()
      this.#worker.start()
    })
  }

  #post(action: () => void): void {
    if (this.#isEnded) return
    this.#ready.push(action)
    if (this.#isPumping) return
    this.#isPumping = true
    setImmediate(() => {
      this.#pump()
    })
  }

  #pump(): void {
    const until = performance.now() + SLICE_MS
    try {
      while (this.#ready.length > 0 && !this.#isEnded) {
        const batch = this.#ready
        this.#ready = []
        for (const action of batch) action()
        if (performance.now() > until) break
      }
    } catch (error) {
      this.#end(() => {
        this.#reject(error)
      })
    }
    this.#isPumping = this.#ready.length > 0 && !this.#isEnded
    if (this.#isPumping) {
      setImmediate(() => {
        this.#pump()
      })
    }
  }

  #end(settle: () => void): void {
    if (this.#isEnded) return
    this.#isEnded = true
    clearInterval(this.#keepAlive)
    if (this.#databases === null) settle()
    else void this.#databases.close().finally(settle)
  }

  #observe(fact: Fact): void {
    this.#options.onFact?.(fact)
    if (fact.type === 'line-printed') process.stdout.write(`${fact.line}\n`)
    if (fact.type !== 'job-status-changed') return
    const { status, reason } = fact
    if (status === 'finished' || status === 'canceled') {
      this.#end(() => {
        this.#resolve(status)
      })
    } else if (status === 'failed') {
      this.#end(() => {
        this.#reject(new Error(`The job failed. ${reason}`))
      })
    }
  }

  #runtime(self: ActorId): Runtime {
    const timers = new WallClockTimers((action) => {
      this.#post(action)
    })
    return {
      self,
      traceLevel: 'control',
      now: () => millis(performance.now()),
      schedule: (delayMs, label, callback) => timers.schedule(delayMs, label, callback),
      cancel: (timer) => {
        timers.cancel(timer)
      },
      send: (to, message) => {
        const receive = this.#receivers.get(to)
        assert(receive !== undefined, `There is no actor ${to}.`)
        this.#post(() => {
          receive(message)
        })
      },
      trace: (fact) => {
        this.#observe(fact)
      },
      spend: () => undefined,
      random: (_stream, bound) => Math.floor(Math.random() * bound),
    }
  }
}

const NO_KAFKA: BrokerPort = {
  connect() {
    throw new ConfigurationError(
      'no-kafka-here',
      'This job uses Kafka, which a local run does not have; simulate it instead: weir simulate JOB.',
    )
  },
}
