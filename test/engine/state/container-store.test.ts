// The stores of lists and maps, and merging: what the state world does not say.

import { describe, expect, test, vi } from 'vitest'
import { ConfigurationError } from '../../../engine/errors.ts'
import { text, type Serializer } from '../../../engine/serializer.ts'
import { decodeKeyGroup } from '../../../engine/state/decode-key-group.ts'
import {
  aggregatingState,
  listState,
  mapState,
  reducingState,
  valueState,
} from '../../../engine/state/descriptors.ts'
import type { KeyedStateBackend, MapState } from '../../../engine/state/keyed-state-backend.ts'
import { at, describeBackends, heapBackend, restored, select } from './small-backend.ts'

function mapOf(target: KeyedStateBackend): MapState<string, number> {
  const map = target.mapState(mapState<string, number>('m'))
  map.putAll([
    ['x', 1],
    ['y', 2],
    ['z', 3],
  ])
  return map
}

describe('elements', () => {
  test('are neither what was given nor what was returned before', () => {
    const target = at('a')
    const list = target.listState(listState<{ n: number[] }>('l'))
    const map = target.mapState(mapState<{ k: number }, { n: number[] }>('m'))
    const given = { n: [1] }
    const key = { k: 1 }
    list.add(given)
    map.put(key, given)
    given.n.push(2)
    key.k = 2
    list.get()[0]?.n.push(3)
    map.get({ k: 1 })?.n.push(3)
    for (const [mapKey] of map.entries()) mapKey.k = 3
    expect(list.get()).toEqual([{ n: [1] }])
    expect([...map.entries()]).toEqual([[{ k: 1 }, { n: [1] }]])
  })

  test('of an encoder that reuses its buffer are not overwritten', () => {
    const buffer = new Uint8Array(1)
    const byte: Serializer<number> = {
      name: 'byte',
      encode: (value) => {
        buffer[0] = value
        return buffer
      },
      decode: ([value = 0]) => value,
    }
    const list = at('a').listState(listState('l', byte))
    list.addAll([1, 2, 3])
    expect(list.get()).toEqual([1, 2, 3])
  })
})

describe('merging windows', () => {
  test('puts what the target has first, then the sources in their order, which are empty then', () => {
    const target = at('a')
    const list = target.listState(listState<string>('l', undefined, { namespaced: true }))
    const joined = target.reducingState(
      reducingState<string>('r', (a, b) => `${a}${b}`, undefined, { namespaced: true }),
    )
    for (const window of [1, 2, 3, 4]) {
      target.setCurrentNamespace(window)
      list.add(`${window}`)
      joined.add(`${window}`)
    }
    for (const state of [list, joined]) state.mergeNamespaces(2, [3, 1, 2, 9])
    expect(list.get()).toEqual(['4'])
    target.setCurrentNamespace(2)
    expect([list.get(), joined.get()]).toEqual([['2', '3', '1'], '231'])
    for (const window of [1, 3, 9]) {
      target.setCurrentNamespace(window)
      expect([list.get(), joined.get()]).toEqual([[], undefined])
    }
  })

  test('needs merge of an aggregate function', () => {
    const target = at('a')
    const state = target.aggregatingState(
      aggregatingState<number, number, number>(
        'average',
        { createAccumulator: () => 0, add: (value) => value, getResult: (value) => value },
        undefined,
        { namespaced: true },
      ),
    )
    for (const window of [1, 2]) {
      target.setCurrentNamespace(window)
      state.add(window)
    }
    expect(() => state.mergeNamespaces(1, [2])).toThrow(
      'The aggregate function of state "average" has no merge, but windows that merge (sessions) need one',
    )
  })
})

