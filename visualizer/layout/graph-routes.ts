/**
 * The lines of the job graph: channels between subtasks, links between subtasks and partitions. Each has its own place
 * on a subtask's side, in the order of where it leads to, so that lines cross little and barriers at one consumer stay
 * apart; the inputs of an operator with several come in apart from each other.
 */
import { present } from '../../engine/assert.ts'
import type { ChannelId, SubtaskId, VertexId } from '../../engine/ids.ts'
import type { TraceTopology } from '../../engine/trace.ts'
import type { BlockGraph, BlockId } from './graph-blocks.ts'
import { topicBlock, vertexBlock } from './graph-blocks.ts'
import type { Flow, PlacedBlock } from './graph-place.ts'
import type { Box, Point, Route } from './geometry.ts'
import { route } from './geometry.ts'

export interface InputTag extends Point {
  readonly subtask: SubtaskId
  /** From 0. */
  readonly input: number
}

export interface RouteOptions {
  readonly topology: TraceTopology
  readonly graph: BlockGraph
  readonly blocks: ReadonlyMap<BlockId, PlacedBlock>
  readonly subtasks: ReadonlyMap<SubtaskId, Box>
  readonly partitions: ReadonlyMap<string, Box>
  readonly flow: Flow
}

export interface Routes {
  readonly channels: ReadonlyMap<ChannelId, Route>
  readonly inputTags: readonly InputTag[]
  readonly reads: ReadonlyMap<string, Route>
  readonly writes: ReadonlyMap<string, Route>
}

/** The key of the link between a partition and a subtask. */
export function linkKey(partition: string, subtask: SubtaskId): string {
  return `${partition} ${subtask}`
}

export function layOutRoutes(options: RouteOptions): Routes {
  const lines = new Lines(options)
  return {
    channels: lines.channels(),
    inputTags: lines.inputTags(),
    reads: lines.reads(),
    writes: lines.writes(),
  }
}

interface ChannelEnds {
  readonly id: ChannelId
  readonly from: SubtaskId
  readonly to: SubtaskId
  readonly input: number
  readonly passages: readonly Box[]
  /** Its place in the passages. */
  readonly share: number
}

class Lines {
  readonly #options: RouteOptions
  readonly #channels: readonly ChannelEnds[]
  readonly #passages: ReadonlyMap<string, readonly Box[]>
  readonly #exits = new Ports()
  readonly #entries = new Ports()

  constructor(options: RouteOptions) {
    const { topology, graph, blocks } = options
    this.#options = options
    this.#passages = new Map(
      graph.edges.map(({ from, to, passages }) => [
        JSON.stringify([from, to]),
        passages.flatMap((id) => blocks.get(id)?.boxes ?? []),
      ]),
    )
    this.#channels = channelEnds(topology, (from, to) => this.#between(from, to))
    for (const { id, from, to, input, passages, share } of this.#channels) {
      const first = passages[0] ?? this.#subtask(to)
      const last = passages.at(-1) ?? this.#subtask(from)
      this.#exits.add(from, { key: id, group: 0, rank: this.#across(first, share) })
      this.#entries.add(to, { key: id, group: input, rank: this.#across(last, share) })
    }
    for (const { topic, vertex } of topology.outputs)
      for (const subtask of this.#subtasksOf(vertex)) {
        const next = this.#between(vertexBlock(vertex), topicBlock(topic))[0]
        const goal = next ?? this.#partition(`${topic}/0`)
        this.#exits.add(subtask, { key: topic, group: 0, rank: this.#across(goal, 0.5) })
      }
  }

  channels(): ReadonlyMap<ChannelId, Route> {
    return new Map(
      this.#channels.map(({ id, from, to, passages, share }) => {
        const start = this.#side(this.#subtask(from), 'end', this.#exits.shareOf(from, id))
        const end = this.#side(this.#subtask(to), 'start', this.#entries.shareOf(to, id))
        return [id, route(start, end, this.#through(passages, share))]
      }),
    )
  }

  inputTags(): readonly InputTag[] {
    return [...this.#options.subtasks].flatMap(([subtask, box]) => {
      const groups = this.#entries.groupsOf(subtask)
      if (groups.length < 2) return []
      return groups.map(([input, share]) => ({
        subtask,
        input,
        ...this.#side(box, 'start', share),
      }))
    })
  }

  reads(): ReadonlyMap<string, Route> {
    return new Map(
      this.#options.topology.inputs.flatMap(({ topic, partitions, vertex }) => {
        const via = this.#through(this.#between(topicBlock(topic), vertexBlock(vertex)), 0.5)
        return this.#pairs(vertex, topic, partitions).map(({ key, subtask, box, partition }) => {
          const from = this.#side(partition, 'end', 0.5)
          return [linkKey(key, subtask), route(from, this.#side(box, 'start', 0.5), via)] as const
        })
      }),
    )
  }

  writes(): ReadonlyMap<string, Route> {
    return new Map(
      this.#options.topology.outputs.flatMap(({ topic, partitions, vertex }) => {
        const via = this.#through(this.#between(vertexBlock(vertex), topicBlock(topic)), 0.5)
        return this.#pairs(vertex, topic, partitions).map(({ key, subtask, box, partition }) => {
          const from = this.#side(box, 'end', this.#exits.shareOf(subtask, topic))
          return [
            linkKey(key, subtask),
            route(from, this.#side(partition, 'start', 0.5), via),
          ] as const
        })
      }),
    )
  }

  #pairs(
    vertex: VertexId,
    topic: string,
    partitions: number,
  ): readonly { key: string; subtask: SubtaskId; box: Box; partition: Box }[] {
    return this.#subtasksOf(vertex).flatMap((subtask) =>
      Array.from({ length: partitions }, (_, index) => {
        const key = `${topic}/${index}`
        return { key, subtask, box: this.#subtask(subtask), partition: this.#partition(key) }
      }),
    )
  }

  #subtasksOf(vertex: VertexId): readonly SubtaskId[] {
    return this.#options.topology.vertices.find(({ id }) => id === vertex)?.subtasks ?? []
  }

  #subtask(id: SubtaskId): Box {
    return present(this.#options.subtasks.get(id), `${id} has no box.`)
  }

  #partition(key: string): Box {
    return present(this.#options.partitions.get(key), `${key} has no box.`)
  }

  /** The passages on the way from block to block. */
  #between(from: BlockId, to: BlockId): readonly Box[] {
    return this.#passages.get(JSON.stringify([from, to])) ?? []
  }

  #through(passages: readonly Box[], share: number): readonly Point[] {
    const { flow } = this.#options
    return passages.flatMap(({ x, y, width, height }) => {
      const [cx, cy] = [x + width * share, y + height * share]
      return flow === 'right'
        ? [
            { x, y: cy },
            { x: x + width, y: cy },
          ]
        : [
            { x: cx, y },
            { x: cx, y: y + height },
          ]
    })
  }

  #across({ x, y, width, height }: Box, share: number): number {
    return this.#options.flow === 'right' ? y + height * share : x + width * share
  }

  /** A point on the side where data leaves or enters, at a share of the side's length. */
  #side({ x, y, width, height }: Box, side: 'start' | 'end', share: number): Point {
    return this.#options.flow === 'right'
      ? { x: side === 'end' ? x + width : x, y: y + height * share }
      : { x: x + width * share, y: side === 'end' ? y + height : y }
  }
}

