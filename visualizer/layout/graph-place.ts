/**
 * Sizes and places of blocks. Flowing right, layers are columns and a block's items stand below each other; flowing down
 * (on narrow screens), layers are rows and items stand side by side. A title is always above its items.
 */
import { present } from '../../engine/assert.ts'
import { cutText, textWidth } from '../dom.ts'
import type { Block, BlockGraph, BlockId } from './graph-blocks.ts'
import { piecesOf } from './graph-order.ts'
import { packedSize, settle } from './graph-settle.ts'
import type { Box, Point } from './geometry.ts'

/** `right`: data flows to the right; `down`: it flows down, for narrow screens. */
export type Flow = 'right' | 'down'

export interface Title {
  readonly id: BlockId
  readonly kind: Block['kind']
  readonly lines: readonly string[]
  readonly whole: string
  /** An end of the first baseline: the left one, or with anchor `end` the right one. */
  readonly at: Point
  readonly anchor: 'start' | 'end'
}

export interface PlacedBlock {
  readonly title: Title | null
  /** One for each subtask or partition; of a passage the one box that is kept free. */
  readonly boxes: readonly Box[]
}

export interface Placement {
  readonly width: number
  readonly height: number
  readonly blocks: ReadonlyMap<BlockId, PlacedBlock>
}

const EDGE = 10
const TITLE_SIZE = 12
export const LINE_HEIGHT = 14
/** From the last baseline of a title to its items: a snapshot's badge stands there. */
const TITLE_GAP = 13
const LINES_MAX = 2

/** Thickness of an item across the flow and the air behind it, from comfortable to dense. */
const RIGHT_SIZES = [
  { subtask: 60, partition: 38, air: 14, gap: 20 },
  { subtask: 56, partition: 36, air: 9, gap: 14 },
  { subtask: 42, partition: 32, air: 6, gap: 12 },
] as const
/** The densest size is taken where a comfortable one would be higher than this. */
const RIGHT_HEIGHT = 390
const RIGHT = {
  subtask: { min: 100, max: 176 },
  partition: { min: 84, max: 112 },
  along: { min: 34, max: 200 },
} as const

const DOWN = {
  subtask: { min: 58, max: 150 },
  partition: { min: 44, max: 92 },
  subtaskHeight: 62,
  partitionHeight: 38,
  air: 6,
  gap: 8,
  /** Between a layer's boxes and the next layer's titles. */
  along: 30,
} as const

/** Steps between the least and the greatest sizes. */
const SHARES = 200

interface Span {
  readonly start: number
  readonly size: number
}

export function placeBlocks(
  graph: BlockGraph,
  { width, flow }: { readonly width: number; readonly flow: Flow },
): Placement {
  return flow === 'right' ? placeRight(graph, width) : placeDown(graph, width)
}

function placeRight({ layers, edges }: BlockGraph, width: number): Placement {
  const columns = columnsOf(layers, width)
  const titles = layers.map((layer, index) => {
    const { size, room } = present(columns[index], `Layer ${index} has no place.`)
    return layer.map((block) => wrap(block.title, size + room))
  })
  const sized = (size: (typeof RIGHT_SIZES)[number]): { id: BlockId; size: number }[][] =>
    layers.map((layer, index) =>
      layer.map((block, rank) => {
        const lines = titles[index]?.[rank]?.length ?? 0
        return {
          id: block.id,
          size: headOf(lines) + stackOf(block, thicknessOf(block, size), size.air),
        }
      }),
    )
  const heightOf = (size: (typeof RIGHT_SIZES)[number]): number =>
    Math.max(...sized(size).map((layer) => packedSize(layer, size.gap)))
  const size =
    RIGHT_SIZES.find((candidate) => heightOf(candidate) <= RIGHT_HEIGHT) ?? RIGHT_SIZES[2]
  const extent = heightOf(size)
  const starts = settle({ layers: sized(size), pieces: piecesOf(edges), gap: size.gap, extent })
  const blocks = layers.flatMap((layer, index) => {
    const column = present(columns[index], `Layer ${index} has no place.`)
    return layer.map((block, rank): readonly [BlockId, PlacedBlock] => {
      const lines = titles[index]?.[rank] ?? []
      const y = EDGE + (starts.get(block.id) ?? 0)
      const thickness = thicknessOf(block, size)
      const top = y + headOf(lines.length)
      const boxes = itemsOf(block, thickness, size.air).map(({ start, size: height }): Box => {
        return { x: column.start, y: top + start, width: column.size, height }
      })
      const title = column.isLast
        ? titleOf(block, lines, { x: column.start + column.size, y }, 'end')
        : titleOf(block, lines, { x: column.start, y }, 'start')
      return [block.id, { title, boxes }]
    })
  })
  const last = columns.at(-1)
  const right = last === undefined ? 0 : last.start + last.size + EDGE
  return { width: Math.max(width, right), height: extent + 2 * EDGE, blocks: new Map(blocks) }
}

