/**
 * The window operator against what Apache Flink gives, as recorded in conformance cases, each also with a restart between
 * any two steps, which must change nothing.
 */
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { readCases } from '../conformance-cases.ts'
import type { CaseRow, CaseStep } from './cases.ts'
import { arranged, playCase, playWithRestarts, type WindowCase } from './play-case.ts'

const FAMILIES = [
  'tumbling-windows',
  'sliding-windows',
  'session-windows',
  'window-all',
  'triggers',
  'evictors',
  'processing-time-windows',
  'recovery',
  'batch-mode',
  'window-join',
]

/** Cases of our own in the same format, with the answers of the same Flink. */
const corners = JSON.parse(
  readFileSync(new URL('corner-cases.json', import.meta.url), 'utf8'),
) as WindowCase[]

const families = FAMILIES.flatMap((family) => readCases(family) as unknown as WindowCase[])
const cases = [...families, ...corners].filter(({ job }) => job.op.startsWith('window'))

describe('a case of Flink', () => {
  test.each(cases)('$id: windows give what Flink gives', (flink) => {
    const { main, late, lateDropped } = playCase(flink)
    const { expected, compare } = flink
    expect(arranged(main, compare)).toEqual(arranged(expected['main'] as CaseRow[], compare))
    expect(late).toEqual(expected['late'] ?? [])
    if ('lateDropped' in expected) expect(lateDropped).toBe(expected['lateDropped'])
  })

  test.each(cases.filter(isUnmovedByRestarts))('$id: restarts change nothing', (flink) => {
    expect(playWithRestarts(flink)).toEqual(playCase(flink))
  })
})

/** A timer behind the watermark, or at the clock's time, waits for the next one: a restart brings that. */
function isUnmovedByRestarts({ job, input }: WindowCase): boolean {
  const setsPastTimers = /continuous|"processingTime"/u.test(JSON.stringify(job.trigger ?? ''))
  return !setsPastTimers && job.mode !== 'batch' && !input.some((step) => 'restart' in step)
}

const rec = (id: number, t: number, g: number): CaseStep => ({ e: { k: 'a', id, v: id, g }, t })

const dynamic: WindowCase = {
  id: 'dynamic',
  job: {
    op: 'window',
    assigner: { type: 'session', gapField: 'g' },
    agg: { fn: 'sortedList', field: 'v' },
  },
  input: [],
  compare: 'sequence-per-key',
  expected: {},
}

test('a record whose session equals a merged one begins it anew, as in Flink', () => {
  const input = [rec(1, 0, 50), rec(2, 50, 50), rec(3, 0, 100)]
  const row = { key: 'a', start: 0, end: 100, value: [3], watermark: 'max', ts: 99, at: 3 }
  expect(playCase({ ...dynamic, input }).main).toEqual([row])
})

test('a record whose session equals one that grew by no merge joins it', () => {
  const input = [rec(1, 0, 100), rec(2, 20, 10), rec(3, 0, 100)]
  const [row] = playCase({ ...dynamic, input }).main
  expect(row).toMatchObject({ start: 0, end: 100, value: [1, 2, 3] })
})