/** Channels with their way; those between two vertices run through passages side by side. */
function channelEnds(
  { vertices, channels }: TraceTopology,
  passagesOf: (from: BlockId, to: BlockId) => readonly Box[],
): readonly ChannelEnds[] {
  const blockOf = new Map(
    vertices.flatMap(({ id, subtasks }) => subtasks.map((s) => [s, vertexBlock(id)])),
  )
  const wayOf = ({ from, to }: { from: SubtaskId; to: SubtaskId }): [BlockId, BlockId] => [
    blockOf.get(from) ?? '',
    blockOf.get(to) ?? '',
  ]
  const totals = new Map<string, number>()
  const dealt = new Map<string, number>()
  for (const channel of channels) count(totals, JSON.stringify(wayOf(channel)))
  return channels.map((channel) => {
    const [from, to] = wayOf(channel)
    const key = JSON.stringify([from, to])
    const share = count(dealt, key) / ((totals.get(key) ?? 1) + 1)
    return { ...channel, passages: passagesOf(from, to), share }
  })
}

function count(counts: Map<string, number>, key: string): number {
  const next = (counts.get(key) ?? 0) + 1
  counts.set(key, next)
  return next
}

interface Port {
  readonly key: string
  readonly group: number
  /** Where across the flow its line leads to. */
  readonly rank: number
}

/** The places on the sides of subtasks, sorted by group, then by where their lines lead to. */
class Ports {
  readonly #ports = new Map<SubtaskId, Port[]>()

  add(subtask: SubtaskId, port: Port): void {
    const ports = [...(this.#ports.get(subtask) ?? []), port]
    this.#ports.set(
      subtask,
      ports.toSorted((a, b) => a.group - b.group || a.rank - b.rank),
    )
  }

  /** The share of the side at which this line ends. */
  shareOf(subtask: SubtaskId, key: string): number {
    return this.#shares(subtask).find(({ port }) => port.key === key)?.share ?? 0.5
  }

  /** The groups with the middle of each. */
  groupsOf(subtask: SubtaskId): readonly (readonly [group: number, share: number])[] {
    const shares = this.#shares(subtask)
    const groups = [...new Set(shares.map(({ port }) => port.group))]
    return groups.map((group) => {
      const own = shares.filter(({ port }) => port.group === group)
      return [group, own.reduce((sum, { share }) => sum + share, 0) / own.length]
    })
  }

  #shares(subtask: SubtaskId): readonly { readonly port: Port; readonly share: number }[] {
    const ports = this.#ports.get(subtask) ?? []
    const groups = new Set(ports.map(({ group }) => group))
    // One place stays free between two groups.
    const places = ports.length + groups.size
    let place = 0
    return ports.map((port, index) => {
      place += index > 0 && ports[index - 1]?.group !== port.group ? 2 : 1
      return { port, share: place / places }
    })
  }
}
