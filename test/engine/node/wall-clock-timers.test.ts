/** Timers on the wall clock. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { WallClockTimers } from '../../../engine/node/wall-clock-timers.ts'

const rung: string[] = []
let posted: (() => void)[] = []
let timers: WallClockTimers

beforeEach(() => {
  vi.useFakeTimers()
  rung.splice(0)
  posted = []
  timers = new WallClockTimers((action) => posted.push(action))
})

afterEach(() => {
  vi.useRealTimers()
})

/** Time passes, and then the engine has its turns. */
function pass(ms: number): string[] {
  vi.advanceTimersByTime(ms)
  for (const action of posted.splice(0)) action()
  return rung.splice(0)
}

const set = (delayMs: number, name = `${delayMs}`) =>
  timers.schedule(delayMs, 'test', () => rung.push(name))

test('they ring in a turn of their own, when their time has come', () => {
  set(0)
  set(20)
  expect(rung).toEqual([])
  expect(pass(0)).toEqual(['0'])
  expect(pass(19)).toEqual([])
  expect(pass(1)).toEqual(['20'])
})

test('one that is canceled does not ring, also when it is due at once or about to ring', () => {
  timers.cancel(set(0))
  timers.cancel(set(10))
  const due = set(20)
  vi.advanceTimersByTime(20)
  timers.cancel(due)
  expect(pass(100)).toEqual([])
})

test('a wait of more than 31 bits of milliseconds is as long as any other', () => {
  const delayMs = 2 ** 31 + 10
  set(delayMs)
  const canceled = set(delayMs, 'canceled')
  expect(pass(5)).toEqual([])
  expect(pass(2 ** 31)).toEqual([])
  timers.cancel(canceled)
  expect(pass(5)).toEqual([`${delayMs}`])
})
