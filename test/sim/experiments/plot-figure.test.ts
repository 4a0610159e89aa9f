/** Figures as SVG text. */
import { expect, test } from 'vitest'
import { verdictOf } from '../../../sim/experiments/experiment.ts'
import { figureSvg } from '../../../sim/experiments/plot-figure.ts'
import type { PlotSeries } from '../../../sim/experiments/plot-figure.ts'

function draw(...series: readonly PlotSeries[]): string {
  return figureSvg({ title: 'a < b & c', x: 'x', y: 'y', panels: [{ title: 'one', series }] })
}

function circles(svg: string): { readonly x: number; readonly y: number }[] {
  return [...svg.matchAll(/<circle cx="([\d.]+)" cy="([\d.]+)"/g)].map(([, x, y]) => ({
    x: Number(x),
    y: Number(y),
  }))
}

test('each measured value is a point; y is logarithmic: equal ratios are equal distances', () => {
  const svg = draw({
    name: 'm',
    color: 0,
    mark: 'points',
    points: [
      [0, 1],
      [5, 10],
      [10, 100],
    ],
  })
  // The last one is the legend's.
  const [a, b, c] = circles(svg)
  if (a === undefined || b === undefined || c === undefined) throw new Error('Three points.')
  expect(b.x - a.x).toBeCloseTo(c.x - b.x, 0)
  expect(a.y - b.y).toBeCloseTo(b.y - c.y, 0)
  expect(a.y).toBeGreaterThan(c.y)
})

test('a model is a line in the order of x, a formula a dashed one; what is infinite is left out', () => {
  const points = [
    [10, 4],
    [0, 2],
    [20, Number.POSITIVE_INFINITY],
  ] as const
  const svg = draw(
    { name: 'model', color: 1, mark: 'line', points },
    { name: 'formula', color: 1, mark: 'dashes', points },
  )
  const paths = svg.match(/<path [^>]*>/g) ?? []
  expect(paths).toHaveLength(2)
  expect(paths.map((path) => path.split('L').length)).toEqual([2, 2])
  expect(paths.map((path) => path.includes('stroke-dasharray'))).toEqual([false, true])
})

test('words are escaped', () => {
  expect(draw({ name: '<m>', color: 0, mark: 'line', points: [[0, 1]] })).toContain(
    'a &lt; b &amp; c',
  )
})

test('an experiment is reproduced when all of its claims were seen, and partly when some were', () => {
  const claim = (isSeen: boolean) => ({ claim: '', source: '', seen: '', isSeen })
  expect(verdictOf([claim(true), claim(true)])).toBe('reproduced')
  expect(verdictOf([claim(true), claim(false)])).toBe('partly')
  expect(verdictOf([claim(false)])).toBe('not')
})
