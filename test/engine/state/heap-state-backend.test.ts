// The backend as a whole: snapshots while work goes on, restores with other parallelisms, metrics.

import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { hashKey, text, type Serializer } from '../../../engine/serializer.ts'
import { numberState, valueState } from '../../../engine/state/descriptors.ts'
import type { HeapStateBackend } from '../../../engine/state/heap-state-backend.ts'
import { keyGroupOf, keyGroupRange } from '../../../engine/state/key-groups.ts'
import type {
  KeyedStateBackend,
  KeyGroupSegment,
} from '../../../engine/state/keyed-state-backend.ts'
import { heapBackend, MAX, select } from './small-backend.ts'
import { anyKey, anyValue } from './table-world.ts'

function contentOf(target: KeyedStateBackend): Map<string, unknown[]> {
  return new Map(target.stateNames().map((name) => [name, [...target.entries(name)]]))
}

/** Random work on three states; `act` is called between the writes. */
type Write = readonly [key: unknown, value: unknown, delta: number, window: number]

/** Mostly the same few keys, so that snapshots meet later writes. */
const someKey = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('a', 'b', 1, 'a key that does not fit into a row') },
  { weight: 1, arbitrary: anyKey },
)

const anyWrites = fc.array(fc.tuple(someKey, anyValue, fc.integer(), fc.nat(2)), { maxLength: 40 })

function work(target: KeyedStateBackend): (write: Write) => void {
  const value = target.valueState(valueState<unknown>('value'))
  const sum = target.numberState(numberState('sum'))
  const windowed = target.numberState(numberState('windowed', { namespaced: true }))
  return ([key, next, delta, window]) => {
    select(target, key)
    target.setCurrentNamespace(window)
    if (delta % 3 === 0) value.clear()
    else value.update(next)
    if (delta % 7 === 0) sum.clear()
    else sum.add(delta)
    windowed.add(delta)
  }
}

describe('snapshots', () => {
  function viewsNeverChange(aliasSnapshots: boolean): fc.IProperty<[Write[], number[]]> {
    return fc.property(anyWrites, fc.array(fc.nat(40), { maxLength: 5 }), (writes, cuts) => {
      const target = heapBackend({ aliasSnapshots })
      const write = work(target)
      const taken: { expected: Map<string, unknown[]>; segments: () => KeyGroupSegment[] }[] = []
      writes.forEach((each, i) => {
        if (cuts.includes(i)) {
          const snapshot = target.snapshot()
          taken.push({ expected: contentOf(target), segments: () => [...snapshot.keyGroups()] })
        }
        write(each)
      })
      for (const { expected, segments } of taken) {
        const restored = heapBackend()
        restored.restore(segments())
        for (const name of restored.stateNames()) {
          expect(isDeepStrictEqual([...restored.entries(name)], expected.get(name))).toBe(true)
        }
        const filled = [...expected].filter(([, entries]) => entries.length > 0)
        expect(new Set(restored.stateNames())).toEqual(new Set(filled.map(([name]) => name)))
      }
    })
  }

  test('for all writes, what is encoded later is the state of the moment of the snapshot, in the same order', () => {
    fc.assert(viewsNeverChange(false), { numRuns: 200 })
  })

  test('the mutant that aliases snapshots is caught by that property', () => {
    expect(fc.check(viewsNeverChange(true), { numRuns: 1000, endOnFailure: true }).failed).toBe(
      true,
    )
  })

  test('the synchronous part touches no row and copies no page, however many keys there are', () => {
    const work = [10, 20_000].map((count) => {
      const target = heapBackend()
      const sum = target.numberState(numberState('sum'))
      for (let i = 0; i < count; i += 1) {
        select(target, `key ${i}`)
        sum.add(i)
      }
      const spies = [
        ...(
          ['getInt32', 'getFloat64', 'getUint8', 'setInt32', 'setFloat64', 'setUint8'] as const
        ).map((method) => vi.spyOn(DataView.prototype, method)),
        vi.spyOn(ArrayBuffer.prototype, 'slice'),
        vi.spyOn(Uint8Array.prototype, 'set'),
        vi.spyOn(Array.prototype, 'slice'),
      ]
      target.snapshot()
      const calls = spies.reduce((total, spy) => total + spy.mock.calls.length, 0)
      vi.restoreAllMocks()
      return [calls, target.copiedPages()]
    })
    expect(work).toEqual([
      [0, 0],
      [0, 0],
    ])
  })

  afterEach(() => {
    vi.restoreAllMocks()
  })

  test('key groups come in ascending order, empty ones not at all, one per step', () => {
    const target = heapBackend({ maxParallelism: 128, range: { first: 0, last: 127 } })
    const sum = target.numberState(numberState('sum'))
    expect([...target.snapshot().keyGroups()]).toEqual([])
    for (let i = 0; i < 50; i += 1) {
      select(target, i)
      sum.add(1)
    }
    const groups = [...target.snapshot().keyGroups()].map(({ keyGroup }) => keyGroup)
    expect(groups).toEqual([...new Set(groups)].sort((a, b) => a - b))
    expect(new Set(groups)).toEqual(
      new Set([...target.entries('sum')].map(([keyGroup]) => keyGroup)),
    )
  })

  test('a snapshot can be read twice, but not after its release', () => {
    const target = heapBackend()
    const sum = target.numberState(numberState('sum'))
    select(target, 'a')
    sum.add(1)
    const snapshot = target.snapshot()
    expect([...snapshot.keyGroups()]).toEqual([...snapshot.keyGroups()])
    snapshot.release()
    snapshot.release()
    expect(() => [...snapshot.keyGroups()]).toThrow('released')
  })

  test('after the release of a snapshot no page is copied for it', () => {
    const target = heapBackend()
    const sum = target.numberState(numberState('sum'))
    select(target, 'a')
    sum.add(1)
    target.snapshot().release()
    sum.add(1)
    expect(target.copiedPages()).toBe(0)
    target.snapshot()
    sum.add(1)
    sum.add(1)
    expect(target.copiedPages()).toBe(1)
  })

  test('restored states that nobody registers stay in the next snapshot', () => {
    const target = heapBackend()
    for (const write of [['a', 'x', 1, 0] as const, ['b', 'y', 2, 1] as const]) work(target)(write)
    const restored = heapBackend()
    restored.restore(target.snapshot().keyGroups())
    expect([...restored.snapshot().keyGroups()]).toEqual([...target.snapshot().keyGroups()])
  })

  test('a value of the job’s own serializer is restored through it', () => {
    const upper: Serializer<string> = {
      name: 'upper',
      encode: (value) => text.encode(value.toUpperCase()),
      decode: (bytes) => text.decode(bytes),
    }
    const target = heapBackend()
    const state = target.valueState(valueState('v', upper))
    select(target, 'a')
    state.update('x')
    const restored = heapBackend()
    restored.restore(target.snapshot().keyGroups())
    const again = restored.valueState(valueState('v', upper))
    select(restored, 'a')
    expect(again.value()).toBe('X')
    expect([...restored.entries('v')].map(([, key, value]) => [key, value])).toEqual([['a', 'X']])
  })
})

