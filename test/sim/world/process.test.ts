/** The runtime of a simulated process, and the end of its life. */
import { expect, test } from 'vitest'
import { workerId } from '../../../engine/ids.ts'
import type { Runtime } from '../../../engine/runtime.ts'
import { numbered, SmallWorld } from './small-world.ts'

test('timers ring in virtual time, and a canceled one does not', () => {
  const small = new SmallWorld()
  const { runtime } = small.start('worker-1')
  const rung: string[] = []
  runtime.schedule(5, 'a', () => rung.push(`a at ${runtime.now()}`))
  const canceled = runtime.schedule(3, 'b', () => rung.push('b'))
  runtime.schedule(0, 'c', () => rung.push(`c at ${runtime.now()}`))
  runtime.cancel(canceled)
  expect(rung, 'nothing happens inside the call').toEqual([])
  small.run()
  expect(rung).toEqual(['c at 0', 'a at 5'])
})

test('canceling a timer that has rung does nothing', () => {
  const small = new SmallWorld()
  const { runtime } = small.start('worker-1')
  const timer = runtime.schedule(1, 'a', () => undefined)
  small.run()
  expect(() => {
    runtime.cancel(timer)
  }).not.toThrow()
})

test('a timer in the past is a violated assertion', () => {
  const { runtime } = new SmallWorld().start('worker-1')
  expect(() => runtime.schedule(-1, 'a', () => undefined)).toThrow(
    'worker-1 scheduled a in the past',
  )
})

test('a dead process is not called back by anything', () => {
  const small = new SmallWorld()
  const { process, runtime } = small.start('worker-1')
  const rung: string[] = []
  runtime.schedule(1, 'a', () => rung.push('a'))
  runtime.send(workerId('worker-1'), numbered(1))
  process.crash()
  small.run()
  expect(process.isAlive).toBe(false)
  expect([rung, small.received]).toEqual([[], []])
})

test('work that a turn did makes its messages and timers later: by the record, and by the byte', () => {
  const small = new SmallWorld()
  const { runtime } = small.start('worker-1')
  const { runtime: other } = small.start('worker-2')
  const rung: number[] = []
  runtime.schedule(10, 'work', () => {
    runtime.spend({ records: 20, bytes: 1_000_000 })
    runtime.send(workerId('worker-2'), numbered(1))
    runtime.schedule(0, 'next', () => rung.push(other.now()))
  })
  small.run()
  // 20 records of 100 µs and a million bytes of 10 ns.
  expect(rung).toEqual([22])
  expect(small.received).toEqual(['23 worker-2 #1'])
})

test('every process draws from streams of its own', () => {
  const draws = (runtime: Runtime): number[] => [1, 2, 3, 4].map(() => runtime.random('s', 1000))
  const small = new SmallWorld()
  const one = draws(small.start('worker-1').runtime)
  const two = draws(small.start('worker-2').runtime)
  expect(two).not.toEqual(one)
  expect(draws(new SmallWorld().start('worker-2').runtime), 'whoever drew before').toEqual(two)
})
