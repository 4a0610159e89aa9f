/**
 * A job master with workers that exist only as messages: the test registers them, reports what their subtasks do, and
 * reads what the master told them.
 */
import { present } from '../../../engine/assert.ts'
import { type AttemptId, JOB_MASTER, type SubtaskId, checkpointId } from '../../../engine/ids.ts'
import { workerId } from '../../../engine/ids.ts'
import type { JobGraph } from '../../../engine/job/job-graph.ts'
import type { JobOptions } from '../../../engine/job/job-options.ts'
import type { Deployment, HostedAttempt } from '../../../engine/messages.ts'
import { Mutants } from '../../../engine/mutants.ts'
import { JobMaster } from '../../../engine/recovery/job-master.ts'
import type { RestoreFrom } from '../../../engine/recovery/restore-point.ts'
import type { SubtaskStatus } from '../../../engine/trace.ts'
import { ClusterBroker } from '../cluster-broker.ts'
import { FakeRuntime, FakeStorage, type Sent } from '../fake-runtime.ts'
import { summingJob } from '../small-jobs.ts'
import { handleOf } from '../snapshot-handles.ts'

interface Surroundings {
  readonly hasCheckpoints: boolean
  readonly workersExpected: number
  /** The job: sums of generated numbers unless told otherwise. */
  readonly makeGraph: (options: JobOptions) => JobGraph
  /** What a former job left in the snapshot storage. */
  readonly stored: ReadonlyMap<string, Uint8Array>
  readonly restoreFrom: RestoreFrom
}

export class MasteredJob {
  readonly runtime = new FakeRuntime(JOB_MASTER)
  readonly storage: FakeStorage
  readonly broker: ClusterBroker
  master: JobMaster
  readonly #makeMaster: () => JobMaster
  #deployments = new Map<string, { readonly worker: string; readonly deployment: Deployment }>()
  #sent: Sent[] = []

  constructor(options: JobOptions = {}, surroundings: Partial<Surroundings> = {}) {
    const { hasCheckpoints = true, workersExpected = 0, makeGraph = summingJob } = surroundings
    const { restoreFrom } = surroundings
    this.storage = new FakeStorage(this.runtime)
    for (const [key, bytes] of surroundings.stored ?? []) this.storage.objects.set(key, bytes)
    this.broker = new ClusterBroker(this.runtime, { topics: [{ topic: 'in', partitions: 3 }] })
    this.#makeMaster = () =>
      new JobMaster({
        runtime: this.runtime,
        broker: this.broker,
        storage: this.storage,
        graph: makeGraph({
          parallelism: 2,
          ...(hasCheckpoints ? { checkpointing: { intervalMs: 100 } } : {}),
          heartbeat: { intervalMs: 50, timeoutMs: 120 },
          restart: { strategy: 'fixed-delay', attempts: 2, delayMs: 30 },
          ...options,
        }),
        mutants: new Mutants(),
        workersExpected,
        ...(restoreFrom === undefined ? {} : { restoreFrom }),
      })
    this.master = this.#makeMaster()
    this.#begin()
  }

  /** The job master dies; another one takes over. */
  startMaster(): this {
    this.runtime.forget()
    this.master = this.#makeMaster()
    this.#begin()
    return this
  }

