/** What the job master says to the current attempts of its subtasks. Decides nothing. */
import { present } from '../assert.ts'
import type { Barrier } from '../element.ts'
import type { CheckpointId, VertexId, WorkerId } from '../ids.ts'
import type { WorkerMessage } from '../messages.ts'
import type { Runtime } from '../runtime.ts'
import { isEnded } from './execution-graph.ts'
import type { Execution, ExecutionGraph } from './execution-graph.ts'
import type { SourceEvent } from './source-coordinators.ts'

/** What names the attempt that a message is for. */
type Address = Pick<Execution, 'subtask' | 'attempt'>

export class SubtaskMessages {
  readonly #runtime: Runtime
  readonly #executions: ExecutionGraph
  readonly #beat: () => number

  /** `beat`: the newest heartbeat request. */
  constructor(runtime: Runtime, executions: ExecutionGraph, beat: () => number) {
    this.#runtime = runtime
    this.#executions = executions
    this.#beat = beat
  }

  cancel(execution: Execution): void {
    execution.toldAt = this.#beat()
    this.#send(execution, (to) => ({ type: 'cancel', ...to }))
  }

  /** An attempt that is not, or no longer, part of the job. */
  cancelUnknown(worker: WorkerId, { subtask, attempt }: Address): void {
    this.#runtime.send(worker, { type: 'cancel', subtask, attempt })
  }

  sendEvent(vertex: VertexId, index: number, event: SourceEvent): void {
    const execution = this.#executions.executions.find(
      (candidate) => candidate.vertex === vertex && candidate.index === index,
    )
    const target = present(execution, `No execution ${vertex}/${index}.`)
    // A bound that is lost is followed by the next one.
    if (event.event.type !== 'watermark-bound') target.unconfirmed.set(event.eventId, this.#beat())
    this.#send(target, (to) => ({ type: 'operator-event', ...to, ...event }))
  }

  triggerCheckpoint(subtasks: readonly Execution[], barrier: Barrier): void {
    for (const execution of subtasks) {
      this.#send(execution, (to) => ({ type: 'trigger-checkpoint', ...to, barrier }))
    }
  }

  notifyComplete(checkpoint: CheckpointId): void {
    this.#toAll((to) => ({ type: 'notify-complete', ...to, checkpoint }))
  }

  notifyAborted(checkpoint: CheckpointId, latestCompleted: CheckpointId | null): void {
    this.#toAll((to) => ({ type: 'notify-aborted', ...to, checkpoint, latestCompleted }))
  }

  #toAll(messageFor: (to: Address) => WorkerMessage): void {
    for (const execution of this.#executions.executions) {
      if (!isEnded(execution.status)) this.#send(execution, messageFor)
    }
  }

  #send({ worker, subtask, attempt }: Execution, messageFor: (to: Address) => WorkerMessage): void {
    this.#runtime.send(worker, messageFor({ subtask, attempt }))
  }
}
