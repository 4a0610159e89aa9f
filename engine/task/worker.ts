/**
 * A worker process: registers with the job master, tells it what runs here when it asks, runs the subtasks it is given
 * and routes messages to them. Messages for an attempt that is not (or no longer) here are dropped, except a consumer's
 * request to connect, which is answered so that it asks again. Nothing goes on that an older job master deployed, or
 * one that is silent.
 */
import { present } from '../assert.ts'
import { describeError, UserFunctionError } from '../errors.ts'
import { JOB_MASTER, workerId } from '../ids.ts'
import type { AttemptId, ChannelId, CheckpointId, SubtaskId, WorkerId } from '../ids.ts'
import type { JobGraph } from '../job/job-graph.ts'
import type {
  ChannelMessage,
  Deployment,
  MasterMessage,
  Message,
  WorkerMessage,
} from '../messages.ts'
import type { Mutants } from '../mutants.ts'
import type { BrokerPort, FilePort, Runtime, ServicePort, StoragePort } from '../runtime.ts'
import type { SubtaskStatus } from '../trace.ts'
import { LocalCopies, memoryCopies, type CopyStore } from './local-copies.ts'
import { MasterLink } from './master-link.ts'
import type { SubtaskEnvironment } from './subtask-environment.ts'
import { Subtask } from './subtask.ts'

export interface WorkerOptions {
  readonly runtime: Runtime
  readonly broker: BrokerPort
  readonly storage: StoragePort
  readonly services: ServicePort
  readonly files: FilePort
  /** Values that user functions change in place without an update are an error: for simulation. */
  readonly isStrict: boolean
  /** See SubtaskEnvironment. */
  readonly openBaseStore?: SubtaskEnvironment['openBaseStore'] & {}
  /** Where second copies of snapshots lie, for a job with local recovery. Default: in memory. */
  readonly copyStore?: CopyStore
  readonly graph: JobGraph
  readonly mutants: Mutants
  /** Tells a restarted worker from its former self. */
  readonly incarnation: number
  readonly slots: number
  /** Outputs carry the positions of the input records that they stand for. */
  readonly hasProvenance: boolean
}

interface Hosted {
  readonly deployment: Deployment
  readonly subtask: Subtask
  readonly progress: Progress
}

/** What the job master was told of an attempt. */
interface Progress {
  status: SubtaskStatus
  hasInputEnded: boolean
}

export class Worker {
  readonly id: WorkerId
  readonly #options: WorkerOptions
  readonly #master: MasterLink
  readonly #copies: LocalCopies | null
  readonly #hosted = new Map<SubtaskId, Hosted>()
  /** The newest attempt at either end of a channel. */
  readonly #producers = new Map<ChannelId, Hosted>()
  readonly #consumers = new Map<ChannelId, Hosted>()

