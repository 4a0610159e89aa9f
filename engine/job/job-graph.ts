/**
 * The job graph: chains of operators (vertices) with their parallelism, and the edges between them. Operators joined by
 * a forward edge of equal parallelism run in one subtask and call each other directly, unless chaining is turned off.
 * Source: Flink JobGraph and operator chaining (flink-semantics.md 1.1).
 */
import { assert, present } from '../assert.ts'
import type { VertexShape } from '../checkpoint/checkpoint-metadata.ts'
import { ConfigurationError } from '../errors.ts'
import type { Partitioning } from '../exchange/partitioner.ts'
import { subtaskId, vertexId } from '../ids.ts'
import type { SubtaskId, VertexId } from '../ids.ts'
import type { RuntimeMode } from '../operator/operator.ts'
import { commitsOnCheckpoint } from '../sink/sink-spec.ts'
import type { Job } from './define-job.ts'
import { jobSettings } from './job-options.ts'
import type { JobOptions, JobSettings } from './job-options.ts'
import { runtimeModeOf } from './runtime-mode.ts'
import type { StreamNode } from './stream-graph.ts'
import { edgesInto } from './stream-graph.ts'
import { checkProgram } from './check-program.ts'

/** An edge between two vertices; `index` is its place among the producer's edges. */
export interface JobEdge {
  readonly index: number
  readonly producer: VertexId
  readonly consumer: VertexId
  /** The consumer's input that it feeds. */
  readonly input: number
  /** The operator whose output it carries, and which one. */
  readonly fromNode: number
  readonly tag: string | null
  readonly partitioning: Partitioning
}

export interface JobVertex {
  readonly id: VertexId
  readonly parallelism: number
  /** Number of key groups. */
  readonly maxParallelism: number
  /** The chained operators; the first is the head, inputs stand before their consumers. */
  readonly nodes: readonly StreamNode[]
  readonly inputs: readonly JobEdge[]
  readonly outputs: readonly JobEdge[]
}

export interface JobGraph {
  readonly name: string
  readonly settings: JobSettings
  readonly runtimeMode: RuntimeMode
  /**
   * The job ends with a checkpoint of its own: a sink commits what it wrote when one completed, or there are periodic
   * ones, which subtasks whose input ended take part in until all have.
   */
  readonly needsFinalCheckpoint: boolean
  /** Producers before consumers. */
  readonly vertices: readonly JobVertex[]
}

/**
 * Builds the graph; `overrides` are the options of a run that win over the job's own. Throws ConfigurationError for a
 * program that cannot work, with the name of the operator.
 */
export function buildJobGraph(job: Job, overrides: JobOptions = {}): JobGraph {
  const settings = jobSettings({ ...job.options, ...overrides })
  const runtimeMode = runtimeModeOf(job, settings)
  checkProgram(job, runtimeMode)
  const { nodes } = job.graph
  const chains = new Chains(nodes, settings)
  const heads = nodes.filter(({ id }) => chains.headOf(id) === id)
  const edges = crossEdges(nodes, chains)
  return {
    name: job.name,
    settings,
    runtimeMode,
    needsFinalCheckpoint:
      (settings.checkpointing !== null && runtimeMode === 'streaming') || nodes.some(commits),
    vertices: heads.map((head) => ({
      id: chains.vertexOf(head.id),
      parallelism: chains.parallelismOf(head),
      maxParallelism: chains.maxParallelismOf(head),
      nodes: nodes.filter(({ id }) => chains.headOf(id) === head.id),
      inputs: edges.filter(({ consumer }) => consumer === chains.vertexOf(head.id)),
      outputs: edges.filter(({ producer }) => producer === chains.vertexOf(head.id)),
    })),
  }
}

/** The subtasks of a vertex, by index. */
export function subtasksOf(vertex: JobVertex): SubtaskId[] {
  return Array.from({ length: vertex.parallelism }, (_, index) => subtaskId(vertex.id, index))
}

/** What a checkpoint remembers of a vertex. */
export function shapeOf({ id, parallelism, maxParallelism, nodes }: JobVertex): VertexShape {
  return { vertex: id, parallelism, maxParallelism, operators: nodes.map(({ uid }) => uid) }
}

/** Every pair of producer and consumer index that an edge connects. */
export function connections(
  { partitioning }: JobEdge,
  producers: number,
  consumers: number,
): readonly { readonly producer: number; readonly consumer: number }[] {
  const pairs: { producer: number; consumer: number }[] = []
  for (let producer = 0; producer < producers; producer++) {
    for (let consumer = 0; consumer < consumers; consumer++) {
      if (partitioning.type === 'forward' && producer !== consumer) continue
      if (
        partitioning.type === 'rescale' &&
        !areNeighbors(producer, producers, consumer, consumers)
      )
        continue
      pairs.push({ producer, consumer })
    }
  }
  return pairs
}

