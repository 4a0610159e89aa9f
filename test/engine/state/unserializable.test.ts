// Values that cannot be encoded are refused when they are stored, by one sentence that names the state.

import { describe, expect, test } from 'vitest'
import { ConfigurationError } from '../../../engine/errors.ts'
import { number, type Serializer } from '../../../engine/serializer.ts'
import {
  listState,
  mapState,
  reducingState,
  valueState,
} from '../../../engine/state/descriptors.ts'
import { at } from './small-backend.ts'

describe('a value that cannot be stored', () => {
  class Point {
    readonly x = 1
  }
  const cyclic: { self?: unknown } = {}
  cyclic.self = cyclic

  test.each([
    ['a function', () => 1, 'a function'],
    ['a symbol', Symbol('s'), 'a symbol'],
    ['an instance of a class', new Point(), 'an instance of class Point'],
    ['an object that contains one', { deep: [new Point()] }, 'an instance of class Point'],
    ['a cyclic object', cyclic, 'cyclic'],
  ])('is refused at once, naming the state, and changes nothing: %s', (_, bad, reason) => {
    const target = at('a')
    const value = target.valueState(valueState<unknown>('my-value'))
    const list = target.listState(listState<unknown>('my-list'))
    const map = target.mapState(mapState<unknown, unknown>('my-map'))
    const reducing = target.reducingState(reducingState<unknown>('my-sum', (_old, next) => next))
    value.update(1)
    list.add(1)
    map.put('x', 1)
    reducing.add(1)
    for (const [state, store] of [
      ['my-value', () => value.update(bad)],
      ['my-list', () => list.add(bad)],
      ['my-list', () => list.addAll([2, bad])],
      ['my-list', () => list.update([2, bad])],
      ['my-map', () => map.put('x', bad)],
      ['my-map', () => map.put(bad, 1)],
      [
        'my-map',
        () =>
          map.putAll([
            ['y', 2],
            ['x', bad],
          ]),
      ],
      ['my-sum', () => reducing.add(bad)],
    ] as const) {
      expect(store).toThrow(ConfigurationError)
      expect(store).toThrow(`State "${state}" cannot store this value: `)
      expect(store).toThrow(reason)
    }
    expect(target.currentValues()).toEqual([1, [1], new Map([['x', 1]]), 1])
  })

  test('is refused with what the job’s own serializer says', () => {
    const positive: Serializer<number> = {
      ...number,
      name: 'positive',
      encode(value) {
        if (value < 0) throw new RangeError('too small')
        return number.encode(value)
      },
    }
    const state = at('a').valueState(valueState('v', positive))
    expect(() => state.update(-1)).toThrow(
      'State "v" cannot store this value: RangeError: too small',
    )
  })
})
