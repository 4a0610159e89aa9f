/**
 * The job graph: chains of operators (vertices) with their parallelism, and the edges between them. Operators joined by
 * a forward edge of equal parallelism run in one subtask and call each other directly.
 * Source: Flink JobGraph and operator chaining (flink-semantics.md 1.1).
 */
import { assert, present } from '../assert.ts'
import { ConfigurationError } from '../errors.ts'
import type { Partitioning } from '../exchange/partitioner.ts'
import { channelId, subtaskId, vertexId } from '../ids.ts'
import type { SubtaskId, VertexId, WorkerId } from '../ids.ts'
import type { TraceTopology } from '../trace.ts'
import type { Job } from './define-job.ts'
import { jobSettings } from './job-options.ts'
import type { JobOptions, JobSettings } from './job-options.ts'
import type { StreamNode } from './stream-graph.ts'

/** An edge between two vertices; `index` is its place among the producer's edges. */
export interface JobEdge {
  readonly index: number
  readonly producer: VertexId
  readonly consumer: VertexId
  /** The operator whose output it carries, and which one. */
  readonly fromNode: number
  readonly tag: string | null
  readonly partitioning: Partitioning
}

export interface JobVertex {
  readonly id: VertexId
  readonly parallelism: number
  /** The chained operators; the first is the head, inputs stand before their consumers. */
  readonly nodes: readonly StreamNode[]
  readonly inputs: readonly JobEdge[]
  readonly outputs: readonly JobEdge[]
}

export interface JobGraph {
  readonly name: string
  readonly settings: JobSettings
  /** Producers before consumers. */
  readonly vertices: readonly JobVertex[]
}

/** Builds the graph; `overrides` are the options of a run that win over the job's own. */
export function buildJobGraph(job: Job, overrides: JobOptions = {}): JobGraph {
  const settings = jobSettings({ ...job.options, ...overrides })
  refuseUnfinishableSinks(job)
  const parallelismOf = (node: StreamNode): number => {
    const parallelism = node.parallelism ?? settings.parallelism
    if (parallelism > settings.maxParallelism) throw tooParallel(node, parallelism, settings)
    return parallelism
  }
  const headOf = new Map<number, number>()
  for (const node of job.graph.nodes)
    headOf.set(node.id, chainHead(node, job.graph.nodes, headOf, parallelismOf))
  const heads = job.graph.nodes.filter(({ id }) => headOf.get(id) === id)
  const idOf = (nodeId: number): VertexId =>
    vertexId(
      nodeAt(job.graph.nodes, present(headOf.get(nodeId), `Node ${nodeId} has no chain.`)).uid,
    )
  const edges = crossEdges(job.graph.nodes, headOf, parallelismOf, idOf)
  return {
    name: job.name,
    settings,
    vertices: heads.map((head) => ({
      id: idOf(head.id),
      parallelism: parallelismOf(head),
      nodes: job.graph.nodes.filter(({ id }) => headOf.get(id) === head.id),
      inputs: edges.filter(({ consumer }) => consumer === idOf(head.id)),
      outputs: edges.filter(({ producer }) => producer === idOf(head.id)),
    })),
  }
}

/** The subtasks of a vertex, by index. */
export function subtasksOf(vertex: JobVertex): SubtaskId[] {
  return Array.from({ length: vertex.parallelism }, (_, index) => subtaskId(vertex.id, index))
}

/** Every pair of producer and consumer index that an edge connects. */
export function connections(
  edge: JobEdge,
  producers: number,
  consumers: number,
): readonly { readonly producer: number; readonly consumer: number }[] {
  const pairs: { producer: number; consumer: number }[] = []
  for (let producer = 0; producer < producers; producer++) {
    for (let consumer = 0; consumer < consumers; consumer++) {
      if (edge.partitioning.type === 'forward' && producer !== consumer) continue
      pairs.push({ producer, consumer })
    }
  }
  return pairs
}

