// The table against a Map: random operations for the logic, churn over many pages for the memory.

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { hashKey, type Serializer } from '../../../engine/serializer.ts'
import { FlatTable } from '../../../engine/state/flat-table.ts'
import { LookupKey } from '../../../engine/state/lookup-key.ts'
import { VALUE_NUMBER, writeValue } from '../../../engine/state/stored-value.ts'
import { encodeTable } from '../../../engine/state/table-segment.ts'
import { anyKeys, anyOperations, anyValue, TableWorld } from './table-world.ts'
import type { Operation, WorldOptions } from './table-world.ts'

const raw: Serializer<unknown> = {
  name: 'raw',
  encode: (value) => (value instanceof Uint8Array ? value : new Uint8Array()),
  decode: (bytes) => bytes,
}

function property(
  options: Omit<WorldOptions, 'keys'>,
  value: fc.Arbitrary<unknown> = anyValue,
): fc.IProperty<[unknown[], Operation[]]> {
  return fc.property(anyKeys, anyOperations(value), (keys, operations) => {
    new TableWorld({ ...options, keys }).run(operations)
  })
}

describe('for every sequence of operations the table agrees with a Map and no frozen view changes', () => {
  test('with values of all kinds', () => {
    fc.assert(property({}), { numRuns: 400 })
  })

  test('with numbers only', () => {
    fc.assert(property({}, fc.double()), { numRuns: 200 })
  })

  test('with hashes that collide', () => {
    fc.assert(property({ hash: (key) => hashKey(key) & 3 }), { numRuns: 200 })
    fc.assert(property({ hash: () => -1 }), { numRuns: 100 })
  })

  test('with namespaces', () => {
    fc.assert(property({ isNamespaced: true }), { numRuns: 200 })
  })

  test('with a serializer that keeps the bytes it is given', () => {
    fc.assert(property({ serializer: raw }, fc.uint8Array({ maxLength: 40 })), { numRuns: 200 })
  })
})

test('writing to frozen pages without copying them is caught by the same property', () => {
  const result = fc.check(property({ aliasSnapshots: true }, fc.double()), {
    numRuns: 400,
    endOnFailure: true,
  })
  expect(result.failed).toBe(true)
  expect(String(result.errorInstance)).toMatch(/view|row/i)
})

test('a writer that aliases snapshots never makes a view unreadable', () => {
  fc.assert(
    fc.property(anyKeys, anyOperations(anyValue), (keys, operations) => {
      try {
        new TableWorld({ keys, aliasSnapshots: true }).run(operations)
      } catch (error) {
        expect(String(error)).toMatch(/^Error: (view|View)/)
      }
    }),
    { numRuns: 300 },
  )
})

/** Many more rows than a page has, and values up to several pages. */
function churn(seed: number, steps: number, valueOf: (random: number) => unknown): TableWorld {
  const keys = Array.from({ length: 7000 }, (_, i) =>
    i % 3 === 0 ? `a rather long key ${i}` : `${i}`,
  )
  const world = new TableWorld({ keys })
  let state = seed
  const random = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state >>> 4
  }
  for (let round = 0; round < 4; round += 1) {
    const operations: Operation[] = []
    for (let step = 0; step < steps; step += 1) {
      const key = random() % keys.length
      const isRemoval = random() % 10 < round * 3
      operations.push(
        isRemoval ? { type: 'remove', key } : { type: 'put', key, value: valueOf(random()) },
      )
      if (step % (steps >> 1) === 5) operations.push({ type: 'freeze' })
    }
    if (round === 2) operations.push({ type: 'release', view: 0 }, { type: 'reload' })
    world.run(operations)
  }
  return world
}

test('numbers survive churn over several pages', () => {
  churn(1, 12_000, (random) => random / 7)
})

test('texts and objects survive churn over several pages', () => {
  churn(2, 8_000, (random) => (random % 2 === 0 ? 'x'.repeat(random % 90) : { random }))
})

test('values larger than a page survive churn', () => {
  churn(3, 80, (random) => 'y'.repeat(random % 5 === 0 ? random % 300_000 : random % 900))
})

test('keys larger than a page are found again', () => {
  const keys = [70_000, 65_536, 65_537, 200_000, 17].map((length) => 'k'.repeat(length))
  const world = new TableWorld({ keys })
  const puts = keys.map((_, key): Operation => ({ type: 'put', key, value: key }))
  world.run([...puts, { type: 'freeze' }, { type: 'remove', key: 3 }, { type: 'reload' }, ...puts])
})

