import { expect, test } from 'vitest'
import { NO_TIMESTAMP } from '../../../engine/element.ts'
import { outputTag } from '../../../engine/operator/functions.ts'
import { rollingReduction, sumReduction } from '../../../engine/operator/rolling.ts'
import { listState, valueState } from '../../../engine/state/descriptors.ts'
import {
  globalWindows,
  sessionEventTimeWindows,
  sessionProcessingTimeWindows,
  slidingEventTimeWindows,
  tumblingEventTimeWindows,
  tumblingProcessingTimeWindows,
} from '../../../engine/window/assigners.ts'
import { countEvictor } from '../../../engine/window/evictors.ts'
import {
  continuousEventTimeTrigger,
  continuousProcessingTimeTrigger,
  countTrigger,
  deltaTrigger,
  processingTimeTimeoutTrigger,
  processingTimeTrigger,
  purgingTrigger,
} from '../../../engine/window/triggers.ts'
import { windowSpec } from '../../../engine/window/window-spec.ts'
import type {
  ProcessWindowContext,
  WindowAssigner,
  WindowContents,
  WindowOptions,
} from '../../../engine/window/window-spec.ts'
import { OperatingWindows } from './operating-windows.ts'

type Context = ProcessWindowContext<unknown, unknown>

const count: WindowContents = { type: 'count', process: null }
const tumbling = tumblingEventTimeWindows({ sizeMs: 100 })
const session = sessionEventTimeWindows({ gapMs: 100 })
const difference = (a: number, b: number): number => b - a

/** Lists that a window function sees. */
const lists: WindowContents = {
  type: 'list',
  process(elements, context) {
    context.collect([...(elements as Iterable<unknown>)])
  },
}

function perWindow(process: (context: Context) => void): WindowContents {
  return {
    type: 'list',
    process: (_, context) => {
      process(context)
    },
  }
}

function operating(
  assigner: WindowAssigner,
  contents: WindowContents = count,
  options: WindowOptions<unknown> = {},
): OperatingWindows {
  return new OperatingWindows(windowSpec('window', assigner, options, contents))
}

/** Values with the given timestamps, then the end of the input. */
function results(windows: OperatingWindows, ...records: [value: unknown, time: number][]): unknown {
  for (const [value, time] of records) windows.process('key', value, time)
  windows.watermark(Infinity)
  return windows.take().map(({ value }) => value)
}

test('records are counted, reduced, aggregated or listed by window', () => {
  const records: [number, number][] = [
    [3, 0],
    [4, 99],
    [5, 100],
  ]
  expect(results(operating(tumbling), ...records)).toEqual([2, 1])
  expect(results(operating(tumbling, lists), ...records)).toEqual([[3, 4], [5]])
  const add = (a: unknown, b: unknown): number => Number(a) + Number(b)
  const reduce = { type: 'reduce', reduce: add, process: null } as const
  expect(results(operating(tumbling, reduce), ...records)).toEqual([7, 5])
  const aggregate = {
    type: 'aggregate',
    aggregate: {
      createAccumulator: () => '',
      add: (value: unknown, text: unknown) => `${String(text)}${String(value)}`,
      getResult: (text: unknown) => `<${String(text)}>`,
    },
    process: null,
  } as const
  expect(results(operating(tumbling, aggregate), ...records)).toEqual(['<34>', '<5>'])
})

test('a window function gets the result of what was aggregated before it', () => {
  const contents: WindowContents = {
    type: 'count',
    process: (size, context) => {
      context.collect([context.key, size, context.window])
    },
  }
  expect(results(operating(tumbling, contents), ['a', 0], ['b', 5])).toEqual([
    ['key', 2, { start: 0, end: 100, maxTimestamp: 99 }],
  ])
})

test('a result that is null is none', () => {
  const nothing: WindowContents = {
    type: 'aggregate',
    aggregate: { createAccumulator: () => 0, add: () => 1, getResult: () => null },
    process: null,
  }
  expect(results(operating(tumbling, nothing), ['a', 0])).toEqual([])
})

