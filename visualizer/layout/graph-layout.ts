/**
 * Where everything of the job graph stands. Columns follow the data: input topics, vertices by the length of the
 * longest path to them, output topics one column after their writers; rows are subtask indices. Positions depend on
 * the topology and the size alone, so that nothing moves during a run and two runs of a job can be compared.
 */
import { present } from '../../engine/assert.ts'
import type { ChannelId, SubtaskId } from '../../engine/ids.ts'
import type { TraceTopology } from '../../engine/trace.ts'
import type { Flow, Item, Lane } from './graph-lanes.ts'
import { lanesOf } from './graph-lanes.ts'

export interface Point {
  readonly x: number
  readonly y: number
}

export interface Box extends Point {
  readonly width: number
  readonly height: number
}

export interface Segment {
  readonly from: Point
  readonly to: Point
  readonly length: number
}

export interface Column {
  readonly title: readonly string[]
  /** Centre of the title. */
  readonly at: Point
  readonly width: number
}

export interface PartitionBox extends Box {
  readonly label: string
}

export interface GraphLayout {
  readonly width: number
  readonly height: number
  readonly flow: Flow
  readonly columns: readonly Column[]
  readonly subtasks: ReadonlyMap<SubtaskId, Box>
  readonly channels: ReadonlyMap<ChannelId, Segment>
  /** By `topic/partition`. */
  readonly partitions: ReadonlyMap<string, PartitionBox>
}

export interface LayoutOptions {
  readonly width: number
  readonly flow: Flow
}

/** Sizes along and across the flow; titles stand before the flow's columns (`header`). */
const SIZES = {
  right: {
    subtask: 62,
    partition: 40,
    air: 20,
    partitionAir: 8,
    along: 132,
    alongMax: 176,
    topicAlong: 124,
    header: 44,
    edge: 10,
    gapMin: 44,
    gapMax: 200,
  },
  down: {
    subtask: 150,
    partition: 92,
    air: 10,
    partitionAir: 4,
    along: 64,
    alongMax: 64,
    topicAlong: 38,
    header: 26,
    edge: 8,
    gapMin: 52,
    gapMax: 52,
  },
} as const

/** From this many rows on, subtasks flowing right stand closer. */
const DENSE_ROWS = 3
const DENSE = { subtask: 56, air: 10 } as const

/** An interval on one axis. */
interface Span {
  readonly start: number
  readonly size: number
}

export function layoutGraph(topology: TraceTopology, { width, flow }: LayoutOptions): GraphLayout {
  const lanes = lanesOf(topology, flow)
  const across = new Map(placeAcross(lanes, flow, width))
  const along = placeAlong(lanes, flow, width)
  const boxes = new Map<string, Box>()
  lanes.forEach(({ items }, index) => {
    const span = present(along[index], `Lane ${index} has no place.`)
    for (const { key } of items) {
      const cross = present(across.get(key), `${key} has no place.`)
      boxes.set(key, boxOf(flow, span, cross))
    }
  })
  const items = lanes.flatMap((lane) => lane.items)
  const boxFor = (key: string): Box => present(boxes.get(key), `${key} has no box.`)
  return {
    ...extentOf([...boxes.values()], flow, width),
    flow,
    columns: lanes.map((lane, index) =>
      columnOf(lane, present(along[index], `Lane ${index} has no place.`), flow, width),
    ),
    subtasks: new Map(
      topology.vertices.flatMap(({ subtasks }) => subtasks.map((id) => [id, boxFor(id)])),
    ),
    partitions: new Map(
      items.flatMap(({ kind, key, label }) =>
        kind === 'partition' ? [[key, { ...boxFor(key), label }]] : [],
      ),
    ),
    channels: layoutChannels(topology, boxFor, flow),
  }
}

export function segment(from: Point, to: Point): Segment {
  return { from, to, length: Math.hypot(to.x - from.x, to.y - from.y) }
}

/** The point at `progress` (0..1) of a segment. */
export function pointAt({ from, to }: Segment, progress: number): Point {
  return { x: from.x + (to.x - from.x) * progress, y: from.y + (to.y - from.y) * progress }
}

/** Lanes along the flow: as wide as they may be, the gaps take the rest up to their maximum, then it is centred. */
function placeAlong(lanes: readonly Lane[], flow: Flow, width: number): readonly Span[] {
  const size = SIZES[flow]
  const isTopic = lanes.map(({ items }) => items.every(({ kind }) => kind === 'partition'))
  const topics = isTopic.filter(Boolean).length
  const vertices = lanes.length - topics
  const gaps = Math.max(1, lanes.length - 1)
  const room = width - 2 * size.edge - topics * size.topicAlong
  const spare = (room - vertices * size.along - gaps * size.gapMin) / (vertices + 2 * gaps)
  const along = clamp(size.along + spare, size.along, size.alongMax)
  const gap = clamp((room - vertices * along) / gaps, size.gapMin, size.gapMax)
  const used = topics * size.topicAlong + vertices * along + gaps * gap
  let position = flow === 'right' ? Math.max(size.edge, (width - used) / 2) : 0
  return isTopic.map((topic) => {
    const start = position + (flow === 'down' ? size.header : 0)
    const span = { start, size: topic ? size.topicAlong : along }
    position = start + span.size + (flow === 'down' ? gap - size.header : gap)
    return span
  })
}

