/** Website traffic: sessions, bots and unique visitors, against a list of all views that is split at every long pause. */
import { expect, test } from 'vitest'
import { pageViews } from '../../../sim/workload/page-views.ts'
import { byTime, expectSame, groupBy, testUnderPlans } from './running.ts'

const GAP_MS = 1_800_000
const HOUR_MS = 3_600_000

interface View {
  readonly visitor: string
  readonly page: string
  readonly time: number
}

interface Session {
  readonly visitor: string
  readonly start: number
  readonly end: number
  readonly pages: readonly string[]
}

function sessionsOf(views: readonly View[]): Session[] {
  return [...groupBy(views, ({ visitor }) => visitor)].flatMap(([visitor, own]) => {
    const visits: View[][] = []
    for (const view of byTime(own)) {
      const last = visits.at(-1)
      // Windows that touch are one, so a pause of exactly the gap ends nothing.
      if (last === undefined || view.time - (last.at(-1)?.time ?? 0) > GAP_MS) visits.push([view])
      else last.push(view)
    }
    return visits.map((visit) => ({
      visitor,
      start: visit[0]?.time ?? 0,
      end: (visit.at(-1)?.time ?? 0) + GAP_MS,
      pages: visit.map(({ page }) => page),
    }))
  })
}

function isBot({ start, end, pages }: Session): boolean {
  return pages.length >= 30 && end - GAP_MS - start < pages.length * 1000
}

function audienceOf(views: readonly View[]): { hour: number; visitors: number }[] {
  const hours = groupBy(views, ({ time }) => String(time - (time % HOUR_MS)))
  return [...hours].map(([hour, own]) => ({
    hour: Number(hour),
    visitors: new Set(own.map(({ visitor }) => visitor)).size,
  }))
}

testUnderPlans('traffic-analysis', ({ fed, committed }) => {
  const views = fed<View>('page-views')
  const sessions = sessionsOf(views)
  expectSame(
    committed('sessions'),
    sessions.filter((session) => !isBot(session)),
  )
  expectSame(committed('bots'), sessions.filter(isBot))
  expectSame(committed('unique-visitors'), audienceOf(views))
})

test('the generated views hold what the job is to find, and what it is not to take for it', () => {
  const views = pageViews({}, 11).flatMap(({ key, value }): View[] =>
    key === null ? [] : [JSON.parse(value)],
  )
  const sessions = groupBy(sessionsOf(views), ({ visitor }) => visitor)
  const count = (visitor: string): number => sessions.get(visitor)?.length ?? 0
  expect(count('returns-just-before-the-gap')).toBe(1)
  expect(count('returns-at-the-gap')).toBe(1)
  expect(count('returns-just-after-the-gap')).toBe(2)
  const found = [...sessions.values()].flat().filter(isBot)
  expect(found.map(({ visitor }) => visitor)).toEqual(['bot-1', 'bot-2'])
  expect(count('fast-reader')).toBe(1)
  expect(Math.max(...[...sessions.values()].map(({ length }) => length))).toBeGreaterThan(3)
  expect(audienceOf(views).length).toBeGreaterThan(5)
})