describeBackends(() => {
  test('shows lists as arrays and maps as Maps, with keys and windows', () => {
    const target = at('a')
    target.setCurrentNamespace(1000)
    target.listState(listState<number>('l', undefined, { namespaced: true })).addAll([1, 2])
    mapOf(target)
    expect([...target.entries('l')].map(([, ...rest]) => rest)).toEqual([['a', [1, 2], 1000]])
    expect(target.currentValues()).toEqual([new Map(Object.entries({ x: 1, y: 2, z: 3 }))])
    expect(target.keyCount()).toBe(2)
  })

  test('lists the keys of a state, of the current window if it has windows', () => {
    const target = at('a')
    const list = target.listState(listState<number>('l', undefined, { namespaced: true }))
    const sum = target.reducingState(reducingState<number>('r', (a, b) => a + b))
    const keys = ['a', 1, 'a key that does not fit into a row', [1, 2]]
    for (const [i, key] of keys.entries()) {
      select(target, key)
      target.setCurrentNamespace(i % 2)
      list.add(i)
      sum.add(i)
    }
    target.setCurrentNamespace(1)
    expect(new Set(target.keysOf('l').map(({ key }) => key))).toEqual(new Set([keys[1], keys[3]]))
    expect(target.keysOf('r')).toHaveLength(4)
    for (const { key, hash } of target.keysOf('r')) {
      target.setCurrentKey(key, hash)
      sum.add(100)
      if (key === 1) sum.clear()
    }
    expect(new Set([...target.entries('r')].map(([, , value]) => value))).toEqual(
      new Set([100, 102, 103]),
    )
    expect(target.keysOf('nothing')).toEqual([])
  })

  test('refuses another kind, serializer or namespaces under a name that is taken', () => {
    const target = at('a')
    mapOf(target).put('x', 1)
    target.listState(listState<number>('l')).add(1)
    for (const each of [target, restored(target)]) {
      for (const [ask, message] of [
        [
          () => each.listState(listState('m')),
          'is kept with map serializer "binary" and "binary" without namespaces',
        ],
        [
          () => each.valueState(valueState('l')),
          'is asked for with serializer "binary" without namespaces',
        ],
        [() => each.listState(listState('l', text)), 'is asked for with list serializer "text"'],
        [
          () => each.mapState(mapState('m', { key: text })),
          'is asked for with map serializer "text" and "binary"',
        ],
        [() => each.listState(listState('l', undefined, { namespaced: true })), 'and namespaces'],
      ] as const) {
        expect(ask).toThrow(ConfigurationError)
        expect(ask).toThrow(message)
      }
    }
  })

  test('refuses lists and maps without a current key', () => {
    expect(() => heapBackend().listState(listState('l')).get()).toThrow(
      'only in functions after keyBy',
    )
    expect(() => heapBackend().mapState(mapState('m')).put(1, 1)).toThrow(ConfigurationError)
  })

  test('freezes lists and maps without looking at any, however many there are', () => {
    const calls = [1, 3000].map((count) => {
      const target = heapBackend()
      const list = target.listState(listState<number>('l'))
      const map = target.mapState(mapState<number, number>('m'))
      for (let i = 0; i < count; i += 1) {
        select(target, `key ${i}`)
        list.add(i)
        map.put(i, i)
      }
      const spies = [
        vi.spyOn(DataView.prototype, 'getFloat64'),
        vi.spyOn(Map.prototype, 'get'),
        vi.spyOn(Map.prototype, 'values'),
        vi.spyOn(Array.prototype, 'slice'),
      ]
      target.snapshot()
      const counts = spies.map((spy) => spy.mock.calls.length)
      vi.restoreAllMocks()
      return counts
    })
    expect(calls[1]).toEqual(calls[0])
  })

  test('gives the memory of lists and maps back, and counts it', () => {
    const target = heapBackend()
    const list = target.listState(listState<string>('l'))
    const map = target.mapState(mapState<string, object>('m'))
    for (let i = 0; i < 1000; i += 1) {
      select(target, i)
      list.addAll(['x'.repeat(100), 'y'])
      map.put('x', { text: 'x'.repeat(100) })
    }
    const full = target.sizeBytes()
    expect(full).toBeGreaterThan(200_000)
    expect(full).toBeLessThan(800_000)
    for (let i = 0; i < 1000; i += 1) {
      select(target, i)
      list.update(['y'])
      map.remove('x')
    }
    expect(target.sizeBytes()).toBeLessThan(full / 2)
    for (let i = 0; i < 1000; i += 1) {
      select(target, i)
      list.clear()
    }
    expect(target.sizeBytes()).toBeLessThan(full / 50)
  })
})

test('a segment is read without a backend: lists, maps and timers', () => {
  const shout: Serializer<string> = {
    ...text,
    name: 'shout',
    encode: (value) => text.encode(value.toUpperCase()),
  }
  const target = at('a key that does not fit into a row')
  target.setCurrentNamespace(5)
  target
    .listState(listState<unknown>('l', undefined, { namespaced: true }))
    .addAll(['é', null, 2n, undefined, { a: 1 }])
  target.mapState(mapState('m', { key: shout, value: shout })).put('k', 'v')
  target.timerQueue('event').add(7, 0, 10)
  const [segment] = target.snapshot().keyGroups()
  const bytes = segment?.bytes ?? new Uint8Array()
  const key = 'a key that does not fit into a row'
  const lists = {
    state: 'l',
    entries: [{ key, value: ['é', null, 2n, undefined, { a: 1 }], namespace: 5 }],
  }
  const timers = {
    state: 'event-time timers',
    entries: [{ key, value: { time: 7, start: 0, end: 10 } }],
  }
  expect(decodeKeyGroup(bytes, [shout])).toEqual([
    lists,
    { state: 'm', entries: [{ key, value: new Map([['K', 'V']]) }] },
    timers,
  ])
  expect(decodeKeyGroup(bytes)[1]?.entries[0]?.value).toEqual(
    new Map([[text.encode('K'), text.encode('V')]]),
  )
  for (let length = 0; length < bytes.length; length += 1) {
    const cut = bytes.slice(0, length)
    if (length >= 8) new DataView(cut.buffer).setUint32(4, length, true)
    expect(() => decodeKeyGroup(cut)).toThrow('too early')
  }
})
