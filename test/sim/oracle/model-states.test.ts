/** The states of the reference model: as Flink's operations say, on plain values. */
import { expect, test } from 'vitest'
import {
  aggregatingState,
  listState,
  mapState,
  reducingState,
  valueState,
} from '../../../engine/state/descriptors.ts'
import { statesOf } from '../../../sim/oracle/model-states.ts'
import type { KeyState } from '../../../sim/oracle/model-states.ts'
import { NotInterpreted } from '../../../sim/oracle/not-interpreted.ts'

const kept: KeyState = new Map()
const state = statesOf(kept)

test('a value: its default until it is stored, and again when it is cleared', () => {
  const value = state(valueState<number>('value', undefined, { default: () => 7 }))
  expect(value.value()).toBe(7)
  value.update(1)
  expect([value.value(), kept.get('value')]).toEqual([1, 1])
  value.clear()
  expect([value.value(), kept.has('value')]).toEqual([7, false])
})

test('a list: added, replaced; without elements it is absent', () => {
  const list = state(listState<number>('list'))
  list.add(1)
  list.addAll([2, 3])
  expect(list.get()).toEqual([1, 2, 3])
  list.update([9])
  expect(kept.get('list')).toEqual([9])
  list.update([])
  expect([list.get(), kept.has('list')]).toEqual([[], false])
})

test('a map: in the order of its first puts, may be changed while it is gone through', () => {
  const map = state(mapState<string, number>('map'))
  expect(map.isEmpty()).toBe(true)
  map.put('b', 1)
  map.putAll([
    ['a', 2],
    ['b', 3],
  ])
  expect([...map.entries()]).toEqual([
    ['b', 3],
    ['a', 2],
  ])
  expect([map.contains('a'), map.get('a'), map.get('c')]).toEqual([true, 2, undefined])
  for (const key of map.keys()) map.remove(key)
  expect([[...map.values()], kept.has('map')]).toEqual([[], false])
})

test('reductions and aggregates', () => {
  const sum = state(reducingState<number>('sum', (a, b) => a + b))
  expect(sum.get()).toBeUndefined()
  sum.add(2)
  sum.add(3)
  expect(sum.get()).toBe(5)
  const mean = state(
    aggregatingState<number, { readonly sum: number; readonly count: number }, number>('mean', {
      createAccumulator: () => ({ sum: 0, count: 0 }),
      add: (value, { sum: total, count }) => ({ sum: total + value, count: count + 1 }),
      getResult: ({ sum: total, count }) => total / count,
    }),
  )
  expect(mean.get()).toBeUndefined()
  mean.add(1)
  mean.add(2)
  expect([mean.get(), kept.get('mean')]).toEqual([1.5, { sum: 3, count: 2 }])
  mean.clear()
  expect(mean.get()).toBeUndefined()
})

test('what expires is not interpreted', () => {
  const expiring = valueState<number>('expiring', undefined, { ttl: { timeToLiveMs: 1 } })
  expect(() => state(expiring)).toThrow(NotInterpreted)
})
