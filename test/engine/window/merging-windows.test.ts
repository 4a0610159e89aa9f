import fc from 'fast-check'
import { expect, test } from 'vitest'
import { MergingWindows } from '../../../engine/window/merging-windows.ts'
import { seeded } from '../../seeded.ts'
import { backend, select } from '../state/small-backend.ts'

type Window = readonly [start: number, end: number]

function merging(hasDynamicGap = true): MergingWindows {
  const state = backend()
  select(state, 'key')
  return new MergingWindows('op', state, { hasDynamicGap })
}

/** The windows of the key, in ascending order. */
function windowsOf(windows: MergingWindows): Window[] {
  windows.readAll()
  return windows.starts.map((start, i): Window => [start, windows.ends[i] ?? NaN]).toReversed()
}

function put(windows: MergingWindows, start: number, end: number): boolean {
  windows.place(start, end)
  return windows.add()
}

test('a window joins those that it overlaps or touches', () => {
  const windows = merging()
  put(windows, 0, 10)
  put(windows, 20, 30)
  put(windows, 40, 50)
  windows.place(10, 20)
  expect([windows.start, windows.end]).toEqual([0, 30])
  expect(windows.mergedStarts.toSorted((a, b) => a - b)).toEqual([0, 20])
  expect(windowsOf(windows)).toHaveLength(3)
  windows.place(10, 20)
  windows.add()
  expect(windowsOf(windows)).toEqual([
    [0, 30],
    [40, 50],
  ])
})

test('a window inside another one merges nothing', () => {
  const windows = merging()
  put(windows, 0, 10)
  put(windows, 20, 30)
  for (const [start, end] of [
    [2, 5],
    [22, 30],
  ] as const) {
    windows.place(start, end)
    expect(windows.mergedStarts).toEqual([])
    windows.add()
  }
  expect(windowsOf(windows)).toEqual([
    [0, 10],
    [20, 30],
  ])
})

test('only a window of its own before all others is a new first one', () => {
  const windows = merging()
  expect(put(windows, 100, 110)).toBe(true)
  expect(put(windows, 200, 210)).toBe(false)
  expect(put(windows, 95, 100)).toBe(false)
  expect(put(windows, 150, 160)).toBe(false)
  expect(put(windows, 0, 10)).toBe(true)
})

test('a window that is over is not found, whichever it is', () => {
  for (const over of [0, 20, 40]) {
    const windows = merging()
    for (const start of [0, 20, 40]) put(windows, start, start + 10)
    expect(windows.find(over, over + 10)).toBe(true)
    expect(windows.find(over, over + 9)).toBe(false)
    windows.find(over, over + 10)
    windows.retire(over)
    expect(windows.find(over, over + 10)).toBe(false)
    expect(windows.find(over, over + 11)).toBe(false)
  }
})

test('when the latest window is over, the one before is the latest', () => {
  const windows = merging()
  for (const start of [0, 20, 40]) put(windows, start, start + 10)
  windows.readAll()
  windows.retire(40)
  expect(windowsOf(windows)).toEqual([
    [0, 10],
    [20, 30],
  ])
  put(windows, 28, 35)
  expect(windowsOf(windows)).toEqual([
    [0, 10],
    [20, 35],
  ])
})

test('a window is begun anew when it equals one that was merged, once', () => {
  const windows = merging()
  put(windows, 0, 50)
  put(windows, 50, 100)
  windows.place(0, 100)
  expect(windows.isBegunAnew(0, 100)).toBe(true)
  windows.place(0, 100)
  expect(windows.isBegunAnew(0, 100)).toBe(false)
  put(windows, 20, 30)
  windows.place(0, 100)
  expect(windows.isBegunAnew(0, 100)).toBe(false)
})

test('any windows, placed in any order and ended from the first on, are those of a naive list', () => {
  const step = fc.oneof(
    fc.record({ start: fc.nat(200), length: fc.integer({ min: 1, max: 30 }) }),
    fc.constant('end' as const),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const windows = merging()
      let naive: Window[] = []
      for (const each of steps) {
        if (each === 'end') {
          const [first] = windowsOf(windows)
          if (first !== undefined) windows.retire(first[0])
          naive = naive.slice(1)
        } else {
          const { start } = each
          const end = start + each.length
          put(windows, start, end)
          naive = joined(naive, [start, end])
          expect([windows.start, windows.end]).toEqual(
            naive.find(([otherStart, otherEnd]) => otherStart <= start && otherEnd >= end),
          )
        }
        expect(windowsOf(windows)).toEqual(naive)
      }
    }),
    seeded(),
  )
})

function joined(windows: readonly Window[], added: Window): Window[] {
  const touches = ([start, end]: Window): boolean => start <= added[1] && end >= added[0]
  const merged = [...windows.filter(touches), added]
  const cover: Window = [
    Math.min(...merged.map(([start]) => start)),
    Math.max(...merged.map(([, end]) => end)),
  ]
  return [...windows.filter((window) => !touches(window)), cover].toSorted(([a], [b]) => a - b)
}
