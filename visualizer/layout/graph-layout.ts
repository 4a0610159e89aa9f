/**
 * Where everything of the job graph stands. Layers follow the data: topics, vertices, topics; a block is a title with
 * subtasks or partitions. Positions depend on the topology and the width alone, so that nothing moves during a run and
 * two runs of a job can be compared.
 */
import { present } from '../../engine/assert.ts'
import type { ChannelId, SubtaskId } from '../../engine/ids.ts'
import type { TraceTopology } from '../../engine/trace.ts'
import type { BlockGraph, BlockId } from './graph-blocks.ts'
import { blockGraph, topicBlock, vertexBlock } from './graph-blocks.ts'
import type { Flow, PlacedBlock, Title } from './graph-place.ts'
import { placeBlocks } from './graph-place.ts'
import type { InputTag } from './graph-routes.ts'
import { layOutRoutes } from './graph-routes.ts'
import type { Box, Route } from './geometry.ts'

/** A box and what is written in it. */
export interface LabeledBox extends Box {
  readonly label: string
  /** Where the label has no room: the title above says the rest. */
  readonly short: string
}

export interface GraphLayout {
  readonly width: number
  readonly height: number
  readonly flow: Flow
  readonly titles: readonly Title[]
  readonly subtasks: ReadonlyMap<SubtaskId, LabeledBox>
  /** By `topic/partition`. */
  readonly partitions: ReadonlyMap<string, LabeledBox>
  readonly channels: ReadonlyMap<ChannelId, Route>
  /** Where each input of a subtask with several comes in. */
  readonly inputTags: readonly InputTag[]
  /** From a partition to each subtask that may read it, by `linkKey`. */
  readonly reads: ReadonlyMap<string, Route>
  /** From a subtask to each partition that it may write. */
  readonly writes: ReadonlyMap<string, Route>
}

export interface LayoutOptions {
  readonly width: number
  readonly flow: Flow
}

export function layoutGraph(topology: TraceTopology, options: LayoutOptions): GraphLayout {
  const graph: BlockGraph = blockGraph(topology)
  const { width, height, blocks } = placeBlocks(graph, options)
  const boxesOf = (id: BlockId): readonly Box[] =>
    present(blocks.get(id), `Block ${id} has no place.`).boxes
  const subtasks = new Map(
    topology.vertices.flatMap(({ id, subtasks: ids }) =>
      ids.map((subtask, index) => [
        subtask,
        labeled(boxesOf(vertexBlock(id))[index], subtask, index),
      ]),
    ),
  )
  const topics = new Map(
    [...topology.inputs, ...topology.outputs].map(({ topic, partitions }) => [topic, partitions]),
  )
  const partitions = new Map(
    [...topics].flatMap(([topic, count]) =>
      boxesOf(topicBlock(topic))
        .slice(0, count)
        .map((box, index) => [`${topic}/${index}`, labeled(box, `/${index}`, index)] as const),
    ),
  )
  return {
    width,
    height,
    flow: options.flow,
    titles: titlesOf(blocks),
    subtasks,
    partitions,
    ...layOutRoutes({ topology, graph, blocks, subtasks, partitions, flow: options.flow }),
  }
}

function labeled(box: Box | undefined, label: string, index: number): LabeledBox {
  return { ...present(box, `${label} has no box.`), label, short: `/${index}` }
}

function titlesOf(blocks: ReadonlyMap<BlockId, PlacedBlock>): readonly Title[] {
  return [...blocks.values()].flatMap(({ title }) => (title === null ? [] : [title]))
}
