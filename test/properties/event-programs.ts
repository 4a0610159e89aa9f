// Small programs over events with a time of their own, for properties: each with what its rows may depend on.

import {
  begin,
  countTrigger,
  defineJob,
  forBoundedOutOfOrderness,
  jsonOf,
  kafkaSink,
  kafkaSource,
  listState,
  sessionEventTimeWindows,
  slidingEventTimeWindows,
  tumblingEventTimeWindows,
  valueState,
} from 'weirstream'
import type { DataStream, Job, JobOptions } from 'weirstream'

export interface Event {
  readonly k: string
  readonly n: number
  readonly v: number
  readonly time: number
  /** `end`: only there to move event time on. */
  readonly kind: 'event' | 'end'
}

/** What is emitted, as text. */
type Rows = DataStream<string>

export interface EventProgram {
  readonly name: string
  build(events: DataStream<Event>): Rows
  /** The rows of a key come in one order; else only which there are is fixed. */
  readonly isOrdered: boolean
  /** True: rows do not wait for watermarks. */
  readonly isImmediate?: boolean
}

/** Events come at most so much later than one with a greater time. */
export const OUT_OF_ORDER_MS = 200

export const EVENT_PROGRAMS: readonly EventProgram[] = [
  { name: 'sums of tumbling windows', build: tumblingSums, isOrdered: true },
  { name: 'sliding windows with all their events', build: slidingContents, isOrdered: false },
  { name: 'sessions', build: sessions, isOrdered: true },
  // One subtask, whose rows are dealt out to those of the sink.
  { name: 'windows of all keys', build: windowsOfAll, isOrdered: false },
  { name: 'sorting by event time', build: sorted, isOrdered: true },
  { name: 'a pattern', build: rises, isOrdered: true },
  { name: 'a join of neighbors in time', build: neighbors, isOrdered: false, isImmediate: true },
  { name: 'a window join', build: windowJoined, isOrdered: false },
  { name: 'a pair of streams with state and timers', build: matched, isOrdered: true },
]

/** Whose rows depend on the order in which a key's events come. */
export const ARRIVAL_PROGRAMS: readonly EventProgram[] = [
  { name: 'a running sum', build: runningSums, isOrdered: true },
  { name: 'windows of three events', build: countWindows, isOrdered: true },
]

export interface EventJobOptions extends JobOptions {
  readonly idlenessMs?: number
}

/** The program as a job from the topic `events` to the topic `rows`. */
export function eventJob(
  program: EventProgram,
  { idlenessMs, ...options }: EventJobOptions = {},
): Job {
  return defineJob(program.name, { autoWatermarkIntervalMs: 50, ...options }, (env) => {
    const source = kafkaSource({
      topics: ['events'],
      groupId: 'properties',
      value: jsonOf<Event>(),
    })
    const watermarks = forBoundedOutOfOrderness<{ readonly value: Event }>(OUT_OF_ORDER_MS, {
      timestampAssigner: ({ value }) => value.time,
      ...(idlenessMs === undefined ? {} : { idlenessMs }),
    })
    const events = env
      .fromSource(source, { watermarks })
      .map(({ value }) => value)
      .filter(({ kind }) => kind === 'event')
    program.build(events).sinkTo(
      kafkaSink({
        topic: 'rows',
        value: jsonOf<string>(),
        delivery: 'exactly-once',
      }),
    )
  })
}

const keyOf = ({ k }: Event): string => k

/** Sums, whatever the order of the events. */
const SUM = {
  createAccumulator: () => 0,
  add: ({ v }: Event, sum: number) => sum + v,
  getResult: (sum: number) => sum,
  merge: (left: number, right: number) => left + right,
}

function tumblingSums(events: DataStream<Event>): Rows {
  return events
    .keyBy(keyOf)
    .window(tumblingEventTimeWindows({ sizeMs: 100 }))
    .aggregate<number, number, string>(SUM, (sum, context) => {
      const { key, window } = context
      context.collect(`${key} ${window.start} ${sum}`)
    })
}

function slidingContents(events: DataStream<Event>): Rows {
  return events
    .keyBy(keyOf)
    .window(slidingEventTimeWindows({ sizeMs: 150, slideMs: 50 }))
    .process<string>((elements, context) => {
      const { key, window } = context
      const numbers = Array.from(elements, ({ n }) => n).sort((a, b) => a - b)
      context.collect(`${key} ${window.start} ${numbers.join(',')}`)
    })
}

