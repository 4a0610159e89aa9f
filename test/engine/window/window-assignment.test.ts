import { expect, test } from 'vitest'
import {
  globalWindows,
  sessionEventTimeWindows,
  slidingEventTimeWindows,
  tumblingEventTimeWindows,
} from '../../../engine/window/assigners.ts'
import { createAssignment } from '../../../engine/window/window-assignment.ts'
import type { WindowAssigner } from '../../../engine/window/window-spec.ts'

function windowsOf(assigner: WindowAssigner, time: number, value: unknown = null): number[][] {
  const assignment = createAssignment(assigner)
  const count = assignment.assign(value, time)
  return Array.from({ length: count }, (_, i) => [
    assignment.starts[i] ?? NaN,
    assignment.ends[i] ?? NaN,
  ])
}

test('tumbling windows have no gaps on either side of zero', () => {
  const windows = tumblingEventTimeWindows({ sizeMs: 100 })
  expect(windowsOf(windows, 0)).toEqual([[0, 100]])
  expect(windowsOf(windows, 99)).toEqual([[0, 100]])
  expect(windowsOf(windows, 100)).toEqual([[100, 200]])
  expect(windowsOf(windows, -1)).toEqual([[-100, 0]])
  expect(windowsOf(windows, -100)).toEqual([[-100, 0]])
})

test('an offset moves windows, in both directions', () => {
  expect(windowsOf(tumblingEventTimeWindows({ sizeMs: 100, offsetMs: 30 }), 29)).toEqual([
    [-70, 30],
  ])
  expect(windowsOf(tumblingEventTimeWindows({ sizeMs: 100, offsetMs: -30 }), 69)).toEqual([
    [-30, 70],
  ])
})

test('a record is in every sliding window that covers it, the latest first', () => {
  expect(windowsOf(slidingEventTimeWindows({ sizeMs: 250, slideMs: 100 }), 240)).toEqual([
    [200, 450],
    [100, 350],
    [0, 250],
  ])
})

test('with a slide above the size some records are in no window', () => {
  const windows = slidingEventTimeWindows({ sizeMs: 50, slideMs: 100 })
  expect(windowsOf(windows, 49)).toEqual([[0, 50]])
  expect(windowsOf(windows, 50)).toEqual([])
})

test('a gap may be made of the record, but must be one', () => {
  const windows = sessionEventTimeWindows<number>({ gapMs: (value) => value })
  expect(windowsOf(windows, 10, 5)).toEqual([[10, 15]])
  for (const gap of [0, -1, NaN, Infinity]) {
    expect(() => windowsOf(windows, 10, gap)).toThrow(`above 0, got ${gap}.`)
  }
})

test('a global window has no bounds', () => {
  expect(windowsOf(globalWindows(), 5)).toEqual([[-Infinity, Infinity]])
})
