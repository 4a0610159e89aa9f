/**
 * The job master: knows the workers, deploys the job, watches heartbeats, restarts what failed from the latest completed
 * checkpoint: the region of a failed subtask, or everything. Nobody below knows that restarts exist. What it must not
 * forget is in the snapshot storage, where the next master finds it when this one dies.
 * Source: Flink JobMaster and DefaultScheduler (flink-semantics.md 3.5).
 *
 *   created ──slots──▶ running ──failure──▶ restarting ──pauses over, all ended, slots──▶ running
 *                         │                     │ strategy gives up
 *                         ▼ all finished        ▼
 *                      finished               failing ──all ended──▶ failed
 *   created ──the job is over already, or what it left cannot be read──▶ finished, failed, canceled
 */
import { assert, present } from '../assert.ts'
import type { CoordinatorStart } from '../checkpoint/coordinator-state.ts'
import type { CheckpointId, SubtaskId, WorkerId } from '../ids.ts'
import { shapeOf } from '../job/job-graph.ts'
import type { JobGraph, JobVertex } from '../job/job-graph.ts'
import type { ClientMessage, MasterMessage, Message } from '../messages.ts'
import type { Mutants } from '../mutants.ts'
import type { BrokerPort, Runtime, StoragePort } from '../runtime.ts'
import type { SourceCoordinator } from '../source/source-coordinator.ts'
import type { JobStatus } from '../trace.ts'
import { Checkpointing, ONLY_FINAL } from './checkpointing.ts'
import type { CheckpointingHost } from './checkpointing.ts'
import { ClientRequests } from './client-requests.ts'
import { deploy } from './deployer.ts'
import { ExecutionGraph, isEnded } from './execution-graph.ts'
import type { Execution } from './execution-graph.ts'
import { FailureReasons } from './failure-reasons.ts'
import { Heartbeats } from './heartbeats.ts'
import { MasterJournal } from './master-journal.ts'
import type { JobEnd } from './master-journal.ts'
import { PendingRestarts } from './pending-restarts.ts'
import type { PendingRestart } from './pending-restarts.ts'
import { reconcile } from './reconciliation.ts'
import { regionsOf } from './regions.ts'
import type { RestoreFrom } from './restore-point.ts'
import { NO_RESTARTS, onFailure } from './restart-strategy.ts'
import { createSourceCoordinators } from './source-coordinators.ts'
import { SubtaskMessages } from './subtask-messages.ts'
import { takeOver } from './takeover.ts'
import type { Takeover } from './takeover.ts'
import { WorkerRegistry } from './worker-registry.ts'

export interface JobMasterOptions {
  readonly runtime: Runtime
  readonly broker: BrokerPort
  readonly storage: StoragePort
  readonly graph: JobGraph
  readonly mutants: Mutants
  /** The first deployment waits for so many workers, at most for one heartbeat timeout, to spread over all of them. */
  readonly workersExpected: number
  /** A savepoint, or a checkpoint of a former job. Default: the job starts with nothing. */
  readonly restoreFrom?: RestoreFrom
  /** Counts the jobs that were submitted over this snapshot storage, one after the other. Default 1. */
  readonly submission?: number
}

/** What it means that an older checkpoint is restored than the newest. */
const WRITTEN_TWICE =
  'output that was committed after the checkpoint that is restored instead will be written a second time'

