/** Values as text: equal for equal values, whatever the order in which fields and entries were written. */

export function canonical(value: unknown): string {
  if (value instanceof Uint8Array) return `bytes ${value.join(' ')}`
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (value instanceof Map) return `map {${sorted([...value].map(entryText))}}`
  if (value instanceof Set) return `set {${sorted([...value].map(canonical))}}`
  if (typeof value === 'object' && value !== null) {
    return `{${sorted(Object.entries(value).map(entryText))}}`
  }
  if (typeof value === 'string') return JSON.stringify(value)
  if (Object.is(value, -0)) return '-0'
  if (typeof value === 'bigint') return `${value}n`
  return String(value)
}

function entryText([key, value]: readonly [unknown, unknown]): string {
  return `${canonical(key)}:${canonical(value)}`
}

function sorted(parts: readonly string[]): string {
  return parts.toSorted().join(',')
}
