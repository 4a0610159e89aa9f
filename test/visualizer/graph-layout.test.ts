/** Where the graph's boxes and lines stand. */
import { expect, test } from 'vitest'
import { channelId, subtaskId, vertexId } from '../../engine/ids.ts'
import type { TraceTopology } from '../../engine/trace.ts'
import { depths } from '../../visualizer/layout/graph-blocks.ts'
import { layoutGraph } from '../../visualizer/layout/graph-layout.ts'
import { buildJobGraph } from '../../engine/job/job-graph.ts'
import { describeTopology } from '../../engine/job/topology.ts'
import { BUILTIN_JOBS } from '../../lessons/jobs/index.ts'
import type { Box } from '../../visualizer/layout/geometry.ts'
import { pointsOf } from '../../visualizer/layout/geometry.ts'
import type { GraphLayout } from '../../visualizer/layout/graph-layout.ts'
import { TOPOLOGY } from './trace-builder.ts'

/** A diamond with a tail: a → b → d → e, a → c → d; every vertex with `parallelism` subtasks. */
function diamond(parallelism: number): TraceTopology {
  const names = ['a', 'b', 'c', 'd', 'e']
  const edges = ['ab', 'ac', 'bd', 'cd', 'de'].map(
    (edge) => [edge[0] ?? '', edge[1] ?? ''] as const,
  )
  const ids = (name: string) =>
    Array.from({ length: parallelism }, (_, index) => subtaskId(vertexId(name), index))
  return {
    job: 'diamond',
    vertices: names.map((name) => ({
      id: vertexId(name),
      operators: [{ uid: name, name, kind: 'map' }],
      subtasks: ids(name),
    })),
    channels: edges.flatMap(([from, to]) =>
      ids(from).flatMap((a) =>
        ids(to).map((b) => ({ id: channelId(a, b, 0), from: a, to: b, input: 0 })),
      ),
    ),
    workers: [],
    inputs: [{ topic: 'in', partitions: 2, vertex: vertexId('a') }],
    outputs: [
      { topic: 'out', partitions: 3, vertex: vertexId('e'), isTransactional: true },
      { topic: 'side', partitions: 2, vertex: vertexId('a'), isTransactional: true },
    ],
  }
}

/** Every built-in job, as the simulator describes it. */
function builtins(parallelism: number): TraceTopology[] {
  return Object.values(BUILTIN_JOBS).map((job) =>
    describeTopology(buildJobGraph(job, { parallelism }), [], () => 2),
  )
}

function overlaps(a: Box, b: Box): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height
}

function boxesOf(layout: GraphLayout): Box[] {
  return [...layout.subtasks.values(), ...layout.partitions.values()]
}

test('the depth of a vertex is its longest path from a source', () => {
  expect(Object.fromEntries(depths(diamond(1)))).toEqual({ a: 0, b: 1, c: 1, d: 2, e: 3 })
})

test.each([
  ['right', 1200, 1],
  ['right', 1000, 4],
  ['right', 780, 2],
  ['right', 640, 2],
  ['down', 380, 1],
  ['down', 380, 2],
  ['down', 380, 4],
] as const)(
  'flowing %s in %i px with parallelism %i, no two boxes overlap',
  (flow, width, parallelism) => {
    for (const topology of [TOPOLOGY, diamond(parallelism), ...builtins(parallelism)]) {
      const layout = layoutGraph(topology, { width, flow })
      const boxes = boxesOf(layout)
      for (const [index, a] of boxes.entries()) {
        expect(a.width).toBeGreaterThan(0)
        expect(a.x).toBeGreaterThanOrEqual(0)
        expect(a.x + a.width).toBeLessThanOrEqual(layout.width)
        expect(a.y + a.height).toBeLessThanOrEqual(layout.height)
        for (const b of boxes.slice(index + 1)) expect(overlaps(a, b)).toBe(false)
      }
    }
  },
)

test.each([
  ['right', 1000],
  ['right', 780],
  ['down', 378],
] as const)('flowing %s in %i px, no line of a built-in job runs across a box', (flow, width) => {
  for (const topology of builtins(2)) {
    const layout = layoutGraph(topology, { width, flow })
    const lines = [layout.channels, layout.reads, layout.writes].flatMap((map) => [...map.values()])
    for (const way of lines)
      for (const box of boxesOf(layout))
        expect([topology.job, way, box, crosses(pointsOf(way), box)]).toEqual([
          topology.job,
          way,
          box,
          false,
        ])
  }
})

