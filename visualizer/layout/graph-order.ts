/**
 * The order of blocks within their layers, for few crossings: each layer in turn is sorted by the mean place of its
 * blocks' neighbours in the layer before, then behind; the best order seen is kept.
 */
import type { Block, BlockEdge, BlockId } from './graph-blocks.ts'

type Layers = readonly (readonly Block[])[]

const SWEEPS = 8

/** The edges from layer to layer. */
export function piecesOf(edges: readonly BlockEdge[]): readonly (readonly [BlockId, BlockId])[] {
  return edges.flatMap(({ from, passages, to }) => {
    const stations = [from, ...passages, to]
    return stations.slice(1).map((station, index) => [stations[index] ?? from, station] as const)
  })
}

export function untangle(layers: Layers, edges: readonly BlockEdge[]): Layers {
  const pieces = piecesOf(edges)
  let best = layers
  let current = layers
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    current = sweepOnce(current, pieces, sweep % 2 === 0)
    if (crossings(current, pieces) < crossings(best, pieces)) best = current
  }
  return best
}

/** How many pairs of edges cross. */
export function crossings(layers: Layers, pieces: ReturnType<typeof piecesOf>): number {
  const place = placesOf(layers)
  const ends = pieces.map(([from, to]) => [place.get(from) ?? NOWHERE, place.get(to) ?? NOWHERE])
  let count = 0
  for (const [index, [from = NOWHERE, to = NOWHERE]] of ends.entries())
    for (const [from2 = NOWHERE, to2 = NOWHERE] of ends.slice(index + 1))
      if (from.layer === from2.layer && (from.rank - from2.rank) * (to.rank - to2.rank) < 0) count++
  return count
}

interface Seat {
  readonly layer: number
  readonly rank: number
  /** 0..1 across the layer. */
  readonly share: number
}

const NOWHERE: Seat = { layer: -1, rank: 0, share: 0.5 }

function placesOf(layers: Layers): ReadonlyMap<BlockId, Seat> {
  return new Map(
    layers.flatMap((blocks, layer) =>
      blocks.map(({ id }, rank) => [id, { layer, rank, share: (rank + 0.5) / blocks.length }]),
    ),
  )
}

function sweepOnce(
  layers: Layers,
  pieces: ReturnType<typeof piecesOf>,
  isForward: boolean,
): Layers {
  const sorted = [...layers]
  const order = layers.map((_, index) => (isForward ? index : layers.length - 1 - index))
  for (const index of order) {
    const place = placesOf(sorted)
    const goal = (id: BlockId): number => {
      const shares = pieces.flatMap(([from, to]) => {
        const [own, other] = isForward ? [to, from] : [from, to]
        return own === id ? [place.get(other)?.share ?? 0.5] : []
      })
      const own = place.get(id)?.share ?? 0.5
      return shares.length === 0 ? own : shares.reduce((sum, s) => sum + s, 0) / shares.length
    }
    sorted[index] = (sorted[index] ?? []).toSorted((a, b) => goal(a.id) - goal(b.id))
  }
  return sorted
}