interface ColumnSpan extends Span {
  /** What a title may take of the gap behind the column, or before the last one. */
  readonly room: number
  readonly isLast: boolean
}

/** Boxes and gaps grow together from what they need at least; what is left over stays at both sides. */
function columnsOf(layers: BlockGraph['layers'], width: number): readonly ColumnSpan[] {
  const isTopic = layers.map((layer) => layer.every(({ kind }) => kind !== 'vertex'))
  const topics = isTopic.filter(Boolean).length
  const gaps = Math.max(0, layers.length - 1)
  const sizesAt = (share: number): { subtask: number; partition: number; along: number } => ({
    subtask: grown(RIGHT.subtask, share),
    partition: grown(RIGHT.partition, share),
    // Gaps are last to grow: text needs the room first.
    along: grown(RIGHT.along, Math.max(0, share * 2 - 1) + Math.min(share, 0.5) * 0.2),
  })
  const usedAt = (share: number): number => {
    const { subtask, partition, along } = sizesAt(share)
    return topics * partition + (layers.length - topics) * subtask + gaps * along
  }
  const shares = Array.from({ length: SHARES + 1 }, (_, index) => 1 - index / SHARES)
  const share = shares.find((candidate) => usedAt(candidate) <= width - 2 * EDGE) ?? 0
  const { subtask, partition, along } = sizesAt(share)
  let start = Math.max(EDGE, (width - usedAt(share)) / 2)
  return isTopic.map((topic, index) => {
    const size = topic ? partition : subtask
    const span = { start, size, room: along - 14, isLast: index === layers.length - 1 }
    start += size + along
    return span
  })
}

function grown(
  { min, max }: { readonly min: number; readonly max: number },
  share: number,
): number {
  return min + (max - min) * Math.min(share, 1)
}

function placeDown({ layers, edges }: BlockGraph, width: number): Placement {
  const room = width - 2 * EDGE
  const sizes = layers.map((layer) => widthsIn(layer, room))
  const sized = layers.map((layer, index) =>
    layer.map((block) => {
      const thickness = thicknessOf(block, present(sizes[index], `Layer ${index} has no size.`))
      return { id: block.id, size: stackOf(block, thickness, DOWN.air) }
    }),
  )
  const extent = Math.max(room, ...sized.map((layer) => packedSize(layer, DOWN.gap)))
  const starts = settle({ layers: sized, pieces: piecesOf(edges), gap: DOWN.gap, extent })
  const blocks = new Map<BlockId, PlacedBlock>()
  let y = EDGE
  for (const [index, layer] of layers.entries()) {
    const titles = layer.map((block, rank) => wrap(block.title, sized[index]?.[rank]?.size ?? 0))
    const head = headOf(Math.max(...titles.map(({ length }) => length)))
    const height = Math.max(...layer.map(heightDown))
    for (const [rank, block] of layer.entries()) {
      const lines = titles[rank] ?? []
      const x = EDGE + (starts.get(block.id) ?? 0)
      const thickness = thicknessOf(block, present(sizes[index], `Layer ${index} has no size.`))
      // A passage goes on beside the titles.
      const isPassage = block.kind === 'passage'
      const along = isPassage
        ? { y, height: head + height }
        : { y: y + head, height: heightDown(block) }
      const boxes = itemsOf(block, thickness, DOWN.air).map(({ start, size }): Box => {
        return { x: x + start, width: size, ...along }
      })
      const titleY = y + head - headOf(lines.length)
      blocks.set(block.id, { title: titleOf(block, lines, { x, y: titleY }, 'start'), boxes })
    }
    y += head + height + DOWN.along
  }
  return { width: Math.max(width, extent + 2 * EDGE), height: y - DOWN.along + EDGE, blocks }
}