  /** It reads what a former master may have left. */
  #begin(): void {
    this.master.start()
    this.runtime.advance()
  }

  /** Keys of the snapshot storage, without what the master keeps for its successor. */
  get stored(): string[] {
    return [...this.storage.objects.keys()].filter((key) => !key.startsWith('master/')).sort()
  }

  register(name: string, incarnation = 1, slots = 1): this {
    this.master.receive({ type: 'register-worker', worker: workerId(name), incarnation, slots })
    return this
  }

  /** Two workers, every subtask deployed and running. */
  run(): this {
    this.register('worker-1').register('worker-2')
    this.told()
    return this.report('running')
  }

  /** What the workers were told since the last call, as `worker-1 deploy source/0 sum/0`. */
  told(): string[] {
    const lines = this.runtime.takeSent().map((sent) => {
      this.#sent.push(sent)
      if (sent.type === 'heartbeat-request') return `${sent.to} heartbeat`
      if (sent.type !== 'deploy') return `${sent.to} ${describe(sent)}`
      for (const deployment of sent.deployments) {
        this.#deployments.set(deployment.subtask, { worker: sent.to, deployment })
      }
      return `${sent.to} deploy ${sent.deployments.map(({ subtask }) => subtask).join(' ')}`
    })
    return lines.filter((line) => !line.endsWith('heartbeat'))
  }

  /** The same, without forgetting that heartbeats were asked for. */
  toldHeartbeats(): string[] {
    return this.runtime
      .takeSent()
      .flatMap(({ to, type }) => (type === 'heartbeat-request' ? [to] : []))
  }

  deployment(subtask: string): Deployment {
    return present(this.#deployments.get(subtask), `${subtask} was deployed.`).deployment
  }

  attempt(subtask: string): AttemptId {
    return this.deployment(subtask).attempt
  }

  /** The readers confirm every event that they were sent and did not confirm yet. */
  confirmEvents(): this {
    for (const sent of this.#sent.splice(0)) {
      if (sent.type !== 'operator-event') continue
      const { subtask, attempt, eventId } = sent
      this.master.receive({ type: 'operator-event-acknowledged', subtask, attempt, eventId })
    }
    return this
  }

  /** A source says that the barrier has passed. */
  passBarrier(checkpoint: number, name: string): this {
    const { subtask, attempt } = this.deployment(name)
    const id = checkpointId(checkpoint)
    this.master.receive({ type: 'barrier-passed', subtask, attempt, checkpoint: id })
    return this
  }

  /** Reports a status of these subtasks; of all without names. */
  report(status: SubtaskStatus, subtasks = [...this.#deployments.keys()], reason = ''): this {
    for (const name of subtasks) {
      const { subtask, attempt } = this.deployment(name)
      this.master.receive({ type: 'subtask-status', subtask, attempt, status, reason })
    }
    return this
  }

  /** Every subtask of `worker` that the master canceled reports that it did. */
  cancelOn(...workers: string[]): this {
    for (const [name, { worker }] of this.#deployments) {
      if (workers.includes(worker)) this.report('canceled', [name])
    }
    return this
  }

  /** A sign of life that answers no request that the master could have sent. */
  heartbeat(name: string, incarnation = 1): this {
    return this.answer(name, [], 0, incarnation)
  }

  /** A heartbeat that says what runs on the worker: `sum/0 running`, with `, ended` when its input ended. */
  answer(name: string, hosted: readonly string[], beat: number, incarnation = 1): this {
    this.master.receive({
      type: 'heartbeat',
      worker: workerId(name),
      incarnation,
      epoch: 1,
      beat,
      hosted: hosted.map((line) => this.#hosted(line)),
    })
    return this
  }

  /** A worker answers that it obeys a newer master. */
  hearOfEpoch(epoch: number): this {
    const worker = workerId('worker-1')
    this.master.receive({ type: 'heartbeat', worker, incarnation: 1, epoch, beat: 1, hosted: [] })
    return this
  }

  #hosted(line: string): HostedAttempt {
    const [name = '', status, ended] = line.split(/,? /)
    const { subtask, attempt } = this.deployment(name)
    return { subtask, attempt, status: status as SubtaskStatus, hasInputEnded: ended === 'ended' }
  }

  /** Lets time pass while these workers answer every heartbeat. */
  pass(ms: number, alive: readonly string[] = ['worker-1', 'worker-2']): this {
    for (let i = 0; i < ms; i += 10) {
      this.runtime.advance(10)
      for (const name of alive) this.heartbeat(name)
    }
    return this
  }

  acknowledge(checkpoint: number, subtasks = [...this.#deployments.keys()]): this {
    for (const name of subtasks) {
      const { subtask, attempt } = this.deployment(name)
      const object = name.startsWith('sum') ? `chk-${checkpoint}/${name}-${attempt}` : null
      if (object !== null) this.storage.objects.set(object, new Uint8Array(1))
      const handle = handleOf({ subtask, attempt }, object)
      const id = checkpointId(checkpoint)
      this.master.receive({
        type: 'acknowledge-checkpoint',
        subtask,
        attempt,
        checkpoint: id,
        handle,
      })
    }
    return this
  }

  decline(checkpoint: number, name: string, isFailure = true): this {
    const { subtask, attempt } = this.deployment(name)
    this.master.receive({
      type: 'decline-checkpoint',
      subtask,
      attempt,
      checkpoint: checkpointId(checkpoint),
      reason: 'disk full',
      isFailure,
    })
    return this
  }

  /** `running`, `restarting: worker-1 is lost: …`, … */
  get statuses(): string[] {
    return this.runtime
      .factsOf('job-status-changed')
      .map(({ status, reason }) => (reason === '' ? status : `${status}: ${reason}`))
  }

  /** The last known status of a subtask. */
  statusOf(subtask: SubtaskId | string): string | undefined {
    return this.runtime
      .factsOf('subtask-status-changed')
      .findLast((fact) => fact.subtask === subtask)?.status
  }
}

function describe(sent: Sent): string {
  switch (sent.type) {
    case 'cancel':
      return `cancel ${sent.subtask}`
    case 'trigger-checkpoint':
      return `trigger ${sent.barrier.checkpoint} at ${sent.subtask}`
    case 'operator-event': {
      if (sent.event.type !== 'assign-splits') return `${sent.event.type} to ${sent.subtask}`
      const splits = sent.event.splits.map(({ partition, offset }) => `${partition}@${offset}`)
      return `assign ${splits.join(' ')} to ${sent.subtask}`
    }
    case 'notify-complete':
      return `complete ${sent.checkpoint} to ${sent.subtask}`
    case 'notify-aborted':
      return `aborted ${sent.checkpoint} to ${sent.subtask}, newest complete ${sent.latestCompleted ?? 'none'}`
    default:
      return sent.type
  }
}