/** Whether a line goes through the inside of a box, by a point every two pixels. */
function crosses(points: readonly { x: number; y: number }[], box: Box): boolean {
  const inside = { x: box.x + 2, y: box.y + 2, width: box.width - 4, height: box.height - 4 }
  return points.slice(1).some((end, index) => {
    const start = points[index] ?? end
    const steps = Math.ceil(Math.hypot(end.x - start.x, end.y - start.y) / 2)
    return Array.from({ length: steps + 1 }, (_, step) => step / Math.max(steps, 1)).some((t) => {
      const [x, y] = [start.x + (end.x - start.x) * t, start.y + (end.y - start.y) * t]
      return overlaps(inside, { x, y, width: 0, height: 0 })
    })
  })
}

test.each([
  ['right', 1005],
  ['right', 782],
  ['down', 378],
] as const)('flowing %s, every built-in job fits into %i px of width', (flow, width) => {
  for (const topology of builtins(2))
    expect([topology.job, layoutGraph(topology, { width, flow }).width]).toEqual([
      topology.job,
      width,
    ])
})

test('titles stand above their own boxes and on no other', () => {
  for (const topology of builtins(2)) {
    const layout = layoutGraph(topology, { width: 1005, flow: 'right' })
    for (const { lines, at, anchor } of layout.titles) {
      const width = 80
      const x = anchor === 'end' ? at.x - width : at.x
      const title = { x, y: at.y - 10, width, height: 14 * lines.length }
      for (const box of boxesOf(layout)) expect(overlaps(title, box)).toBe(false)
    }
  }
})

test('a topic and a vertex of the same name have places of their own', () => {
  const topology: TraceTopology = {
    ...TOPOLOGY,
    inputs: [{ topic: 'source', partitions: 2, vertex: vertexId('source') }],
  }
  const layout = layoutGraph(topology, { width: 1000, flow: 'right' })
  expect(layout.partitions.get('source/0')?.x).toBeLessThan(
    layout.subtasks.get(subtaskId(vertexId('source'), 0))?.x ?? 0,
  )
})

test('the channels of each input come in together, the second below the first, with its number', () => {
  const [saga] = builtins(2).filter(({ job }) => job === 'Order Saga')
  if (saga === undefined) throw new Error('There is no order saga.')
  const layout = layoutGraph(saga, { width: 1000, flow: 'right' })
  const consumer = subtaskId(vertexId('payment'), 0)
  const ends = (input: number): number[] =>
    saga.channels
      .filter(({ to, input: own }) => to === consumer && own === input)
      .map(({ id }) => layout.channels.get(id)?.to.y ?? 0)
  expect(Math.max(...ends(0))).toBeLessThan(Math.min(...ends(1)))
  const tags = layout.inputTags.filter(({ subtask }) => subtask === consumer)
  expect(tags.map(({ input }) => input)).toEqual([0, 1])
  for (const { input, y } of tags) {
    expect(y).toBeGreaterThanOrEqual(Math.min(...ends(input)))
    expect(y).toBeLessThanOrEqual(Math.max(...ends(input)))
  }
  expect(layout.inputTags.some(({ subtask }) => subtask.startsWith('orders'))).toBe(false)
})

test('a source that is needed late stands late, with its topic before it', () => {
  const [saga] = builtins(1).filter(({ job }) => job === 'Order Saga')
  if (saga === undefined) throw new Error('There is no order saga.')
  const { subtasks, partitions } = layoutGraph(saga, { width: 1000, flow: 'right' })
  const xOf = (vertex: string): number => subtasks.get(subtaskId(vertexId(vertex), 0))?.x ?? 0
  expect(xOf('shipments')).toBe(xOf('payment'))
  expect(partitions.get('shipments/0')?.x).toBe(xOf('orders'))
})

test('data flows to the right: every channel starts right of its producer and ends left of its consumer', () => {
  const topology = diamond(3)
  const layout = layoutGraph(topology, { width: 1200, flow: 'right' })
  for (const { id, from, to } of topology.channels) {
    const { from: start, to: end } = layout.channels.get(id) ?? { from: { x: 0 }, to: { x: 0 } }
    const producer = layout.subtasks.get(from)
    expect(start.x).toBe((producer?.x ?? 0) + (producer?.width ?? 0))
    expect(end.x).toBe(layout.subtasks.get(to)?.x)
    expect(end.x).toBeGreaterThan(start.x)
  }
})

test('channels of one subtask end apart', () => {
  const layout = layoutGraph(diamond(3), { width: 1200, flow: 'right' })
  const ends = [...layout.channels.values()].map(({ to }) => `${to.x},${to.y}`)
  expect(new Set(ends).size).toBe(ends.length)
})

test('the layout is a function of topology and size', () => {
  const options = { width: 900, flow: 'right' } as const
  expect(layoutGraph(diamond(2), options)).toEqual(layoutGraph(diamond(2), options))
})

test('a side output stands beside the vertices after its writer', () => {
  const layout = layoutGraph(diamond(2), { width: 1200, flow: 'right' })
  expect(layout.partitions.get('side/0')?.x).toBe(
    layout.subtasks.get(subtaskId(vertexId('b'), 0))?.x,
  )
})
