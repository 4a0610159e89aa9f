// The base store in RocksDB against a sorted list, and what happens when something is wrong with it.

import fc from 'fast-check'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test, vi } from 'vitest'
import { DatabaseThreadClient } from '../../../../engine/node/rocksdb/database-thread-client.ts'
import { loadPackage } from '../../../../engine/node/rocksdb/load-package.ts'
import { RocksDbState } from '../../../../engine/node/rocksdb/rocksdb-state.ts'
import { RocksDbStore } from '../../../../engine/node/rocksdb/rocksdb-store.ts'
import { beginsWith, compareBytes } from '../../../../engine/state/rows/row-change.ts'
import type { BaseView } from '../../../../engine/state/tiered/base-store.ts'
import { seeded } from '../../../seeded.ts'
import { describeRocksDb, temporaryDirectory } from './rocksdb-here.ts'

test('without the package there is one sentence about what to install', async () => {
  const error = Object.assign(new Error('Cannot find package'), { code: 'ERR_MODULE_NOT_FOUND' })
  expect(await loadPackage(() => Promise.reject(error))).toEqual({
    type: 'failed',
    kind: 'missing-package',
    reason:
      'The state backend "rocksdb" needs the optional package rocksdb-native, which is not installed: ' +
      'run "npm install rocksdb-native@3.18.1", or choose state.backend "lsm", which needs no package',
  })
})