const TRANSITIONS: Readonly<Record<JobStatus, readonly JobStatus[]>> = {
  created: ['running', 'finished', 'failed', 'canceled', 'canceling'],
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
  readonly #regions: ReadonlyMap<SubtaskId, readonly SubtaskId[]>
  readonly #messages: SubtaskMessages
  readonly #workers = new WorkerRegistry()
  readonly #heartbeats: Heartbeats
  readonly #coordinators: ReadonlyMap<string, SourceCoordinator>
  readonly #journal: MasterJournal
  #checkpointing: Checkpointing
  readonly #clients: ClientRequests
  readonly #restarts = new PendingRestarts()
  readonly #failures = new FailureReasons()
  #status: JobStatus = 'created'
  #strategy = NO_RESTARTS
  #epoch = 0
  /** There was a job master of this job before. */
  #isSuccessor = false
  /** It knows what the job starts from. */
  #isReady = false
  /** A newer master has taken over. */
  #isReplaced = false
  /** Its end is being made durable. */
  #isEnding = false
  /** Subtasks that read what has piled up. */
  readonly #backlogs = new Set<SubtaskId>()
  /** The wait for the expected workers is over. */
  #isPatienceOver = false
  /** The newest checkpoint that subtasks were told of. */
  #latestNotified: CheckpointId | null = null
  #failure = ''

  constructor(options: JobMasterOptions) {
    const { runtime, graph } = options
    this.#options = options
    this.#graph = graph
    this.#executions = new ExecutionGraph(graph)
    this.#regions = regionsOf(graph)
    this.#heartbeats = new Heartbeats({
      runtime,
      settings: graph.settings.heartbeat,
      workers: this.#workers,
      request: (worker, beat) => {
        this.#request(worker, beat)
      },
      onSilent: (worker, reason) => {
        this.#loseWorker(worker, reason)
      },
    })
    this.#messages = new SubtaskMessages(runtime, this.#executions, () => this.#heartbeats.beat)
    this.#coordinators = createSourceCoordinators(options, {
      send: (vertex, index, event) => {
        this.#messages.sendEvent(vertex, index, event)
      },
      fail: (reason) => {
        this.#failover('everything', reason)
      },
      backlogChanged: () => {
        this.#onBacklog()
      },
    })
    this.#clients = new ClientRequests(runtime)
    this.#journal = new MasterJournal(options.storage, options.submission ?? 1)
    this.#checkpointing = this.#createCheckpointing()
  }

  get status(): JobStatus {
    return this.#status
  }

  start(): void {
    const { runtime, storage, mutants, restoreFrom } = this.#options
    runtime.trace({ type: 'job-status-changed', status: 'created', reason: '' })
    const { retained, fallbackToPrevious } = this.#graph.settings.checkpointing ?? ONLY_FINAL
    const [graph, journal] = [this.#graph, this.#journal]
    const options = { storage, journal, mutants, retained, fallbackToPrevious, graph, restoreFrom }
    takeOver(options, (takeover) => {
      if (this.#status !== 'created') return
      if (takeover.type === 'taken') this.#begin(takeover)
      else if (takeover.type === 'failed') this.#changeStatus('failed', takeover.reason)
      else this.#changeStatus(takeover.end.status, takeover.end.reason)
    })
  }

  #begin({ record, start, unreadable, isSuccessor }: Extract<Takeover, { type: 'taken' }>): void {
    const { runtime } = this.#options
    const { epoch } = record
    this.#epoch = epoch
    this.#executions.beginEpoch(epoch)
    const checkpoint = start.completed.at(-1)?.metadata.checkpoint ?? null
    this.#isSuccessor = isSuccessor
    this.#latestNotified = isSuccessor ? checkpoint : null
    runtime.trace({ type: 'master-started', epoch, checkpoint })
    for (const one of unreadable) {
      const reason = `${one.reason}; ${WRITTEN_TWICE}`
      runtime.trace({ ...one, type: 'checkpoint-unreadable', reason, fallback: checkpoint })
    }
    this.#checkpointing = this.#createCheckpointing(start)
    this.#isReady = true
    this.#heartbeats.start()
    const { intervalMs, timeoutMs } = this.#graph.settings.heartbeat
    // Workers of a former master register when they have not heard of it for the timeout.
    const patienceMs = isSuccessor ? timeoutMs + 2 * intervalMs : timeoutMs
    runtime.schedule(patienceMs, 'first-deployment', () => {
      this.#isPatienceOver = true
      this.#deployFirst()
    })
    this.#deployFirst()
  }

  receive(message: Message): void {
    if (this.#isReplaced) return
    switch (message.type) {
      case 'trigger-savepoint':
      case 'stop-with-savepoint':
      case 'cancel-job':
        this.#onClient(message)
        return
      case 'register-worker':
        this.#register(message)
        return
      case 'heartbeat':
        this.#onHeartbeat(message)
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
    // Said again, because it has not been asked for a sign of life yet.
    if (this.#workers.isKnown(registration)) return
    if (this.#workers.isReplaced(registration)) {
      this.#loseWorker(worker, 'it registered again after a restart')
    }
    const { runtime } = this.#options
    this.#workers.add(registration, runtime.now())
    runtime.trace({ type: 'worker-registered', worker, slots })
    this.#deployFirst()
    this.#carryOutRestarts()
  }

  #request(worker: WorkerId, beat: number): void {
    this.#options.runtime.send(worker, {
      type: 'heartbeat-request',
      epoch: this.#epoch,
      beat,
      latestCompleted: this.#latestNotified,
    })
  }

  #onHeartbeat(heartbeat: Extract<MasterMessage, { type: 'heartbeat' }>): void {
    const { worker, hosted, beat, epoch } = heartbeat
    // Answers to a former master come here, too; before it has an epoch of its own it cannot tell.
    if (this.#isReady && epoch > this.#epoch) {
      this.#stop()
      return
    }
    if (!this.#workers.hear(heartbeat, this.#options.runtime.now())) return
    for (const finding of reconcile(this.#executions.on(worker), hosted, beat)) {
      switch (finding.type) {
        case 'status':
          this.#onStatus(finding.execution, finding.status, finding.reason)
          break
        case 'input-ended':
          this.#onInputEnded(finding.execution)
          break
        case 'event-lost':
          this.#onEventLost(finding.execution)
          break
        case 'cancel':
          this.#messages.cancelUnknown(worker, finding)
          break
      }
    }
  }

  /** A newer master has taken over: what this one decides has no effect any more, so it decides nothing. */
  #stop(): void {
    this.#isReplaced = true
    this.#heartbeats.stop()
    this.#restarts.clear()
  }

  #loseWorker(worker: WorkerId, reason: string): void {
    this.#workers.remove(worker)
    this.#options.runtime.trace({ type: 'worker-lost', worker, reason })
    if (this.#options.mutants.active('lost-worker-ignored')) return
    const failed: SubtaskId[] = []
    for (const execution of this.#executions.on(worker)) {
      const { subtask, status } = execution
      if (this.#executions.owesRecords(execution) && !this.#restarts.includes(subtask)) {
        failed.push(subtask)
      }
      if (isEnded(status)) continue
      if (status !== 'canceling') failed.push(subtask)
      this.#setStatus(execution, 'failed', `${worker} is lost`)
    }
    if (failed.length > 0) this.#failover(failed, `${worker} is lost: ${reason}`)
    this.#proceed()
  }

  // Deployment.

  #deployFirst(): void {
    if (this.#status !== 'created' || !this.#isReady || this.#isReplaced) return
    const { workers } = this.#workers
    const isComplete = workers.length >= this.#options.workersExpected
    if (!isComplete && !this.#isPatienceOver) return
    const scheduled = this.#executions.schedule(workers)
    if (scheduled === null) return
    if (this.#isSuccessor) this.#traceRestart(0, this.#executions.subtasks)
    this.#run()
    this.#deploy(scheduled, true)
  }

  /** Carries out the restarts that wait for nothing any more. */
  #carryOutRestarts(): void {
    if (this.#status !== 'restarting') return
    for (const pending of this.#restarts.due) this.#carryOut(pending)
  }

  #carryOut(pending: PendingRestart): void {
    const subtasks = this.#restarts.ownedBy(pending)
    if (subtasks.length === 0) this.#restarts.remove(pending)
    if (subtasks.length === 0 || !this.#executions.areAllEnded(subtasks)) return
    if (!pending.isGlobal && !this.#canResetReaders(subtasks)) {
      this.#widen(pending)
      return
    }
    const scheduled = this.#executions.schedule(this.#workers.workers, subtasks)
    if (scheduled === null) return
    this.#restarts.remove(pending)
    this.#traceRestart(pending.restart, subtasks)
    if (this.#restarts.isEmpty) this.#run()
    this.#deploy(scheduled, pending.isGlobal)
  }

  /** `restart` 0: the job was taken over. */
  #traceRestart(restart: number, subtasks: readonly SubtaskId[]): void {
    const checkpoint = this.#checkpointing.restorePoint?.checkpoint ?? null
    this.#options.runtime.trace({ type: 'restart-started', restart, checkpoint, subtasks })
  }

  #run(): void {
    this.#changeStatus('running', '')
    const isPeriodic = this.#graph.settings.checkpointing !== null
    if (isPeriodic && this.#graph.runtimeMode === 'streaming') this.#checkpointing.start()
    this.#onBacklog()
  }

  #onBacklog(): void {
    const isAny =
      this.#backlogs.size > 0 || [...this.#coordinators.values()].some((c) => c.isBacklog)
    if (this.#status === 'running') this.#checkpointing.backlogChanged(isAny)
  }

  #deploy(scheduled: readonly Execution[], isGlobal: boolean): void {
    const { runtime, mutants } = this.#options
    const restorePoint = this.#checkpointing.restorePoint ?? null
    if (isGlobal) {
      for (const [uid, coordinator] of this.#coordinators) {
        const former = restorePoint?.coordinators.find((one) => one.uid === uid)
        coordinator.reset(former?.state ?? null, restorePoint?.checkpoint ?? null)
      }
    }
    for (const execution of scheduled) {
      if (!isGlobal) {
        const restored = restorePoint?.checkpoint ?? null
        this.#coordinatorOf(execution)?.subtaskReset(execution.index, restored)
      }
      execution.toldAt = this.#heartbeats.beat
      this.#backlogs.delete(execution.subtask)
      this.#setStatus(execution, 'deploying', '')
    }
    const executions = this.#executions
    const epoch = (): number => this.#epoch
    deploy({ runtime, mutants, graph: this.#graph, executions, epoch }, scheduled, restorePoint)
  }

  // Messages of subtasks.

  #onSubtaskMessage(
    message: Exclude<MasterMessage, { type: 'register-worker' | 'heartbeat' }>,
  ): void {
    if (message.type === 'acknowledge-checkpoint') {
      // Before it knows which objects restorable checkpoints share it must not find any to be of no use.
      if (!this.#isReady) return
      this.#checkpointing.acknowledged(message.checkpoint, message.handle)
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
        this.#checkpointing.declined(message)
        return
      case 'operator-event-acknowledged':
        execution.unconfirmed.delete(message.eventId)
        coordinator?.onEventConfirmed(execution.index, message.eventId)
        return
      case 'reader-event':
        if (message.event.type === 'backlog-reported') {
          if (message.event.isBacklog) this.#backlogs.add(execution.subtask)
          else this.#backlogs.delete(execution.subtask)
          this.#onBacklog()
        }
        coordinator?.onReaderEvent(execution.index, message.event)
        return
      case 'input-ended':
        this.#onInputEnded(execution)
        return
      case 'barrier-passed':
        coordinator?.onBarrierPassed(execution.index, message.checkpoint)
        return
    }
  }

  #onInputEnded(execution: Execution): void {
    execution.hasInputEnded = true
    // Told before a failure that was heard of first: the next attempts have not ended.
    if (this.#status === 'running' && this.#executions.haveAllInputsEnded) {
      this.#checkpointing.inputEnded()
    }
  }

  /** A split that its reader never heard of would never be read: the reader starts again, and is given it anew. */
  #onEventLost(execution: Execution): void {
    if (this.#options.mutants.active('lost-event-ignored')) {
      for (const eventId of execution.unconfirmed.keys()) {
        this.#coordinatorOf(execution)?.onEventConfirmed(execution.index, eventId)
      }
      execution.unconfirmed.clear()
      return
    }
    const { subtask } = execution
    this.#failover([subtask], `${subtask} did not confirm an event of its coordinator`)
  }

  #onStatus(execution: Execution, status: Execution['status'], reason: string): void {
    if (isEnded(execution.status)) return
    const wasCanceling = execution.status === 'canceling'
    // What it said before it heard that it is canceled.
    if (wasCanceling && !isEnded(status)) return
    this.#setStatus(execution, status, reason)
    if (status === 'running') this.#coordinatorOf(execution)?.onReaderRunning(execution.index)
    const { subtask, worker } = execution
    if (status === 'failed' && !wasCanceling) {
      this.#failover([subtask], `${subtask} failed: ${reason}`)
    }
    if (status === 'canceled' && !wasCanceling) {
      this.#failover(
        [subtask],
        `${subtask} was given up by ${worker}, which had not heard of its master`,
      )
    }
    this.#proceed()
  }

  /** Whatever was waiting for executions to end. */
  #proceed(): void {
    this.#carryOutRestarts()
    if (!this.#executions.areAllEnded()) return
    if (this.#status === 'failing') this.#end('failed', this.#failure)
    else if (this.#status === 'canceling') this.#end('canceled', '')
    else if (this.#status === 'running' && this.#executions.areAll('finished')) {
      this.#checkpointing.stop('job-ended')
      this.#end('finished', '')
    }
  }

  /** Nobody hears of the end before it is durable: a master that takes over must not start the job again. */
  #end(status: JobEnd['status'], reason: string): void {
    if (this.#isEnding) return
    this.#isEnding = true
    this.#journal.recordEnd({ status, reason }, () => {
      this.#changeStatus(status, reason)
    })
  }

  // Failover.

  #failover(failed: readonly SubtaskId[] | 'everything', reason: string): void {
    if (this.#status !== 'running' && this.#status !== 'restarting') return
    if (this.#isEnding || this.#isReplaced) return
    // Everything starts again anyway.
    if (this.#restarts.isGlobal) return
    const { runtime } = this.#options
    const [strategy, decision] = onFailure(this.#strategy, this.#graph.settings.restart, {
      now: runtime.now(),
      random: (bound) => runtime.random('restart-jitter', bound),
    })
    this.#strategy = strategy
    this.#failures.add(reason)
    this.#clients.onFailure(reason)
    if (decision.type === 'give-up') {
      this.#failure = `${decision.reason}; ${this.#failures.toString()}`
      this.#restarts.clear()
      this.#changeStatus('failing', this.#failure)
      this.#checkpointing.stop('job-ended')
      this.#cancel(this.#executions.executions)
      this.#proceed()
      return
    }
    const subtasks = this.#affectedBy(failed)
    const isGlobal = subtasks.length === this.#executions.subtasks.length
    const pending = this.#restarts.add(decision.restart, subtasks, isGlobal)
    if (this.#status === 'running') this.#changeStatus('restarting', reason)
    this.#scheduleRestart(pending, decision.delayMs, reason)
    this.#checkpointing.stop('failover')
    this.#cancel(this.#executions.of(subtasks))
  }

  /** The regions of what failed, or everything. */
  #affectedBy(failed: readonly SubtaskId[] | 'everything'): readonly SubtaskId[] {
    const { subtasks } = this.#executions
    if (failed === 'everything' || this.#graph.settings.failover === 'full') return subtasks
    if (this.#options.mutants.active('region-too-small')) return failed
    const affected = new Set(failed.flatMap((one) => this.#regions.get(one) ?? []))
    // A final checkpoint needs everybody, and whoever finished takes part in none.
    const others = this.#executions.executions.filter(({ subtask }) => !affected.has(subtask))
    const isOver = others.some(({ status }) => status === 'finished')
    return isOver && this.#graph.needsFinalCheckpoint ? subtasks : [...affected]
  }

  #scheduleRestart(pending: PendingRestart, delayMs: number, reason: string): void {
    const { runtime } = this.#options
    runtime.trace({ type: 'restart-scheduled', restart: pending.restart, delayMs, reason })
    runtime.schedule(delayMs, 'restart', () => {
      pending.isPauseOver = true
      this.#carryOutRestarts()
    })
  }

  /** A source went on, for all its readers, behind the checkpoint: they can only be set back together. */
  #canResetReaders(subtasks: readonly SubtaskId[]): boolean {
    const restored = this.#checkpointing.restorePoint?.checkpoint ?? null
    return this.#executions
      .of(subtasks)
      .every((execution) => this.#coordinatorOf(execution)?.canResetTo(restored) ?? true)
  }

  #widen(pending: PendingRestart): void {
    const { subtasks } = this.#executions
    this.#restarts.add(pending.restart, subtasks, true).isPauseOver = true
    this.#cancel(this.#executions.executions)
    this.#carryOutRestarts()
  }

  #cancel(executions: readonly Execution[]): void {
    for (const execution of executions) {
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
    if (status !== 'finished' && status !== 'failed' && status !== 'canceled') return
    this.#checkpointing.jobEnded(status)
    this.#clients.onJobEnded(status)
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

  // Clients.

  #onClient(message: ClientMessage): void {
    const isOver = TRANSITIONS[this.#status].length === 0
    if (message.type === 'cancel-job') {
      this.#clients.receive(
        message,
        this.#checkpointing,
        isOver ? `The job is ${this.#status}.` : null,
      )
      if (!isOver) this.#cancelJob()
      return
    }
    const refusal = this.#status === 'running' ? null : `The job is ${this.#status}, not running.`
    const isBatch = this.#graph.runtimeMode === 'batch'
    const never = isBatch ? 'A job in batch mode takes no savepoints.' : null
    this.#clients.receive(message, this.#checkpointing, never ?? refusal)
  }

  #cancelJob(): void {
    if (this.#status === 'failing' || this.#status === 'canceling') return
    this.#restarts.clear()
    this.#changeStatus('canceling', '')
    this.#checkpointing.stop('job-ended')
    this.#cancel(this.#executions.executions)
    this.#proceed()
  }

  // Checkpoints.

  #createCheckpointing(start?: CoordinatorStart): Checkpointing {
    const { runtime, storage, mutants } = this.#options
    const host: CheckpointingHost = {
      runtime,
      storage,
      mutants,
      config: this.#graph.settings.checkpointing ?? ONLY_FINAL,
      coordinators: this.#coordinators,
      plan: () => ({
        expected: this.#mayTrigger()
          ? new Map(this.#executions.executions.map((e) => [e.subtask, e.attempt]))
          : null,
        coordinators: [...this.#coordinators.keys()],
        vertices: this.#graph.vertices.map(shapeOf),
      }),
      triggerSources: (barrier) => {
        const isSource = ({ vertex }: Execution): boolean =>
          this.#vertex(vertex).inputs.length === 0
        this.#messages.triggerCheckpoint(this.#executions.executions.filter(isSource), barrier)
      },
      notifyComplete: (checkpoint) => {
        this.#latestNotified = checkpoint
        this.#messages.notifyComplete(checkpoint)
      },
      notifyAborted: (checkpoint, latestCompleted) => {
        this.#messages.notifyAborted(checkpoint, latestCompleted)
      },
      failJob: (reason, task) => {
        this.#failover(task === null ? 'everything' : [task], reason)
      },
      onSavepoint: (target, outcome) => {
        this.#clients.onSavepoint(target, outcome)
      },
    }
    return new Checkpointing(host, start)
  }

  #mayTrigger(): boolean {
    if (!this.#isReady || this.#isReplaced) return false
    return this.#journal.mayUse(this.#checkpointing.nextId) && this.#executions.areAll('running')
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
