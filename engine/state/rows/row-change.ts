/**
 * A row as bytes, and comparing bytes. The order of row keys puts the rows of a key group together, inside it those of
 * a state. No behaviour.
 */

/** What stands under a row key from now on; null: nothing. */
export interface RowChange {
  readonly key: Uint8Array
  readonly value: Uint8Array | null
}

/** A row that is there. */
export interface StoredRow extends RowChange {
  readonly value: Uint8Array
}

/** Negative, zero or positive, as `a` comes before, is, or comes behind `b`. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i += 1) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0)
    if (difference !== 0) return difference
  }
  return a.length - b.length
}

export function beginsWith(bytes: Uint8Array, prefix: Uint8Array): boolean {
  if (bytes.length < prefix.length) return false
  for (let i = 0; i < prefix.length; i += 1) if (bytes[i] !== prefix[i]) return false
  return true
}