/** Pointwise: the side with more subtasks is dealt out evenly to the other. */
function areNeighbors(
  producer: number,
  producers: number,
  consumer: number,
  consumers: number,
): boolean {
  return producers <= consumers
    ? Math.floor((consumer * producers) / consumers) === producer
    : Math.floor((producer * consumers) / producers) === consumer
}

function commits({ work }: StreamNode): boolean {
  if (work.type === 'source' || work.operator.type !== 'sink') return false
  return commitsOnCheckpoint(work.operator.sink)
}

/** What a node does, in one word. */
export function kindOf(node: StreamNode): string {
  return node.work.type === 'source' ? 'source' : node.work.operator.type
}

/** Which operators run in one subtask. */
class Chains {
  readonly #nodes: readonly StreamNode[]
  readonly #settings: JobSettings
  readonly #heads = new Map<number, number>()

  constructor(nodes: readonly StreamNode[], settings: JobSettings) {
    this.#nodes = nodes
    this.#settings = settings
    for (const node of nodes) {
      const { parallelism, maxParallelism } = this.#limits(node)
      if (parallelism > maxParallelism) throw tooParallel(node, parallelism, maxParallelism)
      this.#heads.set(node.id, this.#findHead(node))
    }
  }

  headOf(id: number): number {
    return present(this.#heads.get(id), `Node ${id} has no chain.`)
  }

  vertexOf(id: number): VertexId {
    return vertexId(nodeAt(this.#nodes, this.headOf(id)).uid)
  }

  parallelismOf(node: StreamNode): number {
    return this.#limits(node).parallelism
  }

  maxParallelismOf(node: StreamNode): number {
    return this.#limits(node).maxParallelism
  }

  #limits(node: StreamNode): { parallelism: number; maxParallelism: number } {
    const { parallelism, maxParallelism } = this.#settings
    return {
      parallelism: node.parallelism ?? parallelism,
      maxParallelism: node.maxParallelism ?? maxParallelism,
    }
  }

  #findHead(node: StreamNode): number {
    const [edge, ...others] = edgesInto(node)
    if (edge === undefined || others.length > 0) return node.id
    const producer = nodeAt(this.#nodes, edge.from)
    const isChained =
      this.#settings.chaining &&
      edge.partitioning.type === 'forward' &&
      node.chaining === 'always' &&
      producer.chaining !== 'never' &&
      this.parallelismOf(node) === this.parallelismOf(producer) &&
      this.maxParallelismOf(node) === this.maxParallelismOf(producer)
    return isChained ? this.headOf(producer.id) : node.id
  }
}

function crossEdges(nodes: readonly StreamNode[], chains: Chains): JobEdge[] {
  const edges: JobEdge[] = []
  for (const node of nodes) {
    if (chains.headOf(node.id) !== node.id) continue
    for (const [input, { edges: from }] of node.inputs.entries()) {
      for (const edge of from) {
        const producer = chains.vertexOf(edge.from)
        edges.push({
          index: edges.filter((other) => other.producer === producer).length,
          producer,
          consumer: chains.vertexOf(node.id),
          input,
          fromNode: edge.from,
          tag: edge.tag,
          partitioning: partitioningOf(edge.partitioning, nodeAt(nodes, edge.from), node, chains),
        })
      }
    }
  }
  return edges
}

/** Without a common parallelism a forward edge cannot keep the index, so Flink deals out round robin. */
function partitioningOf(
  partitioning: Partitioning,
  from: StreamNode,
  to: StreamNode,
  chains: Chains,
): Partitioning {
  if (partitioning.type !== 'forward') return partitioning
  const [producers, consumers] = [chains.parallelismOf(from), chains.parallelismOf(to)]
  if (producers === consumers) return partitioning
  if (partitioning.isRequired !== true) return { type: 'rebalance' }
  throw new ConfigurationError(
    'forward-changes-parallelism',
    `The operator "${from.uid}" has parallelism ${producers} and "${to.uid}" ${consumers}, so forward() cannot connect ` +
      'them; give both the same parallelism, or use rebalance() or rescale().',
  )
}

function nodeAt(nodes: readonly StreamNode[], id: number): StreamNode {
  const node = present(nodes[id], `No node ${id} in the stream graph.`)
  assert(node.id === id, `Node ${node.id} stands at ${id} in the stream graph.`)
  return node
}

function tooParallel(
  node: StreamNode,
  parallelism: number,
  maxParallelism: number,
): ConfigurationError {
  return new ConfigurationError(
    'parallelism-above-maximum',
    `The operator "${node.uid}" has parallelism ${parallelism}, but its maxParallelism is ` +
      `${maxParallelism}; lower the one or raise the other.`,
  )
}
