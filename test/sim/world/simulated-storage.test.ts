/** The simulated snapshot storage. */
import { describe, expect, test } from 'vitest'
import type { StorageResult, WriteResult } from '../../../engine/runtime.ts'
import { SimulatedStorage } from '../../../sim/world/simulated-storage.ts'
import { SmallWorld } from './small-world.ts'

const bytes = (...values: readonly number[]): Uint8Array => new Uint8Array(values)

function setup() {
  const small = new SmallWorld()
  const storage = new SimulatedStorage(small.world, small.costs)
  const { process } = small.start('worker-1')
  return { small, storage, process, port: storage.portOf(process) }
}

describe('a write', () => {
  test('is one object out of its pieces, there when it was answered', () => {
    const { small, storage, port } = setup()
    const answers: WriteResult[] = []
    port.put('k', [bytes(1, 2), bytes(), bytes(3)], (result) => answers.push(result))
    small.runUntil(4)
    expect([answers, storage.peek('k')]).toEqual([[], undefined])
    small.run()
    expect(answers).toEqual([{ type: 'ok', value: null }])
    expect(storage.peek('k')).toEqual(bytes(1, 2, 3))
  })

  test('of a process that dies before it ends never happened', () => {
    const { small, storage, port, process } = setup()
    port.put('k', [bytes(1)], () => {
      throw new Error('Nobody is there to be answered.')
    })
    process.crash()
    small.run()
    expect(storage.peek('k')).toBeUndefined()
  })

  test('takes longer the larger it is', () => {
    const { small, port } = setup()
    const ended: number[] = []
    for (const size of [0, 2048]) {
      port.put(`k${size}`, [new Uint8Array(size)], () => ended.push(small.world.now()))
    }
    small.run()
    expect(ended).toEqual([5, 7])
  })
})

describe('a read', () => {
  test('finds what another process wrote, also after that died', () => {
    const { small, storage, port, process } = setup()
    port.put('k', [bytes(7)], () => undefined)
    small.run()
    process.crash()
    const found: StorageResult<Uint8Array>[] = []
    storage.portOf(small.start('worker-2').process).get('k', (result) => found.push(result))
    expect(found).toEqual([])
    small.run()
    expect(found).toEqual([{ type: 'ok', value: bytes(7) }])
  })

  test('of what is not there fails with one sentence', () => {
    const { small, port } = setup()
    const found: StorageResult<Uint8Array>[] = []
    port.get('k', (result) => found.push(result))
    small.run()
    expect(found).toEqual([{ type: 'failed', reason: 'there is no such object' }])
  })

  test('does not find what was deleted', () => {
    const { small, storage, port } = setup()
    port.put('k', [bytes(7)], () => undefined)
    small.run()
    port.delete('k')
    expect(storage.peek('k')).toBeUndefined()
  })
})

test('a list has the keys with the prefix in order, and a deletion is answered if somebody asks', () => {
  const { small, port } = setup()
  for (const key of ['b/2', 'b/10', 'a/1', 'b']) port.put(key, [], () => undefined)
  small.run()
  const answers: unknown[] = []
  port.delete('b/2', (result) => answers.push(result))
  port.list('b', (result) => answers.push(result))
  expect(answers).toEqual([])
  small.run()
  expect(answers).toEqual([
    { type: 'ok', value: null },
    { type: 'ok', value: ['b', 'b/10'] },
  ])
})
