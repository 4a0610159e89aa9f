// Compares what a job gave with what Flink gave, by the rule of the case.

import type { Comparison, Json, JsonObject, Outputs } from './cases.ts'

/** A difference in a few lines, or null. Each output is compared on its own; watermarks as a sequence. */
export function difference(rule: Comparison, expected: Outputs, actual: Outputs): string | null {
  const names = new Set([...Object.keys(expected), ...Object.keys(actual)])
  for (const name of names) {
    const found = compareOutput(
      name === 'watermarks' ? 'sequence' : rule,
      expected[name] ?? [],
      actual[name] ?? [],
    )
    if (found !== null) return `${name}: ${found}`
  }
  return null
}

type Output = Outputs[string]

function compareOutput(rule: Comparison, expected: Output, actual: Output): string | null {
  if (typeof expected === 'number' || typeof actual === 'number') {
    return expected === actual
      ? null
      : `expected ${JSON.stringify(expected)}, got ${JSON.stringify(actual)}`
  }
  const expectedParts = partsOf(rule, expected)
  const actualParts = partsOf(rule, actual)
  for (const part of new Set([...expectedParts.keys(), ...actualParts.keys()])) {
    const found = compareLists(expectedParts.get(part) ?? [], actualParts.get(part) ?? [])
    if (found !== null) return part === '' ? found : `${part}: ${found}`
  }
  return null
}

/** What is compared as a list, by what it belongs to; a multiset is a sorted list. */
function partsOf(rule: Comparison, rows: readonly JsonObject[]): ReadonlyMap<string, string[]> {
  const parts = new Map<string, string[]>()
  for (const row of rows) {
    const part = partOf(rule, row)
    const list = parts.get(part) ?? []
    parts.set(part, list)
    list.push(canonical(row))
  }
  if (rule === 'multiset') for (const list of parts.values()) list.sort()
  return parts
}

function partOf(rule: Comparison, { key, start, end }: JsonObject): string {
  switch (rule) {
    case 'sequence':
    case 'multiset':
      return ''
    case 'sequence-per-key':
      return `key ${canonical(key ?? null)}`
    case 'sequence-per-window':
      return `key ${canonical(key ?? null)}, window ${canonical(start ?? null)} to ${canonical(end ?? null)}`
  }
}

function compareLists(expected: readonly string[], actual: readonly string[]): string | null {
  const length = Math.max(expected.length, actual.length)
  for (let at = 0; at < length; at += 1) {
    if (expected[at] === actual[at]) continue
    return (
      `${expected.length} rows expected, ${actual.length} came; row ${at} differs\n` +
      `  expected ${expected[at] ?? 'no more rows'}\n` +
      `  got      ${actual[at] ?? 'no more rows'}`
    )
  }
  return null
}

/** Equal texts are equal values: fields in one order, numbers by value (JSON writes -0 as 0). */
function canonical(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const fields = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${fields.map(([name, field]) => `${JSON.stringify(name)}:${canonical(field)}`).join(',')}}`
}
