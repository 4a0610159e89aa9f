// The operator test harness, used as its users would use it.

import { expect, test } from 'vitest'
import {
  countTrigger,
  forBoundedOutOfOrderness,
  listState,
  mapState,
  number,
  outputTag,
  reducingState,
  tumblingEventTimeWindows,
  valueState,
} from 'weirstream'
import type { DataStream, KeyedProcessFunction } from 'weirstream'
import { operatorHarness } from 'weirstream/testing'
import type { HarnessOptions } from 'weirstream/testing'

interface Reading {
  readonly device: string
  readonly value: number
}

const reading = (device: string, value: number): Reading => ({ device, value })
const byDevice = ({ device }: Reading): string => device

const total = valueState('total', number)
const silent = outputTag<string>('silent')

/** Emits the sum so far; 100 ms after the last reading, by both clocks, reports silence. */
const watched: KeyedProcessFunction<Reading, string, number> = {
  processElement({ value }, context) {
    const state = context.state(total)
    const sum = (state.value() ?? 0) + value
    state.update(sum)
    context.timers.registerEventTime((context.timestamp ?? 0) + 100)
    context.timers.registerProcessingTime(context.timers.processingTime() + 100)
    context.collect(sum)
  },
  onTimer(_time, context) {
    context.output(silent, `${context.key} ${context.domain} ${context.timers.processingTime()}`)
    context.state(total).clear()
  },
}

function watching(options: HarnessOptions = {}): ReturnType<typeof watchingHarness> {
  return watchingHarness(options)
}

const watchingHarness = (options: HarnessOptions) =>
  operatorHarness(
    (readings: DataStream<Reading>) =>
      readings.keyBy(byDevice).process(watched, { uid: 'watched' }),
    options,
  )

test('records come out with their timestamps, once', () => {
  const harness = watching()
  harness.push(reading('a', 1), 10)
  harness.push(reading('a', 2), 20)
  harness.push(reading('b', 5))
  expect(harness.output()).toEqual([
    { value: 1, timestamp: 10 },
    { value: 3, timestamp: 20 },
    { value: 5, timestamp: null },
  ])
  expect(harness.output()).toEqual([])
})

test('a watermark fires the timers that are due and then goes on', () => {
  const harness = watching()
  harness.push(reading('a', 1), 10)
  harness.watermark(109)
  expect(harness.sideOutput(silent)).toEqual([])
  harness.watermark(110)
  expect(harness.sideOutput(silent)).toEqual([{ value: 'a event 0', timestamp: 110 }])
  expect(harness.controls()).toEqual([
    { type: 'watermark', watermark: 109 },
    { type: 'watermark', watermark: 110 },
  ])
})

test('the clock jumps: due timers fire in the order of their time and read the target', () => {
  const harness = watching()
  harness.advanceTime(7)
  harness.push(reading('b', 1), 0)
  harness.advanceTime(1)
  harness.push(reading('a', 1), 0)
  harness.advanceTime(98)
  expect(harness.sideOutput(silent)).toEqual([])
  harness.advanceTime(500)
  expect(harness.now).toBe(606)
  expect(harness.sideOutput(silent).map(({ value }) => value)).toEqual([
    'b processing 606',
    'a processing 606',
  ])
})

test('state, timers and entries can be looked at', () => {
  const harness = watching()
  harness.push(reading('a', 4), 10)
  harness.push(reading('b', 5), 20)
  expect(harness.state(total, 'a')).toBe(4)
  expect(harness.state(total, 'c')).toBeUndefined()
  expect([harness.stateEntries, harness.eventTimeTimers, harness.processingTimeTimers]).toEqual([
    2, 2, 2,
  ])
  harness.watermark(110)
  expect([harness.stateEntries, harness.eventTimeTimers]).toEqual([1, 1])
})

test('state of every kind looks like what the function put there', () => {
  const list = listState('list', number)
  const map = mapState<string, number>('map')
  const reduced = reducingState('reduced', (a: number, b: number) => a + b)
  const harness = operatorHarness((values: DataStream<number>) =>
    values
      .keyBy((value) => value % 2)
      .process<number>((value, context) => {
        context.state(list).add(value)
        context.state(map).put(`k${value}`, value)
        context.state(reduced).add(value)
      }),
  )
  for (const value of [1, 2, 3]) harness.push(value)
  expect(harness.state(list, 1)).toEqual([1, 3])
  expect(harness.state(map, 1)).toEqual(new Map(Object.entries({ k1: 1, k3: 3 })))
  expect(harness.state(reduced, 1)).toBe(4)
  expect(harness.state(list, 7)).toEqual([])
  expect(harness.state(map, 7)).toEqual(new Map())
})

