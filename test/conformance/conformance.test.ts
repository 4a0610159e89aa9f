// Every recorded case of Apache Flink, on our engine. `npm run conformance` prints the same in detail.

import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readCases } from './cases.ts'
import { runCase } from './run-case.ts'

const cases = readCases(join(import.meta.dirname, 'cases'))
const families = [...new Set(cases.map(({ family }) => family))]

test.each(families)('%s: every case gives what Flink gives', (family) => {
  const failures = cases
    .filter((theCase) => theCase.family === family)
    .flatMap((theCase) => {
      const reason = runCase(theCase)
      return reason === null ? [] : [`${theCase.id}: ${reason}`]
    })
  expect(failures).toEqual([])
})

test('all 28 families are there', () => {
  expect(families).toHaveLength(28)
  expect(cases).toHaveLength(200)
})

test('a case fails when one value, one row, one step or one watermark is another', () => {
  const passing = cases.filter(({ expected }) => Array.isArray(expected['main']))
  const changes = passing.flatMap((theCase) => {
    const rows = theCase.expected['main']
    if (typeof rows === 'number' || rows === undefined || rows.length === 0) return []
    const [first = {}, ...others] = rows
    const changed = [others, [...rows, first], [{ ...first, at: -1 }, ...others]]
    return changed.map((main) => ({ ...theCase, expected: { ...theCase.expected, main } }))
  })
  expect(changes.length).toBeGreaterThan(400)
  expect(changes.filter((changed) => runCase(changed) === null).map(({ id }) => id)).toEqual([])
})
