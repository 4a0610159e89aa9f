/** The channels of a subtask by name: as its snapshots call them, for whoever restores from those. */
import { present } from '../assert.ts'
import type { ChannelName } from '../checkpoint/channel-state-format.ts'
import type { VertexId } from '../ids.ts'
import { connections } from '../job/job-graph.ts'
import type { JobEdge, JobGraph } from '../job/job-graph.ts'
import type { SubtaskEnvironment } from './subtask-environment.ts'

type Names = Pick<SubtaskEnvironment, 'graph' | 'vertex' | 'deployment'>

/** In the order of the deployment's inputs. */
export function inputNames({ graph, vertex, deployment }: Names): ChannelName[] {
  return vertex.inputs.flatMap((edge) =>
    namesOf(edge, graph).filter(({ consumerIndex }) => consumerIndex === deployment.index),
  )
}

/** In the order of the deployment's outputs, a list for each edge. */
export function outputNames({ graph, vertex, deployment }: Names): ChannelName[][] {
  return vertex.outputs.map((edge) =>
    namesOf(edge, graph).filter(({ producerIndex }) => producerIndex === deployment.index),
  )
}

function namesOf(edge: JobEdge, graph: JobGraph): ChannelName[] {
  const { producer, consumer, index } = edge
  const producers = parallelismOf(producer, graph)
  const consumers = parallelismOf(consumer, graph)
  return connections(edge, producers, consumers).map((pair) => ({
    producer,
    producerIndex: pair.producer,
    consumer,
    consumerIndex: pair.consumer,
    consumers,
    edge: index,
  }))
}

function parallelismOf(id: VertexId, { vertices }: JobGraph): number {
  return present(
    vertices.find((vertex) => vertex.id === id),
    `No vertex ${id}.`,
  ).parallelism
}
