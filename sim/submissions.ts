/** A job that is submitted several times in a run: its graphs, one picture of them, and the checkpoint to go on from. */
import { present } from '../engine/assert.ts'
import { checkpointId } from '../engine/ids.ts'
import type { CheckpointId } from '../engine/ids.ts'
import type { Job } from '../engine/job/define-job.ts'
import { buildJobGraph } from '../engine/job/job-graph.ts'
import type { JobGraph } from '../engine/job/job-graph.ts'
import type { TraceTopology } from '../engine/trace.ts'
import type { Plan } from './plan/plan.ts'
import { runOptions } from './run-options.ts'
import type { SimulatedStorage } from './world/simulated-storage.ts'

/** One for each parallelism that the job will have. */
export function graphsOf(job: Job, plan: Plan): JobGraph[] {
  const rescaled = (plan.actions ?? []).flatMap((action) =>
    action.kind === 'rescale' ? [action.parallelism] : [],
  )
  return [null, ...rescaled].map((parallelism) =>
    buildJobGraph(job, runOptions(job, plan, parallelism)),
  )
}

/** Everything that there is at some time: a picture keeps the place of a subtask while it is not there. */
export function mergeTopologies(topologies: readonly TraceTopology[]): TraceTopology {
  const first = present(topologies[0], 'A run without a job.')
  const all = <T>(lists: readonly (readonly T[])[], nameOf: (one: T) => string): T[] => [
    ...new Map(lists.flat().map((one) => [nameOf(one), one])).values(),
  ]
  const vertices = topologies.map((topology) => topology.vertices)
  return {
    ...first,
    vertices: all(vertices, ({ id }) => id).map((vertex) => ({
      ...vertex,
      subtasks: all(
        vertices.flat().flatMap(({ id, subtasks }) => (id === vertex.id ? [subtasks] : [])),
        (subtask) => subtask,
      ),
    })),
    channels: all(
      topologies.map(({ channels }) => channels),
      ({ id }) => id,
    ),
  }
}

/** The newest checkpoint that a job left; not its savepoints. */
export function findCheckpoint({
  objects,
}: Pick<SimulatedStorage, 'objects'>): { checkpoint: CheckpointId; location: string } | null {
  let newest = 0
  for (const key of objects.keys()) {
    const id = /^chk-(\d+)\/_metadata$/.exec(key)?.[1]
    if (id !== undefined) newest = Math.max(newest, Number(id))
  }
  return newest === 0 ? null : { checkpoint: checkpointId(newest), location: `chk-${newest}` }
}
