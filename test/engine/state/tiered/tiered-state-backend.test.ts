// What a tiered backend promises beyond the suite of all backends: snapshots that cost what changed, tables that stay
// small, and objects that are named again only when their checkpoint was completed.

import { describe, expect, test } from 'vitest'
import { checkpointId, type CheckpointId } from '../../../../engine/ids.ts'
import { hashKey } from '../../../../engine/serializer.ts'
import { numberState } from '../../../../engine/state/descriptors.ts'
import type { NumberState } from '../../../../engine/state/keyed-state-backend.ts'
import { LsmStore } from '../../../../engine/state/lsm/lsm-store.ts'
import {
  TieredStateBackend,
  type TieredStateBackendOptions,
} from '../../../../engine/state/tiered/tiered-state-backend.ts'
import { ObjectStore } from '../object-store.ts'

class Counter {
  readonly backend: TieredStateBackend
  readonly store = new LsmStore()
  readonly objects = new ObjectStore()
  readonly #sum: NumberState

  constructor(options: Partial<TieredStateBackendOptions> = {}) {
    const range = { first: 0, last: 15 }
    const tiers = { base: this.store, runs: this.store }
    const given = { maxParallelism: 16, range, ...tiers, ...options }
    this.backend = new TieredStateBackend(given)
    this.#sum = this.backend.numberState(numberState('sum'))
  }

  add(key: number): number {
    this.select(key)
    return this.#sum.add(1)
  }

  select(key: number): void {
    this.backend.setCurrentKey(key, hashKey(key))
  }

  snapshot(id: number, base: CheckpointId | null): ReturnType<ObjectStore['put']> {
    const { own } = this.backend.snapshot({ checkpoint: checkpointId(id), base })
    if (own === null) throw new Error('There are no runs.')
    return this.objects.put(own)
  }
}

const one = checkpointId(1)
const two = checkpointId(2)

test('the bytes of an incremental snapshot follow the changes, not the state', () => {
  const [small, large] = [200, 20_000].map((keys) => {
    const counter = new Counter()
    for (let key = 0; key < keys; key += 1) counter.add(key)
    const full = counter.snapshot(1, null)
    for (let key = 0; key < 200; key += 1) counter.add(key * (keys / 200))
    const next = counter.snapshot(2, one)
    return { full: full.writtenBytes, next: next.writtenBytes }
  })
  // A hundred times the state, the same changes: one in a hundred of the larger one.
  expect(large?.full).toBeGreaterThan(60 * (small?.full ?? 0))
  expect(large?.next).toBeLessThan(1.3 * (small?.next ?? 0))
  expect(large?.next).toBeLessThan(0.015 * (large?.full ?? 0))
})

test('what is not used is dropped from the tables, and what is used comes back', () => {
  const counter = new Counter({ rowsMax: 200 })
  for (let round = 1; round <= 3; round += 1) {
    for (let key = 0; key < 5000; key += 1) expect(counter.add(key)).toBe(round)
  }
  expect(counter.backend.keyCount()).toBe(5000)
  // About 32 bytes and more for each row would be in the tables, if they were all there.
  const inTables = counter.backend.sizeBytes() - counter.store.sizeBytes
  expect(inTables).toBeLessThan(5000 * 16)
})

describe('objects of runs', () => {
  function changed(options: Partial<TieredStateBackendOptions> = {}): Counter {
    const counter = new Counter(options)
    for (let key = 0; key < 100; key += 1) counter.add(key)
    return counter
  }

  test('are named again when the base named them', () => {
    const counter = changed()
    const first = counter.snapshot(1, null)
    counter.add(1)
    const second = counter.snapshot(2, one)
    expect(second.objects).toHaveLength(2)
    expect(second.objects).toContain(first.objects[0])
    expect(second.writtenBytes).toBeLessThan(first.writtenBytes)
  })

  test('are written again while no base named them, whatever other checkpoints wrote', () => {
    const counter = changed()
    const first = counter.snapshot(1, null)
    const second = counter.snapshot(2, null)
    const third = counter.snapshot(3, one)
    expect(second.objects).not.toContain(first.objects[0])
    expect(third.objects).toEqual(first.objects)
  })

  test('are named under the mutant though their checkpoint was not completed (A-21)', () => {
    const counter = changed({ sharesAborted: true })
    const first = counter.snapshot(1, null)
    expect(counter.snapshot(2, null).objects).toEqual(first.objects)
  })

  test('are shared with the checkpoint that was restored', () => {
    const counter = changed()
    const { own } = counter.backend.snapshot({ checkpoint: one, base: null })
    if (own === null) throw new Error('There are no runs.')
    const { objects } = counter.objects.put(own)
    const restored = new Counter()
    counter.objects.restore(own, restored.backend, one)
    restored.add(5)
    const next = restored.backend.snapshot({ checkpoint: two, base: one }).own
    expect(next === null ? [] : counter.objects.put(next).objects).toContain(objects[0])
  })
})