function sessions(events: DataStream<Event>): Rows {
  return events
    .keyBy(keyOf)
    .window(sessionEventTimeWindows({ gapMs: 40 }))
    .aggregate<number, number, string>(SUM, (sum, context) => {
      const { key, window } = context
      context.collect(`${key} ${window.start} ${window.end} ${sum}`)
    })
}

function windowsOfAll(events: DataStream<Event>): Rows {
  return events
    .windowAll(tumblingEventTimeWindows({ sizeMs: 70 }))
    .aggregate<number, number, string>(SUM, (sum, context) => {
      const { window } = context
      context.collect(`all ${window.start} ${sum}`)
    })
}

function sorted(events: DataStream<Event>): Rows {
  const waiting = listState<Event>('waiting')
  return events.keyBy(keyOf).process<string>({
    processElement(event, context) {
      context.state(waiting).add(event)
      context.timers.registerEventTime(event.time)
    },
    onTimer(time, context) {
      const state = context.state(waiting)
      const all = state.get()
      for (const { n } of all.filter((event) => event.time === time)) {
        context.collect(`${context.key} ${n}`)
      }
      state.update(all.filter((event) => event.time !== time))
    },
  })
}

function rises(events: DataStream<Event>): Rows {
  const pattern = begin<Event>('low')
    .where(({ v }) => v < 5)
    .followedBy('high')
    .where(({ v }) => v >= 5)
    .within(150)
  return events.keyBy(keyOf).pattern(pattern, {
    select: (match) => {
      const [low] = match.get('low') ?? []
      const [high] = match.get('high') ?? []
      return `${low?.k} ${low?.n} ${high?.n}`
    },
  })
}

function neighbors(events: DataStream<Event>): Rows {
  const odd = events.filter(({ n }) => n % 2 === 1).keyBy(keyOf)
  const even = events.filter(({ n }) => n % 2 === 0).keyBy(keyOf)
  return odd
    .intervalJoin(even, { lowerBoundMs: -30, upperBoundMs: 30 })
    .process<string>((left, right, context) => {
      context.collect(`${left.k} ${left.n} ${right.n}`)
    })
}

function windowJoined(events: DataStream<Event>): Rows {
  const low = events.filter(({ v }) => v < 5)
  const high = events.filter(({ v }) => v >= 5)
  return low
    .join(high, {
      where: keyOf,
      equalTo: keyOf,
      window: tumblingEventTimeWindows({ sizeMs: 100 }),
    })
    .apply((left, right) => `${left.k} ${left.n} ${right.n}`)
}

/** Each event of one kind with the last of the other kind before it; decided when event time has passed both. */
function matched(events: DataStream<Event>): Rows {
  const waiting = listState<Event>('waiting')
  const last = valueState<number>('last')
  const low = events.filter(({ v }) => v < 5).keyBy(keyOf)
  const high = events.filter(({ v }) => v >= 5).keyBy(keyOf)
  return low.connect(high).process<string>({
    processElement1(event, context) {
      context.state(waiting).add(event)
      context.timers.registerEventTime(event.time)
    },
    processElement2(event, context) {
      context.state(waiting).add(event)
      context.timers.registerEventTime(event.time)
    },
    onTimer(time, context) {
      const state = context.state(waiting)
      const all = state.get()
      for (const { n, v } of all.filter((event) => event.time === time)) {
        if (v >= 5) context.state(last).update(n)
        else context.collect(`${context.key} ${n} ${context.state(last).value() ?? 'none'}`)
      }
      state.update(all.filter((event) => event.time !== time))
    },
  })
}

function runningSums(events: DataStream<Event>): Rows {
  return events
    .keyBy(keyOf)
    .sum('v')
    .map(({ k, v }) => `${k} ${v}`)
}

function countWindows(events: DataStream<Event>): Rows {
  return events
    .keyBy(keyOf)
    .window(tumblingEventTimeWindows({ sizeMs: 1_000_000 }), { trigger: countTrigger(3) })
    .process<string>((elements, context) => {
      const { key } = context
      context.collect(`${key} ${Array.from(elements, ({ n }) => n).join(',')}`)
    })
}
