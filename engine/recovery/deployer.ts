/** Tells the workers what to run: one message for each, with what every attempt restores and who its peers are. */
import { present } from '../assert.ts'
import type { CheckpointMetadata } from '../checkpoint/checkpoint-metadata.ts'
import type { WorkerId } from '../ids.ts'
import type { JobGraph } from '../job/job-graph.ts'
import type { Deployment } from '../messages.ts'
import type { Mutants } from '../mutants.ts'
import type { Runtime } from '../runtime.ts'
import type { Execution, ExecutionGraph } from './execution-graph.ts'
import { assignState } from './state-assignment.ts'

export interface DeployerOptions {
  readonly runtime: Runtime
  readonly graph: JobGraph
  readonly mutants: Mutants
  readonly executions: ExecutionGraph
  /** Of the job master. */
  readonly epoch: () => number
}

/** Deploys attempts that were just scheduled. */
export function deploy(
  { runtime, graph, mutants, executions, epoch }: DeployerOptions,
  scheduled: readonly Execution[],
  restorePoint: CheckpointMetadata | null,
): void {
  const perWorker = new Map<WorkerId, Deployment[]>()
  const unionAs = mutants.active('union-list-dealt-out') ? 'split' : 'union'
  for (const execution of scheduled) {
    const { subtask, vertex: id, index, attempt, worker } = execution
    const vertex = present(
      graph.vertices.find((one) => one.id === id),
      `No vertex ${id}.`,
    )
    const restore = restorePoint === null ? null : assignState(restorePoint, vertex, index, unionAs)
    const channels = executions.channelsOf(execution)
    const deployment = { subtask, vertex: id, index, attempt, restore, ...channels }
    perWorker.set(worker, [...(perWorker.get(worker) ?? []), deployment])
  }
  for (const [worker, deployments] of perWorker) {
    runtime.send(worker, { type: 'deploy', epoch: epoch(), deployments })
  }
}
