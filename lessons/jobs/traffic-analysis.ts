/**
 * Website traffic analysis: what each visitor looked at in one visit, which visits were made by machines, and how many
 * different visitors came in each hour. A visit is a session: it ends with 30 minutes without a page view.
 */
import {
  defineJob,
  jsonOf,
  kafkaSink,
  outputTag,
  sessionEventTimeWindows,
  tumblingEventTimeWindows,
} from 'weirstream'
import type { AggregateFunction, ProcessWindowContext } from 'weirstream'
import { readEvents } from './shared/events.ts'
import type { TimedEvent } from './shared/events.ts'

const GAP_MS = 30 * 60_000
const HOUR_MS = 60 * 60_000
/** So many pages, and on average less than a second for each, are no reader's. */
const BOT_PAGES = 30
const BOT_PAGE_MS = 1000

interface PageView extends TimedEvent {
  readonly visitor: string
  readonly page: string
}

interface Session {
  readonly visitor: string
  readonly start: number
  readonly end: number
  /** In the order in which they were looked at. */
  readonly pages: readonly string[]
}

interface Audience {
  readonly hour: number
  readonly visitors: number
}

const bots = outputTag<Session>('bots')

/** Keeps names, not views: what a window keeps does not grow with the number of views. */
const distinctVisitors: AggregateFunction<PageView, readonly string[], number> = {
  createAccumulator: () => [],
  add: ({ visitor }, seen) => (seen.includes(visitor) ? seen : [...seen, visitor]),
  getResult: (seen) => seen.length,
}

export default defineJob('Traffic Analysis', { checkpointing: { intervalMs: 1000 } }, (env) => {
  const views = readEvents<PageView>(env, {
    topic: 'page-views',
    groupId: 'traffic-analysis',
    outOfOrdernessMs: 5000,
  })

  const sessions = views
    .keyBy(({ visitor }) => visitor)
    .window(sessionEventTimeWindows({ gapMs: GAP_MS }))
    .process(toSession, { uid: 'sessions', name: 'session' })

  sessions.sinkTo(
    kafkaSink({ topic: 'sessions', value: jsonOf<Session>(), delivery: 'exactly-once' }),
    { uid: 'sessions-sink', name: 'sessions-sink' },
  )
  sessions
    .sideOutput(bots)
    .sinkTo(kafkaSink({ topic: 'bots', value: jsonOf<Session>(), delivery: 'exactly-once' }), {
      uid: 'bots-sink',
      name: 'bots-sink',
    })

  views
    .windowAll(tumblingEventTimeWindows({ sizeMs: HOUR_MS }))
    .aggregate<readonly string[], number, Audience>(
      distinctVisitors,
      (visitors, context) => {
        context.collect({ hour: context.window.start, visitors })
      },
      { uid: 'visitors', name: 'visitors' },
    )
    .sinkTo(
      kafkaSink({ topic: 'unique-visitors', value: jsonOf<Audience>(), delivery: 'exactly-once' }),
      { uid: 'visitors-sink', name: 'visitors-sink' },
    )
})

/** Views come out of order into a window, so that a path has to be put in order first. */
function toSession(
  views: Iterable<PageView>,
  context: ProcessWindowContext<string, Session>,
): void {
  const { start, end } = context.window
  const ordered = [...views].toSorted((a, b) => a.time - b.time)
  const pages = ordered.map(({ page }) => page)
  const session = { visitor: context.key, start, end, pages }
  const durationMs = end - GAP_MS - start
  const isBot = pages.length >= BOT_PAGES && durationMs < pages.length * BOT_PAGE_MS
  if (isBot) context.output(bots, session)
  else context.collect(session)
}
