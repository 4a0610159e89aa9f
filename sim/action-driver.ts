/**
 * Carries out the actions of a plan, one after the other, as a person with a terminal would: asks the job master, waits
 * for its reply, asks again when it could not be done, and starts the job anew where that belongs to it. What becomes of
 * each goes into a report.
 */
import { CLIENT, JOB_MASTER } from '../engine/ids.ts'
import type { CheckpointId } from '../engine/ids.ts'
import type { ClientMessage, ClientReply, Message } from '../engine/messages.ts'
import type { RestoreFrom } from '../engine/recovery/restore-point.ts'
import type { JobStatus, TraceEvent } from '../engine/trace.ts'
import type { Action } from './plan/plan.ts'
import type { Network } from './world/network.ts'
import type { World } from './world/world.ts'

export interface ActionReport {
  readonly kind: Action['kind']
  readonly outcome: 'done' | 'not-reached' | 'failed'
  /** How often it was asked for. */
  readonly tries: number
  /** When it was done, in virtual ms. */
  readonly doneAt: number | null
  /** Of the last try that did not work; else empty. */
  readonly reason: string
}

/** Something in the snapshot storage that a job can be started from. */
interface Restorable {
  readonly checkpoint: CheckpointId
  readonly location: string
}

export interface ActionHost {
  readonly world: World
  readonly network: Network
  readonly jobStatus: () => JobStatus
  /** The newest checkpoint that lies in the storage, and its location. */
  readonly findCheckpoint: () => Restorable | null
  /** Starts the job again: with this parallelism, if it is to change, from there or from nothing. */
  readonly submit: (
    parallelism: number | null,
    from: RestoreFrom | null,
    checkpoint: CheckpointId | null,
  ) => void
}

const RETRY_MS = 100
/** Longer than a savepoint may take. */
const PATIENCE_MS = 8000
/** As long as faults can keep a job from taking a savepoint, and then some. */
const TRIES_MAX = 300

export class ActionDriver {
  readonly #actions: readonly Action[]
  readonly #host: ActionHost
  readonly #reports: ActionReport[] = []
  readonly #pointCounts = new Map<string, number>()
  /** It was asked for, under this number. */
  #requestId: number | null = null
  #nextRequestId = 1
  #isDue = false
  #tries = 0
  #reason = ''
  /** What the job was started from. */
  #startedFrom: Restorable | null = null
  /** The savepoint with which the job was to stop, until it has gone on after all. */
  #stopped: Restorable | null = null

  constructor(actions: readonly Action[], host: ActionHost) {
    this.#actions = actions
    this.#host = host
    if (actions.length === 0) return
    host.network.connectClient((message) => {
      this.#receive(message)
    })
    host.world.listen((event) => {
      this.#observe(event)
    })
    this.#await()
  }

