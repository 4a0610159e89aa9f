/** process with a broadcast stream: who writes, who reads, what a checkpoint holds, going through all keys. */
import { describe, expect, test } from 'vitest'
import { ConfigurationError } from '../../../engine/errors.ts'
import type {
  KeyedBroadcastContext,
  KeyedBroadcastProcessFunction,
  OutputTag,
} from '../../../engine/operator/functions.ts'
import { listState, mapState, valueState } from '../../../engine/state/descriptors.ts'
import type { MapStateDescriptor } from '../../../engine/state/descriptors.ts'
import { text } from '../../../engine/serializer.ts'
import { Operating, type Saved } from './operating.ts'

type Functions = KeyedBroadcastProcessFunction<unknown, unknown, unknown, unknown>
type Broadcast = KeyedBroadcastContext<unknown, unknown>

const rules = mapState<unknown, unknown>('rules')
const itself = (value: unknown): unknown => value

function broadcasting(
  process: Partial<Functions>,
  { saved = null, isKeyed = true }: { saved?: Saved | null; isKeyed?: boolean } = {},
): Operating {
  const spec = {
    type: 'broadcast-process',
    process: {
      processElement: () => undefined,
      processBroadcastElement: () => undefined,
      ...process,
    },
    states: ['rules'],
  } as const
  return new Operating(spec, isKeyed ? itself : null, saved, 'op', { keyOfSecond: null })
}

/** The broadcast side does what it is told; the other side shows all rules. */
const showing: Partial<Functions> = {
  processElement(_, context) {
    context.collect([...context.broadcastState(rules).immutableEntries()])
  },
  processBroadcastElement(change, context) {
    const run = change as (context: Broadcast) => void
    run(context)
  },
}

const put =
  (key: unknown, value: unknown) =>
  (context: Broadcast): void => {
    context.broadcastState(rules).put(key, value)
  }

describe('broadcast state', () => {
  test.each([true, false])('is written by one side and read by the other, keyed: %s', (isKeyed) => {
    const operating = broadcasting(showing, { isKeyed })
    expect(operating.process('a')).toEqual([[]])
    operating.processSecond(put('x', 1))
    operating.processSecond(put('y', 2))
    operating.processSecond(put('x', 3))
    expect(operating.process('b')).toEqual([
      [
        ['x', 3],
        ['y', 2],
      ],
    ])
  })

  test('has the operations of a map', () => {
    const operating = broadcasting(showing)
    const results: unknown[] = []
    operating.processSecond((context: Broadcast) => {
      const state = context.broadcastState(rules)
      state.putAll([
        ['a', 1],
        ['b', 2],
      ])
      results.push(state.get('a'), state.contains('b'), state.contains('c'))
      for (const [key] of state.entries()) state.remove(key)
      results.push(state.get('a'), [...state.entries()])
      state.put('c', 3)
      state.clear()
      results.push([...state.immutableEntries()])
    })
    expect(results).toEqual([1, true, false, undefined, [], []])
  })

  test('tells keys of any type apart by what they are, not by how they are written', () => {
    const operating = broadcasting(showing)
    const keys = ['1', 1, 0, true, 'true', null, { id: 1 }, [1], 'bytes 1', 1n]
    for (const key of keys) operating.processSecond(put(key, key))
    operating.processSecond(put({ id: 1 }, 'again'))
    operating.processSecond(put(-0, 'zero'))
    const [entries] = operating.process('a') as [[unknown, unknown][]]
    expect(entries).toHaveLength(keys.length)
    expect(entries.map(([, value]) => value)).toEqual(
      keys.map((key) =>
        key === 0 ? 'zero' : typeof key === 'object' && key !== null && 'id' in key ? 'again' : key,
      ),
    )
  })

  test('cannot be written by the side that reads it', () => {
    const operating = broadcasting({
      processElement(_, context) {
        context.collect(Object.keys(context.broadcastState(rules)).toSorted())
      },
    })
    expect(operating.process('a')).toEqual([['contains', 'get', 'immutableEntries']])
  })

  test('that the broadcast stream was not made with is refused', () => {
    const operating = broadcasting({
      processElement(_, context) {
        context.broadcastState(mapState('limits'))
      },
    })
    expect(() => operating.process('a')).toThrow(ConfigurationError)
    expect(() => operating.process('a')).toThrow(
      'The operator "op" asked for the broadcast state "limits", but its broadcast stream was made with "rules"',
    )
  })
})

