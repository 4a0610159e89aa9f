// Keys that look alike must stay apart even when their hashes are the same: only the comparison can tell them apart.

import { expect, test } from 'vitest'
import { FlatTable } from '../../../engine/state/flat-table.ts'
import { LookupKey } from '../../../engine/state/lookup-key.ts'

function rowsOf(keys: readonly unknown[]): { rows: number[]; read: unknown[] } {
  const table = new FlatTable({ isNamespaced: false })
  const lookup = new LookupKey()
  const rows = keys.map((key) => {
    lookup.set(key, 0, 0)
    table.add(lookup, 1)
    return table.find(lookup)
  })
  const view = table.view()
  return { rows, read: Array.from({ length: view.count }, (_, row) => view.key(row)) }
}

test.each([
  // U+0161 has the low byte of 'a'; the rest of it is a bit that 'a' has too.
  [['aaaa', '\u0161aaa', 'a\u0161aa']],
  [['aaaaa', 'aaaa\u0161']],
  [['é', 'Ã©', 'e', '\u00e9\u0000']],
  [['a', 'a\0', 'a\0\0', '', '\0']],
  [['1', 1, true, null, '']],
  [[1, '1', 0x31, 1.5, -1, Number.NaN, Number.POSITIVE_INFINITY]],
  [['0123456789abcdef', '0123456789abcdefg', '0123456789abcdeg']],
  [['漢', '字', '漢字', '漢字漢字漢字漢字', '漢字漢字漢字漢字漢']],
  [['\ud800', '\udc00', '\ufffd', '\ud800\udc00']],
  [[[1, 2], [2, 1], ['1', 2], [], [[1, 2]]]],
  [[{ a: 1 }, { a: 2 }, { b: 1 }]],
])('%j are different keys and come back', (keys) => {
  const { rows, read } = rowsOf(keys)
  expect(rows).toEqual(keys.map((_, index) => index))
  expect(read).toStrictEqual(keys)
})

test('0 and -0 are one key, NaN is one key, equal objects are one key', () => {
  expect(rowsOf([0, -0, Number.NaN, 0 / 0, { a: [1] }, { a: [1] }]).rows).toEqual([
    0, 0, 1, 1, 2, 2,
  ])
})

test('a key set after one of another type has nothing left of it', () => {
  const lookup = new LookupKey()
  lookup.set('0123456789abcdef', 0, 0)
  lookup.set('x', 0, 0)
  const short = [lookup.header, lookup.word0, lookup.word1, lookup.word2, lookup.word3]
  lookup.set(['a'], 0, 0)
  lookup.set('数据流数据', 0, 0)
  lookup.set(3, 0, 0)
  lookup.set('x', 0, 0)
  expect([lookup.header, lookup.word0, lookup.word1, lookup.word2, lookup.word3]).toEqual(short)
})

test('a namespace must be a number', () => {
  expect(() => new LookupKey().setNamespace(Number.NaN)).toThrow('NaN')
})