test('a snapshot restores state and timers; the watermark is the least again, the clock stays', () => {
  const before = watching({ startMs: 40 })
  before.push(reading('a', 1), 10)
  before.watermark(50)
  const restore = before.snapshot()
  before.push(reading('a', 100), 10)

  const after = watching({ restore })
  expect(after.now).toBe(40)
  after.push(reading('a', 2), 30)
  expect(after.output()).toEqual([{ value: 3, timestamp: 30 }])
  after.watermark(5)
  expect(after.controls()).toEqual([{ type: 'watermark', watermark: 5 }])
  after.advanceTime(100)
  after.watermark(110)
  expect(after.sideOutput(silent)).toEqual([
    { value: 'a processing 140', timestamp: null },
    { value: 'a event 140', timestamp: 110 },
  ])
})

test('several operators with exchanges between them run as in a job', () => {
  const harness = operatorHarness((readings: DataStream<Reading>, more: DataStream<Reading>) =>
    readings
      .union(more)
      .filter(({ value }) => value > 0)
      .keyBy(byDevice)
      .window(tumblingEventTimeWindows({ sizeMs: 100 }))
      .sum('value')
      .keyBy(() => 'all')
      .reduce((a, b) => ({ device: 'all', value: a.value + b.value })),
  )
  harness.push(reading('a', 1), 10)
  harness.push(reading('b', 10), 20, 2)
  harness.push(reading('a', -5), 30)
  harness.push(reading('a', 2), 40, 2)
  harness.watermark(99)
  expect(harness.output()).toEqual([])
  harness.watermark(150, 2)
  expect(harness.output().at(-1)).toEqual({ value: reading('all', 13), timestamp: 99 })
  expect(harness.controls()).toEqual([{ type: 'watermark', watermark: 99 }])
})

test('an idle input is not waited for', () => {
  const harness = operatorHarness((first: DataStream<number>, second: DataStream<number>) =>
    first.union(second).map((value) => value),
  )
  harness.watermark(10)
  expect(harness.controls()).toEqual([])
  harness.idle(true, 2)
  harness.idle(true, 1)
  expect(harness.controls()).toEqual([
    { type: 'watermark', watermark: 10 },
    { type: 'status', isIdle: true },
  ])
})

test('records and watermarks can be read in their common order', () => {
  const harness = operatorHarness(
    (values: DataStream<number>) =>
      values.assignTimestampsAndWatermarks(
        forBoundedOutOfOrderness(5, { timestampAssigner: (value) => value }),
      ),
    { autoWatermarkIntervalMs: 10 },
  )
  harness.push(100)
  harness.advanceTime(10)
  harness.push(200)
  expect(harness.elements()).toEqual([
    { type: 'record', value: 100, timestamp: 100 },
    { type: 'watermark', watermark: 94 },
    { type: 'record', value: 200, timestamp: 200 },
  ])
})

test('late records that nobody takes are counted, others come out at their side output', () => {
  const late = outputTag<number>('late')
  const sums = (options: { lateOutput?: typeof late }) =>
    operatorHarness((values: DataStream<number>) =>
      values
        .keyBy(() => 'k')
        .window(tumblingEventTimeWindows({ sizeMs: 10 }), options)
        .reduce((a, b) => a + b),
    )
  const dropping = sums({})
  dropping.watermark(20)
  dropping.push(1, 5)
  expect(dropping.lateRecordsDropped).toBe(1)
  const keeping = sums({ lateOutput: late })
  keeping.watermark(20)
  keeping.push(1, 5)
  expect(keeping.lateRecordsDropped).toBe(0)
  expect(keeping.sideOutput(late)).toEqual([{ value: 1, timestamp: 5 }])
})

test('batch mode gives final results when the input ends, key by key and by time', () => {
  const harness = operatorHarness(
    (readings: DataStream<Reading>) =>
      readings.keyBy(byDevice).reduce((a, b) => ({ ...a, value: a.value * 10 + b.value })),
    { runtimeMode: 'batch' },
  )
  for (const [value, time] of [
    [1, 30],
    [2, 10],
    [3, 20],
  ] as const) {
    harness.push(reading('a', value), time)
    harness.watermark(time)
  }
  expect(harness.output()).toEqual([])
  harness.endInput()
  expect(harness.output()).toEqual([{ value: reading('a', 231), timestamp: Infinity }])
})

test('the end of an input is the end of its event time', () => {
  const harness = operatorHarness((values: DataStream<number>) =>
    values.windowAll(tumblingEventTimeWindows({ sizeMs: 10 })).reduce((a, b) => a + b),
  )
  harness.push(1, 3)
  harness.push(2, 4)
  harness.endInput()
  expect(harness.output()).toEqual([{ value: 3, timestamp: 9 }])
  expect(() => harness.push(1, 3)).toThrow('Input 1 has ended')
})

