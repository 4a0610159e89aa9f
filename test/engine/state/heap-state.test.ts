// What functions see of keyed state, and how misuse is refused.

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ConfigurationError } from '../../../engine/errors.ts'
import { hashKey, number, text, type Serializer } from '../../../engine/serializer.ts'
import { numberState, valueState } from '../../../engine/state/descriptors.ts'
import { keyGroupOf } from '../../../engine/state/key-groups.ts'
import { describeBackends, backend, MAX, select } from './small-backend.ts'
import { anyKeys, anyValue } from './table-world.ts'

describeBackends(() => {
  describe('state', () => {
    test('every key has its own value', () => {
      const target = backend()
      const state = target.valueState(valueState<unknown>('v'))
      fc.assert(
        fc.property(
          anyKeys,
          fc.array(anyValue, { minLength: 25, maxLength: 25 }),
          (keys, values) => {
            keys.forEach((key, i) => {
              select(target, key)
              state.update(values[i])
            })
            keys.forEach((key, i) => {
              select(target, key)
              // Null is nothing to a value state.
              expect(state.value()).toStrictEqual(values[i] ?? undefined)
              expect(target.currentKey).toBe(key)
            })
          },
        ),
      )
    })

    test('a value is absent before update and after clear, and then the default is returned', () => {
      const target = backend()
      const plain = target.valueState(valueState<number>('plain'))
      const withDefault = target.valueState(
        valueState<number[]>('default', undefined, { default: () => [] }),
      )
      select(target, 'a')
      expect(plain.value()).toBeUndefined()
      plain.clear()
      expect(withDefault.value()).toEqual([])
      expect(withDefault.value()).not.toBe(withDefault.value())
      withDefault.update([1])
      expect(withDefault.value()).toEqual([1])
      withDefault.clear()
      expect(withDefault.value()).toEqual([])
      expect(target.keyCount()).toBe(0)
    })

    test.each([undefined, null])('updating with %s clears', (nothing) => {
      const target = backend()
      const state = target.valueState(valueState<number | undefined | null>('v'))
      select(target, 'a')
      state.update(1)
      state.update(nothing)
      expect(state.value()).toBeUndefined()
      expect(target.keyCount()).toBe(0)
    })

    test('a stored object is not the object that was given, nor the one that was returned before', () => {
      const target = backend()
      const state = target.valueState(valueState<{ n: number[] }>('v'))
      select(target, 'a')
      const given = { n: [1] }
      state.update(given)
      given.n.push(2)
      state.value()?.n.push(3)
      expect(state.value()).toEqual({ n: [1] })
    })

    test('a value that cannot be stored leaves the old one', () => {
      const target = backend()
      const state = target.valueState(valueState<unknown>('v'))
      select(target, 'a')
      expect(() => state.update(() => 1)).toThrow(ConfigurationError)
      expect(target.keyCount()).toBe(0)
      state.update('old')
      expect(() => state.update(Symbol('s'))).toThrow(ConfigurationError)
      expect(state.value()).toBe('old')
    })

    test('a number state adds, sets and clears per key', () => {
      const target = backend()
      const sum = target.numberState(numberState('sum'))
      select(target, 'a')
      expect(sum.get()).toBeUndefined()
      expect(sum.add(2)).toBe(2)
      expect(sum.add(0.5)).toBe(2.5)
      select(target, 'b')
      sum.set(-0)
      expect(sum.get()).toBe(-0)
      expect(sum.add(Number.NaN)).toBeNaN()
      sum.clear()
      expect(sum.get()).toBeUndefined()
      select(target, 'a')
      expect(sum.get()).toBe(2.5)
    })

    test('a namespaced state has one value per key and namespace, other states ignore the namespace', () => {
      const target = backend()
      const windowed = target.numberState(numberState('windowed', { namespaced: true }))
      const plain = target.numberState(numberState('plain'))
      for (const window of [0, 1000, 0, 2.5, -1000, 1000]) {
        target.setCurrentNamespace(window)
        select(target, 'a')
        windowed.add(1)
        plain.add(1)
      }
      expect(
        // In which order they come is the backend's business.
        [...target.entries('windowed')]
          .map(([, key, value, window]) => [key, value, window])
          .sort(([, , a], [, , b]) => Number(a) - Number(b)),
      ).toEqual([
        ['a', 1, -1000],
        ['a', 2, 0],
        ['a', 1, 2.5],
        ['a', 2, 1000],
      ])
      expect([...target.entries('plain')].map(([, , value]) => value)).toEqual([6])
    })

    test('states registered twice under one name are the same state', () => {
      const target = backend()
      const one = target.valueState(valueState<number>('v'))
      const two = target.valueState(valueState<number>('v'))
      select(target, 'a')
      one.update(1)
      expect(two.value()).toBe(1)
    })
  })

  describe('misuse is refused with one sentence', () => {
    const reversed: Serializer<string> = {
      name: 'reversed',
      encode: (value) => text.encode(value).reverse(),
      decode: (bytes) => text.decode(bytes.reverse()),
    }

    test('state without a current key', () => {
      const target = backend()
      const state = target.valueState(valueState<number>('v'))
      const sum = target.numberState(numberState('sum'))
      for (const use of [
        () => state.value(),
        () => state.update(1),
        () => state.clear(),
        () => sum.get(),
        () => sum.add(1),
      ]) {
        expect(use).toThrow(ConfigurationError)
        expect(use).toThrow('without a current key')
      }
    })

    test('a key of another subtask', () => {
      const target = backend({ range: { first: 0, last: 0 } })
      const state = target.valueState(valueState<number>('v'))
      const key = ['a', 'b', 'c', 'd'].find((each) => keyGroupOf(hashKey(each), MAX) !== 0)
      select(target, key)
      expect(() => state.update(1)).toThrow('does not belong to this subtask (0 to 0)')
      expect(() => state.value()).toThrow('does not belong to this subtask (0 to 0)')
    })

    test('a name with two serializers', () => {
      const target = backend()
      target.valueState(valueState<string>('v'))
      expect(() => target.valueState(valueState('v', reversed))).toThrow(
        'State "v" is kept with serializer "binary" without namespaces',
      )
      expect(() => target.numberState(numberState('v'))).toThrow(ConfigurationError)
      expect(() => target.valueState(valueState('v', undefined, { namespaced: true }))).toThrow(
        ConfigurationError,
      )
    })

    test('a number state over values that are no numbers', () => {
      const target = backend()
      const state = target.valueState(valueState<unknown>('v', number))
      select(target, 'a')
      state.update(1)
      expect(target.numberState(numberState('v')).add(1)).toBe(2)
      state.update('text')
      expect(() => target.numberState(numberState('v'))).toThrow('values of other types')
    })

    test('a serializer with the name of one of Weir', () => {
      const impostor: Serializer<string> = { ...reversed, name: 'text' }
      expect(() => backend().valueState(valueState('v', impostor))).toThrow(
        'must not be called "text"',
      )
      expect(() => backend().valueState(valueState('v', text))).not.toThrow()
    })

    test('a restored state that is registered with another serializer', () => {
      const target = backend()
      const state = target.valueState(valueState<string>('v'))
      select(target, 'a')
      state.update('x')
      const restored = backend()
      restored.restore(target.snapshot().keyGroups())
      expect(() => restored.valueState(valueState('v', reversed))).toThrow('across restarts')
    })

    test('a key group outside the range, or restored twice', () => {
      const target = backend()
      const sum = target.numberState(numberState('sum'))
      select(target, 'a')
      sum.add(1)
      const segments = [...target.snapshot().keyGroups()]
      const keyGroup = keyGroupOf(hashKey('a'), MAX)
      const other = keyGroup === 0 ? 1 : 0
      expect(() => backend({ range: { first: other, last: other } }).restore(segments)).toThrow(
        `Key group ${keyGroup} cannot be restored here: this backend has the key groups ${other} to ${other}.`,
      )
      expect(() => backend().restore([...segments, ...segments])).toThrow('restored twice')
    })
  })
})
