/** The order of blocks in their layers. */
import { expect, test } from 'vitest'
import type { Block, BlockEdge } from '../../visualizer/layout/graph-blocks.ts'
import { crossings, piecesOf, untangle } from '../../visualizer/layout/graph-order.ts'

const block = (id: string): Block => ({ id, kind: 'vertex', title: [id], count: 1 })
const layersOf = (text: string): Block[][] =>
  text.split(' | ').map((layer) => layer.split(' ').map(block))
const edgesOf = (text: string): BlockEdge[] =>
  text.split(' ').map((edge) => {
    const [from = '', ...rest] = edge.split('>')
    return { from, to: rest.at(-1) ?? '', passages: rest.slice(0, -1) }
  })
const written = (layers: readonly (readonly Block[])[]): string =>
  layers.map((layer) => layer.map(({ id }) => id).join(' ')).join(' | ')

test('crossed edges are uncrossed', () => {
  const layers = layersOf('a b c | x y z')
  const edges = edgesOf('a>z b>y c>x')
  expect(crossings(layers, piecesOf(edges))).toBe(3)
  expect(crossings(untangle(layers, edges), piecesOf(edges))).toBe(0)
})

test('an edge over several layers counts in each of them', () => {
  const layers = layersOf('a b | p m | y x')
  const edges = edgesOf('a>m>y b>p>x')
  const pieces = piecesOf(edges)
  expect(pieces).toEqual([
    ['a', 'm'],
    ['m', 'y'],
    ['b', 'p'],
    ['p', 'x'],
  ])
  expect(crossings(layers, pieces)).toBe(2)
  expect(crossings(untangle(layers, edges), pieces)).toBe(0)
})

test('what does not cross stays as it is', () => {
  expect(written(untangle(layersOf('a b | x y'), edgesOf('a>x b>y')))).toBe('a b | x y')
})
