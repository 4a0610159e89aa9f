/** Tables as bytes, when the bytes are not what was written. What is written and read is in the tests of tables. */
import { expect, test } from 'vitest'
import { hashKey } from '../../../engine/serializer.ts'
import { CorruptStateError } from '../../../engine/state/corrupt-state-error.ts'
import { FlatTable } from '../../../engine/state/flat-table.ts'
import { LookupKey } from '../../../engine/state/lookup-key.ts'
import { writeValue } from '../../../engine/state/stored-value.ts'
import { decodeTable, encodeTable } from '../../../engine/state/table-segment.ts'

/** Behind the header, one row and an empty arena of keys: the number of runs, then page and length of the first. */
const LENGTH_OF_RUN_AT = 16 + 32 + 12 + 12 + 4

function tableWithLargeValue(): Uint8Array {
  const table = new FlatTable({ isNamespaced: false })
  const key = new LookupKey()
  key.set('a', hashKey('a'), 0)
  writeValue(table, key, 'x'.repeat(200_000), undefined)
  return encodeTable(table.view().content)
}

test.each([0, 100, 0xffff_ffff])(
  'a run of %s pages that does not fit the bytes is refused at once',
  (length) => {
    const bytes = tableWithLargeValue()
    const view = new DataView(bytes.buffer, bytes.byteOffset)
    expect(decodeTable(bytes).count).toBe(1)
    expect(view.getUint32(LENGTH_OF_RUN_AT, true)).toBeGreaterThan(2)
    view.setUint32(LENGTH_OF_RUN_AT, length, true)
    expect(() => decodeTable(bytes)).toThrow(CorruptStateError)
  },
)
