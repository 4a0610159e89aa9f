/**
 * Colours by role under simulated colour-vision deficiencies: OKLab distance × 100 after the matrices of
 * Machado, Oliveira and Fernandes (2009), severity 1. The floors are those of the design.
 */
import { expect, test } from 'vitest'
import {
  CHECKPOINT_PART,
  EPOCH,
  OUTCOME,
  RECOVERY_PHASE,
  SURFACE,
} from '../../visualizer/theme/palette.ts'
import type { Paint } from '../../visualizer/theme/palette.ts'

type Triple = readonly [number, number, number]
type Matrix = readonly [Triple, Triple, Triple]

const VISIONS: Readonly<Record<string, Matrix>> = {
  normal: [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  protan: [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  deutan: [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
  tritan: [
    [1.255528, -0.076749, -0.178779],
    [-0.078411, 0.930809, 0.147602],
    [0.004733, 0.691367, 0.3039],
  ],
}

const LMS: Matrix = [
  [0.4122214708, 0.5363325363, 0.0514459929],
  [0.2119034982, 0.6806995451, 0.1073969566],
  [0.0883024619, 0.2817188376, 0.6299787005],
]
const LAB: Matrix = [
  [0.2104542553, 0.793617785, -0.0040720468],
  [1.9779984951, -2.428592205, 0.4505937099],
  [0.0259040371, 0.7827717662, -0.808675766],
]

const dot = (a: Triple, b: Triple): number => a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
const times = (matrix: Matrix, v: Triple): Triple => [
  dot(matrix[0], v),
  dot(matrix[1], v),
  dot(matrix[2], v),
]

function linear(hex: string): Triple {
  const channel = (start: number): number => {
    const value = parseInt(hex.slice(start, start + 2), 16) / 255
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4
  }
  return [channel(1), channel(3), channel(5)]
}

function oklab(rgb: Triple): Triple {
  const [l, m, s] = times(LMS, rgb)
  return times(LAB, [Math.cbrt(l), Math.cbrt(m), Math.cbrt(s)])
}

function distance(a: string, b: string, vision: Matrix): number {
  const clip = ([r, g, bl]: Triple): Triple => {
    const limit = (value: number): number => Math.min(Math.max(value, 0), 1)
    return [limit(r), limit(g), limit(bl)]
  }
  const [x, y] = [a, b].map((hex) => oklab(clip(times(vision, linear(hex)))))
  if (x === undefined || y === undefined) throw new Error('Two colours are needed.')
  return 100 * Math.hypot(x[0] - y[0], x[1] - y[1], x[2] - y[2])
}

function contrast(a: string, b: string): number {
  const luminance = (hex: string): number => dot([0.2126, 0.7152, 0.0722], linear(hex))
  const [dark, light] = [luminance(a), luminance(b)].toSorted((x, y) => x - y)
  return ((light ?? 0) + 0.05) / ((dark ?? 0) + 0.05)
}

function smallestDistance(paints: readonly Paint[], vision: Matrix): number {
  const pairs = paints.flatMap((a, index) => paints.slice(index + 1).map((b) => [a, b] as const))
  return Math.min(...pairs.map(([a, b]) => distance(a.fill, b.fill, vision)))
}

test.each(Object.entries(VISIONS))('%s vision tells the two epochs apart', (_, vision) => {
  expect(smallestDistance([EPOCH.even, EPOCH.odd], vision)).toBeGreaterThanOrEqual(29)
})

test.each([
  ['normal', 20.8],
  ['protan', 17.7],
  ['deutan', 16.7],
  ['tritan', 17.6],
])(
  '%s vision tells the parts of a checkpoint and the phases of a recovery apart',
  (name, floor) => {
    const vision = VISIONS[name] ?? LMS
    const found = smallestDistance(Object.values(CHECKPOINT_PART), vision)
    expect(found).toBeGreaterThanOrEqual(floor - 0.1)
    expect(smallestDistance(Object.values(RECOVERY_PHASE), vision)).toBeCloseTo(found, 6)
  },
)

test.each(Object.entries(VISIONS))(
  '%s vision tells ok, indeterminate and failed apart',
  (_, vision) => {
    expect(smallestDistance(Object.values(OUTCOME), vision)).toBeGreaterThanOrEqual(10)
  },
)

test('the measure finds a pair that is known to fail: two of the Flink checkpoint colours under deutan', () => {
  expect(distance('#fa8c16', '#52c41a', VISIONS['deutan'] ?? LMS)).toBeLessThan(5)
})

test.each(['light', 'dark'] as const)(
  '%s theme: strokes and texts have enough contrast',
  (theme) => {
    const { surface, page, text, muted, accent, onAccent, strong } = SURFACE[theme]
    for (const { stroke } of [
      ...Object.values(EPOCH),
      ...Object.values(OUTCOME),
      ...Object.values(RECOVERY_PHASE),
    ])
      expect(contrast(stroke[theme], surface)).toBeGreaterThanOrEqual(3)
    for (const ink of [text, muted, accent]) {
      expect(contrast(ink, surface)).toBeGreaterThanOrEqual(4.5)
      expect(contrast(ink, page)).toBeGreaterThanOrEqual(4.5)
    }
    expect(contrast(onAccent, accent)).toBeGreaterThanOrEqual(4.5)
    expect(contrast(strong, surface)).toBeGreaterThanOrEqual(3)
  },
)
