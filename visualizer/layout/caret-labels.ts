/**
 * Carets under a strip of cells with their labels: right of the caret, left of it when the next one is close, else
 * one row down. Equal offsets share a caret. What lies outside of the window stands at its edge with its offset.
 */
import { textWidth } from '../dom.ts'
import type { Caret } from './log-window.ts'

export interface CaretLabel {
  readonly kind: Caret['kind']
  readonly x: number
  readonly row: 0 | 1
  readonly anchor: 'start' | 'end'
  readonly text: string
  /** Outside of the window: an arrow instead of a caret. */
  readonly isOutside: boolean
}

export interface CaretScale {
  readonly start: number
  readonly end: number
  readonly width: number
  readonly xOf: (offset: number) => number
  readonly wordOf: (kind: Caret['kind']) => string
  readonly format: (offset: number) => string
}

const FONT_SIZE = 11
const MARGIN = 4

export function placeCarets(carets: readonly Caret[], scale: CaretScale): readonly CaretLabel[] {
  const groups = groupByOffset(carets)
  const { start, end } = scale
  const inside = groups.filter(([offset]) => offset >= start && offset <= end)
  return [
    ...outside(
      groups.filter(([offset]) => offset < start),
      'start',
      scale,
    ),
    ...placeInside(inside, scale),
    ...outside(
      groups.filter(([offset]) => offset > end),
      'end',
      scale,
    ),
  ]
}

type Group = readonly [offset: number, carets: readonly Caret[]]

/** Ascending. */
function groupByOffset(carets: readonly Caret[]): readonly Group[] {
  const groups = new Map<number, Caret[]>()
  for (const caret of carets) groups.set(caret.offset, [...(groups.get(caret.offset) ?? []), caret])
  return [...groups].toSorted(([a], [b]) => a - b)
}

function wordsOf([, carets]: Group, { wordOf }: CaretScale): string {
  return carets.map(({ kind }) => wordOf(kind)).join(' · ')
}

function kindOf([, carets]: Group): Caret['kind'] {
  return carets[0]?.kind ?? 'end'
}

function placeInside(groups: readonly Group[], scale: CaretScale): readonly CaretLabel[] {
  const rowEnds: [number, number] = [0, 0]
  return groups.map((group, index): CaretLabel => {
    const text = wordsOf(group, scale)
    const x = scale.xOf(group[0])
    const length = textWidth(text, FONT_SIZE) + 12
    const next = groups[index + 1]
    const limit = next === undefined ? scale.width : scale.xOf(next[0]) - 6
    const isCrowded = x + length > limit
    const fitsLeft = x - length >= rowEnds[0]
    const anchor = isCrowded && fitsLeft ? 'end' : 'start'
    const [left, right] = anchor === 'start' ? [x - 4, x + length] : [x - length, x + 6]
    const row = (isCrowded && !fitsLeft) || rowEnds[0] > left ? 1 : 0
    rowEnds[row] = right
    return { kind: kindOf(group), x, row, anchor, text, isOutside: false }
  })
}

/** One label for everything beyond an edge, in the lower row. */
function outside(
  groups: readonly Group[],
  anchor: CaretLabel['anchor'],
  scale: CaretScale,
): readonly CaretLabel[] {
  const [first] = groups
  if (first === undefined) return []
  const texts = groups.map((group) => `${wordsOf(group, scale)} ${scale.format(group[0])}`)
  const text = anchor === 'start' ? `◂ ${texts.join(', ')}` : `${texts.join(', ')} ▸`
  const x = anchor === 'start' ? MARGIN : scale.width - MARGIN
  return [{ kind: kindOf(first), x, row: 1, anchor, text, isOutside: true }]
}
