/**
 * How far across the flow each block stands: as near to the middle of its neighbours as order and sizes allow, so that
 * lines run straight. One layer is settled by pooling adjacent violators: blocks that want the same place share it.
 */
import type { BlockId } from './graph-blocks.ts'

export interface Sized {
  readonly id: BlockId
  readonly size: number
}

export interface SettleOptions {
  readonly layers: readonly (readonly Sized[])[]
  readonly pieces: readonly (readonly [BlockId, BlockId])[]
  /** Between two blocks of a layer. */
  readonly gap: number
  /** Room across the flow; a layer that needs more gets it. */
  readonly extent: number
}

const ROUNDS = 12

/** The start of every block. */
export function settle({ layers, pieces, gap, extent }: SettleOptions): Map<BlockId, number> {
  const sizes = new Map(layers.flat().map(({ id, size }) => [id, size]))
  const starts = new Map<BlockId, number>()
  for (const layer of layers) {
    let start = Math.max(0, (extent - packedSize(layer, gap)) / 2)
    for (const { id, size } of layer) {
      starts.set(id, start)
      start += size + gap
    }
  }
  const middle = (id: BlockId): number => (starts.get(id) ?? 0) + (sizes.get(id) ?? 0) / 2
  for (let round = 0; round < ROUNDS; round++)
    for (const layer of round % 2 === 0 ? layers : layers.toReversed()) {
      const goals = layer.map(({ id }) => {
        const near = pieces.flatMap(([a, b]) => (a === id ? [b] : b === id ? [a] : []))
        const sum = near.reduce((total, other) => total + middle(other), 0)
        return near.length === 0 ? middle(id) : sum / near.length
      })
      for (const [id, start] of placeLayer(layer, goals, gap, extent)) starts.set(id, start)
    }
  return starts
}

export function packedSize(layer: readonly Sized[], gap: number): number {
  return layer.reduce((sum, { size }) => sum + size, 0) + gap * Math.max(0, layer.length - 1)
}

/** Starts in order and without overlap, the middles as near to their goals as can be (least squares). */
function placeLayer(
  layer: readonly Sized[],
  goals: readonly number[],
  gap: number,
  extent: number,
): readonly (readonly [BlockId, number])[] {
  const slack = Math.max(0, extent - packedSize(layer, gap))
  // Without what stands before it, the start of each block may only grow from one to the next.
  let before = 0
  const pools: { sum: number; count: number }[] = []
  const offsets = layer.map(({ size }, index) => {
    const offset = before
    before += size + gap
    pools.push({ sum: (goals[index] ?? 0) - size / 2 - offset, count: 1 })
    for (let last = pools.at(-1), former = pools.at(-2); last && former;) {
      if (former.sum / former.count <= last.sum / last.count) break
      pools.splice(-2, 2, { sum: former.sum + last.sum, count: former.count + last.count })
      last = pools.at(-1)
      former = pools.at(-2)
    }
    return offset
  })
  const shifts = pools.flatMap(({ sum, count }) =>
    Array.from({ length: count }, () => Math.min(Math.max(sum / count, 0), slack)),
  )
  return layer.map(({ id }, index) => [id, (offsets[index] ?? 0) + (shifts[index] ?? 0)])
}