test('with an evictor the records are reduced when the window fires', () => {
  const options = { evictor: countEvictor(2) }
  const records: [{ v: number }, number][] = [
    [{ v: 1 }, 0],
    [{ v: 2 }, 0],
    [{ v: 3 }, 0],
  ]
  const sum: WindowContents = { type: 'reduce', ...sumReduction('v'), process: null }
  expect(results(operating(tumbling, sum, options), ...records)).toEqual([{ v: 5 }])
  expect(results(operating(tumbling, count, options), ...records)).toEqual([2])
  const none = { evictor: countEvictor(0) }
  expect(results(operating(tumbling, count, none), ...records)).toEqual([0])
  expect(results(operating(tumbling, sum, none), ...records)).toEqual([])
})

test('sum, minBy and maxBy keep whole records, of equal ones the first', () => {
  const records: [{ id: string; v: number }, number][] = [
    [{ id: 'a', v: 2 }, 0],
    [{ id: 'b', v: 1 }, 1],
    [{ id: 'c', v: 2 }, 2],
  ]
  const sum: WindowContents = { type: 'reduce', ...sumReduction('v'), process: null }
  expect(results(operating(tumbling, sum), ...records)).toEqual([{ id: 'a', v: 5 }])
  const roll = (fn: 'minBy' | 'maxBy'): WindowContents => ({
    type: 'reduce',
    ...rollingReduction({ fn, field: 'v', keepsFirst: true }),
    process: null,
  })
  expect(results(operating(tumbling, roll('minBy')), ...records)).toEqual([{ id: 'b', v: 1 }])
  expect(results(operating(tumbling, roll('maxBy')), ...records)).toEqual([{ id: 'a', v: 2 }])
  expect(() => results(operating(tumbling, sum), [{ v: 'much' }, 0])).toThrow(
    `The function of operator "window" threw: TypeError: sum('v') needs a number, got string much.`,
  )
})

test('what a window emits has its last timestamp, on side outputs too', () => {
  const tag = outputTag<string>('side')
  const contents = perWindow((context) => {
    context.collect(context.currentWatermark)
    context.output(tag, 'aside')
  })
  const windows = operating(tumbling, contents)
  windows.process('key', 'a', 5)
  windows.watermark(150)
  expect(windows.take()).toEqual([{ value: 150, timestamp: 99 }])
  expect(windows.take('side')).toEqual([{ value: 'aside', timestamp: 99 }])
})

test('a record without a timestamp is refused in event time, and no matter in processing time', () => {
  const windows = operating(tumbling)
  expect(() => {
    windows.process('key', 'a', NO_TIMESTAMP)
  }).toThrow(
    'The operator "window" has windows in event time, but got a record without a timestamp',
  )
  const clocked = operating(tumblingProcessingTimeWindows({ sizeMs: 100 }))
  clocked.process('key', 'a', NO_TIMESTAMP)
  clocked.clock(99)
  expect(clocked.take()).toEqual([{ value: 1, timestamp: 99 }])
})

test('an exception of a window function names the operator', () => {
  const windows = operating(
    tumbling,
    perWindow(() => {
      throw new Error('no more')
    }),
  )
  expect(() => results(windows, ['a', 0])).toThrow(
    'The function of operator "window" threw: Error: no more',
  )
})

const seen = valueState<number>('seen')

/** Counts and emits how often the window has fired. */
function firingOf(context: Context): void {
  const ofWindow = context.windowState(seen)
  ofWindow.update((ofWindow.value() ?? 0) + 1)
  context.collect(ofWindow.value())
}

/** Emits how often the window has fired, and how often all windows of the key. */
const firings = perWindow((context) => {
  const [ofWindow, ofKey] = [context.windowState(seen), context.globalState(seen)]
  ofWindow.update((ofWindow.value() ?? 0) + 1)
  ofKey.update((ofKey.value() ?? 0) + 1)
  context.collect([context.window.start, ofWindow.value(), ofKey.value()])
})

