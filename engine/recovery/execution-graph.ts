/**
 * The executions of a job: for each subtask its current attempt, worker and status; and the slots of the workers.
 * Subtask i of every vertex shares slot i (Flink slot sharing), so a job needs as many slots as its largest parallelism.
 */
import { present } from '../assert.ts'
import { attemptId, channelId, subtaskId } from '../ids.ts'
import type { AttemptId, SubtaskId, VertexId, WorkerId } from '../ids.ts'
import { connections, subtasksOf } from '../job/job-graph.ts'
import type { JobEdge, JobGraph, JobVertex } from '../job/job-graph.ts'
import type { ChannelPeer, Deployment } from '../messages.ts'
import type { SubtaskStatus } from '../trace.ts'

export interface Execution {
  readonly subtask: SubtaskId
  readonly vertex: VertexId
  readonly index: number
  readonly attempt: AttemptId
  readonly worker: WorkerId
  status: SubtaskStatus
  /** It has emitted its last record and waits for the final checkpoint. */
  hasInputEnded: boolean
}

export interface WorkerSlots {
  readonly worker: WorkerId
  readonly slots: number
}

export class ExecutionGraph {
  readonly #graph: JobGraph
  readonly #executions = new Map<SubtaskId, Execution>()
  #nextAttempt = 1

  constructor(graph: JobGraph) {
    this.#graph = graph
  }

  get executions(): readonly Execution[] {
    return [...this.#executions.values()]
  }

  get slotsNeeded(): number {
    return Math.max(...this.#graph.vertices.map(({ parallelism }) => parallelism))
  }

  /** The execution, if this is still its current attempt. */
  find(subtask: SubtaskId, attempt: AttemptId): Execution | undefined {
    const execution = this.#executions.get(subtask)
    return execution?.attempt === attempt ? execution : undefined
  }

  areAll(status: SubtaskStatus): boolean {
    return this.executions.every((execution) => execution.status === status)
  }

  get haveAllInputsEnded(): boolean {
    return this.executions.every(({ hasInputEnded }) => hasInputEnded)
  }

  /** True when no attempt can do anything any more. */
  get areAllEnded(): boolean {
    return this.executions.every(({ status }) => isEnded(status))
  }

  /** It finished, but what it wrote may still wait for a consumer to take it; a final checkpoint has seen it taken. */
  owesRecords(execution: Execution): boolean {
    if (execution.status !== 'finished' || this.#graph.needsFinalCheckpoint) return false
    return this.channelsOf(execution)
      .outputs.flat()
      .some(({ subtask, attempt }) => {
        const consumer = this.find(subtask, attempt)
        return consumer !== undefined && !isEnded(consumer.status)
      })
  }

  /** Gives every subtask a new attempt on the workers; null when there are too few slots. */
  schedule(workers: readonly WorkerSlots[]): readonly Execution[] | null {
    const slots = assignSlots(workers, this.slotsNeeded)
    if (slots === null) return null
    this.#executions.clear()
    for (const vertex of this.#graph.vertices) {
      subtasksOf(vertex).forEach((subtask, index) => {
        this.#executions.set(subtask, {
          subtask,
          vertex: vertex.id,
          index,
          attempt: attemptId(this.#nextAttempt++),
          worker: present(slots[index], `No slot ${index}.`),
          status: 'scheduled',
          hasInputEnded: false,
        })
      })
    }
    return this.executions
  }

  /** The channels of an execution, with the peers as they are scheduled now. */
  channelsOf(execution: Execution): Pick<Deployment, 'inputs' | 'outputs'> {
    const vertex = this.#vertex(execution.vertex)
    return {
      inputs: vertex.inputs.flatMap((edge) =>
        this.#peers(
          edge,
          (pair) => (pair.consumer === execution.index ? pair.producer : null),
          edge.producer,
        ).map((peer) => ({ ...peer, input: edge.input })),
      ),
      outputs: vertex.outputs.map((edge) =>
        this.#peers(
          edge,
          (pair) => (pair.producer === execution.index ? pair.consumer : null),
          edge.consumer,
        ),
      ),
    }
  }

  #peers(
    edge: JobEdge,
    peerOf: (pair: { readonly producer: number; readonly consumer: number }) => number | null,
    peerVertex: VertexId,
  ): ChannelPeer[] {
    const producers = this.#vertex(edge.producer).parallelism
    const consumers = this.#vertex(edge.consumer).parallelism
    return connections(edge, producers, consumers).flatMap((pair) => {
      const index = peerOf(pair)
      if (index === null) return []
      const subtask = subtaskId(peerVertex, index)
      const { attempt, worker } = present(
        this.#executions.get(subtask),
        `${subtask} is not scheduled.`,
      )
      const from = subtaskId(edge.producer, pair.producer)
      const to = subtaskId(edge.consumer, pair.consumer)
      return [{ channel: channelId(from, to, edge.index), subtask, attempt, worker }]
    })
  }

  #vertex(id: VertexId): JobVertex {
    return present(
      this.#graph.vertices.find((vertex) => vertex.id === id),
      `No vertex ${id}.`,
    )
  }
}

export function isEnded(status: SubtaskStatus): boolean {
  return status === 'canceled' || status === 'failed' || status === 'finished'
}

/** Slots one after the other over the workers, so that load is even; in the order of the workers' names. */
function assignSlots(workers: readonly WorkerSlots[], needed: number): WorkerId[] | null {
  const sorted = workers.toSorted((a, b) => (a.worker < b.worker ? -1 : 1))
  const assigned: WorkerId[] = []
  for (let round = 0; assigned.length < needed; round++) {
    const open = sorted.filter(({ slots }) => slots > round)
    if (open.length === 0) return null
    assigned.push(...open.slice(0, needed - assigned.length).map(({ worker }) => worker))
  }
  return assigned
}
