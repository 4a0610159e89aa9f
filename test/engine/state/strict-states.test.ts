// Strict mode: what is changed in place and not stored again is caught, everything else is left alone.

import { describe, expect, test } from 'vitest'
import { ConfigurationError } from '../../../engine/errors.ts'
import type { Serializer } from '../../../engine/serializer.ts'
import {
  aggregatingState,
  listState,
  mapState,
  reducingState,
  valueState,
} from '../../../engine/state/descriptors.ts'
import type { KeyedStateBackend } from '../../../engine/state/keyed-state-backend.ts'
import { describeBackends, backend, select } from './small-backend.ts'

describeBackends(() => {
  interface Item {
    n: number
    inner: { list: number[] }
  }

  const item = (n: number): Item => ({ n, inner: { list: [n] } })

  function strict(): KeyedStateBackend {
    const target = backend({ strict: { operator: 'my-operator' } })
    target.setCurrentNamespace(0)
    select(target, 'my-key')
    return target
  }

  function codeOf(action: () => void): string {
    try {
      action()
    } catch (error) {
      if (error instanceof ConfigurationError) return error.code
      throw error
    }
    return 'nothing thrown'
  }

  const CAUGHT = 'state-mutated-in-place'

  describe('a value', () => {
    test('that is changed in place and not updated is caught, with operator, state, key and what to do', () => {
      const target = strict()
      const state = target.valueState(valueState<Item>('my-state'))
      state.update(item(1))
      state.value()?.inner.list.push(2)
      expect(() => target.checkHandedOut()).toThrow(
        'Operator "my-operator" changed a value of state "my-state" of key "my-key" in place and did not store it',
      )
      expect(state.value()).toEqual(item(1))
    })

    test('is caught once', () => {
      const target = strict()
      const state = target.valueState(valueState<Item>('s'))
      state.update(item(1))
      const value = state.value()
      if (value) value.n = 2
      expect(codeOf(() => target.checkHandedOut())).toBe(CAUGHT)
      expect(codeOf(() => target.checkHandedOut())).toBe('nothing thrown')
    })

    test('that is only read, or changed and updated, or cleared, or replaced, is fine', () => {
      const target = strict()
      const state = target.valueState(valueState<Item>('s'))
      state.update(item(1))
      for (const then of [
        () => undefined,
        (value: Item) => {
          value.n += 1
          state.update(value)
        },
        (value: Item) => {
          value.n += 1
          state.update({ ...value })
        },
        (value: Item) => {
          value.n += 1
          state.clear()
        },
      ]) {
        state.update(item(1))
        const value = state.value()
        if (value) then(value)
        expect(codeOf(() => target.checkHandedOut())).toBe('nothing thrown')
      }
    })

    test('that is changed again after its update is caught', () => {
      const target = strict()
      const state = target.valueState(valueState<Item>('s'))
      state.update(item(1))
      const value = state.value() ?? item(0)
      value.n = 2
      state.update(value)
      value.n = 3
      expect(codeOf(() => target.checkHandedOut())).toBe(CAUGHT)
    })

    test('that is a default is caught, too', () => {
      const target = strict()
      const state = target.valueState(valueState('s', undefined, { default: () => item(0) }))
      const value = state.value()
      if (value) value.n = 1
      expect(codeOf(() => target.checkHandedOut())).toBe(CAUGHT)
    })

    test('of another window that is updated does not excuse this one', () => {
      const target = strict()
      const state = target.valueState(valueState<Item>('s', undefined, { namespaced: true }))
      state.update(item(1))
      const value = state.value()
      if (value) value.n = 2
      target.setCurrentNamespace(1)
      state.update(item(3))
      expect(codeOf(() => target.checkHandedOut())).toBe(CAUGHT)
    })

    test('that cannot be stored any more was changed', () => {
      const target = strict()
      const state = target.valueState(valueState<Record<string, unknown>>('s'))
      state.update({ n: 1 })
      const value = state.value() ?? {}
      value['n'] = () => 1
      expect(codeOf(() => target.checkHandedOut())).toBe(CAUGHT)
    })

    test('goes through the serializer of its state', () => {
      const serializer: Serializer<Item> = {
        name: 'item',
        encode: ({ n }) => Uint8Array.of(n),
        decode: ([n = 0]) => item(n),
      }
      const target = strict()
      const state = target.valueState(valueState('s', serializer))
      state.update(item(1))
      state.value()?.inner.list.push(2)
      expect(codeOf(() => target.checkHandedOut())).toBe('nothing thrown')
      const value = state.value()
      if (value) value.n = 2
      expect(codeOf(() => target.checkHandedOut())).toBe(CAUGHT)
    })
  })

  describe('a list', () => {
    function filled(target: KeyedStateBackend) {
      const list = target.listState(listState<Item | number>('s'))
      list.addAll([item(1), item(2), 3])
      return list
    }

    test('with an element that is changed in place is caught, an element that was added does not help', () => {
      const target = strict()
      const list = filled(target)
      const [first] = list.get()
      if (typeof first === 'object') first.n = 7
      list.add(item(4))
      expect(codeOf(() => target.checkHandedOut())).toBe(CAUGHT)
    })

    test('that is itself changed in place is caught', () => {
      const target = strict()
      const elements = filled(target).get()
      Array.prototype.push.call(elements, 4)
      expect(codeOf(() => target.checkHandedOut())).toBe(CAUGHT)
    })

    test('that is read, or updated with the changed elements, or cleared, is fine', () => {
      const target = strict()
      const list = filled(target)
      const change = (): readonly (Item | number)[] => {
        const elements = list.get()
        for (const element of elements) if (typeof element === 'object') element.n += 1
        return elements
      }
      list.get()
      expect(codeOf(() => target.checkHandedOut())).toBe('nothing thrown')
      list.update(change())
      expect(codeOf(() => target.checkHandedOut())).toBe('nothing thrown')
      change()
      list.clear()
      expect(codeOf(() => target.checkHandedOut())).toBe('nothing thrown')
    })
  })

  describe('a map', () => {
    function filled(target: KeyedStateBackend) {
      const map = target.mapState(mapState<string, Item>('s'))
      map.putAll([
        ['x', item(1)],
        ['y', item(2)],
      ])
      return map
    }

    test.each(['get', 'entries', 'values'] as const)(
      'with a value of %s that is changed in place is caught',
      (method) => {
        const target = strict()
        const map = filled(target)
        const value = {
          get: () => map.get('x'),
          entries: () => [...map.entries()][0]?.[1],
          values: () => [...map.values()][0],
        }[method]()
        if (value) value.n = 7
        map.put('y', item(3))
        map.remove('y')
        expect(codeOf(() => target.checkHandedOut())).toBe(CAUGHT)
      },
    )

    test('whose changed value is put, put with others, or removed is fine', () => {
      const target = strict()
      const map = filled(target)
      const value = map.get('x') ?? item(0)
      for (const then of [
        () => {
          map.put('x', value)
        },
        () => {
          map.putAll([['x', value]])
        },
        () => {
          map.remove('x')
        },
        () => {
          map.clear()
        },
      ]) {
        map.get('x')
        value.n += 1
        then()
        expect(codeOf(() => target.checkHandedOut())).toBe('nothing thrown')
      }
      expect(map.contains('x')).toBe(false)
      expect([...map.keys()]).toEqual([])
      expect(map.isEmpty()).toBe(true)
    })
  })

  test('what a reducing state hands out is caught when it is changed and nothing is added', () => {
    const target = strict()
    const state = target.reducingState(reducingState<Item>('s', (_, value) => value))
    state.add(item(1))
    const value = state.get() ?? item(0)
    value.n = 2
    state.add(value)
    expect(codeOf(() => target.checkHandedOut())).toBe('nothing thrown')
    const again = state.get()
    if (again) again.n = 3
    expect(codeOf(() => target.checkHandedOut())).toBe(CAUGHT)
    const last = state.get()
    if (last) last.n = 3
    state.clear()
    expect(codeOf(() => target.checkHandedOut())).toBe('nothing thrown')
  })

  test('states merge in strict mode as without it', () => {
    const target = strict()
    const options = { namespaced: true }
    const max = (a: number, b: number): number => Math.max(a, b)
    const value = target.valueState(valueState<number>('v', undefined, options))
    const list = target.listState(listState<number>('l', undefined, options))
    const reducing = target.reducingState(reducingState('r', max, undefined, options))
    for (const window of [1, 2]) {
      target.setCurrentNamespace(window)
      value.update(window)
      list.add(window)
      reducing.add(window)
    }
    value.mergeNamespaces(1, [2], (a, b) => a * 10 + b)
    list.mergeNamespaces(1, [2])
    reducing.mergeNamespaces(1, [2])
    target.setCurrentNamespace(1)
    expect([value.value(), list.get(), reducing.get()]).toEqual([12, [1, 2], 2])
  })

  test('an aggregating state computes what it returns, so that changing it is nobody’s loss', () => {
    const target = strict()
    const state = target.aggregatingState(
      aggregatingState<number, number[], number[]>('s', {
        createAccumulator: () => [],
        add: (value, all) => [...all, value],
        getResult: (all) => all,
      }),
    )
    state.add(1)
    state.get()?.push(2)
    expect(codeOf(() => target.checkHandedOut())).toBe('nothing thrown')
    expect(state.get()).toEqual([1])
  })

  test('without strict mode nothing is checked', () => {
    const target = backend()
    select(target, 'a')
    const state = target.valueState(valueState<Item>('s'))
    state.update(item(1))
    const value = state.value()
    if (value) value.n = 2
    expect(codeOf(() => target.checkHandedOut())).toBe('nothing thrown')
  })
})
