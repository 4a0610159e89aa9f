/** Plain values for the oracle. Equality by content: numbers by Object.is, bytes and structures element by element. */

export function sameValue(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true
  if (a instanceof Uint8Array && b instanceof Uint8Array) return sameBytes(a, b)
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((item, index) => sameValue(item, b[index]))
  }
  if (a instanceof Map && b instanceof Map) return sameValue([...a], [...b])
  if (a instanceof Set && b instanceof Set) return sameValue([...a], [...b])
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (Array.isArray(a) || Array.isArray(b)) return false
  const left = Object.entries(a)
  const right = new Map<string, unknown>(Object.entries(b))
  return (
    left.length === right.size &&
    left.every(([name, value]) => right.has(name) && sameValue(value, right.get(name)))
  )
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}

/** A value as a message shows it. */
export function show(value: unknown): string {
  if (typeof value === 'bigint' || typeof value === 'symbol') return value.toString()
  return value === undefined ? 'absent' : JSON.stringify(value)
}