test('for every change of parallelism the union of the restored backends is the state before', () => {
  const parallelism = fc.integer({ min: 1, max: MAX })
  fc.assert(
    fc.property(anyWrites, parallelism, parallelism, (writes, before, after) => {
      const backends = (count: number): HeapStateBackend[] =>
        Array.from({ length: count }, (_, i) =>
          heapBackend({ range: keyGroupRange(i, MAX, count) }),
        )
      const owner = (targets: HeapStateBackend[], key: unknown): HeapStateBackend | undefined => {
        const keyGroup = keyGroupOf(hashKey(key), MAX)
        return targets.find(({ range }) => range.first <= keyGroup && keyGroup <= range.last)
      }
      const old = backends(before)
      for (const write of writes) {
        const target = owner(old, write[0])
        if (target !== undefined) work(target)(write)
      }
      const segments = old.flatMap((target) => [...target.snapshot().keyGroups()])
      const restored = backends(after)
      for (const target of restored) {
        const { first, last } = target.range
        target.restore(segments.filter(({ keyGroup }) => first <= keyGroup && keyGroup <= last))
      }
      for (const name of ['value', 'sum', 'windowed']) {
        const union = (targets: HeapStateBackend[]): unknown[] =>
          targets.flatMap((target) => [...target.entries(name)])
        expect(isDeepStrictEqual(union(restored), union(old))).toBe(true)
      }
    }),
    { numRuns: 100 },
  )
})

test('metrics count entries and bytes', () => {
  const target = heapBackend()
  const empty = target.sizeBytes()
  const sum = target.numberState(numberState('sum'))
  const state = target.valueState(valueState<string>('v'))
  for (let i = 0; i < 100; i += 1) {
    select(target, i)
    sum.add(1)
    if (i % 2 === 0) state.update('x'.repeat(100))
  }
  expect(empty).toBe(0)
  expect(target.keyCount()).toBe(150)
  expect(target.sizeBytes()).toBeGreaterThan(100 * 32 + 50 * (32 + 100))
  expect(target.sizeBytes()).toBeLessThan(60_000)
})

test('entries of an unknown state are none', () => {
  expect([...heapBackend().entries('nothing')]).toEqual([])
})
