// A run beside the list it was made of, and what is left of it when its bytes are not what was written.

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { cutRun } from '../../../../engine/state/lsm/cut-run.ts'
import { filterHash } from '../../../../engine/state/lsm/key-filter.ts'
import { RunBuilder, SortedRun } from '../../../../engine/state/lsm/sorted-run.ts'
import {
  beginsWith,
  compareBytes,
  type RowChange,
} from '../../../../engine/state/rows/row-change.ts'
import { keyGroupOfRow } from '../../../../engine/state/rows/row-key.ts'

const anyChanges: fc.Arbitrary<RowChange[]> = fc
  .uniqueArray(
    fc.record({
      key: fc.uint8Array({ minLength: 3, maxLength: 12, max: 3 }),
      value: fc.oneof(fc.constant(null), fc.uint8Array({ maxLength: 700 })),
    }),
    { selector: ({ key }) => key.join(), maxLength: 200, size: 'max' },
  )
  .map((changes) => changes.sort((a, b) => compareBytes(a.key, b.key)))

function runOf(changes: readonly RowChange[]): SortedRun {
  const builder = new RunBuilder()
  for (const change of changes) builder.add(change)
  return builder.finish()
}

function read(bytes: Uint8Array, checksum?: number): SortedRun {
  const run = SortedRun.decode(bytes, checksum)
  if (typeof run === 'string') throw new Error(run)
  return run
}

const ALL = new Uint8Array(0)

test('for all changes, a run has them and nothing else, in memory and read again', () => {
  fc.assert(
    fc.property(anyChanges, fc.uint8Array({ maxLength: 4, max: 3 }), (changes, key) => {
      const written = runOf(changes)
      for (const run of [written, read(written.bytes, written.checksum)]) {
        expect(run.count).toBe(changes.length)
        expect([...run.scan(ALL)]).toEqual(changes)
        expect([...run.scan(key)]).toEqual(changes.filter((each) => beginsWith(each.key, key)))
        const found = changes.find((each) => compareBytes(each.key, key) === 0)
        expect(run.get(key, filterHash(key))).toEqual(found?.value)
        for (const each of changes)
          expect(run.get(each.key, filterHash(each.key))).toEqual(each.value)
      }
    }),
    { numRuns: 100 },
  )
})

test('for every changed, missing or added byte a run is refused with one sentence', () => {
  const change = fc.oneof(
    fc.record({ type: fc.constant('flip' as const), at: fc.nat(), bit: fc.nat(7) }),
    fc.record({ type: fc.constant('cut' as const), at: fc.nat() }),
    fc.record({ type: fc.constant('extend' as const), at: fc.nat(255) }),
  )
  fc.assert(
    fc.property(anyChanges, change, (changes, damage) => {
      const { bytes, checksum } = runOf(changes)
      const at = damage.at % bytes.length
      const damaged =
        damage.type === 'cut'
          ? bytes.slice(0, at)
          : damage.type === 'extend'
            ? new Uint8Array([...bytes, damage.at])
            : bytes.with(at, (bytes[at] ?? 0) ^ (1 << damage.bit))
      expect(SortedRun.decode(damaged, checksum)).toBeTypeOf('string')
    }),
    { numRuns: 500 },
  )
})

test('an intact run that is another than the one that was stored is refused', () => {
  const run = runOf([{ key: new Uint8Array([0, 1, 2]), value: new Uint8Array([1]) }])
  const other = runOf([{ key: new Uint8Array([0, 1, 2]), value: new Uint8Array([2]) }])
  expect(SortedRun.decode(other.bytes, run.checksum)).toBe(
    'it is another object than the one that was stored under its name',
  )
})

test('for every range, a cut run has the changes of its key groups; one that lies inside stays as it is', () => {
  fc.assert(
    fc.property(anyChanges, fc.nat(0x303), fc.nat(0x303), (changes, first, length) => {
      const range = { first, last: first + length }
      const isInside = ({ key }: RowChange): boolean =>
        first <= keyGroupOfRow(key) && keyGroupOfRow(key) <= range.last
      const run = runOf(changes)
      const cut = cutRun(run, range)
      expect([...(cut?.scan(ALL) ?? [])]).toEqual(changes.filter(isInside))
      expect(cut === run).toBe(changes.length > 0 && changes.every(isInside))
    }),
    { numRuns: 100 },
  )
})
