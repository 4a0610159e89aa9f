/** Which things of a job graph stand side by side: the columns of the picture, without sizes. */
import { present } from '../../engine/assert.ts'
import type { VertexId } from '../../engine/ids.ts'
import type { TraceTopology } from '../../engine/trace.ts'

/** `right`: data flows to the right; `down`: it flows down, for narrow screens. */
export type Flow = 'right' | 'down'

export interface Item {
  readonly kind: 'subtask' | 'partition'
  readonly key: string
  readonly label: string
}

export interface Lane {
  readonly title: readonly string[]
  readonly items: readonly Item[]
}

interface Topic {
  readonly topic: string
  readonly partitions: number
  readonly vertex: VertexId
}

/** The length of the longest path that leads to each vertex. */
export function depths(topology: TraceTopology): ReadonlyMap<VertexId, number> {
  const vertexOf = new Map(
    topology.vertices.flatMap(({ id, subtasks }) => subtasks.map((subtask) => [subtask, id])),
  )
  const edges = topology.channels.map(({ from, to }) => ({
    from: present(vertexOf.get(from), `Channel from unknown subtask ${from}.`),
    to: present(vertexOf.get(to), `Channel to unknown subtask ${to}.`),
  }))
  const depth = new Map(topology.vertices.map(({ id }) => [id, 0]))
  // A job graph has no cycle, so this many rounds reach every vertex along its longest path.
  for (let round = 0; round < topology.vertices.length; round++)
    for (const { from, to } of edges)
      depth.set(to, Math.max(depth.get(to) ?? 0, (depth.get(from) ?? 0) + 1))
  return depth
}

/** Input topics, one lane per depth, output topics one after their writer (all at the end when data flows down). */
export function lanesOf(topology: TraceTopology, flow: Flow): readonly Lane[] {
  const depth = depths(topology)
  const count = Math.max(0, ...[...depth.values()].map((value) => value + 1))
  const laneOfOutput = (topic: Topic): number =>
    flow === 'down' ? count : (depth.get(topic.vertex) ?? 0) + 1
  const vertexLanes = Array.from({ length: count + 1 }, (_, column): Lane => {
    const vertices = topology.vertices.filter(({ id }) => depth.get(id) === column)
    const outputs = topology.outputs.filter((output) => laneOfOutput(output) === column)
    const titles = vertices.map(({ operators }) => operators.map(({ name }) => name).join(' → '))
    const subtasks = vertices.flatMap(({ subtasks: ids }) =>
      ids.map((id): Item => ({ kind: 'subtask', key: id, label: id })),
    )
    return {
      title: titles.length > 0 ? titles : namesOf(outputs),
      items: [...subtasks, ...itemsOf(outputs, subtasks.length === 0 && outputs.length === 1)],
    }
  })
  const { inputs } = topology
  const inputLane = { title: namesOf(inputs), items: itemsOf(inputs, inputs.length === 1) }
  return [inputLane, ...vertexLanes].filter(({ items }) => items.length > 0)
}

/** Partitions of topics; with the topic in the column's title the number is enough. */
function itemsOf(topics: readonly Topic[], isShort: boolean): readonly Item[] {
  return topics.flatMap(({ topic, partitions }) =>
    Array.from({ length: partitions }, (_, index): Item => {
      const key = `${topic}/${index}`
      return { kind: 'partition', key, label: isShort ? `/${index}` : key }
    }),
  )
}

function namesOf(topics: readonly Topic[]): readonly string[] {
  return [...new Set(topics.map(({ topic }) => topic))]
}
