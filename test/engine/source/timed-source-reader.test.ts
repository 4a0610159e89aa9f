/** Sources with a strategy: timestamps, watermarks from time to time, idleness, their part in an alignment. */
import { describe, expect, test } from 'vitest'
import { MAX_WATERMARK, NO_TIMESTAMP } from '../../../engine/element.ts'
import { UserFunctionError } from '../../../engine/errors.ts'
import { createSource } from '../../../engine/source/create-source.ts'
import type { SourceReader } from '../../../engine/source/source-reader.ts'
import { collectionSource, generatorSource } from '../../../engine/source/sources.ts'
import {
  forGenerator,
  forMonotonousTimestamps,
  noWatermarks,
} from '../../../engine/time/watermark-strategy.ts'
import type { WatermarkStrategy } from '../../../engine/time/watermark-strategy.ts'
import { FakeRuntime } from '../fake-runtime.ts'
import { operatorContext } from '../operator-context.ts'
import type { TestContext } from '../operator-context.ts'

/** Reads numbers that are their own timestamps; opened. */
function timed(
  strategy: WatermarkStrategy<number>,
  overrides: Partial<TestContext> = {},
  count = Number.MAX_SAFE_INTEGER,
) {
  const runtime = new FakeRuntime()
  const context = operatorContext({ runtime, name: 'numbers', ...overrides })
  const { spec } = generatorSource(count, (i) => i)
  // The strategy is that of the values.
  const watermarks = strategy as WatermarkStrategy<unknown>
  const reader = createSource({ type: 'source', source: spec, watermarks }, context)
  reader.open?.([], null)
  return { runtime, context, reader }
}

function take(reader: SourceReader, count: number): string {
  let room = count
  return reader.poll(() => room-- > 0)
}

const monotonous = forMonotonousTimestamps<number>({ timestampAssigner: (value) => value })

test('records get the timestamps that the strategy assigns, given their own', () => {
  const seen: (number | null)[] = []
  const context = operatorContext()
  const { spec } = collectionSource([1, 2], { timestamps: (n) => (n === 1 ? 10 : null) })
  const watermarks = noWatermarks<unknown>({
    timestampAssigner: (_value, own) => {
      seen.push(own)
      return (own ?? 0) + 1
    },
  })
  const reader = createSource({ type: 'source', source: spec, watermarks }, context)
  reader.open?.([], null)
  reader.poll(() => true)
  expect(seen).toEqual([10, null])
  expect(context.emitted.get('main')?.map(({ timestamp }) => timestamp)).toEqual([11, 1])
})

describe('watermarks', () => {
  test('follow the records every interval', () => {
    const { runtime, context, reader } = timed(monotonous, { autoWatermarkIntervalMs: 100 })
    take(reader, 6)
    runtime.advance(99)
    expect(context.control).toEqual([])
    runtime.advance(1)
    expect(context.control).toEqual([4])
    take(reader, 3)
    runtime.advance(300)
    expect(context.control).toEqual([4, 7])
  })

  test('do not come from time to time when the interval is 0', () => {
    const { runtime, context, reader } = timed(monotonous, { autoWatermarkIntervalMs: 0 })
    take(reader, 6)
    runtime.advance(10_000)
    expect(context.control).toEqual([])
    expect(runtime.timers).toEqual([])
  })

  test('are not made in batch mode, but timestamps are', () => {
    const { runtime, context, reader } = timed(monotonous, { runtimeMode: 'batch' })
    take(reader, 6)
    runtime.advance(1000)
    expect(context.control).toEqual([])
    expect(context.emitted.get('main')?.at(-1)).toEqual({ value: 5, timestamp: 5 })
  })

  test('end with the records: nothing comes behind the end of event time', () => {
    const { runtime, context, reader } = timed(monotonous, {}, 3)
    expect([take(reader, 9), take(reader, 9)]).toEqual(['emitted', 'finished'])
    runtime.advance(1000)
    expect(context.control).toEqual([])
  })

  test('an idle reader that ends is active again for its end', () => {
    const idle = forMonotonousTimestamps<number>({ idlenessMs: 100 })
    const { runtime, context, reader } = timed(idle, {}, 1)
    take(reader, 1)
    runtime.advance(1000)
    const [last] = context.control.slice(-1)
    expect(last).toBe(true)
    expect(take(reader, 1)).toBe('finished')
    expect(context.control.at(-1)).toBe(false)
  })
})