function heightDown({ kind }: Block): number {
  return kind === 'vertex' ? DOWN.subtaskHeight : DOWN.partitionHeight
}

/** How wide the items of a row may be: the room is shared, down to what can still be read. */
function widthsIn(
  layer: readonly Block[],
  room: number,
): { readonly subtask: number; readonly partition: number } {
  const countOf = (kind: Block['kind']): number =>
    layer.reduce((sum, block) => sum + (block.kind === kind ? block.count : 0), 0)
  const passages = layer.filter(({ kind }) => kind === 'passage')
  const items = countOf('vertex') + countOf('topic')
  const air = DOWN.air * Math.max(0, items - (layer.length - passages.length))
  const free =
    room - air - DOWN.gap * (layer.length - 1) - passages.reduce((sum, b) => sum + widthOf(b), 0)
  const { subtask, partition } = DOWN
  const weight = countOf('vertex') * subtask.min + countOf('topic') * partition.min
  const scale = free / Math.max(weight, 1)
  return {
    subtask: clamp(subtask.min * scale, subtask.min, subtask.max),
    partition: clamp(partition.min * scale, partition.min, partition.max),
  }
}

function thicknessOf(
  block: Block,
  { subtask, partition }: { readonly subtask: number; readonly partition: number },
): number {
  if (block.kind === 'passage') return widthOf(block)
  return block.kind === 'vertex' ? subtask : partition
}

/** Of a passage: its lines run side by side. */
function widthOf({ count }: Block): number {
  return clamp(count * 5, 12, 30)
}

function stackOf(block: Block, thickness: number, air: number): number {
  const count = block.kind === 'passage' ? 1 : block.count
  return count * thickness + Math.max(0, count - 1) * air
}

function itemsOf(block: Block, thickness: number, air: number): readonly Span[] {
  const count = block.kind === 'passage' ? 1 : block.count
  return Array.from({ length: count }, (_, index) => {
    return { start: index * (thickness + air), size: thickness }
  })
}

function headOf(lines: number): number {
  return lines === 0 ? 0 : lines * LINE_HEIGHT + TITLE_GAP
}

function titleOf(
  block: Block,
  lines: readonly string[],
  { x, y }: Point,
  anchor: Title['anchor'],
): Title | null {
  if (lines.length === 0) return null
  const { id, kind, title } = block
  return { id, kind, lines, whole: title.join(' → '), at: { x, y: y + LINE_HEIGHT - 3 }, anchor }
}

/** Parts joined by arrows, broken before an arrow where they do not fit, cut after two lines. */
function wrap(parts: readonly string[], room: number): readonly string[] {
  // Titles are bold.
  const size = TITLE_SIZE * 1.07
  const lines: string[] = []
  for (const part of parts) {
    const last = lines.at(-1)
    const joined = last === undefined ? part : `${last} → ${part}`
    if (last === undefined) lines.push(part)
    else if (textWidth(joined, size) <= room) lines[lines.length - 1] = joined
    else lines.push(`→ ${part}`)
  }
  const shown = lines.slice(0, LINES_MAX)
  if (lines.length > LINES_MAX) shown[LINES_MAX - 1] = `${shown[LINES_MAX - 1] ?? ''} …`
  return shown.map((line) => cutText(line, size, room))
}

function clamp(value: number, min: number, max: number): number {
  return Math.min(Math.max(value, min), max)
}