test('strict mode catches a value that is changed in place, unless it is off', () => {
  const counts = valueState<{ n: number }>('counts')
  const build = (values: DataStream<string>) =>
    values
      .keyBy((value) => value)
      .process<number>(
        (_value, context) => {
          const state = context.state(counts)
          const count = state.value()
          if (count === undefined) state.update({ n: 1 })
          else count.n += 1
        },
        { name: 'counter' },
      )
  const strict = operatorHarness(build)
  strict.push('a')
  expect(() => strict.push('a')).toThrow(/counter.*counts|counts.*counter/)
  const lax = operatorHarness(build, { isStrict: false })
  lax.push('a')
  expect(() => lax.push('a')).not.toThrow()
})

test('what a function throws reaches the test, and the harness does not go on', () => {
  const harness = operatorHarness((values: DataStream<number>) =>
    values.map(
      (value) => {
        if (value === 2) throw new Error('two!')
        return value
      },
      { name: 'picky' },
    ),
  )
  harness.push(1)
  expect(() => harness.push(2)).toThrow('The function of operator "picky" threw: Error: two!')
  expect(() => harness.push(3)).toThrow('This harness cannot go on: an operator failed in it.')
  expect(harness.output()).toEqual([{ value: 1, timestamp: null }])
})

test('functions are opened and closed', () => {
  const calls: string[] = []
  const harness = operatorHarness((values: DataStream<number>) =>
    values.process<number>({
      open: () => calls.push('open'),
      processElement: (value, context) => context.collect(value),
      close: () => calls.push('close'),
    }),
  )
  expect(calls).toEqual(['open'])
  harness.close()
  harness.close()
  expect(calls).toEqual(['open', 'close'])
  expect(() => harness.push(1)).toThrow('it was closed')
})

test('programs that cannot work and questions without an answer are refused with a sentence', () => {
  expect(() =>
    operatorHarness((values: DataStream<number>) =>
      values.process<number>((value, context) => {
        context.timers.registerEventTime(value)
      }),
    ).push(1),
  ).toThrow('its stream is not keyed')
  const two = operatorHarness((values: DataStream<number>) => {
    const first = values.keyBy(() => 1).reduce((a, b) => a + b, { uid: 'first' })
    return first.keyBy(() => 1).reduce((a, b) => a + b, { uid: 'second' })
  })
  expect(() => two.state(total, 1)).toThrow('"first", "second"')
  expect(two.state(total, 1, 'second')).toBeUndefined()
  const none = operatorHarness((values: DataStream<number>) => values.map((value) => value))
  expect(() => none.state(total, 1)).toThrow('No operator of this pipeline has keyed state')
  expect(() => none.advanceTime(-1)).toThrow('the clock cannot be moved by -1 ms')
  expect(() => none.watermark(Number.NaN)).toThrow('the watermark is NaN')
})

test('an asynchronous operator is answered when the test answers', () => {
  const waiting: ((answer: number) => void)[] = []
  const harness = operatorHarness(
    (values: DataStream<number>) =>
      values.asyncWait<number, number>({
        service: 'square',
        request: (value) => value,
        result: (_value, answer) => [answer],
        timeoutMs: 1000,
        order: 'ordered',
      }),
    {
      services: {
        square: (_request, reply) => {
          waiting.push((value) => reply({ type: 'ok', value }))
        },
      },
    },
  )
  harness.push(2, 5)
  harness.push(3, 6)
  waiting[1]?.(9)
  harness.advanceTime(0)
  expect(harness.output()).toEqual([])
  expect(() => harness.watermark(7)).not.toThrow()
  waiting[0]?.(4)
  harness.advanceTime(1)
  expect(harness.elements()).toEqual([
    { type: 'record', value: 4, timestamp: 5 },
    { type: 'record', value: 9, timestamp: 6 },
    { type: 'watermark', watermark: 7 },
  ])
})

test('counts of a trigger survive a restart in the middle of a window', () => {
  const build = (values: DataStream<number>) =>
    values
      .keyBy(() => 'k')
      .window(tumblingEventTimeWindows({ sizeMs: 1000 }), { trigger: countTrigger(3) })
      .reduce((a, b) => a + b)
  let harness = operatorHarness(build)
  for (const value of [1, 2, 4, 8, 16, 32]) {
    harness.push(value, 1)
    const restore = harness.snapshot()
    const outputs = harness.output()
    harness.close()
    harness = operatorHarness(build, { restore })
    expect(outputs).toEqual(
      value === 4
        ? [{ value: 7, timestamp: 999 }]
        : value === 32
          ? [{ value: 63, timestamp: 999 }]
          : [],
    )
  }
})
