/** process on one stream and on two: emitting, side outputs, keyed state, timers, what is refused without a key. */
import { describe, expect, test } from 'vitest'
import { InvariantViolation } from '../../../engine/assert.ts'
import { MAX_WATERMARK, NO_TIMESTAMP } from '../../../engine/element.ts'
import { ConfigurationError, UserFunctionError } from '../../../engine/errors.ts'
import {
  outputTag,
  type KeyedCoProcessFunction,
  type KeyedProcessContext,
  type KeyedProcessFunction,
} from '../../../engine/operator/functions.ts'
import { processOperator } from '../../../engine/operator/process-operators.ts'
import {
  aggregatingState,
  listState,
  mapState,
  reducingState,
  valueState,
} from '../../../engine/state/descriptors.ts'
import { operatorContext, valuesOf } from '../operator-context.ts'
import { Operating, type Saved } from './operating.ts'

type Context = KeyedProcessContext<unknown, unknown>
type Process = (value: unknown, context: Context) => void
type Keyed = KeyedProcessFunction<unknown, unknown, unknown>

const itself = (value: unknown): unknown => value

function processing(process: Process, isKeyed = false, saved: Saved | null = null): Operating {
  const spec = { type: 'process', process: { processElement: process } } as const
  return new Operating(spec, isKeyed ? itself : null, saved)
}

function keyed(process: Keyed, saved: Saved | null = null): Operating {
  return new Operating({ type: 'process', process }, itself, saved)
}

describe('outputs', () => {
  const odd = outputTag<number>('odd')
  const split: Process = (value, context) => {
    if (Number(value) % 2 === 0) context.collect(value)
    else context.output(odd, Number(value))
  }

  test('what is collected goes to the main output, what is tagged to the side output of that name', () => {
    const operating = processing(split)
    for (const value of [1, 2, 3, 4]) operating.process(value)
    expect(valuesOf(operating.context)).toEqual([2, 4])
    expect(valuesOf(operating.context, 'odd')).toEqual([1, 3])
  })

  test('two tags of one name are one side output', () => {
    const operating = processing((value, context) => {
      context.output(outputTag('late'), value)
    })
    operating.process(1)
    operating.process(2)
    expect(valuesOf(operating.context, 'late')).toEqual([1, 2])
  })

  test('both carry the timestamp of the record', () => {
    const operating = processing((value, context) => {
      context.collect(value)
      context.output(odd, 0)
    })
    operating.process('a', 17)
    const times = ['main', 'odd'].map((tag) => operating.context.emitted.get(tag)?.[0]?.timestamp)
    expect(times).toEqual([17, 17])
  })

  test('the function sees the timestamp, or null when there is none', () => {
    const operating = processing((_, context) => {
      context.collect(context.timestamp)
    })
    expect(operating.process('a', 17)).toEqual([17])
    expect(operating.process('b', 0)).toEqual([0])
    expect(operating.process('c', NO_TIMESTAMP)).toEqual([null])
  })
})

describe('keyed state', () => {
  const count = valueState<number>('count')
  const counting: Process = (_, context) => {
    const state = context.state(count)
    state.update((state.value() ?? 0) + 1)
    context.collect(`${String(context.key)} ${state.value()}`)
  }

  test('every key has its own', () => {
    const operating = processing(counting, true)
    expect(['a', 'b', 'a'].flatMap((key) => operating.process(key))).toEqual(['a 1', 'b 1', 'a 2'])
  })

  test('it survives a checkpoint', () => {
    const before = processing(counting, true)
    before.process('a')
    expect(processing(counting, true, before.save()).process('a')).toEqual(['a 2'])
  })

  test('it can be cleared', () => {
    const operating = processing((value, context) => {
      const state = context.state(count)
      if (value === 'b') state.clear()
      else state.update(1)
      context.collect(state.value())
    }, true)
    expect(operating.process('a')).toEqual([1])
    expect(operating.process('b')).toEqual([undefined])
  })

  test('all kinds of it are there, by the type of their descriptor', () => {
    const aggregate = {
      createAccumulator: () => '',
      add: (value: number, text: string) => text + value,
      getResult: (text: string) => `<${text}>`,
    }
    const operating = processing((_, context) => {
      context.state(listState<number>('list')).addAll([1, 2])
      context.state(mapState<string, number>('map')).put('x', 1)
      context.state(reducingState<number>('reducing', (a, b) => a + b)).add(5)
      context.state(aggregatingState('aggregating', aggregate)).add(7)
      context.collect([
        context.state(listState<number>('list')).get(),
        [...context.state(mapState<string, number>('map')).entries()],
        context.state(reducingState<number>('reducing', (a, b) => a + b)).get(),
        context.state(aggregatingState('aggregating', aggregate)).get(),
      ])
    }, true)
    operating.process('k')
    expect(operating.process('k')).toEqual([[[1, 2, 1, 2], [['x', 1]], 10, '<77>']])
  })

  test('one name for two kinds of state is refused', () => {
    const operating = processing((_, context) => {
      context.state(valueState('s')).update(1)
      context.state(listState('s')).add(1)
    }, true)
    expect(() => operating.process('k')).toThrow(ConfigurationError)
  })
})

