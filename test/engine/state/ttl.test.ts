// Time to live: its options, its place in snapshots, and the two cleanups.

import { describe, expect, test } from 'vitest'
import { text } from '../../../engine/serializer.ts'
import { decodeKeyGroup } from '../../../engine/state/decode-key-group.ts'
import {
  listState,
  mapState,
  reducingState,
  valueState,
  type StateTtl,
  type TtlStateOptions,
} from '../../../engine/state/descriptors.ts'
import type { KeyedStateBackend } from '../../../engine/state/keyed-state-backend.ts'
import { describeBackends, backend, select } from './small-backend.ts'

describeBackends(({ cleansAll }) => {
  class Clock {
    now = 0
    backend(): KeyedStateBackend {
      return backend({ processingTime: () => this.now })
    }
  }

  const TTL: StateTtl = { timeToLiveMs: 100 }

  function restored(clock: Clock, from: KeyedStateBackend): KeyedStateBackend {
    const target = clock.backend()
    target.restore(from.snapshot().keyGroups())
    return target
  }

  function withCleanup(cleanup: StateTtl['cleanup']): { ttl: StateTtl } {
    return { ttl: cleanup === undefined ? TTL : { ...TTL, cleanup } }
  }

  /** One value, a list of two elements and a map of two entries; the second ones are used 50 ms later. */
  function fill(target: KeyedStateBackend, clock: Clock, options: TtlStateOptions): void {
    const value = target.valueState(valueState<string>('value', undefined, options))
    const list = target.listState(listState<number>('list', undefined, options))
    const map = target.mapState(mapState<string, number>('map', {}, options))
    for (const key of ['a', 'b']) {
      select(target, key)
      value.update(key)
      list.add(1)
      map.put('x', 1)
    }
    clock.now += 50
    select(target, 'b')
    value.update('later')
    list.add(2)
    map.put('y', 2)
  }

  function contentOf(target: KeyedStateBackend): Map<string, unknown[]> {
    return new Map(
      target
        .stateNames()
        .map((name) => [name, [...target.entries(name)].map(([, ...rest]) => rest)]),
    )
  }

  const ALL = new Map<string, unknown[]>([
    [
      'value',
      [
        ['a', 'a'],
        ['b', 'later'],
      ],
    ],
    [
      'list',
      [
        ['a', [1]],
        ['b', [1, 2]],
      ],
    ],
    [
      'map',
      [
        ['a', new Map([['x', 1]])],
        [
          'b',
          new Map([
            ['x', 1],
            ['y', 2],
          ]),
        ],
      ],
    ],
  ])
  const LIVE = new Map<string, unknown[]>([
    ['value', [['b', 'later']]],
    ['list', [['b', [2]]]],
    ['map', [['b', new Map([['y', 2]])]]],
  ])

  /** In the order of keys: that of entries depends on key groups. */
  function sorted(content: Map<string, unknown[]>): unknown {
    return new Map(
      [...content].map(([name, rows]) => [
        name,
        rows.toSorted((a, b) => (String(a) < String(b) ? -1 : 1)),
      ]),
    )
  }

  describe('cleanup', () => {
    test('is off by default: what nobody reads stays, in the state and in snapshots', () => {
      const clock = new Clock()
      const target = clock.backend()
      fill(target, clock, withCleanup(undefined))
      clock.now = 149
      expect(sorted(contentOf(target))).toEqual(sorted(ALL))
      expect(sorted(contentOf(restored(clock, target)))).toEqual(sorted(ALL))
    })

    test('in full snapshots leaves out what is expired when the snapshot is taken; the state keeps it', () => {
      const clock = new Clock()
      const target = clock.backend()
      fill(target, clock, withCleanup({ inFullSnapshot: true }))
      clock.now = 100
      const snapshot = target.snapshot()
      clock.now = 1000
      const copy = clock.backend()
      copy.restore(snapshot.keyGroups())
      expect(sorted(contentOf(copy))).toEqual(sorted(LIVE))
      expect(sorted(contentOf(target))).toEqual(sorted(ALL))
      expect([...target.snapshot().keyGroups()]).toEqual([])
    })

    test('of namespaced values in full snapshots keeps the namespaces', () => {
      const clock = new Clock()
      const target = clock.backend()
      const options = { namespaced: true, ...withCleanup({ inFullSnapshot: true }) }
      const value = target.valueState(valueState<string>('value', undefined, options))
      select(target, 'a')
      for (const window of [0, 1000]) {
        target.setCurrentNamespace(window)
        value.update(`at ${window}`)
        clock.now += 60
      }
      expect([...restored(clock, target).entries('value')].map(([, ...rest]) => rest)).toEqual([
        ['a', 'at 1000', 1000],
      ])
    })

    // Rows that lie only below the tables are not looked at.
    if (cleansAll) {
      test('is incremental: every use looks at some more keys, in all key groups, again and again', () => {
        const clock = new Clock()
        const target = clock.backend()
        const options = withCleanup({ incremental: { keysPerAccess: 3 } })
        const value = target.valueState(valueState<number>('value', undefined, options))
        const list = target.listState(listState<number>('list', undefined, options))
        const map = target.mapState(mapState<number, number>('map', {}, options))
        for (let round = 0; round < 2; round += 1) {
          for (let i = 0; i < 60; i += 1) {
            select(target, `key ${i}`)
            value.update(i)
            list.add(i)
            map.put(i, i)
          }
          expect(target.keyCount()).toBe(180)
          clock.now += 100
          select(target, 'another')
          const left = Array.from({ length: 22 }, () => {
            value.value()
            list.get()
            map.get(0)
            return target.keyCount()
          })
          expect(left[0]).toBe(171)
          expect(left.at(-1)).toBe(0)
        }
      })

      test('that is incremental removes single elements and entries, and what it looks at is not read', () => {
        const clock = new Clock()
        const target = clock.backend()
        fill(target, clock, withCleanup({ incremental: { keysPerAccess: 10 } }))
        clock.now = 100
        const update: StateTtl['update'] = 'on-read-and-write'
        const ttl: StateTtl = { ...TTL, update, cleanup: { incremental: { keysPerAccess: 10 } } }
        select(target, 'another')
        target.valueState(valueState<string>('value', undefined, { ttl })).value()
        target.listState(listState<number>('list', undefined, { ttl })).get()
        target.mapState(mapState<string, number>('map', {}, { ttl })).isEmpty()
        expect(sorted(contentOf(target))).toEqual(sorted(LIVE))
        clock.now = 150
        target.valueState(valueState<string>('value', undefined, { ttl })).value()
        expect([...target.entries('value')]).toEqual([])
      })

      test('does not disturb a snapshot that was taken before', () => {
        const clock = new Clock()
        const target = clock.backend()
        fill(target, clock, withCleanup({ incremental: { keysPerAccess: 10 } }))
        const snapshot = target.snapshot()
        clock.now = 1000
        select(target, 'another')
        const options = withCleanup({ incremental: { keysPerAccess: 10 } })
        target.valueState(valueState<string>('value', undefined, options)).value()
        target.listState(listState<number>('list', undefined, options)).get()
        target.mapState(mapState<string, number>('map', {}, options)).get('x')
        expect(target.keyCount()).toBe(0)
        const copy = clock.backend()
        copy.restore(snapshot.keyGroups())
        expect(sorted(contentOf(copy))).toEqual(sorted(ALL))
      })
    }
  })

  describe('the options', () => {
    test.each([0, -1, 1.5, Number.POSITIVE_INFINITY])(
      'must not have a time to live of %d',
      (timeToLiveMs) => {
        const descriptor = valueState<number>('v', undefined, { ttl: { timeToLiveMs } })
        expect(() => new Clock().backend().valueState(descriptor)).toThrow(
          `The TTL of state "v" has timeToLiveMs ${timeToLiveMs}: give a whole number of at least 1.`,
        )
      },
    )

    test('must not look at no keys', () => {
      const descriptor = listState<number>(
        'l',
        undefined,
        withCleanup({ incremental: { keysPerAccess: 0 } }),
      )
      expect(() => new Clock().backend().listState(descriptor)).toThrow('keysPerAccess 0')
    })

    test('may differ from those before a restore', () => {
      const clock = new Clock()
      const target = clock.backend()
      fill(target, clock, withCleanup(undefined))
      const copy = restored(clock, target)
      const ttl: StateTtl = { timeToLiveMs: 10 }
      const value = copy.valueState(valueState<string>('value', undefined, { ttl }))
      select(copy, 'b')
      clock.now = 59
      expect(value.value()).toBe('later')
      clock.now = 60
      expect(value.value()).toBeUndefined()
    })

    test('cannot come to a restored state that had none, nor go from one', () => {
      for (const [before, after, message] of [
        [{}, { ttl: TTL }, 'is kept without a TTL, but is asked for with one'],
        [{ ttl: TTL }, {}, 'is kept with a TTL, but is asked for without one'],
      ] as const) {
        const clock = new Clock()
        const target = clock.backend()
        fill(target, clock, before)
        const copy = restored(clock, target)
        expect(() => copy.valueState(valueState<string>('value', undefined, after))).toThrow(
          message,
        )
        expect(() => copy.listState(listState<number>('list', undefined, after))).toThrow(message)
        expect(() => copy.mapState(mapState<string, number>('map', {}, after))).toThrow(message)
      }
    })

    test('need a clock', () => {
      const descriptor = reducingState<number>('r', (a, b) => a + b, undefined, { ttl: TTL })
      expect(() => backend().reducingState(descriptor)).toThrow('has no clock')
    })
  })

  test('last uses survive a restore', () => {
    const clock = new Clock()
    const target = clock.backend()
    fill(target, clock, { ttl: TTL })
    const copy = restored(clock, target)
    const list = copy.listState(listState<number>('list', undefined, { ttl: TTL }))
    const map = copy.mapState(mapState<string, number>('map', {}, { ttl: TTL }))
    select(copy, 'b')
    clock.now = 100
    expect(list.get()).toEqual([2])
    expect([...map.keys()]).toEqual(['y'])
  })

  test('a segment shows values without their last uses, of unknown serializers as bytes', () => {
    const clock = new Clock()
    clock.now = 77
    const target = clock.backend()
    const ttl = { ttl: TTL }
    select(target, 'a')
    target.valueState(valueState<object>('plain', undefined, ttl)).update({ n: 1 })
    target.valueState(valueState<string>('own', { ...text, name: 'own' }, ttl)).update('x')
    const decoded = Array.from(target.snapshot().keyGroups(), ({ bytes }) => decodeKeyGroup(bytes))
    expect(decoded.flat()).toEqual([
      { state: 'plain', entries: [{ key: 'a', value: { n: 1 } }] },
      { state: 'own', entries: [{ key: 'a', value: text.encode('x') }] },
    ])
  })
})
