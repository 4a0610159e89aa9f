/** Asynchronous calls: order, capacity, timeouts, retries, watermarks, and what a checkpoint keeps. */
import { describe, expect, test } from 'vitest'
import { MAX_WATERMARK } from '../../../engine/element.ts'
import { ConfigurationError } from '../../../engine/errors.ts'
import type { Origins } from '../../../engine/element.ts'
import { valuesOf } from '../operator-context.ts'
import { serving } from './serving.ts'
import type { Serving } from './serving.ts'

/** Emits what is ready and returns it. */
function emitted({ operating }: Serving): unknown[] {
  return operating.advance(0)
}

describe('results', () => {
  test('come in the order of the records', () => {
    const test = serving()
    for (const value of ['a', 'b', 'c']) test.operating.process(value)
    test.services.reply('b')
    expect(emitted(test)).toEqual([])
    test.services.reply('a')
    expect(emitted(test)).toEqual(['reply a', 'reply b'])
  })

  test('come in the order of the answers if they may', () => {
    const test = serving({ order: 'unordered' })
    for (const value of ['a', 'b', 'c']) test.operating.process(value)
    for (const value of ['c', 'a']) test.services.reply(value)
    expect(emitted(test)).toEqual(['reply c', 'reply a'])
  })

  test('have the timestamp of their record, and there may be any number of them', () => {
    const test = serving({ result: (value, reply) => [value, reply, value] })
    test.operating.process('a', 17)
    test.services.reply('a')
    emitted(test)
    expect(test.operating.context.emitted.get('main')).toEqual([
      { value: 'a', timestamp: 17 },
      { value: 'reply a', timestamp: 17 },
      { value: 'a', timestamp: 17 },
    ])
  })

  test('are asked for with what `request` makes of a record', () => {
    const test = serving({ request: (value) => `about ${String(value)}` })
    test.operating.process('a')
    expect(test.services.requests).toEqual(['about a'])
  })

  test('stand for the input of their record', () => {
    const provenance = { isOn: true, current: null as Origins | null }
    const test = serving({}, null, { provenance })
    const origins: Origins = [{ topic: 't', partition: 0, offset: 7 }]
    provenance.current = origins
    test.operating.process('a')
    provenance.current = []
    test.services.reply('a')
    emitted(test)
    expect(provenance.current).toBe(origins)
  })

  test.each([
    ['request', { request: throwing }],
    ['result', { result: throwing }],
  ])('an exception of `%s` names the operator', (_, options) => {
    const test = serving(options)
    const run = (): void => {
      test.operating.process('a')
      test.services.reply('a')
      emitted(test)
    }
    expect(run).toThrow('The function of operator "op" threw: RangeError: boom')
  })
})

function throwing(): never {
  throw new RangeError('boom')
}

describe('capacity', () => {
  test('bounds the records in flight, and the subtask hears when there is room again', () => {
    const test = serving({ capacity: 2 })
    const { operator, context } = test.operating
    test.operating.process('a')
    expect(operator.isAvailable).toBe(true)
    test.operating.process('b')
    expect(operator.isAvailable).toBe(false)
    test.services.reply('b')
    emitted(test)
    expect([operator.isAvailable, context.wakes]).toEqual([false, 0])
    test.services.reply('a')
    emitted(test)
    expect([operator.isAvailable, context.wakes]).toEqual([true, 1])
  })

  test('is kept also when the chain brings more than there is room for', () => {
    const test = serving({ capacity: 2 })
    for (const value of ['a', 'b', 'c', 'd']) test.operating.process(value)
    expect(test.services.requests).toEqual(['a', 'b'])
    test.services.reply('a')
    emitted(test)
    expect(test.services.requests).toEqual(['a', 'b', 'c'])
    for (const value of ['b', 'c']) test.services.reply(value)
    expect(emitted(test)).toEqual(['reply b', 'reply c'])
    expect(test.services.requests).toEqual(['a', 'b', 'c', 'd'])
  })
})

describe('timeouts', () => {
  test('fail the subtask when nobody says what else to do', () => {
    const test = serving({ timeoutMs: 50 })
    test.operating.process('a')
    test.operating.advance(49)
    expect(test.operating.context.failures).toEqual([])
    test.operating.advance(1)
    expect(test.operating.context.failures).toEqual([
      'The service "lookup" gave the operator "op" no answer within 50 ms.',
    ])
  })

  test('yield what onTimeout makes of the record, and an answer that comes later is dropped', () => {
    const test = serving({ timeoutMs: 50, onTimeout: (value) => [`no ${String(value)}`] })
    test.operating.process('a')
    test.operating.advance(30)
    test.operating.process('b')
    expect(test.operating.advance(20)).toEqual(['no a'])
    test.services.reply('a')
    expect(test.operating.advance(30)).toEqual(['no b'])
    expect(valuesOf(test.operating.context)).toEqual(['no a', 'no b'])
  })

  test('do not concern what was answered in time', () => {
    const test = serving({ timeoutMs: 50 })
    for (const value of ['a', 'b']) test.operating.process(value)
    test.services.reply('b')
    test.services.reply('a')
    test.operating.advance(20)
    test.operating.process('c')
    test.operating.advance(49)
    expect(test.operating.context.failures).toEqual([])
    test.operating.advance(1)
    expect(test.operating.context.failures).toHaveLength(1)
  })

  test('of one attempt end all: a failed attempt lets its other calls alone', () => {
    const test = serving({ timeoutMs: 50 })
    for (const value of ['a', 'b']) test.operating.process(value)
    test.operating.advance(50)
    expect(test.operating.context.failures).toHaveLength(1)
    test.services.reply('b')
    test.services.reply('a')
    expect(emitted(test)).toEqual([])
  })
})

