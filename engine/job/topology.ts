/** What a picture of a job needs: its vertices with their subtasks, its channels and its topics. */
import { present } from '../assert.ts'
import { channelId, subtaskId } from '../ids.ts'
import type { VertexId, WorkerId } from '../ids.ts'
import { kafkaSourcesIn, readsTopic } from '../source/source-spec.ts'
import type { TraceTopology } from '../trace.ts'
import { connections, kindOf, subtasksOf } from './job-graph.ts'
import type { JobGraph, JobVertex } from './job-graph.ts'

/**
 * What a picture of the job needs, as far as the graph tells. `topics`: those that there are, for sources that read
 * topics by a pattern.
 */
export function describeTopology(
  graph: JobGraph,
  workers: readonly WorkerId[],
  partitionsOf: (topic: string) => number,
  topics: readonly string[] = [],
): TraceTopology {
  const byId = new Map(graph.vertices.map((vertex) => [vertex.id, vertex]))
  const vertex = (id: VertexId): JobVertex => present(byId.get(id), `No vertex ${id}.`)
  return {
    job: graph.name,
    workers,
    vertices: graph.vertices.map((v) => ({
      id: v.id,
      operators: v.nodes.map((node) => ({ uid: node.uid, name: node.name, kind: kindOf(node) })),
      subtasks: subtasksOf(v),
    })),
    channels: graph.vertices.flatMap((v) =>
      v.outputs.flatMap((edge) =>
        connections(edge, v.parallelism, vertex(edge.consumer).parallelism).map((pair) => {
          const from = subtaskId(edge.producer, pair.producer)
          const to = subtaskId(edge.consumer, pair.consumer)
          return { id: channelId(from, to, edge.index), from, to, input: edge.input }
        }),
      ),
    ),
    inputs: graph.vertices.flatMap((v) => inputTopics(v, partitionsOf, topics)),
    outputs: graph.vertices.flatMap((v) => outputTopics(v, partitionsOf)),
  }
}

function inputTopics(
  vertex: JobVertex,
  partitionsOf: (topic: string) => number,
  topics: readonly string[],
): TraceTopology['inputs'] {
  return vertex.nodes.flatMap(({ work }) => {
    const specs = work.type === 'source' ? kafkaSourcesIn(work.source) : []
    const read = specs.flatMap((spec) => [
      ...spec.topics,
      ...topics.filter((topic) => spec.topicPattern !== null && readsTopic(spec, topic)),
    ])
    return [...new Set(read)].map((topic) => ({
      topic,
      partitions: partitionsOf(topic),
      vertex: vertex.id,
    }))
  })
}

function outputTopics(
  vertex: JobVertex,
  partitionsOf: (topic: string) => number,
): TraceTopology['outputs'] {
  return vertex.nodes.flatMap(({ work }) => {
    if (work.type !== 'operator' || work.operator.type !== 'sink') return []
    const { sink } = work.operator
    if (sink.type !== 'kafka') return []
    const { topic, delivery } = sink
    return [
      {
        topic,
        partitions: partitionsOf(topic),
        vertex: vertex.id,
        isTransactional: delivery === 'exactly-once',
      },
    ]
  })
}
