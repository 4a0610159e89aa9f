// The base store in RocksDB against a sorted list. Not in the daily suite: the thread of the databases was seen to stop
// answering in this test, which is not yet explained.

import fc from 'fast-check'
import { afterAll, expect, test, vi } from 'vitest'
import { RocksDbState } from '../../engine/node/rocksdb/rocksdb-state.ts'
import type { RocksDbStore } from '../../engine/node/rocksdb/rocksdb-store.ts'
import { beginsWith, compareBytes } from '../../engine/state/rows/row-change.ts'
import type { BaseView } from '../../engine/state/tiered/base-store.ts'
import { describeRocksDb, temporaryDirectory } from '../engine/node/rocksdb/rocksdb-here.ts'

vi.setConfig({ testTimeout: 120_000 })

describeRocksDb('RocksDbStore', () => {
  const directory = temporaryDirectory()
  const state = new RocksDbState(directory)
  afterAll(() => state.close())

  test('for all writes, reads, prefetches and views it holds what a sorted list holds', () => {
    fc.assert(
      fc.property(fc.array(anyStep, { maxLength: 40 }), (steps) => {
        const store = state.open()
        const world = new World(store)
        for (const step of steps) world.step(step)
        world.checkAll()
        store.close()
      }),
      { numRuns: 40 },
    )
  })
})

function put(
  store: RocksDbStore,
  rows: readonly { readonly key: Uint8Array; readonly value: Uint8Array | null }[],
): void {
  const batch = store.batch()
  for (const row of rows) batch.put(row)
  batch.commit()
}
type Step =
  | { readonly type: 'write'; readonly rows: readonly (readonly [Uint8Array, Uint8Array | null])[] }
  | { readonly type: 'get' | 'scan'; readonly key: Uint8Array }
  | { readonly type: 'prefetch'; readonly keys: readonly Uint8Array[] }
  | { readonly type: 'view' | 'release' }

const anyKey = fc
  .array(fc.constantFrom(0, 1, 127, 255), { minLength: 1, maxLength: 3 })
  .map((bytes) => Uint8Array.from(bytes))
const anyValue = fc.option(fc.uint8Array({ maxLength: 5 }))
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    type: fc.constant('write' as const),
    rows: fc.uniqueArray(fc.tuple(anyKey, anyValue), { selector: ([key]) => String(key) }),
  }),
  fc.record({ type: fc.constantFrom('get' as const, 'scan' as const), key: anyKey }),
  fc.record({ type: fc.constant('prefetch' as const), keys: fc.array(anyKey) }),
  fc.record({ type: fc.constantFrom('view' as const, 'release' as const) }),
)

type Row = { readonly key: Uint8Array; readonly value: Uint8Array }

class World {
  readonly #store: RocksDbStore
  #rows: readonly Row[] = []
  #views: { readonly view: BaseView; readonly rows: readonly Row[] }[] = []

  constructor(store: RocksDbStore) {
    this.#store = store
  }

  step(step: Step): void {
    switch (step.type) {
      case 'write':
        this.#write(step.rows)
        return
      case 'get':
        expect(this.#store.get(step.key)).toEqual(this.#find(step.key))
        return
      case 'scan':
        for (const { view, rows } of this.#views) {
          const expected = rows.filter(({ key }) => beginsWith(key, step.key))
          expect([...view.scan(step.key)]).toEqual(expected)
        }
        return
      case 'prefetch':
        this.#store.prefetch(step.keys)
        return
      case 'view':
        this.#views.push({ view: this.#store.view(), rows: this.#rows })
        return
      case 'release':
        this.#views.shift()?.view.release()
    }
  }

  checkAll(): void {
    this.step({ type: 'view' })
    for (const { view, rows } of this.#views) {
      expect([...view.scan(new Uint8Array(0))]).toEqual(rows)
    }
    for (const { key, value } of this.#rows) expect(this.#store.get(key)).toEqual(value)
  }

  #find(wanted: Uint8Array): Uint8Array | undefined {
    return this.#rows.find(({ key }) => compareBytes(key, wanted) === 0)?.value
  }

  #write(changes: readonly (readonly [Uint8Array, Uint8Array | null])[]): void {
    const sorted = changes.toSorted(([a], [b]) => compareBytes(a, b))
    put(
      this.#store,
      sorted.map(([key, value]) => ({ key, value })),
    )
    const kept = this.#rows.filter(
      ({ key }) => !sorted.some(([changed]) => compareBytes(key, changed) === 0),
    )
    const written = sorted.flatMap(([key, value]) => (value === null ? [] : [{ key, value }]))
    this.#rows = [...kept, ...written].toSorted((a, b) => compareBytes(a.key, b.key))
  }
}