describe('a failed call', () => {
  test('fails the subtask', () => {
    const test = serving()
    test.operating.process('a')
    test.services.fail('a')
    expect(test.operating.context.failures).toEqual([
      'The service "lookup" failed for the operator "op": it is down.',
    ])
  })

  test('is tried again as often as it may be, after growing pauses', () => {
    const retry = { maxAttempts: 5, delayMs: 10, multiplier: 3, maxDelayMs: 50 }
    const test = serving({ retry })
    test.operating.process('a')
    const pauses: number[] = []
    for (let call = 1; call < 5; call++) {
      test.services.fail('a')
      let pause = 0
      while (test.services.open.length === 0) {
        test.operating.advance(1)
        pause += 1
      }
      pauses.push(pause)
    }
    expect(pauses).toEqual([10, 30, 50, 50])
    expect(test.operating.context.failures).toEqual([])
    test.services.fail('a')
    expect(test.operating.context.failures).toEqual([
      'The service "lookup" failed for the operator "op" after 5 calls: it is down.',
    ])
  })

  test('is over once a later one is answered', () => {
    const test = serving({ retry: { maxAttempts: 2 } })
    test.operating.process('a')
    test.services.fail('a')
    test.operating.advance(0)
    test.services.reply('a')
    expect(emitted(test)).toEqual(['reply a'])
  })

  test('is not tried again after the time of the record is over', () => {
    const test = serving({
      timeoutMs: 50,
      onTimeout: () => ['late'],
      retry: { maxAttempts: 9, delayMs: 60 },
    })
    test.operating.process('a')
    test.services.fail('a')
    expect(test.operating.advance(100)).toEqual(['late'])
    expect(test.services.requests).toEqual(['a'])
  })
})

describe.each(['ordered', 'unordered'] as const)('watermarks, %s', (order) => {
  test('pass at once when nothing is awaited', () => {
    const test = serving({ order })
    test.operating.watermark(5)
    test.operating.operator.processStatus?.(true)
    expect(test.operating.context.control).toEqual([5, true])
  })

  test('wait for the records before them, and records behind them wait for them', () => {
    const test = serving({ order })
    test.operating.process('a')
    test.operating.watermark(5)
    test.operating.process('b')
    test.operating.operator.processStatus?.(true)
    test.services.reply('b')
    expect(emitted(test)).toEqual([])
    expect(test.operating.context.control).toEqual([])
    test.services.reply('a')
    expect(emitted(test)).toEqual(['reply a', 'reply b'])
    expect(test.operating.context.control).toEqual([5, true])
  })

  test('the end of the input waits for all of them', () => {
    const test = serving({ order })
    const { operator, context } = test.operating
    test.operating.process('a')
    test.operating.watermark(MAX_WATERMARK)
    expect(operator.isDrained).toBe(false)
    test.services.reply('a')
    emitted(test)
    expect([operator.isDrained, context.wakes]).toEqual([true, 1])
    expect(context.control).toEqual([MAX_WATERMARK])
  })
})

describe('a checkpoint', () => {
  test('keeps the records in flight, which are asked about again, in order', () => {
    const before = serving()
    for (const value of ['a', 'b', 'c']) before.operating.process(value, 9)
    before.services.reply('b')
    before.services.reply('a')
    emitted(before)
    const after = serving({}, before.operating.save())
    expect(after.services.requests).toEqual(['c'])
    after.services.reply('c')
    emitted(after)
    expect(after.operating.context.emitted.get('main')).toEqual([
      { value: 'reply c', timestamp: 9 },
    ])
  })

  test('may hold more than there is room for afterwards', () => {
    const before = serving()
    for (const value of ['a', 'b', 'c']) before.operating.process(value)
    const after = serving({ capacity: 1 }, before.operating.save())
    expect(after.services.requests).toEqual(['a'])
    expect(after.operating.operator.isAvailable).toBe(false)
  })

  test('keeps their time to answer from running on: it begins anew', () => {
    const before = serving({ timeoutMs: 50 })
    before.operating.process('a')
    before.operating.advance(49)
    const after = serving({ timeoutMs: 50 }, before.operating.save())
    after.operating.advance(49)
    expect(after.operating.context.failures).toEqual([])
  })

  test('of nothing in flight is empty', () => {
    expect(serving().operating.save().entries).toEqual([])
  })
})

test('after the attempt ended, answers have no effect', () => {
  const test = serving({ retry: { maxAttempts: 3 } })
  for (const value of ['a', 'b']) test.operating.process(value)
  test.operating.operator.close?.()
  test.services.reply('a')
  test.services.fail('b')
  expect(test.operating.runtime.timers).toEqual(['async-timeout'])
  expect(test.operating.advance(5000)).toEqual([])
  expect(test.operating.context.failures).toEqual([])
})

test.each([
  { timeoutMs: 0 },
  { capacity: 0 },
  { retry: { maxAttempts: 0 } },
  { retry: { maxAttempts: 2, delayMs: -1 } },
])('options out of range are refused: %j', (options) => {
  expect(() => serving(options)).toThrow(ConfigurationError)
})
