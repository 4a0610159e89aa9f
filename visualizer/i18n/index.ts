/**
 * Words and numbers in the reader's language. `{name}` is replaced by a value; a part in [brackets] disappears when
 * all its values are empty. Both dictionaries are complete by their types.
 */
import type { TraceEvent } from '../../engine/trace.ts'
import { en } from './en.ts'
import type { WordKey, Words } from './en.ts'
import { zh } from './zh.ts'

export type { WordKey } from './en.ts'
export type Locale = 'en' | 'zh'
export type Values = Readonly<Record<string, string | number>>

export const DICTIONARIES: Readonly<Record<Locale, Words>> = { en, zh }

/** Words and formats of one language. */
export interface Language {
  readonly locale: Locale
  /** For `<html lang>`. */
  readonly tag: string
  word(key: WordKey, values?: Values): string
  /** The dictionary's word for `prefix.value`, or the value itself when it has none. */
  term(prefix: string, value: string): string
  number(value: number): string
  /** A moment of simulated time: seconds with milliseconds. */
  moment(ms: number): string
  /** A span of simulated time in the unit that reads best. */
  span(ms: number): string
  bytes(size: number): string
  /** A watermark: a date where it is one, else seconds; null is the end. */
  eventTime(ms: number | null): string
  describe(event: TraceEvent): string
}

export function languageOf(locale: Locale): Language {
  const words = DICTIONARIES[locale]
  const tag = locale === 'zh' ? 'zh-CN' : 'en'
  const plain = new Intl.NumberFormat(tag, { maximumFractionDigits: 3 })
  const seconds = new Intl.NumberFormat(tag, {
    minimumFractionDigits: 3,
    maximumFractionDigits: 3,
  })
  const short = new Intl.NumberFormat(tag, { maximumSignificantDigits: 3 })
  const word = (key: WordKey, values: Values = {}): string => fill(words[key], values)
  const term = (prefix: string, value: string): string => {
    const key = `${prefix}.${value}`
    return isWordKey(key) ? words[key] : value
  }
  const moment = (ms: number): string => `${seconds.format(ms / 1000)} s`
  const eventTime = (ms: number | null): string => {
    if (ms === null) return words['word.end']
    return ms >= DATES_FROM_MS ? new Date(ms).toISOString() : moment(ms)
  }
  return {
    locale,
    tag,
    word,
    term,
    number: (value) => plain.format(value),
    moment,
    span: (ms) => (ms >= 1000 ? `${short.format(ms / 1000)} s` : `${short.format(ms)} ms`),
    bytes: (size) => formatBytes(size, short),
    eventTime,
    describe: (event) => word(`event.${event.type}`, valuesOf(event, term, plain, eventTime)),
  }
}

/** The language asked for by the browser. */
export function preferredLocale(languages: readonly string[]): Locale {
  return languages
    .find((tag) => /^(zh|en)\b/i.test(tag))
    ?.toLowerCase()
    .startsWith('zh')
    ? 'zh'
    : 'en'
}

export function isWordKey(key: string): key is WordKey {
  return Object.hasOwn(en, key)
}

/** Replaces `{names}`, drops [parts] whose values are all empty. */
export function fill(template: string, values: Values): string {
  const resolve = (part: string): string =>
    part.replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? ''))
  return resolve(
    template.replace(/\[([^\]]*)\]/g, (_, part: string) =>
      [...part.matchAll(/\{(\w+)\}/g)].some(([, name]) => (values[name ?? ''] ?? '') !== '')
        ? part
        : '',
    ),
  )
}

/** Event times from here on (1973) are dates; a simulated workload begins at 0. */
const DATES_FROM_MS = 1e11

/** Fields that have words of their own; every other value is shown as it is. */
const TERM_FIELDS: Readonly<Record<string, string>> = {
  status: 'status',
  result: 'result',
  kind: 'fault',
}

function valuesOf(
  event: TraceEvent,
  term: Language['term'],
  format: Intl.NumberFormat,
  eventTime: Language['eventTime'],
): Values {
  const values: Record<string, string | number> = {}
  if (event.type === 'watermark-advanced')
    return { subtask: event.subtask, watermark: eventTime(event.watermark) }
  for (const [field, value] of Object.entries(event)) {
    const prefix = TERM_FIELDS[field]
    if (field === 'isRecommit') values[field] = value === true ? term('word', 'recommit') : ''
    else if (typeof value === 'number')
      values[field] = field.endsWith('Ms') || field.endsWith('Bytes') ? format.format(value) : value
    else if (typeof value === 'string')
      values[field] = prefix === undefined ? value : term(prefix, value)
  }
  return values
}

function formatBytes(size: number, format: Intl.NumberFormat): string {
  if (size < 1024) return `${format.format(size)} B`
  if (size < 1024 ** 2) return `${format.format(size / 1024)} KiB`
  if (size < 1024 ** 3) return `${format.format(size / 1024 ** 2)} MiB`
  return `${format.format(size / 1024 ** 3)} GiB`
}
