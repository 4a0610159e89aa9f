/**
 * The job master: knows the workers, deploys the job, watches heartbeats, restarts from the latest completed checkpoint.
 * Nobody below knows that restarts exist. Source: Flink JobMaster and DefaultScheduler (flink-semantics.md 3.5).
 *
 *   created ──slots──▶ running ──failure──▶ restarting ──delay, all ended, slots──▶ running
 *                         │                     │ strategy gives up
 *                         ▼ all finished        ▼
 *                      finished               failing ──all ended──▶ failed
 */
import { assert, present } from '../assert.ts'
import type { CheckpointMetadata } from '../checkpoint/checkpoint-metadata.ts'
import type { WorkerId } from '../ids.ts'
import type { JobGraph, JobVertex } from '../job/job-graph.ts'
import type { Deployment, MasterMessage, Message } from '../messages.ts'
import type { Mutants } from '../mutants.ts'
import type { BrokerPort, Runtime, StoragePort } from '../runtime.ts'
import type { SourceCoordinator } from '../source/source-coordinator.ts'
import type { JobStatus } from '../trace.ts'
import { Checkpointing, ONLY_FINAL } from './checkpointing.ts'
import { ExecutionGraph, isEnded } from './execution-graph.ts'
import type { Execution } from './execution-graph.ts'
import { NO_RESTARTS, onFailure } from './restart-strategy.ts'
import { createSourceCoordinators } from './source-coordinators.ts'
import { assignState } from './state-assignment.ts'
import { SubtaskMessages } from './subtask-messages.ts'
import { WorkerRegistry } from './worker-registry.ts'

export interface JobMasterOptions {
  readonly runtime: Runtime
  readonly broker: BrokerPort
  readonly storage: StoragePort
  readonly graph: JobGraph
  readonly mutants: Mutants
  /** The first deployment waits for so many workers, at most for one heartbeat timeout, to spread over all of them. */
  readonly workersExpected: number
}

const TRANSITIONS: Readonly<Record<JobStatus, readonly JobStatus[]>> = {
  created: ['running'],
  running: ['restarting', 'failing', 'finished', 'canceling'],
  restarting: ['running', 'failing', 'canceling'],
  failing: ['failed'],
  canceling: ['canceled'],
  failed: [],
  canceled: [],
  finished: [],
}

export class JobMaster {
  readonly #options: JobMasterOptions
  readonly #graph: JobGraph
  readonly #executions: ExecutionGraph
  readonly #messages: SubtaskMessages
  readonly #workers = new WorkerRegistry()
  readonly #coordinators: ReadonlyMap<string, SourceCoordinator>
  readonly #checkpointing: Checkpointing | null
  #status: JobStatus = 'created'
  #restarts = NO_RESTARTS
  /** The pause before the restart is over. */
  #mayRestart = true
  /** The wait for the expected workers is over. */
  #isPatienceOver = false
  #failure = ''

