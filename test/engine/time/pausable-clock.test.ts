/** A clock that can stand still. */
import { expect, test } from 'vitest'
import { PausableClock } from '../../../engine/time/pausable-clock.ts'

test('time in which it was paused has not passed', () => {
  let now = 10
  const clock = new PausableClock(() => now)
  clock.pause()
  now = 100
  expect(clock.now()).toBe(10)
  clock.resume()
  now = 105
  expect(clock.now()).toBe(15)
})

test('of nested pauses the last one to end lets it go on', () => {
  let now = 0
  const clock = new PausableClock(() => now)
  clock.pause()
  clock.pause()
  clock.resume()
  now = 50
  expect(clock.now()).toBe(0)
  clock.resume()
  now = 51
  expect(clock.now()).toBe(1)
})

test('it cannot go on without having been paused', () => {
  expect(() => {
    new PausableClock(() => 0).resume()
  }).toThrow('was not paused')
})
