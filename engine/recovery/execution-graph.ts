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
  /** The newest heartbeat request when its worker was last told to run or to cancel it. */
  toldAt: number
  /** Events of its coordinator that it has not confirmed, each with the newest heartbeat request at that time. */
  readonly unconfirmed: Map<number, number>
}

export interface WorkerSlots {
  readonly worker: WorkerId
  readonly slots: number
}

/** Of one job master. */
const ATTEMPTS_MAX = 1_000_000

export class ExecutionGraph {
  readonly #graph: JobGraph
  readonly #executions = new Map<SubtaskId, Execution>()
  /** Every subtask of the job. */
  readonly subtasks: readonly SubtaskId[]
  #nextAttempt = 1

  constructor(graph: JobGraph) {
    this.#graph = graph
    this.subtasks = graph.vertices.flatMap(subtasksOf)
  }

  /** Attempts of different job masters have different numbers. */
  beginEpoch(epoch: number): void {
    this.#nextAttempt = (epoch - 1) * ATTEMPTS_MAX + 1
  }

  get executions(): readonly Execution[] {
    return [...this.#executions.values()]
  }

  get slotsNeeded(): number {
    return Math.max(...this.#graph.vertices.map(({ parallelism }) => parallelism))
  }

  /** Those that were placed on the worker, whatever became of them. */
  on(worker: WorkerId): Execution[] {
    return this.executions.filter((execution) => execution.worker === worker)
  }

  /** The current attempts of these subtasks, where there are any. */
  of(subtasks: readonly SubtaskId[]): Execution[] {
    return subtasks.flatMap((subtask) => this.#executions.get(subtask) ?? [])
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

  /** True when no attempt can do anything any more: of these subtasks, or of all. */
  areAllEnded(subtasks = this.subtasks): boolean {
    return this.of(subtasks).every(({ status }) => isEnded(status))
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

  /**
   * Gives these subtasks, or all, a new attempt on the workers; null when there are too few slots. A slot whose other
   * subtasks go on stays where it is.
   */
  schedule(
    workers: readonly WorkerSlots[],
    subtasks: readonly SubtaskId[] = this.subtasks,
  ): readonly Execution[] | null {
    const restarted = new Set(subtasks)
    const kept = this.executions.filter((e) => !restarted.has(e.subtask) && !isEnded(e.status))
    const fixed = new Map(kept.map(({ index, worker }) => [index, worker]))
    const slots = assignSlots(workers, fixed, this.#slotsOf(restarted), this.#formerWorkers())
    if (slots === null) return null
    for (const vertex of this.#graph.vertices) {
      subtasksOf(vertex).forEach((subtask, index) => {
        if (!restarted.has(subtask)) return
        this.#executions.set(subtask, {
          subtask,
          vertex: vertex.id,
          index,
          attempt: attemptId(this.#nextAttempt++),
          worker: present(slots.get(index), `No slot ${index}.`),
          status: 'scheduled',
          hasInputEnded: false,
          toldAt: 0,
          unconfirmed: new Map(),
        })
      })
    }
    return this.of(subtasks)
  }

  /** By slot: the workers that may still have copies of state. */
  #formerWorkers(): ReadonlyMap<number, WorkerId> {
    if (!this.#graph.settings.state.localRecovery) return new Map()
    return new Map(this.executions.map(({ index, worker }) => [index, worker]))
  }

  #slotsOf(subtasks: ReadonlySet<SubtaskId>): number[] {
    const slots = Array.from({ length: this.slotsNeeded }, (_, index) => index)
    return slots.filter((index) =>
      this.#graph.vertices.some(({ id }) => subtasks.has(subtaskId(id, index))),
    )
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

/**
 * Slots one after the other over the workers, so that load is even; in the order of the workers' names. `fixed`: those
 * that are taken already. `former`: where each was, which is where it goes again if there is room.
 */
function assignSlots(
  workers: readonly WorkerSlots[],
  fixed: ReadonlyMap<number, WorkerId>,
  needed: readonly number[],
  former: ReadonlyMap<number, WorkerId>,
): ReadonlyMap<number, WorkerId> | null {
  const sorted = workers.toSorted((a, b) => (a.worker < b.worker ? -1 : 1))
  const assigned = new Map(fixed)
  const taken = new Map<WorkerId, number>()
  for (const worker of fixed.values()) taken.set(worker, (taken.get(worker) ?? 0) + 1)
  for (const index of needed) {
    const there = sorted.find(({ worker }) => worker === former.get(index))
    if (there === undefined || assigned.has(index)) continue
    const load = taken.get(there.worker) ?? 0
    if (load >= there.slots) continue
    assigned.set(index, there.worker)
    taken.set(there.worker, load + 1)
  }
  for (const index of needed) {
    if (assigned.has(index)) continue
    let best: WorkerSlots | null = null
    for (const one of sorted) {
      const load = taken.get(one.worker) ?? 0
      if (load >= one.slots) continue
      if (best === null || load < (taken.get(best.worker) ?? 0)) best = one
    }
    if (best === null) return null
    assigned.set(index, best.worker)
    taken.set(best.worker, (taken.get(best.worker) ?? 0) + 1)
  }
  return assigned
}