describe('the functions of the strategy', () => {
  const boom = (): never => {
    throw new RangeError('boom')
  }

  test.each<[string, WatermarkStrategy<number>]>([
    ['an assigner', noWatermarks<number>({ timestampAssigner: boom })],
    [
      'a generator for a record',
      forGenerator(() => ({ onEvent: boom, onPeriodicEmit: () => undefined })),
    ],
  ])('%s that throws names the source', (_what, strategy) => {
    const { reader } = timed(strategy)
    expect(() => take(reader, 1)).toThrow(UserFunctionError)
    expect(() => take(reader, 1)).toThrow('"numbers" threw: RangeError: boom')
  })

  test('a generator that throws from time to time names the source', () => {
    const { runtime } = timed(
      forGenerator(() => ({ onEvent: () => undefined, onPeriodicEmit: boom })),
    )
    expect(() => {
      runtime.advance(200)
    }).toThrow('"numbers" threw: RangeError: boom')
  })

  test('what an operator behind the source threw stays as it is', () => {
    const error = new UserFunctionError('map', new RangeError('boom'))
    const { reader } = timed(monotonous, {
      output: () => ({
        emit: () => {
          throw error
        },
      }),
    })
    expect(() => take(reader, 1)).toThrow(error)
  })
})

describe('alignment', () => {
  const aligned = forMonotonousTimestamps<number>({
    timestampAssigner: (value) => value,
    alignment: { group: 'g', maxDriftMs: 10, updateIntervalMs: 300 },
  })

  function reportsOf(runtime: FakeRuntime): number[] {
    return runtime.takeSent().flatMap((sent) => {
      const isReport = sent.type === 'reader-event' && sent.event.type === 'watermark-reported'
      return isReport && sent.event.type === 'watermark-reported' ? [sent.event.watermark] : []
    })
  }

  test('the reader reports its watermark every update, once it has one', () => {
    const { runtime, reader } = timed(aligned)
    runtime.advance(300)
    expect(reportsOf(runtime)).toEqual([])
    take(reader, 100)
    runtime.advance(300)
    expect(reportsOf(runtime)).toEqual([98])
  })

  test('beyond the bound it reads nothing, and goes on when the bound has moved', () => {
    const { runtime, context, reader } = timed(aligned)
    take(reader, 100)
    runtime.advance(200)
    reader.handleEvent?.({ type: 'watermark-bound', maxAllowed: 50 })
    expect(take(reader, 10)).toBe('idle')
    expect(context.emitted.get('main')).toHaveLength(100)
    reader.handleEvent?.({ type: 'watermark-bound', maxAllowed: 98 })
    expect(take(reader, 10)).toBe('emitted')
  })

  test('with its end it holds nobody back', () => {
    const { runtime, reader } = timed(aligned, {}, 1)
    take(reader, 9)
    expect(take(reader, 9)).toBe('finished')
    expect(reportsOf(runtime)).toEqual([MAX_WATERMARK])
  })
})

test('without a strategy records go out as they are, and nothing is scheduled', () => {
  const runtime = new FakeRuntime()
  const context = operatorContext({ runtime })
  const { spec } = generatorSource(2, (i) => i)
  const reader = createSource({ type: 'source', source: spec, watermarks: null }, context)
  reader.open?.([], null)
  take(reader, 2)
  expect(runtime.timers).toEqual([])
  expect(context.emitted.get('main')?.[0]).toEqual({ value: 0, timestamp: NO_TIMESTAMP })
})

test('while the outputs take nothing the source does not become idle', () => {
  const idle = forMonotonousTimestamps<number>({
    timestampAssigner: (value) => value,
    idlenessMs: 300,
  })
  const { runtime, context, reader } = timed(idle)
  // There is more, but nobody polls: the outputs are full.
  expect(take(reader, 1)).toBe('emitted')
  runtime.advance(5000)
  expect(context.control.filter((one) => one === true)).toEqual([])
})
