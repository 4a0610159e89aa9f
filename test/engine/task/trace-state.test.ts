/** What a picture shows of the current key's state. */
import { expect, test } from 'vitest'
import { hashKey } from '../../../engine/serializer.ts'
import { listState, mapState, valueState } from '../../../engine/state/descriptors.ts'
import { HeapStateBackend } from '../../../engine/state/heap-state-backend.ts'
import { traceState } from '../../../engine/task/trace-state.ts'
import { Hosting } from './hosting.ts'

test('values, lists and maps of the key are printed in the order in which they were registered', () => {
  const { runtime, deployment } = new Hosting().deploy()
  const state = new HeapStateBackend({ maxParallelism: 4, range: { first: 0, last: 3 } })
  state.setCurrentKey('k', hashKey('k'))
  state.valueState(valueState<bigint>('big')).update(7n)
  state.listState(listState<number>('list')).addAll([1, 2])
  state.mapState(mapState<string, { n: number }>('map')).put('a', { n: 1 })
  traceState({ runtime, deployment }, 'op', state)
  expect(runtime.factsOf('state-updated').map(({ key, value }) => [key, value])).toEqual([
    ['k', '7, [1,2], {a: {"n":1}}'],
  ])
})