test('a window function has state of the window and state of the key', () => {
  const options = { trigger: countTrigger(1) }
  const windows = operating(tumbling, firings, options)
  for (const time of [0, 100, 1, 101]) windows.process('key', 'a', time)
  expect(windows.take().map(({ value }) => value)).toEqual([
    [0, 1, 1],
    [100, 1, 2],
    [0, 2, 3],
    [100, 2, 4],
  ])
})

test('state of a window ends with it, even if no function asks for it after a restart', () => {
  const spec = windowSpec('window', tumbling, { trigger: countTrigger(1) }, firings)
  const windows = new OperatingWindows(spec)
  windows.process('key', 'a', 0)
  windows.process('key', 'a', 100)
  const restarted = new OperatingWindows(spec, { saved: windows.save() })
  restarted.watermark(99)
  const again = new OperatingWindows(spec, { saved: restarted.save() })
  again.process('key', 'a', 0)
  again.process('key', 'a', 100)
  expect(again.take().map(({ value }) => value)).toEqual([
    [0, 1, 3],
    [100, 2, 4],
  ])
})

test('state of a window ends with it, also when a function first asks for it after other windows ended', () => {
  let asks = false
  const contents = perWindow((context) => {
    if (asks) firingOf(context)
    else context.collect('nothing')
  })
  const windows = operating(tumbling, contents, { trigger: countTrigger(1) })
  windows.process('key', 'a', 0)
  windows.watermark(99)
  asks = true
  windows.process('key', 'a', 100)
  windows.process('key', 'a', 150)
  windows.watermark(199)
  expect(windows.take().map(({ value }) => value)).toEqual(['nothing', 1, 2])
  expect(windows.stored).toEqual([])
})

test('windows that merge have no state of their own', () => {
  const contents = perWindow((context) => {
    context.windowState(listState('any'))
  })
  expect(() => results(operating(session, contents), ['a', 0])).toThrow(
    'The operator "window" asked for state of a window, but its windows merge (sessions)',
  )
})

test.each<[string, WindowAssigner, WindowOptions<number>]>([
  ['tumbling', tumbling, {}],
  ['late', tumbling, { allowedLatenessMs: 50 }],
  ['sliding', slidingEventTimeWindows({ sizeMs: 100, slideMs: 40 }), {}],
  ['session', session, {}],
  ['late session', session, { allowedLatenessMs: 50 }],
  ['dynamic session', sessionEventTimeWindows<number>({ gapMs: (v) => v + 1 }), {}],
  ['count', tumbling, { trigger: countTrigger(2) }],
  ['count of sessions', session, { trigger: countTrigger(20) }],
  ['continuous', tumbling, { trigger: continuousEventTimeTrigger(30) }],
  ['continuous sessions', session, { trigger: continuousEventTimeTrigger(30) }],
  ['continuous clock', tumbling, { trigger: continuousProcessingTimeTrigger(30) }],
  ['delta', tumbling, { trigger: purgingTrigger(deltaTrigger(1, difference)) }],
  ['clock', tumbling, { trigger: processingTimeTrigger() }],
  [
    'timeout',
    tumbling,
    { trigger: processingTimeTimeoutTrigger(countTrigger(5), { timeoutMs: 500 }) },
  ],
  ['evictor', tumbling, { evictor: countEvictor(2) }],
  ['processing time', tumblingProcessingTimeWindows({ sizeMs: 100 }), {}],
  ['processing-time session', sessionProcessingTimeWindows({ gapMs: 100 }), {}],
])('nothing remains of windows that are over: %s', (_, assigner, options) => {
  const windows = operating(assigner, lists, options)
  const times = [500, 530, 700, 480, 590, 610, 2000, 410, 400]
  for (const [i, time] of times.entries()) {
    windows.process(`key ${i % 2}`, i, time)
    windows.clock(i * 20)
    if (i === 4) windows.watermark(520)
  }
  expect(windows.stored).not.toEqual([])
  windows.watermark(10_000)
  windows.clock(10_000)
  expect(windows.stored).toEqual([])
  // Timers that a merge leaves behind, as in Flink, are no state of a window.
  windows.watermark(Infinity)
  expect(windows.timerCount).toBe(0)
})

