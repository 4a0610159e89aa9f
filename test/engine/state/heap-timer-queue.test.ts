// The timer queue of a backend: order, identity, snapshots and rescaling.

import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ConfigurationError } from '../../../engine/errors.ts'
import { encodeKey, hashKey } from '../../../engine/serializer.ts'
import type { KeyedStateBackend } from '../../../engine/state/keyed-state-backend.ts'
import { keyGroupOf, keyGroupRange } from '../../../engine/state/key-groups.ts'
import type { KeyedStateSnapshot } from '../../../engine/state/keyed-state-backend.ts'
import type { DueTimer, TimerQueue } from '../../../engine/state/timer-queue.ts'
import { describeBackends, backend, MAX, select } from './small-backend.ts'

describeBackends(() => {
  type Operation =
    | { readonly type: 'add' | 'remove'; readonly key: number; readonly timer: Timer }
    | { readonly type: 'poll'; readonly count: number }
    | { readonly type: 'freeze' }
    | { readonly type: 'restore'; readonly parallelism: number }

  type Timer = readonly [time: number, start: number, end: number]

  interface Expected {
    readonly key: unknown
    readonly timer: Timer
    /** The older of two timers has the smaller one. */
    readonly age: number
  }

  const KEYS: readonly unknown[] = [
    '',
    'a',
    'b',
    'é',
    'a key that does not fit into a row',
    '数据流数据流数据流数据流',
    0,
    -1.5,
    true,
    [1, 'two', 3],
    { a: 'an object', b: 'of more than a few bytes' },
  ]

  const anyTime = fc.oneof(
    fc.integer({ min: -3, max: 12 }),
    fc.constantFrom(-0, 0.5, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1e15),
  )
  const anyTimer: fc.Arbitrary<Timer> = fc.tuple(anyTime, fc.constantFrom(0, 10), fc.nat(1))

  const anyOperations: fc.Arbitrary<Operation[]> = fc.array(
    fc.oneof(
      {
        weight: 20,
        arbitrary: fc.record({
          type: fc.constantFrom('add' as const, 'add' as const, 'add' as const, 'remove' as const),
          key: fc.nat(KEYS.length - 1),
          timer: anyTimer,
        }),
      },
      {
        weight: 4,
        arbitrary: fc.record({ type: fc.constant('poll' as const), count: fc.nat(4) }),
      },
      { weight: 1, arbitrary: fc.constant({ type: 'freeze' as const }) },
      {
        weight: 1,
        arbitrary: fc.record({
          type: fc.constant('restore' as const),
          parallelism: fc.constantFrom(1, 2, 3),
        }),
      },
    ),
    { maxLength: 150, size: 'max' },
  )

  /** Queues of a job beside a list of timers. */
  class World {
    #backends = [backend()]
    #timers: readonly Expected[] = []
    #age = 0
    /** Rescaling puts timers of different keys next to each other: among equal times only those of a key are ordered. */
    #isRescaled = false
    readonly #frozen: [KeyedStateSnapshot[], readonly Expected[]][] = []

    run(operations: readonly Operation[]): void {
      for (const operation of operations) {
        this.#step(operation)
        const size = this.#backends.reduce((sum, target) => sum + queueOf(target).size, 0)
        if (size !== this.#timers.length) throw new Error('The number of timers went wrong.')
      }
      this.#poll(this.#timers.length)
      for (const [snapshots, timers] of this.#frozen) {
        this.#restore(1, snapshots, timers)
        this.#poll(timers.length)
      }
    }

    #step(operation: Operation): void {
      switch (operation.type) {
        case 'add':
        case 'remove': {
          const key = KEYS[operation.key]
          this.#change(operation.type, key, operation.timer)
          return
        }
        case 'poll': {
          this.#poll(operation.count)
          return
        }
        case 'freeze': {
          const snapshots = this.#backends.map((target) => target.snapshot())
          this.#frozen.push([snapshots, this.#timers])
          return
        }
        case 'restore': {
          const snapshots = this.#backends.map((target) => target.snapshot())
          this.#restore(operation.parallelism, snapshots, this.#timers)
        }
      }
    }

    #change(type: 'add' | 'remove', key: unknown, timer: Timer): void {
      const target = ownerOf(this.#backends, key)
      select(target, key)
      const isThere = this.#timers.some((other) => isSame(other, key, timer))
      const isDone = queueOf(target)[type](...timer)
      if (isDone === (type === 'add' ? isThere : !isThere)) throw new Error(`${type} went wrong.`)
      if (type === 'remove') this.#timers = this.#timers.filter((each) => !isSame(each, key, timer))
      else if (!isThere) this.#timers = [...this.#timers, { key, timer, age: this.#age++ }]
    }

    /** Takes the next timers of every queue. */
    #poll(count: number): void {
      for (const target of this.#backends) {
        for (let i = 0; i < count; i += 1) this.#pollOne(target)
      }
    }

    #pollOne(target: KeyedStateBackend): void {
      const queue = queueOf(target)
      const here = this.#timers.filter(({ key }) => ownerOf(this.#backends, key) === target)
      const first = here.toSorted((a, b) =>
        a.timer[0] === b.timer[0] ? a.age - b.age : a.timer[0] < b.timer[0] ? -1 : 1,
      )[0]
      if (first === undefined) {
        expect(queue.poll()).toBeUndefined()
        return
      }
      if (!(queue.peekTime() === first.timer[0])) throw new Error('peekTime went wrong.')
      const due = queue.poll()
      const polled = here.find(({ key, timer }) => due !== undefined && isDue(due, key, timer))
      if (polled === undefined) throw new Error('An unknown timer was polled.')
      const isFirst = this.#isRescaled
        ? !here.some(({ key, timer, age }) => {
            const isOlder = timer[0] === polled.timer[0] && age < polled.age
            return timer[0] < polled.timer[0] || (isOlder && isSameKey(key, polled.key))
          })
        : polled === first
      if (!isFirst) throw new Error('A timer was polled before an earlier one.')
      this.#timers = this.#timers.filter((each) => each !== polled)
    }

    #restore(
      parallelism: number,
      snapshots: readonly KeyedStateSnapshot[],
      timers: readonly Expected[],
    ): void {
      const segments = snapshots.flatMap((snapshot) => [...snapshot.keyGroups()])
      this.#backends = Array.from({ length: parallelism }, (_, i) => {
        const { first, last } = keyGroupRange(i, MAX, parallelism)
        const target = backend({ range: { first, last } })
        target.restore(segments.filter(({ keyGroup }) => first <= keyGroup && keyGroup <= last))
        return target
      })
      this.#timers = timers
      this.#isRescaled = true
    }
  }

  function queueOf(target: KeyedStateBackend): TimerQueue {
    return target.timerQueue('event')
  }

  function ownerOf(backends: readonly KeyedStateBackend[], key: unknown): KeyedStateBackend {
    const group = keyGroupOf(hashKey(key), MAX)
    const owner = backends.find(({ range }) => range.first <= group && group <= range.last)
    if (owner === undefined) throw new Error(`Nobody has key group ${group}.`)
    return owner
  }

  function isSameKey(a: unknown, b: unknown): boolean {
    return isDeepStrictEqual(encodeKey(a), encodeKey(b))
  }

  function isSame(expected: Expected, key: unknown, timer: Timer): boolean {
    return isSameKey(expected.key, key) && expected.timer.every((part, i) => part === timer[i])
  }

  function isDue(
    { key: dueKey, hash, time, start, end }: DueTimer,
    key: unknown,
    timer: Timer,
  ): boolean {
    const isHere = isDeepStrictEqual(dueKey, key) && hash === hashKey(key)
    return isHere && isDeepStrictEqual([time, start, end], timer)
  }

  describe('timers', () => {
    test('for all operations, freezes and restores they come in the order of a sorted list', () => {
      fc.assert(
        fc.property(anyOperations, (operations) => {
          new World().run(operations)
        }),
        { numRuns: 200 },
      )
    })

    test('ten thousand of them come in order, and what was removed does not come', () => {
      const target = backend()
      const queue = queueOf(target)
      const expected: number[] = []
      for (let i = 0; i < 10_000; i += 1) {
        select(target, `key ${i % 700}`)
        expect(queue.add((i * 7919) % 10_007, 0, 0)).toBe(true)
      }
      for (let i = 0; i < 10_000; i += 1) {
        select(target, `key ${i % 700}`)
        if (i % 3 === 0) expect(queue.remove((i * 7919) % 10_007, 0, 0)).toBe(true)
        else expected.push((i * 7919) % 10_007)
      }
      const times = Array.from({ length: queue.size }, () => queue.poll()?.time)
      expect(times).toEqual(expected.sort((a, b) => a - b))
      expect(queue.poll()).toBeUndefined()
    })

    test('of the same time come in the order in which they were added', () => {
      const target = backend()
      const queue = queueOf(target)
      const keys = Array.from({ length: 100 }, (_, i) => `key ${(i * 37) % 100}`)
      for (const key of keys) {
        select(target, key)
        queue.add(5, 0, 0)
      }
      expect(keys.map(() => queue.poll()?.key)).toEqual(keys)
    })

    test('are the same only if key, time, start and end are', () => {
      const target = backend()
      const queue = queueOf(target)
      select(target, 'a')
      expect(queue.add(1, 0, 0)).toBe(true)
      expect(queue.add(1, 0, 0)).toBe(false)
      expect(queue.add(-0, 0, 0)).toBe(true)
      expect(queue.add(0, -0, 0)).toBe(false)
      expect(queue.add(1, 0, 1)).toBe(true)
      expect(queue.add(1, 1, 0)).toBe(true)
      select(target, 'b')
      expect(queue.add(1, 0, 0)).toBe(true)
      expect(queue.remove(2, 0, 0)).toBe(false)
      expect(queue.size).toBe(5)
      expect(Object.is(queue.peekTime(), -0)).toBe(true)
    })

    test('of the two domains are apart', () => {
      const target = backend()
      select(target, 'a')
      target.timerQueue('event').add(1, 0, 0)
      expect(target.timerQueue('processing').size).toBe(0)
      target.timerQueue('processing').add(2, 0, 0)
      const restored = backend()
      restored.restore(target.snapshot().keyGroups())
      expect(restored.timerQueue('event').peekTime()).toBe(1)
      expect(restored.timerQueue('processing').peekTime()).toBe(2)
    })

    test('without a current key are refused', () => {
      expect(() => queueOf(backend()).add(1, 0, 0)).toThrow(ConfigurationError)
      expect(() => queueOf(backend()).remove(1, 0, 0)).toThrow('only in functions after keyBy')
    })

    test('that are not numbers are a bug', () => {
      const target = backend()
      select(target, 'a')
      expect(() => queueOf(target).add(Number.NaN, 0, 0)).toThrow('is no timer')
      expect(() => queueOf(target).add(0, 0, Number.NaN)).toThrow('is no timer')
    })

    test('of twenty thousand are frozen without copying any, and their memory is given back', () => {
      const target = backend()
      const queue = queueOf(target)
      for (let i = 0; i < 20_000; i += 1) {
        select(target, `key ${i % 1000}`)
        queue.add(i, 0, 0)
      }
      const full = target.sizeBytes()
      expect(full).toBeGreaterThan(20_000 * 64)
      const snapshot = target.snapshot()
      while (queue.size > 0) queue.poll()
      expect(target.sizeBytes()).toBeLessThan(full / 100)
      const restored = backend()
      restored.restore(snapshot.keyGroups())
      expect(queueOf(restored).size).toBe(20_000)
      expect(queueOf(restored).peekTime()).toBe(0)
    })
  })
})
