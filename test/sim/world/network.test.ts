/** Links between processes. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  attemptId,
  channelId,
  JOB_MASTER,
  subtaskId,
  vertexId,
  workerId,
} from '../../../engine/ids.ts'
import type { Message } from '../../../engine/messages.ts'
import { seeded } from '../../seeded.ts'
import { numbered, SmallWorld } from './small-world.ts'

const [ONE, TWO] = [workerId('worker-1'), workerId('worker-2')]

test('a message takes the latency of its link', () => {
  const small = new SmallWorld()
  const { runtime } = small.start('worker-1')
  small.start('worker-2')
  runtime.send(TWO, numbered(1))
  small.run()
  expect(small.received).toEqual(['1 worker-2 #1'])
})

test('a process reaches itself at once, in a later turn', () => {
  const small = new SmallWorld()
  const { runtime } = small.start('worker-1')
  runtime.send(ONE, numbered(1))
  expect(small.received).toEqual([])
  small.run()
  expect(small.received).toEqual(['0 worker-1 #1'])
})

test('for every jitter, messages of one link arrive in the order in which they were sent', () => {
  const gaps = fc.array(fc.nat({ max: 3 }), { minLength: 2, maxLength: 30, size: 'max' })
  fc.assert(
    fc.property(gaps, fc.nat(), (waits, seed) => {
      const small = new SmallWorld({ linkJitterMicros: 5000 }, seed)
      const { runtime } = small.start('worker-1')
      small.start(JOB_MASTER)
      let at = 0
      waits.forEach((wait, index) => {
        at += wait
        small.world.at(at * 1000, 'send', 'test', () => {
          runtime.send(JOB_MASTER, numbered(index))
        })
      })
      small.run()
      expect(small.received.map((line) => line.split('#')[1])).toEqual(
        waits.map((_, i) => String(i)),
      )
    }),
    seeded(),
  )
})

test('the jitter is real: without order, later ones would overtake', () => {
  const small = new SmallWorld({ linkJitterMicros: 5000 })
  const arrivals = Array.from({ length: 30 }, (_, i) => small.network.arrival(`a${i}`, 'b'))
  expect(arrivals.some((arrival, i) => arrival < (arrivals[i - 1] ?? 0))).toBe(true)
  expect(Math.min(...arrivals)).toBeGreaterThanOrEqual(1000)
  expect(Math.max(...arrivals)).toBeLessThanOrEqual(6000)
})

test('a delayed message holds up everything behind it on its link, and no other link', () => {
  const { network } = new SmallWorld()
  expect(network.arrival('a', 'b', 10)).toBe(11_000)
  expect(network.arrival('a', 'b')).toBe(11_000)
  expect(network.arrival('b', 'a')).toBe(1000)
  expect(network.arrival('a', 'c')).toBe(1000)
})

describe('a message is lost', () => {
  test('when its receiver is dead on arrival', () => {
    const small = new SmallWorld()
    const { runtime } = small.start('worker-1')
    const { process } = small.start('worker-2')
    runtime.send(TWO, numbered(1))
    process.crash()
    small.run()
    expect(small.received).toEqual([])
  })

  test('when it was for a former life of its receiver', () => {
    const small = new SmallWorld()
    const { runtime } = small.start('worker-1')
    const { process } = small.start('worker-2')
    runtime.send(TWO, numbered(1))
    process.crash()
    small.start('worker-2', 2)
    runtime.send(TWO, numbered(2))
    small.run()
    expect(small.received).toEqual(['1 worker-2 #2'])
  })

  test('when nobody of that name was ever there', () => {
    const small = new SmallWorld()
    small.start('worker-1').runtime.send(TWO, numbered(1))
    small.run()
    expect(small.received).toEqual([])
  })
})

test('what was sent before its sender died still arrives', () => {
  const small = new SmallWorld()
  const { process, runtime } = small.start('worker-1')
  small.start('worker-2')
  runtime.send(TWO, numbered(1))
  process.crash()
  small.run()
  expect(small.received).toEqual(['1 worker-2 #1'])
})

describe('what a fault takes', () => {
  const channel = channelId(subtaskId(vertexId('a'), 0), subtaskId(vertexId('b'), 0), 0)
  const element = (sequence: number): Message => ({
    type: 'element',
    channel,
    attempt: attemptId(7),
    sequence,
    element: { type: 'end-of-data' },
  })

  test('never arrives, and is written down; what goes to oneself cannot be lost', () => {
    const small = new SmallWorld()
    const { runtime } = small.start('worker-1')
    small.start('worker-2')
    small.network.lose(() => true)
    runtime.send(TWO, numbered(1))
    runtime.send(ONE, numbered(2))
    small.run()
    expect(small.received).toEqual(['0 worker-1 #2'])
    expect(small.world.trace).toMatchObject([
      { type: 'message-lost', from: 'worker-1', to: 'worker-2', message: 'heartbeat' },
    ])
  })

  test('of a channel breaks it: nothing more of it arrives, and both ends are told', () => {
    const small = new SmallWorld()
    const { runtime } = small.start('worker-1')
    small.start('worker-2')
    let asked = 0
    small.network.lose(() => {
      asked += 1
      return asked === 2
    })
    for (const sequence of [0, 1, 2]) runtime.send(TWO, element(sequence))
    small.run()
    expect(small.received.map((line) => line.replace(/^\S+ /, ''))).toEqual([
      'worker-2 element',
      'worker-2 channel-broken',
      'worker-1 channel-broken',
    ])
  })
})
