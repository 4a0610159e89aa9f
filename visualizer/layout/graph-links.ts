/** Who reads and writes which topic partition at one moment: the lines between partitions and subtasks. Pure. */
import type { VertexId } from '../../engine/ids.ts'
import type { TraceTopology } from '../../engine/trace.ts'
import type { RunState, TransactionPhase } from '../model/run-state.ts'
import { unfinishedOf } from '../model/transactions.ts'
import type { Box, GraphLayout, Point } from './graph-layout.ts'

export interface Link {
  readonly key: string
  readonly from: Point
  readonly to: Point
  /** Of a write: the phase of the writer's oldest unfinished transaction. */
  readonly texture: 'read' | 'idle' | TransactionPhase
}

export function linksOf(
  state: RunState,
  layout: GraphLayout,
  topology: TraceTopology,
): readonly Link[] {
  const reads = [...state.partitions.values()].flatMap(({ key, role, reader }) => {
    const from = layout.partitions.get(key)
    const to = reader === null ? undefined : layout.subtasks.get(reader)
    if (role !== 'input' || from === undefined || to === undefined) return []
    return [linkBetween(`${key}>${reader}`, from, to, layout, 'read')]
  })
  return [...reads, ...topology.outputs.flatMap((output) => writesTo(output, state, layout))]
}

function writesTo(
  { topic, partitions, vertex }: { topic: string; partitions: number; vertex: VertexId },
  state: RunState,
  layout: GraphLayout,
): readonly Link[] {
  const writers = [...state.subtasks.values()].filter((subtask) => subtask.vertex === vertex)
  return writers.flatMap(({ id, isLost }) => {
    const from = layout.subtasks.get(id)
    const texture = isLost ? 'idle' : (unfinishedOf(state, id)[0] ?? 'idle')
    return Array.from({ length: partitions }, (_, index) => `${topic}/${index}`).flatMap((key) => {
      const to = layout.partitions.get(key)
      if (from === undefined || to === undefined) return []
      return [linkBetween(`${id}>${key}`, from, to, layout, texture)]
    })
  })
}

function linkBetween(
  key: string,
  from: Box,
  to: Box,
  { flow }: GraphLayout,
  texture: Link['texture'],
): Link {
  // To a topic beside the next vertex a line leaves at the corner, clear of the channels.
  const isBelow = flow === 'right' && to.y > from.y + from.height
  const isNext = to.x - (from.x + from.width) < from.width * 1.5
  const share = isBelow && isNext ? 0.9 : 0.5
  return { key, from: sideOf(from, flow, 1, share), to: sideOf(to, flow, 0, 0.5), texture }
}

/** A point on the side where data leaves (`along` 1) or enters (0), at a share of the side's length. */
function sideOf(
  { x, y, width, height }: Box,
  flow: GraphLayout['flow'],
  along: 0 | 1,
  share: number,
): Point {
  return flow === 'right'
    ? { x: x + width * along, y: y + height * share }
    : { x: x + width * share, y: y + height * along }
}