test('a package without a program for this machine is told from one that is not installed', async () => {
  const loaded = await loadPackage(() => Promise.reject(new Error('No addon\nin any folder')))
  const machine = `${process.platform} ${process.arch}`
  expect(loaded).toMatchObject({
    reason: expect.stringContaining(`no program for ${machine} that loads (Error: No addon):`),
  })
})

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
      seeded(40),
    )
  })

  test('fetching nothing ahead holds nobody up', () => {
    const store = state.open()
    store.prefetch([])
    put(store, [])
    const key = new Uint8Array([7])
    put(store, [{ key, value: key }])
    expect(store.get(key)).toEqual(key)
    store.close()
  })

  test('many rows come back in order, in more than one piece, and as they were when the view was taken', () => {
    const store = state.open()
    const rows = Array.from({ length: 10_000 }, (_, i) => {
      return { key: new Uint8Array([1, i >> 8, i & 0xff]), value: new Uint8Array([i & 0xff, 1]) }
    })
    put(store, rows)
    const view = store.view()
    put(
      store,
      rows.map(({ key }) => ({ key, value: null })),
    )
    expect([...view.scan(new Uint8Array([1]))]).toEqual(rows)
    view.release()
    const after = store.view()
    expect([...after.scan(new Uint8Array(0))]).toEqual([])
    store.close()
  })

  test('a row may be larger than a piece of a batch', () => {
    const store = state.open()
    const key = new Uint8Array(1000).fill(255)
    const value = Uint8Array.from({ length: 3_000_000 }, (_, i) => i & 0xff)
    put(store, [{ key, value }])
    const [row] = store.view().scan(new Uint8Array([255]))
    expect(Buffer.compare(store.get(key) ?? key, value)).toBe(0)
    expect(Buffer.compare(row?.value ?? key, value)).toBe(0)
    store.close()
  })

  test('stores of one thread know nothing of each other', () => {
    const [a, b] = [state.open(), state.open()]
    const key = new Uint8Array([1])
    put(a, [{ key, value: new Uint8Array([2]) }])
    expect(a.get(key)).toEqual(new Uint8Array([2]))
    expect(b.get(key)).toBeUndefined()
    a.close()
    put(b, [{ key, value: new Uint8Array([3]) }])
    expect(b.get(key)).toEqual(new Uint8Array([3]))
    b.close()
  })

  test('what was fetched ahead is not what is read when it was written meanwhile', () => {
    const store = state.open()
    const key = new Uint8Array([1])
    put(store, [{ key, value: new Uint8Array([1]) }])
    store.prefetch([key])
    put(store, [{ key, value: new Uint8Array([2]) }])
    expect(store.get(key)).toEqual(new Uint8Array([2]))
    store.close()
  })

  test('closing everything removes the files; those of processes that are gone are removed at the next start', async () => {
    const parent = temporaryDirectory()
    const gone = join(parent, 'weir-rocksdb-2147483646-abc')
    const other = join(parent, 'something-else')
    const alive = join(parent, `weir-rocksdb-${process.pid}-abc`)
    for (const name of [gone, other, alive]) mkdirSync(name)
    const own = new RocksDbState(parent)
    put(own.open(), [{ key: new Uint8Array([1]), value: new Uint8Array([1]) }])
    expect(existsSync(gone)).toBe(false)
    expect(readdirSync(parent)).toHaveLength(3)
    await own.close()
    expect(readdirSync(parent).toSorted()).toEqual(['something-else', alive.split('/').at(-1)])
  })

  test('a directory that another process uses is refused with one sentence', async () => {
    const place = join(temporaryDirectory(), 'db')
    const thread = new DatabaseThreadClient()
    const store = openStore(thread, 1, place)
    expect(() => openStore(thread, 2, place)).toThrow(
      /^RocksDB cannot open .*db: the database is in use \(.*\)\.$/,
    )
    store.close()
    await thread.end()
  })

  test('a damaged database is refused with one sentence', async () => {
    const place = join(temporaryDirectory(), 'db')
    mkdirSync(place)
    writeFileSync(join(place, 'CURRENT'), 'MANIFEST-000001\n')
    writeFileSync(join(place, 'MANIFEST-000001'), 'no manifest of a database at all'.repeat(100))
    const thread = new DatabaseThreadClient()
    expect(() => openStore(thread, 1, place)).toThrow(
      /^RocksDB cannot open .*db: the database is damaged \(.*\)\.$/,
    )
    await thread.end()
  })

  test('a file that is damaged while the store is open is noticed when it is read', async () => {
    const place = join(temporaryDirectory(), 'db')
    const thread = new DatabaseThreadClient()
    const store = openStore(thread, 1, place)
    const rows = Array.from({ length: 60 }, (_, i) => {
      return { key: new Uint8Array([i]), value: new Uint8Array(1 << 20).fill(i) }
    })
    put(store, rows)
    let files: string[] = []
    await vi.waitFor(() => {
      store.get(new Uint8Array([255]))
      files = readdirSync(place).filter((name) => name.endsWith('.sst'))
      expect(files.length).toBeGreaterThan(0)
    }, 10_000)
    for (const name of files) {
      const bytes = readFileSync(join(place, name))
      for (let i = 0; i < bytes.length; i += 100) bytes[i] = (bytes[i] ?? 0) ^ 0xff
      writeFileSync(join(place, name), bytes)
    }
    expect(() => [...store.view().scan(new Uint8Array(0))]).toThrow(/damaged/)
    await thread.terminate()
  })

  test('when the thread is lost its stores fail, and new ones get a new thread', async () => {
    const parent = temporaryDirectory()
    const own = new RocksDbState(parent)
    const lost = own.open()
    await own.crash()
    expect(() => lost.get(new Uint8Array([1]))).toThrow(
      'The thread of the RocksDB databases has ended.',
    )
    const store = own.open()
    put(store, [{ key: new Uint8Array([1]), value: new Uint8Array([2]) }])
    expect(store.get(new Uint8Array([1]))).toEqual(new Uint8Array([2]))
    await own.close()
    expect(readdirSync(parent)).toEqual([])
  })

  test('when the thread has ended, reads and writes say so', async () => {
    const thread = new DatabaseThreadClient()
    const store = openStore(thread, 1, join(temporaryDirectory(), 'db'))
    await thread.terminate()
    expect(() => store.get(new Uint8Array([1]))).toThrow(
      'The thread of the RocksDB databases has ended.',
    )
    await thread.end()
  })
})

function openStore(thread: DatabaseThreadClient, store: number, directory: string): RocksDbStore {
  return new RocksDbStore(thread, { store, directory, keepsRuns: false })
}

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
