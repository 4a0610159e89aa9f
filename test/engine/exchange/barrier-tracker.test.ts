/** The at-least-once barrier handler: counts, never blocks (flink-semantics.md 3.4). */
import { expect, test } from 'vitest'
import { newTracker, step, TRACKED_MAX } from '../../../engine/exchange/barrier-tracker.ts'
import { millis } from '../../../engine/ids.ts'
import { describeEffect, parseArrival } from './alignment-dsl.ts'

/** The effects of arrivals in order, as `b1: trigger 1 after 1`; none are left out. */
function track(channels: number, arrivals: string): string[] {
  let state = newTracker(channels)
  return arrivals.split(' ').flatMap((arrival, at) => {
    const input = parseArrival(arrival, arrival.charCodeAt(0) - 97)
    if (input === null || input.type === 'announcement' || input.type === 'timed-out') return []
    const [next, effects] = step(state, input, millis(at))
    state = next
    return effects.length === 0 ? [] : [`${arrival}: ${effects.map(describeEffect).join(', ')}`]
  })
}

test('a checkpoint is triggered by the last of its barriers, and nothing is ever blocked', () => {
  expect(track(2, 'a1 a. a. b1 b2 a2')).toEqual(['b1: trigger 1 after 3', 'a2: trigger 2 after 1'])
})

test('a channel that is far ahead is counted for several checkpoints', () => {
  expect(track(2, 'a1 a2 a3 b1 b2 b3')).toEqual([
    'b1: trigger 1 after 3',
    'b2: trigger 2 after 3',
    'b3: trigger 3 after 3',
  ])
})

test('a checkpoint that is complete subsumes those before it, whose barriers are obsolete then', () => {
  expect(track(3, 'a1 b1 a2 b2 c2 c1')).toEqual(['c2: trigger 2 after 2'])
})

test('a barrier that comes again on its channel counts once', () => {
  expect(track(2, 'a1 a1 b1')).toEqual(['b1: trigger 1 after 2'])
})

test('with a single channel every newer barrier triggers at once', () => {
  expect(track(1, 'a1 a2 a2 a1')).toEqual(['a1: trigger 1 after 0', 'a2: trigger 2 after 0'])
})

test('with a single channel a cancel marker aborts once, and its barrier is obsolete', () => {
  expect(track(1, 'ax1 ax1 a1 a2')).toEqual([
    'ax1: abort 1: canceled upstream',
    'a2: trigger 2 after 0',
  ])
})

test('a cancel marker aborts its checkpoint and those before it, each once', () => {
  expect(track(3, 'a1 a2 bx2 cx2 b1 c1')).toEqual([
    'bx2: abort 1: canceled upstream, abort 2: canceled upstream',
  ])
})

test('a cancel marker that comes first makes its barriers obsolete', () => {
  expect(track(2, 'ax1 b1 a2 b2')).toEqual([
    'ax1: abort 1: canceled upstream',
    'b2: trigger 2 after 1',
  ])
})

test('a canceled checkpoint is forgotten when every channel has shown that it knows', () => {
  expect(track(2, 'a1 bx1 a2 b2')).toEqual([
    'bx1: abort 1: canceled upstream',
    'b2: trigger 2 after 1',
  ])
})

test('a channel that has ended counts as having shown every barrier', () => {
  expect(track(2, 'a1 a2 b$ a3')).toEqual(['b$: trigger 2 after 1', 'a3: trigger 3 after 0'])
})

test('the oldest is forgotten when too many are tracked', () => {
  const ahead = Array.from({ length: TRACKED_MAX + 1 }, (_, i) => `a${i + 1}`).join(' ')
  expect(track(2, `${ahead} b1`)).toEqual([])
  expect(track(2, `${ahead} b2`)).toEqual([`b2: trigger 2 after ${TRACKED_MAX}`])
})
