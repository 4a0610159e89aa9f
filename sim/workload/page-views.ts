/**
 * Page views of a web site: visitors who read for a while and come back hours later. Planted: visitors who return just
 * before, at and just after the end of a session's gap of 30 minutes, two bots, a fast reader who is none, and views
 * just before and at the full hour.
 */
import { Randomness } from '../world/randomness.ts'
import { EventWorkload, FIRST_EVENT_MS } from './event-workload.ts'
import type { WorkloadRecord } from './event-workload.ts'
import { parametersOf } from './parameters.ts'
import type { Parameters } from './parameters.ts'

export const PAGE_VIEW_TOPICS = ['page-views'] as const

const DEFAULTS = { records: 1500, visitors: 60 } as const
const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const GAP_MS = 30 * MINUTE_MS
const PAGES = [
  '/',
  '/articles',
  '/articles/weirs',
  '/articles/barriers',
  '/shop',
  '/cart',
  '/about',
]

interface PageView {
  readonly visitor: string
  readonly page: string
  readonly time: number
}

/** Parameters: `records` (without those that are planted), `visitors`. */
export function pageViews(params: Parameters, seed: number): WorkloadRecord[] {
  const { records, visitors } = parametersOf('page-views', DEFAULTS, params)
  const random = new Randomness(seed)
  const workload = new EventWorkload(random, {
    topics: PAGE_VIEW_TOPICS,
    outOfOrdernessMs: 5000,
    heartbeatMs: 10 * MINUTE_MS,
    lingerMs: 2 * HOUR_MS,
  })
  const views = [...usualViews(records, Math.max(1, visitors), random), ...plantedViews()]
  for (const view of views) workload.add('page-views', view.visitor, view)
  return workload.finish()
}

function usualViews(records: number, visitors: number, random: Randomness): PageView[] {
  const clocks = Array.from(
    { length: visitors },
    () => FIRST_EVENT_MS + random.draw('begin', 2 * HOUR_MS),
  )
  return Array.from({ length: records }, () => {
    const number = random.draw('visitor', visitors)
    const time = clocks[number] ?? FIRST_EVENT_MS
    const isLeaving = random.draw('leave', 100) < 10
    const pause = isLeaving
      ? 20 * MINUTE_MS + random.draw('absence', 160 * MINUTE_MS)
      : 1000 + random.draw('reading', 2 * MINUTE_MS)
    clocks[number] = time + pause
    const page = PAGES[random.draw('page', PAGES.length)] ?? '/'
    return { visitor: `visitor-${number + 1}`, page, time }
  })
}

function plantedViews(): PageView[] {
  const begin = FIRST_EVENT_MS + 20 * MINUTE_MS
  const twice = (visitor: string, pauseMs: number): PageView[] => [
    { visitor, page: '/', time: begin },
    { visitor, page: '/shop', time: begin + pauseMs },
  ]
  const run = (visitor: string, views: number, everyMs: number): PageView[] =>
    Array.from({ length: views }, (_, i) => ({
      visitor,
      page: `/articles/${i + 1}`,
      time: begin + i * everyMs,
    }))
  return [
    ...twice('returns-just-before-the-gap', GAP_MS - 1),
    ...twice('returns-at-the-gap', GAP_MS),
    ...twice('returns-just-after-the-gap', GAP_MS + 1),
    ...run('bot-1', 60, 250),
    ...run('bot-2', 40, 500),
    ...run('fast-reader', 40, 1500),
    { visitor: 'at-the-full-hour', page: '/', time: FIRST_EVENT_MS + HOUR_MS },
    { visitor: 'before-the-full-hour', page: '/', time: FIRST_EVENT_MS + HOUR_MS - 1 },
  ]
}
