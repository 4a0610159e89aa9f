/** Where blocks stand across the flow. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { packedSize, settle } from '../../visualizer/layout/graph-settle.ts'

const block = (id: string, size = 10): { id: string; size: number } => ({ id, size })

test('a block stands at the middle of its neighbours', () => {
  const starts = settle({
    layers: [[block('a'), block('b')], [block('c')]],
    pieces: [
      ['a', 'c'],
      ['b', 'c'],
    ],
    gap: 10,
    extent: 30,
  })
  expect(Object.fromEntries(starts)).toEqual({ a: 0, b: 20, c: 10 })
})

test('a chain is a straight line, wherever its layers have room', () => {
  const starts = settle({
    layers: [[block('a'), block('x', 40)], [block('b')], [block('c')]],
    pieces: [
      ['a', 'b'],
      ['b', 'c'],
    ],
    gap: 10,
    extent: 60,
  })
  expect(starts.get('b')).toBeCloseTo(starts.get('a') ?? NaN, 0)
  expect(starts.get('c')).toBeCloseTo(starts.get('a') ?? NaN, 0)
})

test('for every graph, blocks keep their order, do not overlap and stay within the extent', () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 5 })
  const shape = fc.record({
    layers: fc.array(sizes, { minLength: 1, maxLength: 5 }),
    ends: fc.array(fc.tuple(fc.nat(3), fc.nat(4), fc.nat(4)), { maxLength: 12 }),
    gap: fc.nat(20),
    more: fc.nat(100),
  })
  fc.assert(
    fc.property(shape, ({ layers: heights, ends, gap, more }) => {
      const layers = heights.map((layer, l) => layer.map((size, b) => block(`${l}.${b}`, size)))
      const known = new Set(layers.flat().map(({ id }) => id))
      const pieces = ends
        .map(([l, a, b]) => [`${l}.${a}`, `${l + 1}.${b}`] as const)
        .filter(([a, b]) => known.has(a) && known.has(b))
      const extent = Math.max(...layers.map((layer) => packedSize(layer, gap))) + more
      const starts = settle({ layers, pieces, gap, extent })
      for (const layer of layers) {
        let end = -gap
        for (const { id, size } of layer) {
          const start = starts.get(id) ?? NaN
          expect(start).toBeGreaterThanOrEqual(end + gap - 1e-6)
          end = start + size
        }
        expect(end).toBeLessThanOrEqual(extent + 1e-6)
      }
    }),
  )
})
