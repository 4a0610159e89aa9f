/** Where the graph's boxes and lines stand. */
import { expect, test } from 'vitest'
import { channelId, subtaskId, vertexId } from '../../engine/ids.ts'
import type { TraceTopology } from '../../engine/trace.ts'
import { depths } from '../../visualizer/layout/graph-blocks.ts'
import { layoutGraph } from '../../visualizer/layout/graph-layout.ts'
import type { Box } from '../../visualizer/layout/geometry.ts'
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
  ['right', 640, 2],
  ['down', 380, 1],
  ['down', 380, 2],
] as const)(
  'flowing %s in %i px with parallelism %i, no two boxes overlap',
  (flow, width, parallelism) => {
    for (const topology of [TOPOLOGY, diamond(parallelism)]) {
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
