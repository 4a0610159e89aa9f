/**
 * The layout of a table's rows, shared by the live table, its frozen views and segments. No behaviour.
 * A row holds the whole entry in 32 bytes, half a cache line: with columns an addition to one of a million sums misses
 * the cache four times, with rows twice (measured: 1.4 against 2.6 million additions a second).
 *
 *   0  cell: the value, or the address of its record in the value arena (float64; see stored-value.ts)
 *   8  hash of the key (int32)
 *   12 value tag (low half) and key kind (high half), one byte
 *   13 length of the key in bytes, or KEY_IN_ARENA
 *   14 zero
 *   16 the key, padded with zeros; or its address and length in the key arena
 *   32 namespace (float64), in tables with namespaces only
 */

export const CELL_AT = 0
export const HASH_AT = 8
export const META_AT = 12
export const LENGTH_AT = 13
export const KEY_AT = 16
export const NAMESPACE_AT = 32

export const ROW_BYTES = 32
export const NAMESPACED_ROW_BYTES = 40

export const INLINE_KEY_BYTES = 16
export const KEY_IN_ARENA = 255

/** Pages of 64 KiB (80 KiB with namespaces). */
export const ROW_BITS = 11
export const ROWS_PER_PAGE = 1 << ROW_BITS
export const ROW_MASK = ROWS_PER_PAGE - 1

export type Pages = readonly DataView[]

/** An arena at one moment: `dead` of the `used` bytes belong to no row. */
export interface ArenaContent {
  readonly pages: Pages
  readonly used: number
  readonly dead: number
}

/** A table at one moment. */
export interface TableContent {
  readonly isNamespaced: boolean
  /** Rows; the pages may be longer. */
  readonly count: number
  /** One bit per value tag that occurred since the table was last empty. */
  readonly tags: number
  readonly rows: Pages
  readonly keyArena: ArenaContent
  readonly valueArena: ArenaContent
}

export function rowBytes(isNamespaced: boolean): number {
  return isNamespaced ? NAMESPACED_ROW_BYTES : ROW_BYTES
}
