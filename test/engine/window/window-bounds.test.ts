import { expect, test } from 'vitest'
import { WindowBounds } from '../../../engine/window/window-bounds.ts'
import { backend, select } from '../state/small-backend.ts'

const HOURS = 3_600_000

test.each([
  ['near', 1000, 1300, 400],
  ['the first of its key', 1000, 1001, undefined],
  ['before the epoch', -5000, -4000, -9000],
  ['as long as fits', 0, 67_108_863, -67_108_863],
  ['too long', 0, 30 * HOURS, -5],
  ['far behind the one before', 50 * HOURS, 50 * HOURS + 1, 2 * HOURS],
  ['long and the first', 0, 30 * HOURS, undefined],
  ['of fractions', 0.5, 10.25, -3.75],
])('bounds are read as they were written: %s', (_, start, end, previous) => {
  const state = backend()
  const bounds = new WindowBounds('op', state)
  select(state, 'key')
  bounds.write(start, end, previous)
  expect(bounds.read(start)).toBe(true)
  expect(bounds).toMatchObject({ end, previous })
  bounds.remove(start)
  expect(bounds.read(start)).toBe(false)
  expect(state.keyCount()).toBe(0)
})

test('bounds that come near or go far leave nothing of what they were', () => {
  const state = backend()
  const bounds = new WindowBounds('op', state)
  select(state, 'key')
  bounds.write(0, 30 * HOURS, -5)
  bounds.write(0, 40 * HOURS, undefined)
  expect(bounds.read(0)).toBe(true)
  expect(bounds).toMatchObject({ end: 40 * HOURS, previous: undefined })
  bounds.write(0, 7, -7)
  expect(bounds.read(0)).toBe(true)
  expect(bounds).toMatchObject({ end: 7, previous: -7 })
  bounds.remove(0)
  expect(state.keyCount()).toBe(0)
})

test('a window of another start or key is another window', () => {
  const state = backend()
  const bounds = new WindowBounds('op', state)
  select(state, 'a')
  bounds.write(0, 10, undefined)
  expect(bounds.read(1)).toBe(false)
  select(state, 'b')
  expect(bounds.read(0)).toBe(false)
})