test('sessions of a key that fire but once have one timer', () => {
  const windows = operating(session)
  for (const time of [0, 50, 150, 400, 800, 450]) windows.process('key', 'a', time)
  expect(windows.timerCount).toBe(1)
  windows.watermark(249)
  expect(windows.take()).toEqual([{ value: 3, timestamp: 249 }])
  expect(windows.timerCount).toBe(1)
  windows.watermark(10_000)
  expect(windows.take().map(({ timestamp }) => timestamp)).toEqual([549, 899])
})

test('a session that grows leaves no timers behind', () => {
  const windows = operating(session, count, { allowedLatenessMs: 50 })
  for (let time = 0; time < 1000; time += 10) windows.process('key', 'a', time)
  expect(windows.timerCount).toBe(2)
})

test('a batch ends sessions in processing time with their key, whatever the clock reads', () => {
  const assigner = sessionProcessingTimeWindows({ gapMs: 100 })
  const spec = windowSpec('window', assigner, {}, count)
  const windows = new OperatingWindows(spec, { runtimeMode: 'batch' })
  windows.process('key', 'a', NO_TIMESTAMP)
  windows.clock(50)
  windows.process('key', 'b', NO_TIMESTAMP)
  windows.endKey()
  expect(windows.take()).toEqual([{ value: 2, timestamp: 149 }])
})

test('sessions that were saved without lateness get their timers when there is some', () => {
  const windows = operating(session)
  for (const time of [0, 50, 400]) windows.process('key', 'a', time)
  windows.process('other', 'a', 30)
  const spec = windowSpec('window', session, { allowedLatenessMs: 100 }, count)
  const restarted = new OperatingWindows(spec, { saved: windows.save() })
  restarted.watermark(160)
  expect(restarted.take()).toEqual([
    { value: 1, timestamp: 129 },
    { value: 2, timestamp: 149 },
  ])
  restarted.process('key', 'late', 60)
  restarted.watermark(499)
  expect(restarted.take()).toEqual([
    { value: 3, timestamp: 159 },
    { value: 1, timestamp: 499 },
  ])
  restarted.watermark(600)
  expect(restarted.stored).toEqual([])
})

test('a processing-time session with the least gap merges what comes in the same millisecond', () => {
  const windows = operating(sessionProcessingTimeWindows<number>({ gapMs: (gap) => gap }))
  windows.clock(10)
  windows.process('key', 1, NO_TIMESTAMP)
  windows.clock(11)
  expect(windows.take()).toEqual([{ value: 1, timestamp: 10 }])
  windows.process('key', 1, NO_TIMESTAMP)
  windows.process('key', 1, NO_TIMESTAMP)
  windows.clock(12)
  expect(windows.take()).toEqual([{ value: 2, timestamp: 11 }])
})

test('a continuous trigger of a window without end stops at the end of the input', () => {
  const windows = operating(globalWindows(), count, { trigger: continuousEventTimeTrigger(10) })
  windows.process('key', 'a', 5)
  windows.watermark(25)
  expect(windows.take()).toHaveLength(2)
  windows.watermark(Infinity)
  expect(windows.take().map(({ timestamp }) => timestamp)).toEqual([Infinity, Infinity])
  expect(windows.timerCount).toBe(0)
})

test('late records are told apart from those in no window', () => {
  const gaps = slidingEventTimeWindows({ sizeMs: 10, slideMs: 100 })
  const windows = operating(gaps)
  windows.watermark(60)
  windows.process('key', 'in no window, late', 50)
  windows.process('key', 'in no window', 70)
  windows.process('key', 'late', 5)
  expect(windows.operator.lateRecordsDropped).toBe(2)
  const kept = operating(tumbling, count, { lateOutput: outputTag('late') })
  kept.watermark(99)
  kept.process('key', 'late', 99)
  expect(kept.take('late')).toEqual([{ value: 'late', timestamp: 99 }])
  expect(kept.operator.lateRecordsDropped).toBe(0)
})
