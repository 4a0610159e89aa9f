// Snapshots in pieces: large pages are part of them without a copy, and do not change until the snapshot is released.

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { concatenate } from '../../../engine/concatenate.ts'
import { hashKey } from '../../../engine/serializer.ts'
import { FlatTable } from '../../../engine/state/flat-table.ts'
import { LookupKey } from '../../../engine/state/lookup-key.ts'
import { numberState, valueState } from '../../../engine/state/descriptors.ts'
import type { HeapStateBackend } from '../../../engine/state/heap-state-backend.ts'
import type {
  KeyedStateSnapshot,
  KeyGroupSegment,
} from '../../../engine/state/keyed-state-backend.ts'
import { seeded } from '../../seeded.ts'
import { heapBackend, select } from './small-backend.ts'

const KEYS = 3000

/** Writes all keys, every third, or only a few; sums and texts of different lengths; or removes. */
function write(target: HeapStateBackend, round: number, step: number): void {
  const sum = target.numberState(numberState('sum'))
  const text = target.valueState(valueState<string>('text'))
  for (let key = round % step; key < KEYS; key += step) {
    select(target, key % 5 === 0 ? `a rather long key, number ${key}` : key)
    if ((key + round) % 11 === 0) {
      sum.clear()
      text.clear()
    } else {
      sum.add(round + 1)
      text.update('x'.repeat((key + round) % 90))
    }
  }
}

interface Taken {
  readonly snapshot: KeyedStateSnapshot
  readonly segments: readonly KeyGroupSegment[]
  readonly bytes: readonly Uint8Array[]
}

function take(target: HeapStateBackend): Taken {
  const snapshot = target.snapshot()
  const segments = [...snapshot.keyGroups()]
  return { snapshot, segments, bytes: segments.map(({ bytes }) => bytes) }
}

function expectUnchanged({ segments, bytes }: Taken): void {
  for (const [i, { pieces }] of segments.entries()) {
    expect(Buffer.compare(concatenate(pieces ?? []), bytes[i] ?? Buffer.of())).toBe(0)
  }
}

test('for all writes, the pieces of snapshots that are not released do not change', () => {
  const step = fc.record({
    step: fc.constantFrom(1, 3, 500),
    does: fc.constantFrom('take', 'take', 'release', 'write'),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
      const target = heapBackend()
      const taken: Taken[] = []
      for (const [round, { step, does }] of steps.entries()) {
        if (does === 'take') taken.push(take(target))
        else if (does === 'release') taken.shift()?.snapshot.release()
        write(target, round, step)
        taken.forEach(expectUnchanged)
      }
    }),
    seeded(30),
  )
})

test('a large page is a piece of its own, and what the others have is copied', () => {
  const target = heapBackend()
  write(target, 0, 1)
  const { segments } = take(target)
  for (const { pieces = [] } of segments) {
    expect(pieces.length).toBeGreaterThan(2)
    expect(pieces.every(({ length }) => length > 0)).toBe(true)
  }
  const small = heapBackend()
  select(small, 'a')
  small.numberState(numberState('sum')).add(1)
  expect(take(small).segments.map(({ pieces }) => pieces?.length)).toEqual([1])
})

test('pieces are not given out after the release of their snapshot', () => {
  const target = heapBackend()
  write(target, 0, 1)
  const { snapshot, segments } = take(target)
  snapshot.release()
  expect(() => segments[0]?.pieces).toThrow('released')
  expect(() => segments[0]?.bytes).toThrow('released')
})

test('a page that only a released view could see takes the next copy', () => {
  const table = new FlatTable({ isNamespaced: false })
  const key = new LookupKey()
  key.set('a', hashKey('a'), 0)
  const buffer = (): ArrayBufferLike | undefined => table.view().content.rows[0]?.buffer
  table.add(key, 1)
  const [first, second] = [buffer(), table.freeze()]
  table.add(key, 1)
  const copy = buffer()
  expect(copy).not.toBe(first)
  second.release()
  const third = table.freeze()
  table.add(key, 1)
  expect(buffer()).toBe(first)
  expect(third.view.value(0, undefined)).toBe(2)
  expect(table.cell(0)).toBe(3)
})

test('with views that overlap no page is taken away from a view', () => {
  const table = new FlatTable({ isNamespaced: false })
  const key = new LookupKey()
  key.set('a', hashKey('a'), 0)
  let older = table.freeze()
  for (let n = 1; n < 20; n += 1) {
    table.add(key, 1)
    const newer = table.freeze()
    older.release()
    table.add(key, 0)
    expect(newer.view.value(0, undefined)).toBe(n)
    older = newer
  }
})