  /** Every action was carried out, or will not be. */
  get isOver(): boolean {
    const action = this.#current
    if (action === undefined || this.#isOrphaned) return true
    return 'point' in action.at && !this.#isDue
  }

  get reports(): readonly ActionReport[] {
    return this.#actions.map(
      ({ kind }, index) =>
        this.#reports[index] ?? {
          kind,
          outcome: 'not-reached',
          tries: index === this.#reports.length ? this.#tries : 0,
          doneAt: null,
          reason: index === this.#reports.length ? this.#reason : '',
        },
    )
  }

  get #current(): Action | undefined {
    return this.#actions[this.#reports.length]
  }

  /** The job is over, and nothing that was asked for has ended it. */
  get #isOrphaned(): boolean {
    const status = this.#host.jobStatus()
    const isOver = status === 'failed' || (status === 'finished' && this.#stopped === null)
    return this.#requestId === null && isOver
  }

  #await(): void {
    const action = this.#current
    this.#isDue = false
    this.#tries = 0
    this.#reason = ''
    if (action === undefined || !('t' in action.at)) return
    const { world } = this.#host
    world.after(Math.max(0, action.at.t - world.now()), 'action', CLIENT, () => {
      this.#ask()
    })
  }

  #observe(event: TraceEvent): void {
    if (event.type === 'checkpoint-completed' && event.kind !== 'savepoint') {
      const location = event.location.slice(0, event.location.lastIndexOf('/'))
      const isStop = event.kind === 'stop' || event.kind === 'drain'
      this.#stopped = isStop ? { checkpoint: event.checkpoint, location } : null
    }
    const nth = (this.#pointCounts.get(event.type) ?? 0) + 1
    this.#pointCounts.set(event.type, nth)
    const at = this.#current?.at
    if (at === undefined || !('point' in at) || this.#isDue) return
    if (at.point !== event.type || nth < at.nth) return
    this.#isDue = true
    this.#host.world.after(0, 'action', CLIENT, () => {
      this.#ask()
    })
  }

  #ask(): void {
    const action = this.#current
    if (action === undefined || this.#isOrphaned) return
    this.#isDue = true
    this.#tries += 1
    const requestId = this.#nextRequestId++
    this.#requestId = requestId
    this.#host.network.send(CLIENT, JOB_MASTER, requestFor(action, requestId))
    // The job master may die with the request, or with the reply.
    this.#host.world.after(PATIENCE_MS, 'action', CLIENT, () => {
      if (this.#requestId === requestId) this.#giveUp('there was no reply')
    })
  }

  #giveUp(reason: string): void {
    this.#requestId = null
    this.#retry(reason)
  }

  #receive(message: Message): void {
    const reply = message as ClientReply
    const action = this.#current
    if (action === undefined || reply.requestId !== this.#requestId) return
    this.#requestId = null
    switch (reply.type) {
      case 'request-failed':
        // It ended as it was asked to, and who said so was not heard.
        if (this.#hasEndedAsAsked(action)) break
        this.#retry(reply.reason)
        return
      case 'savepoint-completed':
        break
      case 'job-stopped':
        this.#startAgain(action, reply)
        break
      case 'job-canceled':
        this.#goOn()
    }
    this.#end(action, 'done')
  }

  #hasEndedAsAsked(action: Action): boolean {
    const { kind } = action
    const status = this.#host.jobStatus()
    if (kind === 'cancel' && status === 'canceled') {
      this.#goOn()
      return true
    }
    if (kind === 'savepoint' || status !== 'finished' || this.#stopped === null) return false
    this.#startAgain(action, this.#stopped)
    return true
  }

  #startAgain(action: Action, from: Restorable): void {
    const parallelism = action.kind === 'rescale' ? action.parallelism : null
    this.#startedFrom = from
    this.#stopped = null
    const { location, checkpoint } = from
    this.#host.submit(
      parallelism,
      { location, mode: 'no-claim', allowNonRestored: false },
      checkpoint,
    )
  }

  /** From the newest checkpoint of the job that was canceled; from what it had started with, if it made none. */
  #goOn(): void {
    const found = this.#host.findCheckpoint()
    const isNewer = (found?.checkpoint ?? 0) > (this.#startedFrom?.checkpoint ?? 0)
    const [newest, mode] = isNewer
      ? ([found, 'claim'] as const)
      : ([this.#startedFrom, 'no-claim'] as const)
    this.#startedFrom = newest
    const from: RestoreFrom | null =
      newest === null ? null : { location: newest.location, mode, allowNonRestored: false }
    this.#host.submit(null, from, newest?.checkpoint ?? null)
  }

  #retry(reason: string): void {
    this.#reason = reason
    const action = this.#current
    if (action !== undefined && this.#tries >= TRIES_MAX) {
      this.#end(action, 'failed')
      return
    }
    this.#host.world.after(RETRY_MS, 'action', CLIENT, () => {
      this.#ask()
    })
  }

  #end({ kind }: Action, outcome: 'done' | 'failed'): void {
    const isDone = outcome === 'done'
    this.#reports.push({
      kind,
      outcome,
      tries: this.#tries,
      doneAt: isDone ? this.#host.world.now() : null,
      reason: isDone ? '' : this.#reason,
    })
    this.#await()
  }
}

function requestFor(action: Action, requestId: number): ClientMessage {
  if (action.kind === 'cancel') return { type: 'cancel-job', requestId }
  const location = `savepoint-${requestId}`
  if (action.kind === 'savepoint') return { type: 'trigger-savepoint', requestId, location }
  const isDrained = action.kind === 'stop' && action.drain === true
  return { type: 'stop-with-savepoint', requestId, location, isDrained }
}