/** What a picture of the job needs, as far as the graph tells. */
export function describeTopology(
  graph: JobGraph,
  workers: readonly WorkerId[],
  partitionsOf: (topic: string) => number,
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
          return { id: channelId(from, to, edge.index), from, to }
        }),
      ),
    ),
    inputs: graph.vertices.flatMap((v) => inputTopics(v, partitionsOf)),
    outputs: graph.vertices.flatMap((v) => outputTopics(v, partitionsOf)),
  }
}

function inputTopics(
  vertex: JobVertex,
  partitionsOf: (topic: string) => number,
): TraceTopology['inputs'] {
  return vertex.nodes.flatMap(({ work }) => {
    if (work.type !== 'source' || work.source.type !== 'kafka') return []
    return work.source.topics.map((topic) => ({
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

/** What a node does, in one word. */
export function kindOf(node: StreamNode): string {
  return node.work.type === 'source' ? 'source' : node.work.operator.type
}

function chainHead(
  node: StreamNode,
  nodes: readonly StreamNode[],
  headOf: ReadonlyMap<number, number>,
  parallelismOf: (node: StreamNode) => number,
): number {
  if (node.input === null) return node.id
  const producer = nodeAt(nodes, node.input.from)
  return isChained(node, producer, parallelismOf)
    ? present(headOf.get(producer.id), `Node ${producer.id} has no chain yet.`)
    : node.id
}

function isChained(
  node: StreamNode,
  producer: StreamNode,
  parallelismOf: (node: StreamNode) => number,
): boolean {
  return (
    node.input?.partitioning.type === 'forward' && parallelismOf(node) === parallelismOf(producer)
  )
}

function crossEdges(
  nodes: readonly StreamNode[],
  headOf: ReadonlyMap<number, number>,
  parallelismOf: (node: StreamNode) => number,
  idOf: (nodeId: number) => VertexId,
): JobEdge[] {
  const edges: JobEdge[] = []
  for (const node of nodes) {
    if (node.input === null || headOf.get(node.id) !== node.id) continue
    const { from, tag, partitioning } = node.input
    const producer = idOf(from)
    // Without a common parallelism a forward edge cannot keep the index, so Flink deals out round robin.
    const isForward =
      partitioning.type === 'forward' && parallelismOf(node) === parallelismOf(nodeAt(nodes, from))
    edges.push({
      index: edges.filter((edge) => edge.producer === producer).length,
      producer,
      consumer: idOf(node.id),
      fromNode: from,
      tag,
      partitioning:
        partitioning.type === 'forward' && !isForward ? { type: 'rebalance' } : partitioning,
    })
  }
  return edges
}

function nodeAt(nodes: readonly StreamNode[], id: number): StreamNode {
  const node = present(nodes[id], `No node ${id} in the stream graph.`)
  assert(node.id === id, `Node ${node.id} stands at ${id} in the stream graph.`)
  return node
}

function tooParallel(
  node: StreamNode,
  parallelism: number,
  settings: JobSettings,
): ConfigurationError {
  return new ConfigurationError(
    'parallelism-above-maximum',
    `The operator "${node.uid}" has parallelism ${parallelism}, but the job's maxParallelism is ` +
      `${settings.maxParallelism}; lower the one or raise the other.`,
  )
}

/** A transaction is committed by a checkpoint after it; a source that ends has none after its last record yet. */
function refuseUnfinishableSinks({ name, graph }: Job): void {
  const bounded = graph.nodes.find(
    ({ work }) => work.type === 'source' && work.source.type === 'generator',
  )
  const sink = graph.nodes.find(
    ({ work }) =>
      work.type === 'operator' &&
      work.operator.type === 'sink' &&
      work.operator.sink.type === 'kafka',
  )
  if (bounded === undefined || sink === undefined) return
  throw new ConfigurationError(
    'bounded-source-with-transactions',
    `The job "${name}" reads the bounded source "${bounded.uid}" and writes transactions in "${sink.uid}"; ` +
      'a final checkpoint when a source ends does not exist yet, so read a Kafka topic instead.',
  )
}
