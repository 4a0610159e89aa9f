// Map states: order, iteration and the identity of map keys.

import { describe, expect, test } from 'vitest'
import { binary, number, text, type Serializer } from '../../../engine/serializer.ts'
import { listState, mapState } from '../../../engine/state/descriptors.ts'
import type { KeyedStateBackend } from '../../../engine/state/keyed-state-backend.ts'
import type { MapState } from '../../../engine/state/keyed-state-backend.ts'
import { describeBackends, at, restored, select } from './small-backend.ts'

describeBackends(() => {
  function mapOf(target: KeyedStateBackend): MapState<string, number> {
    const map = target.mapState(mapState<string, number>('m'))
    map.putAll([
      ['x', 1],
      ['y', 2],
      ['z', 3],
    ])
    return map
  }

  describe('a map', () => {
    test('is iterated in the order of first puts, also after a restore; what was removed comes last again', () => {
      const target = at('a')
      const map = mapOf(target)
      map.put('x', 10)
      map.remove('y')
      map.put('y', 20)
      const order = [
        ['x', 10],
        ['z', 3],
        ['y', 20],
      ]
      expect([...map.entries()]).toEqual(order)
      const copy = restored(target)
      select(copy, 'a')
      expect([...copy.mapState(mapState<string, number>('m')).entries()]).toEqual(order)
    })

    test('may be changed while it is iterated: what was removed is not seen, what was added neither', () => {
      const map = mapOf(at('a'))
      const seen: string[] = []
      for (const key of map.keys()) {
        seen.push(key)
        map.remove('y')
        map.put(`new ${key}`, 0)
        map.put(key, 7)
      }
      expect(seen).toEqual(['x', 'z'])
      expect([...map.entries()].map(([key]) => key)).toEqual(['x', 'z', 'new x', 'new z'])
    })

    test('is that of the key for which the iteration began', () => {
      const target = at('a')
      const keys = mapOf(target).keys()
      select(target, 'b')
      expect([...keys]).toEqual(['x', 'y', 'z'])
    })

    test('takes 0 and -0 as one key, and NaN as a key', () => {
      const map = at('a').mapState(mapState<number, string>('m'))
      map.put(-0, 'minus')
      map.put(0, 'plus')
      map.put(Number.NaN, 'nan')
      expect(map.get(-0)).toBe('plus')
      expect(map.get(Number.NaN)).toBe('nan')
      expect([...map.keys()].map((key) => Object.is(key, -0))).toEqual([false, false])
    })

    test('tells keys apart by the bytes of their serializer', () => {
      const folded: Serializer<string> = {
        name: 'folded',
        encode: (value) => text.encode(value.toLowerCase()),
        decode: (bytes) => text.decode(bytes),
      }
      const target = at('a')
      const descriptor = mapState('m', { key: folded, value: number })
      const map = target.mapState(descriptor)
      map.put('A', 1)
      map.put('a', 2)
      expect([...map.entries()]).toEqual([['a', 2]])
      const copy = restored(target)
      select(copy, 'a')
      expect(copy.mapState(descriptor).get('A')).toBe(2)
    })

    test('does not take a string for the bytes of another key', () => {
      const map = at('a').mapState(mapState<unknown, number>('m'))
      const object = [1]
      const strings = ['\0b', '\0s'].map(
        (prefix) => prefix + String.fromCharCode(...binary.encode(object)),
      )
      const keys = [object, ...strings, ...strings.map((each) => `\0s${each}`)]
      for (const [i, key] of keys.entries()) map.put(key, i)
      expect([...map.entries()]).toEqual(keys.map((key, i) => [key, i]))
      for (const [i, key] of keys.entries()) expect(map.get(key)).toBe(i)
    })

    test('without entries is no entry of the state', () => {
      const target = at('a')
      const map = mapOf(target)
      for (const key of ['x', 'y', 'z']) map.remove(key)
      expect(target.keyCount()).toBe(0)
      expect(map.isEmpty()).toBe(true)
      map.putAll([])
      target.listState(listState('l')).addAll([])
      expect(target.keyCount()).toBe(0)
    })
  })
})