describe('its checkpoint', () => {
  test('holds a copy of each subtask, with the serializers of the descriptor', () => {
    const coded: MapStateDescriptor<string, string> = mapState('rules', { key: text, value: text })
    const functions: Partial<Functions> = {
      processElement(_, context) {
        context.collect([...context.broadcastState(coded).immutableEntries()])
      },
      processBroadcastElement(value, context) {
        context.broadcastState(coded).put(String(value), 'on')
      },
    }
    const before = broadcasting(functions)
    before.processSecond('x')
    before.processSecond('y')
    const saved = before.save()
    expect(saved.entries).toMatchObject([
      { name: 'broadcast:rules', redistribution: 'broadcast', items: [{}, {}] },
    ])
    expect(broadcasting(functions, { saved }).process('a')).toEqual([
      [
        ['x', 'on'],
        ['y', 'on'],
      ],
    ])
  })

  test('shows the moment at which it was taken', () => {
    const before = broadcasting(showing)
    const limits = { most: 1 }
    before.processSecond(put('x', limits))
    const saved = before.save()
    limits.most = 2
    before.processSecond(put('y', 1))
    expect(broadcasting(showing, { saved }).process('a')).toEqual([[['x', { most: 1 }]]])
  })

  test('keeps states that nobody asked for since the last one', () => {
    const before = broadcasting(showing)
    before.processSecond(put('x', 1))
    const saved = before.save()
    expect(broadcasting(showing, { saved }).save()).toEqual(saved)
  })
})

describe('the broadcast side', () => {
  const total = valueState<number>('total')
  const adding: Partial<Functions> = {
    ...showing,
    processElement(value, context) {
      const state = context.state(total)
      state.update((state.value() ?? 0) + 1)
      context.state(listState<unknown>('all')).add(value)
    },
    onTimer(time, context) {
      context.collect([time, ...context.broadcastState(rules).immutableEntries()])
    },
  }

  test('goes through the keys that have a state, and may change it', () => {
    const operating = broadcasting(adding)
    for (const key of ['a', 'b', 'a']) operating.process(key)
    const visitAll = (context: Broadcast): void => {
      const found: string[] = []
      context.applyToKeyedState(total, (key, state) => {
        found.push(`${String(key)} ${state.value()}`)
        if (key === 'a') state.clear()
      })
      context.collect(found.toSorted())
    }
    expect(operating.processSecond(visitAll)).toEqual([['a 2', 'b 1']])
    expect(operating.processSecond(visitAll)).toEqual([['b 1']])
    operating.processSecond((context: Broadcast) => {
      context.applyToKeyedState(listState<unknown>('all'), (key, state) => {
        context.output({ name: 'lists' } satisfies OutputTag<unknown>, [key, ...state.get()])
      })
    })
    expect(operating.context.emitted.get('lists')).toHaveLength(2)
  })

  test('emits at the time of its record', () => {
    const operating = broadcasting(showing)
    operating.processSecond((context: Broadcast) => {
      context.collect(context.timestamp)
    }, 17)
    expect(operating.context.emitted.get('main')).toEqual([{ value: 17, timestamp: 17 }])
  })

  test('has no key: no timers, and no keys to go through where there are none', () => {
    const registering = (context: Broadcast): void => {
      context.timers.registerEventTime(1)
    }
    expect(() => broadcasting(showing).processSecond(registering)).toThrow(
      'The operator "op" asked for a timer, but the broadcast side of a function has no key.',
    )
    const applying = (context: Broadcast): void => {
      context.applyToKeyedState(total, () => undefined)
    }
    expect(() => broadcasting(showing, { isKeyed: false }).processSecond(applying)).toThrow(
      'The operator "op" asked for the keys of state "total", but its stream is not keyed.',
    )
  })

  test('is seen by timers of the other side', () => {
    const operating = broadcasting({
      ...adding,
      processElement(_, context) {
        context.timers.registerEventTime(10)
      },
    })
    operating.process('a')
    operating.processSecond(put('x', 1))
    expect(operating.watermark(10)).toEqual([[10, ['x', 1]]])
  })
})