describe('timers', () => {
  const setting: Keyed = {
    processElement(_, { timers, timestamp }) {
      timers.registerEventTime((timestamp ?? 0) + 10)
      timers.registerProcessingTime(timers.processingTime() + 10)
    },
  }
  const telling: Keyed = {
    ...setting,
    onTimer(time, context) {
      const { domain, key, timestamp } = context
      context.collect([time, domain, key, timestamp, context.timers.currentWatermark])
    },
  }

  test('of event time fire with the watermark, and emit at their time', () => {
    const operating = keyed(telling)
    operating.process('a', 5)
    expect(operating.watermark(14)).toEqual([])
    expect(operating.watermark(20)).toEqual([[15, 'event', 'a', 15, 20]])
    expect(operating.context.emitted.get('main')?.[0]?.timestamp).toBe(15)
  })

  test('of processing time fire with the clock, and emit without a timestamp', () => {
    const operating = keyed(telling)
    operating.process('a', 5)
    expect(operating.advance(9)).toEqual([])
    expect(operating.advance(1)).toEqual([[10, 'processing', 'a', 10, -Infinity]])
    expect(operating.context.emitted.get('main')?.[0]?.timestamp).toBe(NO_TIMESTAMP)
  })

  test('see the state of their key', () => {
    const seen = valueState<unknown>('seen')
    const operating = keyed({
      processElement(value, context) {
        context.state(seen).update(value)
        context.timers.registerEventTime(10)
      },
      onTimer(_, context) {
        context.collect([context.key, context.state(seen).value()])
      },
    })
    for (const key of ['a', 'b']) operating.process(key)
    expect(operating.watermark(MAX_WATERMARK)).toEqual([
      ['a', 'a'],
      ['b', 'b'],
    ])
  })

  test('survive a checkpoint', () => {
    const before = keyed(telling)
    before.process('a', 5)
    const after = keyed(telling, before.save())
    expect(after.watermark(15)).toEqual([[15, 'event', 'a', 15, 15]])
    expect(after.advance(10)).toEqual([[10, 'processing', 'a', 10, 15]])
  })

  test('of a function without onTimer do nothing', () => {
    const operating = keyed(setting)
    operating.process('a', 5)
    expect(operating.watermark(100)).toEqual([])
  })
})

describe('outside of a keyed context', () => {
  test('state is refused with a sentence that says what to do', () => {
    const operating = processing((_, context) => {
      context.state(valueState('count'))
    })
    expect(() => operating.process(1)).toThrow(
      new ConfigurationError(
        'state-outside-keyed-context',
        'The operator "op" asked for state "count", but its stream is not keyed. Put a keyBy before it.',
      ),
    )
  })

  test('and so is the key', () => {
    const operating = processing((_, context) => {
      context.collect(context.key)
    })
    expect(() => operating.process(1)).toThrow('The operator "op" asked for key, but its stream')
  })

  test.each([
    'registerEventTime',
    'registerProcessingTime',
    'deleteEventTime',
    'deleteProcessingTime',
  ] as const)('and so is %s', (method) => {
    const operating = processing((_, { timers }) => {
      timers[method](10)
    })
    expect(() => operating.process(1)).toThrow(ConfigurationError)
    expect(() => operating.process(1)).toThrow(
      'The operator "op" asked for a timer, but its stream is not keyed. Put a keyBy before it.',
    )
  })

  test('the clocks are there all the same', () => {
    const clocks = processing((_, context) => {
      context.collect([context.timers.currentWatermark, context.timers.processingTime()])
    })
    clocks.watermark(7)
    clocks.advance(3)
    expect(clocks.process(1)).toEqual([[7, 3]])
  })
})

