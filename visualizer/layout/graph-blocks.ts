/**
 * What stands where in the picture of a job, without sizes: blocks (a vertex with its subtasks, a topic with its
 * partitions) in layers along the flow. Data goes from layer to layer; an edge that skips layers gets a free passage in
 * each of them, so that no line runs across a box. The blocks of a layer are ordered so that few edges cross
 * (Sugiyama's method, on a handful of blocks).
 */
import { present } from '../../engine/assert.ts'
import type { VertexId } from '../../engine/ids.ts'
import type { TraceTopology } from '../../engine/trace.ts'
import { untangle } from './graph-order.ts'

export type BlockId = string

export interface Block {
  readonly id: BlockId
  readonly kind: 'vertex' | 'topic' | 'passage'
  /** Parts of its title; lines may break between them. */
  readonly title: readonly string[]
  /** Subtasks or partitions; of a passage how many lines go through. */
  readonly count: number
}

export interface BlockEdge {
  readonly from: BlockId
  readonly to: BlockId
  /** The passages in the layers between. */
  readonly passages: readonly BlockId[]
}

export interface BlockGraph {
  readonly layers: readonly (readonly Block[])[]
  readonly edges: readonly BlockEdge[]
}

export const vertexBlock = (vertex: string): BlockId => `vertex ${vertex}`
export const topicBlock = (topic: string): BlockId => `topic ${topic}`

export function blockGraph(topology: TraceTopology): BlockGraph {
  const layerOf = assignLayers(topology)
  const layers: Block[][] = Array.from({ length: Math.max(0, ...layerOf.values()) + 1 }, () => [])
  const put = (block: Block, layer: number): void =>
    void present(layers[layer], `There is no layer ${layer}.`).push(block)
  for (const block of blocksOf(topology)) put(block, layerOf.get(block.id) ?? 0)
  const edges = edgesOf(topology).map(({ from, to, lines }): BlockEdge => {
    const passages: BlockId[] = []
    for (let layer = (layerOf.get(from) ?? 0) + 1; layer < (layerOf.get(to) ?? 0); layer++) {
      const id = `${from} > ${to} in ${layer}`
      passages.push(id)
      put({ id, kind: 'passage', title: [], count: lines }, layer)
    }
    return { from, to, passages }
  })
  const filled = layers.filter((layer) => layer.length > 0)
  return { layers: untangle(filled, edges), edges }
}

/** The length of the longest path that leads to each vertex. */
export function depths(topology: TraceTopology): ReadonlyMap<VertexId, number> {
  const edges = vertexEdges(topology)
  const depth = new Map(topology.vertices.map(({ id }) => [id, 0]))
  // A job graph has no cycle, so this many rounds reach every vertex along its longest path.
  for (let round = 0; round < topology.vertices.length; round++)
    for (const { from, to } of edges)
      depth.set(to, Math.max(depth.get(to) ?? 0, (depth.get(from) ?? 0) + 1))
  return depth
}

interface DirectEdge {
  readonly from: BlockId
  readonly to: BlockId
  /** How many lines it stands for. */
  readonly lines: number
}

interface VertexEdge {
  readonly from: VertexId
  readonly to: VertexId
  readonly lines: number
}

function vertexEdges({ vertices, channels }: TraceTopology): readonly VertexEdge[] {
  const vertexOf = new Map(vertices.flatMap(({ id, subtasks }) => subtasks.map((s) => [s, id])))
  const edges = new Map<string, VertexEdge>()
  for (const channel of channels) {
    const from = present(vertexOf.get(channel.from), `Channel from unknown ${channel.from}.`)
    const to = present(vertexOf.get(channel.to), `Channel to unknown ${channel.to}.`)
    const key = JSON.stringify([from, to])
    edges.set(key, { from, to, lines: (edges.get(key)?.lines ?? 0) + 1 })
  }
  return [...edges.values()]
}

/**
 * A vertex stands as many layers behind its source as its longest path is long. Sources stand right before the first
 * vertex that reads them, which keeps the way to a late one short; topics stand beside who reads or writes them.
 */
function assignLayers(topology: TraceTopology): ReadonlyMap<BlockId, number> {
  const depth = depths(topology)
  const edges = vertexEdges(topology)
  const consumers = new Set(edges.map(({ to }) => to))
  const layers = new Map<BlockId, number>()
  for (const { id } of topology.vertices) {
    const next = edges.filter(({ from }) => from === id).map(({ to }) => depth.get(to) ?? 0)
    const isLate = !consumers.has(id) && next.length > 0
    layers.set(vertexBlock(id), isLate ? Math.min(...next) - 1 : (depth.get(id) ?? 0))
  }
  const layerOf = (vertex: VertexId): number => layers.get(vertexBlock(vertex)) ?? 0
  for (const { topic, vertex } of topology.outputs) {
    const id = topicBlock(topic)
    layers.set(id, Math.max(layers.get(id) ?? 0, layerOf(vertex) + 1))
  }
  for (const { topic } of topology.inputs) {
    const readers = topology.inputs.filter((input) => input.topic === topic)
    layers.set(topicBlock(topic), Math.min(...readers.map(({ vertex }) => layerOf(vertex))) - 1)
  }
  const first = Math.min(0, ...layers.values())
  return new Map([...layers].map(([id, layer]) => [id, layer - first]))
}

function blocksOf({ inputs, vertices, outputs }: TraceTopology): readonly Block[] {
  const topics = new Map(
    [...inputs, ...outputs].map(({ topic, partitions }) => [topic, partitions]),
  )
  return [
    ...vertices.map(({ id, operators, subtasks }): Block => {
      const title = operators.map(({ name }) => name)
      return { id: vertexBlock(id), kind: 'vertex', title, count: subtasks.length }
    }),
    ...[...topics].map(([topic, count]): Block => {
      return { id: topicBlock(topic), kind: 'topic', title: [topic], count }
    }),
  ]
}

/** Each once: a vertex may read or write a topic in several ways. */
function edgesOf(topology: TraceTopology): readonly DirectEdge[] {
  const { inputs, outputs } = topology
  const all = [
    ...inputs.map(({ topic, vertex }) => {
      return { from: topicBlock(topic), to: vertexBlock(vertex), lines: 1 }
    }),
    ...vertexEdges(topology).map(({ from, to, lines }) => {
      return { from: vertexBlock(from), to: vertexBlock(to), lines }
    }),
    ...outputs.map(({ topic, vertex }) => {
      return { from: vertexBlock(vertex), to: topicBlock(topic), lines: 1 }
    }),
  ]
  return [...new Map(all.map((edge) => [JSON.stringify([edge.from, edge.to]), edge])).values()]
}
