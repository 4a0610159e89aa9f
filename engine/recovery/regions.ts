/**
 * Pipelined regions: the subtasks that exchange records, directly or through others. If one of them fails, what the
 * others have taken from it or given to it is in doubt, so all of them start again; nobody else has to. A shuffle joins
 * everything that it connects. Source: Flink SchedulingPipelinedRegion, RestartPipelinedRegionFailoverStrategy.
 */
import { present } from '../assert.ts'
import { subtaskId } from '../ids.ts'
import type { SubtaskId } from '../ids.ts'
import { connections, subtasksOf } from '../job/job-graph.ts'
import type { JobGraph } from '../job/job-graph.ts'

/** The region of each subtask, itself included; subtasks in the order of the graph. */
export function regionsOf(graph: JobGraph): ReadonlyMap<SubtaskId, readonly SubtaskId[]> {
  const subtasks = graph.vertices.flatMap(subtasksOf)
  const parallelism = new Map(graph.vertices.map((vertex) => [vertex.id, vertex.parallelism]))
  /** A member that stands for the region. */
  const leader = new Map(subtasks.map((subtask) => [subtask, subtask]))
  const leaderOf = (subtask: SubtaskId): SubtaskId => {
    let at = subtask
    for (;;) {
      const next = present(leader.get(at), `${at} is no subtask of the job.`)
      if (next === at) return at
      at = next
    }
  }
  for (const edge of graph.vertices.flatMap(({ outputs }) => outputs)) {
    const { producer, consumer } = edge
    const pairs = connections(
      edge,
      present(parallelism.get(producer), `No vertex ${producer}.`),
      present(parallelism.get(consumer), `No vertex ${consumer}.`),
    )
    for (const pair of pairs) {
      const from = leaderOf(subtaskId(producer, pair.producer))
      leader.set(leaderOf(subtaskId(consumer, pair.consumer)), from)
    }
  }
  const members = new Map<SubtaskId, SubtaskId[]>()
  for (const subtask of subtasks) {
    const of = leaderOf(subtask)
    members.set(of, [...(members.get(of) ?? []), subtask])
  }
  return new Map(subtasks.map((subtask) => [subtask, members.get(leaderOf(subtask)) ?? []]))
}