describe('memory', () => {
  const lookup = new LookupKey()
  const select = (key: unknown): LookupKey => {
    lookup.set(key, hashKey(key), 0)
    return lookup
  }

  test('an empty table takes less than 100 bytes', () => {
    expect(new FlatTable({ isNamespaced: false }).sizeBytes).toBeLessThan(100)
  })

  test('a table that is emptied gives its memory back', () => {
    const table = new FlatTable({ isNamespaced: false })
    const empty = table.sizeBytes
    for (let i = 0; i < 20_000; i += 1)
      writeValue(table, select(`a rather long key ${i}`), `${i}`, undefined)
    const full = table.sizeBytes
    for (let i = 0; i < 19_000; i += 1) table.remove(select(`a rather long key ${i}`))
    expect(table.sizeBytes).toBeLessThan(full / 8)
    for (let i = 19_000; i < 20_000; i += 1) table.remove(select(`a rather long key ${i}`))
    expect(table.sizeBytes).toBe(empty)
  })

  test('a value that is overwritten again and again does not grow the table', () => {
    const table = new FlatTable({ isNamespaced: false })
    for (let i = 0; i < 10_000; i += 1)
      writeValue(table, select(i & 7), 'x'.repeat(i % 100), undefined)
    expect(table.sizeBytes).toBeLessThan(10_000)
  })

  test('a value of the same size is overwritten in place', () => {
    const table = new FlatTable({ isNamespaced: false })
    writeValue(table, select('a'), 'xxxxx', undefined)
    const before = table.view().content.valueArena.used
    for (let i = 0; i < 100; i += 1) writeValue(table, select('a'), `yy${i % 10}zz`, undefined)
    expect(table.view().content.valueArena.used).toBe(before)
  })
})

describe('add', () => {
  test('gives running sums', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(50), fc.double({ noNaN: true }))), (additions) => {
        const table = new FlatTable({ isNamespaced: false })
        const lookup = new LookupKey()
        const sums = new Map<number, number>()
        for (const [key, delta] of additions) {
          lookup.set(`10.0.0.${key}`, hashKey(`10.0.0.${key}`), 0)
          const sum = (sums.get(key) ?? 0) + delta
          sums.set(key, sum)
          expect(table.add(lookup, delta)).toBe(sum)
        }
      }),
    )
  })

  test('a table knows whether it holds numbers only', () => {
    const table = new FlatTable({ isNamespaced: false })
    const lookup = new LookupKey()
    lookup.set('a', hashKey('a'), 0)
    table.add(lookup, 1)
    expect(table.hasOnlyNumbers).toBe(true)
    expect(table.tag(table.find(lookup))).toBe(VALUE_NUMBER)
    writeValue(table, lookup, true, undefined)
    expect(table.hasOnlyNumbers).toBe(false)
    table.remove(lookup)
    expect(table.hasOnlyNumbers).toBe(true)
  })
})

describe('copy on write', () => {
  function filled(count: number): { table: FlatTable; add: (key: number) => void } {
    const table = new FlatTable({ isNamespaced: false })
    const lookup = new LookupKey()
    const add = (key: number): void => {
      lookup.set(`k${key}`, hashKey(`k${key}`), 0)
      table.add(lookup, 1)
    }
    for (let key = 0; key < count; key += 1) add(key)
    return { table, add }
  }

  test('only the pages that are written are copied, each once for all views', () => {
    const { table, add } = filled(10_000)
    const first = table.freeze()
    add(0)
    add(1)
    expect(table.copiedPages).toBe(1)
    add(9_999)
    add(0)
    expect(table.copiedPages).toBe(2)
    const second = table.freeze()
    add(0)
    expect(table.copiedPages).toBe(3)
    first.release()
    second.release()
  })

  test('a page is not copied for a view that was released', () => {
    const { table, add } = filled(100)
    const frozen = table.freeze()
    frozen.release()
    frozen.release()
    add(0)
    expect(table.copiedPages).toBe(0)
    table.freeze()
    add(0)
    expect(table.copiedPages).toBe(1)
  })

  test('rows that only an older, longer view can see are not overwritten', () => {
    const table = new FlatTable({ isNamespaced: false })
    const lookup = new LookupKey()
    const select = (key: string): LookupKey => {
      lookup.set(key, hashKey(key), 0)
      return lookup
    }
    for (const key of ['a', 'b', 'c']) table.add(select(key), 1)
    const longer = table.freeze()
    table.remove(select('c'))
    const shorter = table.freeze()
    table.add(select('d'), 2)
    expect([0, 1, 2].map((row) => longer.view.key(row))).toEqual(['a', 'b', 'c'])
    expect(shorter.view.count).toBe(2)
  })

  test('new keys behind the end of a view copy nothing', () => {
    const { table, add } = filled(100)
    const { view } = table.freeze()
    const bytes = encodeTable(view.content)
    for (let key = 100; key < 128; key += 1) add(key)
    expect(table.copiedPages).toBe(0)
    expect(encodeTable(view.content)).toStrictEqual(bytes)
  })
})