  constructor(options: JobMasterOptions) {
    this.#options = options
    this.#graph = options.graph
    this.#executions = new ExecutionGraph(options.graph)
    this.#messages = new SubtaskMessages(options.runtime, this.#executions)
    this.#coordinators = createSourceCoordinators(options, {
      send: (vertex, index, event) => {
        this.#messages.sendEvent(vertex, index, event)
      },
      fail: (reason) => {
        this.#failover(reason)
      },
    })
    this.#checkpointing = this.#createCheckpointing()
  }

  get status(): JobStatus {
    return this.#status
  }

  start(): void {
    this.#options.runtime.trace({ type: 'job-status-changed', status: 'created', reason: '' })
    this.#beat()
    this.#options.runtime.schedule(
      this.#graph.settings.heartbeat.timeoutMs,
      'first-deployment',
      () => {
        this.#isPatienceOver = true
        this.#deployIfReady()
      },
    )
  }

  receive(message: Message): void {
    switch (message.type) {
      case 'register-worker':
        this.#register(message)
        return
      case 'heartbeat':
        this.#workers.hear(message, this.#options.runtime.now())
        return
      case 'subtask-status':
      case 'acknowledge-checkpoint':
      case 'decline-checkpoint':
      case 'operator-event-acknowledged':
      case 'reader-event':
      case 'input-ended':
      case 'barrier-passed':
        this.#onSubtaskMessage(message)
        return
      default:
        assert(false, `The job master got a message for a worker: ${message.type}.`)
    }
  }

  // Workers.

  #register(registration: Extract<MasterMessage, { type: 'register-worker' }>): void {
    const { worker, slots } = registration
    if (this.#workers.isReplaced(registration)) {
      this.#loseWorker(worker, 'it registered again after a restart')
    }
    const { runtime } = this.#options
    this.#workers.add(registration, runtime.now())
    runtime.trace({ type: 'worker-registered', worker, slots })
    this.#deployIfReady()
  }

  /** Gives up the workers that were silent too long, and asks the others for a sign of life. */
  #beat(): void {
    const { runtime } = this.#options
    const { intervalMs, timeoutMs } = this.#graph.settings.heartbeat
    for (const worker of this.#workers.silent(runtime.now(), timeoutMs)) {
      this.#loseWorker(worker, `no heartbeat for ${timeoutMs} ms`)
    }
    for (const { worker } of this.#workers.workers) {
      runtime.send(worker, { type: 'heartbeat-request' })
    }
    runtime.schedule(intervalMs, 'heartbeat', () => {
      this.#beat()
    })
  }

  #loseWorker(worker: WorkerId, reason: string): void {
    this.#workers.remove(worker)
    this.#options.runtime.trace({ type: 'worker-lost', worker, reason })
    if (this.#options.mutants.active('lost-worker-ignored')) return
    const hosted = this.#executions.executions.filter((e) => e.worker === worker)
    const running = hosted.filter(({ status }) => !isEnded(status))
    for (const execution of running) this.#setStatus(execution, 'failed', `${worker} is lost`)
    if (running.length > 0 || hosted.some((e) => this.#executions.owesRecords(e))) {
      this.#failover(`${worker} is lost: ${reason}`)
    }
    this.#proceed()
  }

  // Deployment.

  #deployIfReady(): void {
    const isWaiting = this.#status === 'created' || this.#status === 'restarting'
    if (!isWaiting || !this.#mayRestart || !this.#executions.areAllEnded) return
    const { workers } = this.#workers
    const isComplete = workers.length >= this.#options.workersExpected
    if (this.#status === 'created' && !isComplete && !this.#isPatienceOver) return
    const scheduled = this.#executions.schedule(workers)
    if (scheduled === null) return
    const restorePoint = this.#checkpointing?.restorePoint ?? null
    if (this.#status === 'restarting') {
      this.#options.runtime.trace({
        type: 'restart-started',
        restart: this.#restarts.restarts,
        checkpoint: restorePoint?.checkpoint ?? null,
        subtasks: scheduled.map(({ subtask }) => subtask),
      })
    }
    this.#changeStatus('running', '')
    for (const [uid, coordinator] of this.#coordinators) {
      coordinator.reset(restorePoint?.coordinators.find((c) => c.uid === uid)?.state ?? null)
    }
    this.#deploy(scheduled, restorePoint)
    const isPeriodic = this.#graph.settings.checkpointing !== null
    if (isPeriodic && this.#graph.runtimeMode === 'streaming') this.#checkpointing?.start()
  }

  #deploy(scheduled: readonly Execution[], restorePoint: CheckpointMetadata | null): void {
    const perWorker = new Map<WorkerId, Deployment[]>()
    const isDealtOut = this.#options.mutants.active('union-list-dealt-out')
    const unionAs = isDealtOut ? 'split' : 'union'
    for (const execution of scheduled) {
      const { subtask, vertex, index, attempt, worker } = execution
      this.#setStatus(execution, 'deploying', '')
      const restore =
        restorePoint === null
          ? null
          : assignState(restorePoint, this.#vertex(vertex), index, unionAs)
      const deployment = {
        subtask,
        vertex,
        index,
        attempt,
        restore,
        ...this.#executions.channelsOf(execution),
      }
      perWorker.set(worker, [...(perWorker.get(worker) ?? []), deployment])
    }
    for (const [worker, deployments] of perWorker) {
      this.#options.runtime.send(worker, { type: 'deploy', deployments })
    }
  }

  // Messages of subtasks.

  #onSubtaskMessage(
    message: Exclude<MasterMessage, { type: 'register-worker' | 'heartbeat' }>,
  ): void {
    if (message.type === 'acknowledge-checkpoint') {
      this.#checkpointing?.acknowledged(message.checkpoint, message.handle)
      return
    }
    const execution = this.#executions.find(message.subtask, message.attempt)
    if (execution === undefined) return
    const coordinator = this.#coordinatorOf(execution)
    switch (message.type) {
      case 'subtask-status':
        this.#onStatus(execution, message.status, message.reason)
        return
      case 'decline-checkpoint':
        this.#checkpointing?.declined(message)
        return
      case 'operator-event-acknowledged':
        coordinator?.onEventConfirmed(execution.index, message.eventId)
        return
      case 'reader-event':
        coordinator?.onReaderEvent(execution.index, message.event)
        return
      case 'input-ended':
        execution.hasInputEnded = true
        // Told before a failure that was heard of first: the next attempts have not ended.
        if (this.#status === 'running' && this.#executions.haveAllInputsEnded) {
          this.#checkpointing?.inputEnded()
        }
        return
      case 'barrier-passed':
        coordinator?.onBarrierPassed(execution.index, message.checkpoint)
        return
    }
  }

  #onStatus(execution: Execution, status: Execution['status'], reason: string): void {
    if (isEnded(execution.status)) return
    // What it said before it heard that it is canceled.
    if (execution.status === 'canceling' && !isEnded(status)) return
    this.#setStatus(execution, status, reason)
    if (status === 'running') this.#coordinatorOf(execution)?.onReaderRunning(execution.index)
    if (status === 'failed') this.#failover(`${execution.subtask} failed: ${reason}`)
    this.#proceed()
  }

  /** Whatever was waiting for executions to end. */
  #proceed(): void {
    if (!this.#executions.areAllEnded) return
    if (this.#status === 'failing') this.#changeStatus('failed', this.#failure)
    else if (this.#status === 'canceling') this.#changeStatus('canceled', '')
    else if (this.#status === 'restarting') this.#deployIfReady()
    else if (this.#status === 'running' && this.#executions.areAll('finished')) {
      this.#checkpointing?.stop('job-ended')
      this.#changeStatus('finished', '')
    }
  }

  // Failover.

  #failover(reason: string): void {
    if (this.#status !== 'running') return
    const { runtime } = this.#options
    const [restarts, decision] = onFailure(this.#restarts, this.#graph.settings.restart, {
      now: runtime.now(),
      random: (bound) => runtime.random('restart-jitter', bound),
    })
    this.#restarts = restarts
    if (decision.type === 'give-up') {
      this.#failure = `${decision.reason}; the last failure was: ${reason}`
      this.#changeStatus('failing', this.#failure)
    } else {
      this.#changeStatus('restarting', reason)
      this.#scheduleRestart(decision.restart, decision.delayMs, reason)
    }
    this.#checkpointing?.stop(decision.type === 'give-up' ? 'job-ended' : 'failover')
    this.#cancelAll()
  }

  #scheduleRestart(restart: number, delayMs: number, reason: string): void {
    const { runtime } = this.#options
    runtime.trace({ type: 'restart-scheduled', restart, delayMs, reason })
    this.#mayRestart = false
    runtime.schedule(delayMs, 'restart', () => {
      this.#mayRestart = true
      this.#deployIfReady()
    })
  }

  #cancelAll(): void {
    for (const execution of this.#executions.executions) {
      if (isEnded(execution.status) || execution.status === 'canceling') continue
      this.#setStatus(execution, 'canceling', '')
      this.#messages.cancel(execution)
    }
  }

  #changeStatus(status: JobStatus, reason: string): void {
    assert(
      TRANSITIONS[this.#status].includes(status),
      `The job cannot go from ${this.#status} to ${status}.`,
    )
    this.#status = status
    this.#options.runtime.trace({ type: 'job-status-changed', status, reason })
  }

  #setStatus(execution: Execution, status: Execution['status'], reason: string): void {
    execution.status = status
    const { subtask, attempt, worker } = execution
    this.#options.runtime.trace({
      type: 'subtask-status-changed',
      subtask,
      attempt,
      worker,
      status,
      reason,
    })
  }

  // Checkpoints.

  #createCheckpointing(): Checkpointing | null {
    const { settings, needsFinalCheckpoint } = this.#graph
    const config = settings.checkpointing ?? (needsFinalCheckpoint ? ONLY_FINAL : null)
    if (config === null) return null
    const { runtime, storage, mutants } = this.#options
    return new Checkpointing({
      runtime,
      storage,
      mutants,
      config,
      coordinators: this.#coordinators,
      plan: () => ({
        expected: this.#executions.areAll('running')
          ? new Map(this.#executions.executions.map((e) => [e.subtask, e.attempt]))
          : null,
        coordinators: [...this.#coordinators.keys()],
      }),
      triggerSources: (barrier) => {
        const isSource = ({ vertex }: Execution): boolean =>
          this.#vertex(vertex).inputs.length === 0
        this.#messages.triggerCheckpoint(this.#executions.executions.filter(isSource), barrier)
      },
      notifyComplete: (checkpoint) => {
        this.#messages.notifyComplete(checkpoint)
      },
      notifyAborted: (checkpoint, latestCompleted) => {
        this.#messages.notifyAborted(checkpoint, latestCompleted)
      },
      failJob: (reason) => {
        this.#failover(reason)
      },
    })
  }

  // Operator coordinators.

  #coordinatorOf(execution: Execution): SourceCoordinator | undefined {
    return this.#coordinators.get(present(this.#vertex(execution.vertex).nodes[0], 'No head.').uid)
  }

  #vertex(id: Execution['vertex']): JobVertex {
    return present(
      this.#graph.vertices.find((vertex) => vertex.id === id),
      `No vertex ${id}.`,
    )
  }
}
