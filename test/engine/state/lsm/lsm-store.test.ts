// A log-structured merge tree beside a map of what was written.

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { LsmStore } from '../../../../engine/state/lsm/lsm-store.ts'
import { compareBytes, type RowChange } from '../../../../engine/state/rows/row-change.ts'

type Step =
  | { readonly type: 'batch'; readonly changes: readonly (readonly [number, number | null])[] }
  | { readonly type: 'maintain'; readonly bytes: number }
  | { readonly type: 'view' }

const ALL = new Uint8Array(0)

function keyOf(n: number): Uint8Array {
  return new Uint8Array([0, n % 4, n])
}

function valueOf(value: number): Uint8Array {
  return new Uint8Array(1 + (value % 40)).fill(value)
}

function contentOf(model: ReadonlyMap<number, number>): RowChange[] {
  return [...model]
    .map(([key, value]) => ({ key: keyOf(key), value: valueOf(value) }))
    .sort((a, b) => compareBytes(a.key, b.key))
}

const anySteps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        type: fc.constant('batch' as const),
        changes: fc.uniqueArray(fc.tuple(fc.nat(30), fc.oneof(fc.constant(null), fc.nat(255))), {
          selector: ([key]) => key,
          maxLength: 12,
        }),
      }),
    },
    {
      weight: 4,
      arbitrary: fc.record({ type: fc.constant('maintain' as const), bytes: fc.nat(300) }),
    },
    { weight: 2, arbitrary: fc.constant({ type: 'view' as const }) },
  ),
  { maxLength: 60, size: 'max' },
)

test('for all batches and slices of compaction, store and views hold what a map would', () => {
  fc.assert(
    fc.property(anySteps, (steps) => {
      const store = new LsmStore()
      const model = new Map<number, number>()
      const views = steps.flatMap((step) => {
        if (step.type === 'view') return [{ view: store.view(), expected: contentOf(model) }]
        if (step.type === 'maintain') {
          store.maintain(step.bytes)
          return []
        }
        const batch = store.batch()
        const sorted = step.changes.toSorted(([a], [b]) => compareBytes(keyOf(a), keyOf(b)))
        for (const [key, value] of sorted) {
          batch.put({ key: keyOf(key), value: value === null ? null : valueOf(value) })
          if (value === null) model.delete(key)
          else model.set(key, value)
        }
        batch.commit()
        return []
      })
      views.push({ view: store.view(), expected: contentOf(model) })
      for (const { view, expected } of views) expect([...view.scan(ALL)]).toEqual(expected)
      for (let key = 0; key <= 30; key += 1) {
        const value = model.get(key)
        expect(store.get(keyOf(key))).toEqual(value === undefined ? undefined : valueOf(value))
      }
    }),
    { numRuns: 300 },
  )
})

test('compaction leaves few runs, and nothing of what was removed', () => {
  const store = new LsmStore()
  for (let round = 0; round < 40; round += 1) {
    const batch = store.batch()
    for (let n = 0; n < 40; n += 1) {
      const key = new Uint8Array([0, 0, n])
      batch.put({ key, value: (n + round) % 3 === 0 ? null : valueOf(n) })
    }
    batch.commit()
    while (store.maintain(100) > 0);
  }
  expect(store.runs.length).toBeLessThan(4)
  const batch = store.batch()
  for (let n = 0; n < 40; n += 1) batch.put({ key: new Uint8Array([0, 0, n]), value: null })
  batch.commit()
  for (let more = 0; more < 12; more += 1) {
    const next = store.batch()
    next.put({ key: new Uint8Array([0, 1, more]), value: null })
    next.commit()
    while (store.maintain(100) > 0);
  }
  expect([...store.view().scan(ALL)]).toEqual([])
  expect(store.runs.reduce((sum, { count }) => sum + count, 0)).toBeLessThan(60)
})
