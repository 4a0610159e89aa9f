/** Both languages say everything: same keys by type, same values in each sentence, no event without words. */
import { readFileSync, readdirSync } from 'node:fs'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { TraceEvent } from '../../engine/trace.ts'
import { millis } from '../../engine/ids.ts'
import { FAULT_KINDS } from '../../visualizer/faults.ts'
import {
  DICTIONARIES,
  fill,
  isWordKey,
  languageOf,
  preferredLocale,
} from '../../visualizer/i18n/index.ts'
import { kindOf } from '../../engine/job/job-graph.ts'
import { BUILTIN_JOBS } from '../../lessons/jobs/index.ts'
import { FACT_TYPES, factOf } from './fact-arbitraries.ts'
import { SUMS } from './trace-builder.ts'

const LOCALES = ['en', 'zh'] as const

const placeholders = (text: string): string[] =>
  [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? '').toSorted()

function sample(type: (typeof FACT_TYPES)[number]): TraceEvent {
  const [fact] = fc.sample(factOf(type), { numRuns: 1, seed: 1 })
  if (fact === undefined) throw new Error(`No sample of ${type}.`)
  return { ...fact, seq: 0, at: millis(0), cause: -1 }
}

test.each(FACT_TYPES)('%s is told in both languages from its own fields', (type) => {
  const event = sample(type)
  for (const locale of LOCALES) {
    const template = DICTIONARIES[locale][`event.${type}`]
    for (const name of placeholders(template)) expect(Object.keys(event)).toContain(name)
    const text = languageOf(locale).describe(event)
    expect(text).not.toBe('')
    expect(text).not.toMatch(/[{}[\]]|undefined|null/)
  }
})

test('a sentence names the same values in both languages', () => {
  for (const key of Object.keys(DICTIONARIES.en).filter(isWordKey))
    expect([key, placeholders(DICTIONARIES.zh[key])]).toEqual([
      key,
      placeholders(DICTIONARIES.en[key]),
    ])
})

test('no text is empty, and Chinese is Chinese', () => {
  for (const locale of LOCALES)
    for (const text of Object.values(DICTIONARIES[locale])) expect(text.trim()).not.toBe('')
  const same = Object.keys(DICTIONARIES.en)
    .filter(isWordKey)
    .filter((key) => DICTIONARIES.en[key] === DICTIONARIES.zh[key])
  expect(same).toEqual([])
})

/** Keys that are put together from a part of the trace, a plan or a state. */
const COMPOSED =
  /^(event|status|group|fault|theme|phase|result|snapshot|word|kind|transaction|timeline\.(faults|checkpoints|recovery|lag)$|transport\.(fast|slow)$)/

test('every word is used', () => {
  const folder = new URL('../../visualizer/', import.meta.url)
  const source = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.startsWith('i18n'))
    .map((name) => readFileSync(new URL(name, folder), 'utf8'))
    .join('\n')
  const unused = Object.keys(DICTIONARIES.en).filter(
    (key) => !COMPOSED.test(key) && !source.includes(`'${key}'`),
  )
  expect(unused).toEqual([])
})

test('every kind of fault has a word', () => {
  for (const { word } of Object.values(FAULT_KINDS)) expect(isWordKey(word)).toBe(true)
})

test('an optional part disappears with its values', () => {
  expect(fill('Job is {status}[: {reason}]', { status: 'running', reason: '' })).toBe(
    'Job is running',
  )
  expect(fill('Job is {status}[: {reason}]', { status: 'failed', reason: '[x]' })).toBe(
    'Job is failed: [x]',
  )
})

test('the first supported language of the browser wins, English without one', () => {
  expect(preferredLocale(['fr', 'zh-TW', 'en'])).toBe('zh')
  expect(preferredLocale(['en-GB', 'zh'])).toBe('en')
  expect(preferredLocale(['fr'])).toBe('en')
})

test('a watermark is a time in seconds, a date where it is one, and at last the end', () => {
  const en = languageOf('en')
  expect(en.eventTime(4_505_657)).toBe('4,505.657 s')
  expect(en.eventTime(Date.UTC(2026, 0, 2))).toBe('2026-01-02T00:00:00.000Z')
  expect(en.eventTime(null)).toBe('end of the input')
  const fact = { type: 'watermark-advanced', subtask: SUMS[0], watermark: null } as const
  const event: TraceEvent = { ...fact, seq: 0, at: millis(0), cause: -1 }
  expect(en.describe(event)).toBe('Watermark of sum/0: end of the input')
  expect(languageOf('zh').describe(event)).toBe('sum/0 的水位线：输入的末尾')
})

test('operators whose name is not a function of the API have words for their kind', () => {
  const own = new Set(['map', 'flat-map', 'filter'])
  const kinds = Object.values(BUILTIN_JOBS).flatMap(({ graph }) => graph.nodes.map(kindOf))
  for (const kind of new Set(kinds))
    expect([kind, isWordKey(`kind.${kind}`)]).toEqual([kind, !own.has(kind)])
})