/** Items across the flow: subtasks in rows shared by all lanes, partitions spread over the rows or stacked after them. */
function* placeAcross(
  lanes: readonly Lane[],
  flow: Flow,
  width: number,
): Generator<readonly [string, Span]> {
  const size = SIZES[flow]
  const first = flow === 'right' ? size.header : size.edge
  const rows = Math.max(1, ...lanes.map(({ items }) => countOf(items, 'subtask')))
  const room = width - 2 * size.edge
  const { subtask, region } = rowSizes(flow, rows, room)
  for (const { items } of lanes) {
    const subtasks = items.filter(({ kind }) => kind === 'subtask')
    const partitions = items.filter(({ kind }) => kind === 'partition')
    yield* spread(subtasks, { start: first, size: region }, subtask)
    const needed = partitions.length * (size.partition + size.partitionAir)
    const isMixed = subtasks.length > 0
    const span = isMixed
      ? { start: first + region, size: needed }
      : { start: first, size: flow === 'right' ? Math.max(region, needed) : region }
    const share = span.size / Math.max(partitions.length, 1)
    yield* spread(partitions, span, Math.min(size.partition, share - size.partitionAir))
  }
}

/** How thick a subtask is, and how far all rows reach. */
function rowSizes(
  flow: Flow,
  rows: number,
  room: number,
): { readonly subtask: number; readonly region: number } {
  if (flow === 'down') {
    const { subtask, air } = SIZES.down
    return { subtask: Math.min(subtask, room / rows - air), region: room }
  }
  const { subtask, air } = rows >= DENSE_ROWS ? DENSE : SIZES.right
  return { subtask, region: rows * (subtask + air) }
}

/** Each item in the middle of an equal share of the span. */
function* spread(
  items: readonly Item[],
  { start, size }: Span,
  thickness: number,
): Generator<readonly [string, Span]> {
  const pitch = size / Math.max(items.length, 1)
  for (const [row, { key }] of items.entries())
    yield [key, { start: start + pitch * (row + 0.5) - thickness / 2, size: thickness }]
}

function boxOf(flow: Flow, along: Span, across: Span): Box {
  return flow === 'right'
    ? { x: along.start, y: across.start, width: along.size, height: across.size }
    : { x: across.start, y: along.start, width: across.size, height: along.size }
}

function extentOf(
  boxes: readonly Box[],
  flow: Flow,
  width: number,
): { readonly width: number; readonly height: number } {
  const { edge } = SIZES[flow]
  const right = Math.max(0, ...boxes.map((box) => box.x + box.width)) + edge
  const bottom = Math.max(0, ...boxes.map((box) => box.y + box.height)) + edge
  return { width: Math.max(width, right), height: bottom }
}

function columnOf({ title }: Lane, { start, size }: Span, flow: Flow, width: number): Column {
  const { header, edge } = SIZES[flow]
  return flow === 'right'
    ? { title, at: { x: start + size / 2, y: header / 2 - 2 }, width: size * 1.5 }
    : { title, at: { x: width / 2, y: start - header / 2 }, width: width - 2 * edge }
}

function layoutChannels(
  topology: TraceTopology,
  boxFor: (key: string) => Box,
  flow: Flow,
): ReadonlyMap<ChannelId, Segment> {
  const outputs = new Ports(topology.channels.map(({ from }) => from))
  const inputs = new Ports(topology.channels.map(({ to }) => to))
  return new Map(
    topology.channels.map(({ id, from, to }) => {
      const start = port(boxFor(from), flow, 'end', outputs.next(from))
      const end = port(boxFor(to), flow, 'start', inputs.next(to))
      return [id, segment(start, end)]
    }),
  )
}

/** Deals out places on a subtask's side: each channel has its own, so that barriers at one consumer stay apart. */
class Ports {
  readonly #total = new Map<SubtaskId, number>()
  readonly #dealt = new Map<SubtaskId, number>()

  constructor(ends: readonly SubtaskId[]) {
    for (const end of ends) this.#total.set(end, (this.#total.get(end) ?? 0) + 1)
  }

  /** The fraction of the side at which the next channel of the subtask ends. */
  next(subtask: SubtaskId): number {
    const index = (this.#dealt.get(subtask) ?? 0) + 1
    this.#dealt.set(subtask, index)
    return index / ((this.#total.get(subtask) ?? 1) + 1)
  }
}

function port(
  { x, y, width, height }: Box,
  flow: Flow,
  side: 'start' | 'end',
  fraction: number,
): Point {
  return flow === 'right'
    ? { x: side === 'end' ? x + width : x, y: y + height * fraction }
    : { x: x + width * fraction, y: side === 'end' ? y + height : y }
}

function countOf(items: readonly Item[], kind: Item['kind']): number {
  return items.filter((item) => item.kind === kind).length
}

function clamp(value: number, min: number, max: number): number {
  return Math.min(Math.max(value, min), max)
}
