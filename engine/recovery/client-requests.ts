/**
 * What clients asked of the job and was not answered yet: savepoints, stops, cancellations. Tells the checkpoint
 * coordinator, and replies when it is known what became of each.
 *
 *   savepoint  asked ──completed, failed──▶ replied
 *   stop       asked ──completed──▶ ending ──job finished──▶ replied;  any ──failure──▶ replied
 *   cancel     asked ──job canceled──▶ replied
 */
import type { SavepointTarget } from '../checkpoint/checkpoint-requests.ts'
import { CLIENT } from '../ids.ts'
import type { CheckpointId } from '../ids.ts'
import type { ClientMessage, ClientReply } from '../messages.ts'
import type { Runtime } from '../runtime.ts'
import type { JobStatus } from '../trace.ts'
import type { Checkpointing, SavepointOutcome } from './checkpointing.ts'

type Request = ClientMessage & {
  /** Of a stop whose savepoint is complete. */
  completed: CheckpointId | null
}

export class ClientRequests {
  readonly #runtime: Runtime
  readonly #open = new Map<number, Request>()

  constructor(runtime: Runtime) {
    this.#runtime = runtime
  }

  /** `refusal`: one sentence about why the job cannot do that now. */
  receive(message: ClientMessage, checkpointing: Checkpointing, refusal: string | null): void {
    const { requestId, type } = message
    if (this.#open.has(requestId)) return
    this.#open.set(requestId, { ...message, completed: null })
    if (refusal !== null) this.#fail(requestId, refusal)
    else if (type === 'cancel-job') return
    else {
      const target: SavepointTarget = { requestId, location: message.location }
      checkpointing.requestSavepoint(kindOf(message), target)
    }
  }

  onSavepoint({ requestId }: SavepointTarget, outcome: SavepointOutcome): void {
    const request = this.#open.get(requestId)
    if (request === undefined) return
    if (outcome.type === 'failed') {
      this.#fail(requestId, `The savepoint failed: ${outcome.reason}.`)
      return
    }
    const { checkpoint, location } = outcome
    if (request.type === 'stop-with-savepoint') request.completed = checkpoint
    else this.#reply({ type: 'savepoint-completed', requestId, checkpoint, location })
  }

  /** Whoever stops the job hears that it goes on, although its savepoint is there. */
  onFailure(reason: string): void {
    for (const request of this.#open.values()) {
      if (request.type !== 'stop-with-savepoint' || request.completed === null) continue
      const { requestId, location, completed } = request
      this.#fail(
        requestId,
        `The savepoint ${completed} is complete at "${location}", but the job failed before it had stopped, ` +
          `and goes on from there: ${reason}.`,
      )
    }
  }

  onJobEnded(status: JobStatus): void {
    for (const request of this.#open.values()) {
      const { requestId } = request
      if (request.type === 'cancel-job' && status === 'canceled') {
        this.#reply({ type: 'job-canceled', requestId })
      } else if (
        request.type === 'stop-with-savepoint' &&
        request.completed !== null &&
        status === 'finished'
      ) {
        const { location, completed: checkpoint } = request
        this.#reply({ type: 'job-stopped', requestId, checkpoint, location })
      } else {
        this.#fail(requestId, `The job is ${status}.`)
      }
    }
  }

  #fail(requestId: number, reason: string): void {
    this.#reply({ type: 'request-failed', requestId, reason })
  }

  #reply(reply: ClientReply): void {
    this.#open.delete(reply.requestId)
    this.#runtime.send(CLIENT, reply)
  }
}

function kindOf(
  message: Extract<ClientMessage, { readonly location: string }>,
): 'savepoint' | 'stop' | 'drain' {
  if (message.type === 'trigger-savepoint') return 'savepoint'
  return message.isDrained ? 'drain' : 'stop'
}
