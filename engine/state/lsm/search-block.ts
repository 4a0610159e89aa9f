/**
 * Finds a key in a block of a run without making a key or a reader: reads of a store spend their time here. Must not
 * know runs. The layout of a block stands in sorted-run.ts.
 */

/**
 * The value of the key: null if it was removed, undefined if the block does not have it. `matched` is how many bytes of
 * the key the entry before begins with; a key that shares more than that with the one before is, like it, too small, and
 * one that shares less is too large.
 */
export function searchBlock(block: Uint8Array, key: Uint8Array): Uint8Array | null | undefined {
  const cursor = { at: 0 }
  let matched = 0
  while (cursor.at < block.length) {
    const shared = varint(block, cursor)
    const rest = varint(block, cursor)
    const begin = cursor.at
    const end = begin + rest
    cursor.at = end
    const length = varint(block, cursor)
    const value = cursor.at
    if (length > 0) cursor.at += length - 1
    if (shared < matched) return undefined
    if (shared > matched) continue
    let at = begin
    while (at < end && matched < key.length && block[at] === key[matched]) {
      at += 1
      matched += 1
    }
    if (at === end && matched === key.length) {
      return length === 0 ? null : block.subarray(value, value + length - 1)
    }
    const isLarger = at < end && (matched === key.length || (block[at] ?? 0) > (key[matched] ?? 0))
    if (isLarger) return undefined
  }
  return undefined
}

function varint(block: Uint8Array, cursor: { at: number }): number {
  let value = 0
  for (let shift = 0; ; shift += 7) {
    const byte = block[cursor.at] ?? 0
    cursor.at += 1
    value |= (byte & 0x7f) << shift
    if (byte < 0x80) return value >>> 0
  }
}