  constructor(options: WorkerOptions) {
    this.#options = options
    this.id = workerId(options.runtime.self)
    const { copyStore = memoryCopies(), mutants } = options
    const isLocal = options.graph.settings.state.localRecovery
    this.#copies = isLocal ? new LocalCopies(copyStore, mutants) : null
    const { runtime, graph, incarnation, slots } = options
    this.#master = new MasterLink({
      runtime,
      heartbeat: graph.settings.heartbeat,
      register: () => {
        this.#report({ type: 'register-worker', worker: this.id, incarnation, slots })
      },
      onSilence: () => {
        this.#cancelAll()
      },
    })
  }

  start(): void {
    this.#master.start()
  }

  runs(id: SubtaskId): boolean {
    return this.#hosted.get(id)?.progress.status === 'running'
  }

  /** Fails a subtask from outside, as if a function of its user had thrown. */
  failSubtask(id: SubtaskId, reason: string): void {
    this.#hosted.get(id)?.subtask.fail(reason)
  }

  receive(message: Message): void {
    if (isChannelMessage(message)) this.#onChannelMessage(message)
    else if (isWorkerMessage(message)) this.#onWorkerMessage(message)
  }

  #onWorkerMessage(message: WorkerMessage): void {
    switch (message.type) {
      case 'heartbeat-request':
        if (this.#obeys(message.epoch)) this.#catchUp(message.latestCompleted)
        this.#sendHeartbeat(message.beat)
        return
      case 'deploy':
        if (!this.#obeys(message.epoch)) return
        for (const deployment of message.deployments) this.#deploy(deployment)
        return
      default:
        this.#onSubtaskMessage(message)
    }
  }

  /** Whether the job master of this epoch is the newest. What older ones deployed ends when a newer one is heard. */
  #obeys(epoch: number): boolean {
    const speaker = this.#master.hear(epoch)
    if (speaker === 'newer') this.#cancelAll()
    return speaker !== 'replaced'
  }

  /** Makes up for a completion, or a report, that was lost. */
  #catchUp(latestCompleted: CheckpointId | null): void {
    for (const { subtask } of this.#hosted.values()) {
      if (latestCompleted !== null) subtask.notifyComplete(latestCompleted)
      subtask.repeatReports()
    }
  }

  #sendHeartbeat(beat: number): void {
    const hosted = [...this.#hosted.values()].map(({ deployment, progress }) => ({
      subtask: deployment.subtask,
      attempt: deployment.attempt,
      ...progress,
    }))
    const { incarnation } = this.#options
    const { epoch } = this.#master
    this.#report({ type: 'heartbeat', worker: this.id, incarnation, epoch, beat, hosted })
  }

  #onSubtaskMessage(
    message: Exclude<WorkerMessage, { type: 'heartbeat-request' | 'deploy' }>,
  ): void {
    const hosted = this.#find(message.subtask, message.attempt)
    if (hosted === undefined) return
    const { subtask } = hosted
    switch (message.type) {
      case 'cancel':
        this.#cancel(hosted)
        return
      case 'trigger-checkpoint': {
        const { checkpoint } = message.barrier
        subtask.triggerCheckpoint(message.barrier)
        const { subtask: id, attempt } = message
        this.#report({ type: 'barrier-passed', subtask: id, attempt, checkpoint })
        return
      }
      case 'notify-complete':
        subtask.notifyComplete(message.checkpoint)
        return
      case 'notify-aborted':
        subtask.notifyAborted(message.checkpoint, message.latestCompleted)
        return
      case 'operator-event': {
        subtask.handleOperatorEvent(message.operator, message.event)
        const { subtask: id, attempt, eventId } = message
        this.#report({ type: 'operator-event-acknowledged', subtask: id, attempt, eventId })
        return
      }
    }
  }

  #onChannelMessage(message: ChannelMessage): void {
    if (message.type === 'channel-broken') {
      this.#breakChannel(message)
      return
    }
    const isForProducer = message.type === 'connect-channel' || message.type === 'credit'
    const hosted = (isForProducer ? this.#producers : this.#consumers).get(message.channel)
    if (hosted?.deployment.attempt === message.attempt) {
      hosted.subtask.receive(message)
      return
    }
    if (message.type === 'connect-channel') {
      this.#options.runtime.send(message.consumerWorker, {
        type: 'channel-unavailable',
        channel: message.channel,
        attempt: message.consumer,
      })
    }
  }

  #breakChannel(message: Extract<ChannelMessage, { type: 'channel-broken' }>): void {
    for (const end of [this.#producers, this.#consumers]) {
      const hosted = end.get(message.channel)
      if (hosted === undefined) continue
      const { attempt } = hosted.deployment
      if (message.attempt === null || message.attempt === attempt) hosted.subtask.receive(message)
    }
  }

  #deploy(deployment: Deployment): void {
    const former = this.#hosted.get(deployment.subtask)
    if (former?.deployment.attempt === deployment.attempt) return
    // Whoever is deployed anew has been given up, even if the message that says so was lost.
    if (former !== undefined) this.#cancel(former)
    const { graph } = this.#options
    const vertex = present(
      graph.vertices.find(({ id }) => id === deployment.vertex),
      `No vertex ${deployment.vertex} in the job.`,
    )
    const { hasProvenance, ...world } = this.#options
    const progress: Progress = { status: 'deploying', hasInputEnded: false }
    const environment: SubtaskEnvironment = {
      ...world,
      copies: this.#copies,
      vertex,
      deployment,
      provenance: { isOn: hasProvenance, current: null },
      report: (message) => {
        this.#report(message)
        if (message.type === 'input-ended') progress.hasInputEnded = true
        if (message.type !== 'subtask-status') return
        progress.status = message.status
        if (isLost(message.status)) this.#forget(deployment)
      },
    }
    const subtask = createSubtask(environment)
    if (subtask === null) return
    const hosted: Hosted = { deployment, subtask, progress }
    this.#hosted.set(deployment.subtask, hosted)
    for (const { channel } of deployment.inputs) this.#consumers.set(channel, hosted)
    for (const { channel } of deployment.outputs.flat()) this.#producers.set(channel, hosted)
    subtask.start()
  }

  #cancelAll(): void {
    for (const hosted of this.#hosted.values()) this.#cancel(hosted)
  }

  /** One that finished has nothing to cancel, but is not needed any more either. */
  #cancel({ deployment, subtask }: Hosted): void {
    subtask.cancel()
    this.#forget(deployment)
  }

  /** Lets go of an attempt and its state. One that finished stays: its consumers may still ask for what it wrote. */
  #forget({ subtask, attempt, inputs, outputs }: Deployment): void {
    const isIt = (hosted: Hosted | undefined): boolean => hosted?.deployment.attempt === attempt
    if (isIt(this.#hosted.get(subtask))) this.#hosted.delete(subtask)
    for (const { channel } of inputs) {
      if (isIt(this.#consumers.get(channel))) this.#consumers.delete(channel)
    }
    for (const { channel } of outputs.flat()) {
      if (isIt(this.#producers.get(channel))) this.#producers.delete(channel)
    }
  }

  #find(subtask: SubtaskId, attempt: AttemptId): Hosted | undefined {
    const hosted = this.#hosted.get(subtask)
    return hosted?.deployment.attempt === attempt ? hosted : undefined
  }

  #report(message: MasterMessage): void {
    this.#options.runtime.send(JOB_MASTER, message)
  }
}

/** Null: a function of the user threw when it was made, which has failed the attempt. */
function createSubtask(environment: SubtaskEnvironment): Subtask | null {
  try {
    return new Subtask(environment)
  } catch (error) {
    if (!(error instanceof UserFunctionError)) throw error
    const { subtask, attempt } = environment.deployment
    const reason = describeError(error)
    environment.report({ type: 'subtask-status', subtask, attempt, status: 'failed', reason })
    return null
  }
}

function isLost(status: SubtaskStatus): boolean {
  return status === 'canceled' || status === 'failed'
}

const CHANNEL_MESSAGES: ReadonlySet<Message['type']> = new Set([
  'connect-channel',
  'channel-unavailable',
  'channel-broken',
  'element',
  'credit',
])

const WORKER_MESSAGES: ReadonlySet<Message['type']> = new Set([
  'heartbeat-request',
  'deploy',
  'cancel',
  'trigger-checkpoint',
  'notify-complete',
  'notify-aborted',
  'operator-event',
])

function isChannelMessage(message: Message): message is ChannelMessage {
  return CHANNEL_MESSAGES.has(message.type)
}

function isWorkerMessage(message: Message): message is WorkerMessage {
  return WORKER_MESSAGES.has(message.type)
}