describe('exceptions', () => {
  test('of the function name the operator', () => {
    const operating = processing(() => {
      throw new TypeError('boom')
    })
    expect(() => operating.process(1)).toThrow(UserFunctionError)
    expect(() => operating.process(1)).toThrow(
      'The function of operator "op" threw: TypeError: boom',
    )
  })

  test('of its timers name the operator, too', () => {
    const operating = keyed({
      processElement(_, { timers }) {
        timers.registerEventTime(1)
      },
      onTimer() {
        throw new TypeError('boom')
      },
    })
    operating.process('a')
    expect(() => operating.watermark(1)).toThrow(
      'The function of operator "op" threw: TypeError: boom',
    )
  })

  test('that are no errors are described too', () => {
    const operating = processing(() => {
      throw 'a text'
    })
    expect(() => operating.process(1)).toThrow('The function of operator "op" threw: a text')
  })

  test('about a value that cannot be stored name the operator', () => {
    class Money {}
    const operating = processing((_, context) => {
      context.state(valueState<unknown>('money')).update(new Money())
    }, true)
    expect(() => operating.process('k')).toThrow(ConfigurationError)
    expect(() => operating.process('k')).toThrow('"op"')
  })

  test.each([
    ['of a function further down the chain', new UserFunctionError('map', new TypeError('boom'))],
    ['that are bugs of ours', new InvariantViolation('A bug.')],
  ])('%s pass through as they are, and name nobody else', (_, error) => {
    const context = operatorContext({
      output: () => ({
        emit: () => {
          throw error
        },
      }),
    })
    const operator = processOperator(
      {
        processElement(value, emitting) {
          emitting.collect(value)
        },
      },
      context,
    )
    expect(() => {
      operator.process(1, 0)
    }).toThrow(error)
  })
})

describe('two connected streams', () => {
  type Both = KeyedCoProcessFunction<unknown, unknown, unknown, unknown>
  const counts = mapState<string, number>('counts')
  const count = (input: string, { state }: Pick<Context, 'state'>): number => {
    const counted = (state(counts).get(input) ?? 0) + 1
    state(counts).put(input, counted)
    return counted
  }
  const counting: Both = {
    processElement1(value, context) {
      context.timers.registerEventTime(100)
      context.collect(['first', value, count('first', context), context.timestamp])
    },
    processElement2(value, context) {
      context.collect(['second', value, count('second', context), context.timestamp])
    },
    onTimer(time, context) {
      context.collect([time, context.domain, ...context.state(counts).entries()])
    },
  }
  const connected = (saved: Saved | null = null, isKeyed = true): Operating =>
    new Operating({ type: 'co-process', process: counting }, isKeyed ? itself : null, saved)

  test('have one function each, and share state and timers of a key', () => {
    const operating = connected()
    expect(operating.process('a', 1)).toEqual([['first', 'a', 1, 1]])
    expect(operating.processSecond('a', 2)).toEqual([['second', 'a', 1, 2]])
    expect(operating.processSecond('b', 3)).toEqual([['second', 'b', 1, 3]])
    expect(operating.processSecond('a', 4)).toEqual([['second', 'a', 2, 4]])
    expect(operating.watermark(100)).toEqual([[100, 'event', ['first', 1], ['second', 2]]])
  })

  test('go on after a checkpoint', () => {
    const before = connected()
    before.process('a')
    const after = connected(before.save())
    expect(after.process('a', 5)).toEqual([['first', 'a', 2, 5]])
    expect(after.watermark(100)).toEqual([[100, 'event', ['first', 2]]])
  })

  test('without a key have neither state nor timers', () => {
    expect(() => connected(null, false).processSecond('a')).toThrow(
      'The operator "op" asked for state "counts", but its stream is not keyed.',
    )
    expect(() => connected(null, false).process('a')).toThrow('asked for a timer')
  })
})
