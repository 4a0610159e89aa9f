/** Sources of one's own: what their readers may do. */
import { describe, expect, test } from 'vitest'
import type { OperatorStateEntry } from '../../../engine/checkpoint/snapshot-handle.ts'
import { NO_TIMESTAMP } from '../../../engine/element.ts'
import { ConfigurationError, UserFunctionError } from '../../../engine/errors.ts'
import { checkpointId } from '../../../engine/ids.ts'
import { createSource } from '../../../engine/source/create-source.ts'
import type {
  CustomSource,
  CustomSourceContext,
  CustomSourceReader,
} from '../../../engine/source/custom-source.ts'
import type { SourceReader } from '../../../engine/source/source-reader.ts'
import { customSource } from '../../../engine/source/sources.ts'
import { forMonotonousTimestamps } from '../../../engine/time/watermark-strategy.ts'
import type { WatermarkStrategy } from '../../../engine/time/watermark-strategy.ts'
import { FakeRuntime } from '../fake-runtime.ts'
import { operatorContext } from '../operator-context.ts'

type Poll = CustomSourceReader<string>['poll']

interface Options {
  readonly watermarks?: WatermarkStrategy<string>
  readonly snapshot?: () => readonly unknown[]
  readonly onCreate?: (context: CustomSourceContext, restored: readonly unknown[] | null) => void
}

/** A reader that does one thing for each poll, then nothing; opened. */
function reading(polls: readonly Poll[], options: Options = {}, state?: OperatorStateEntry[]) {
  const runtime = new FakeRuntime()
  const context = operatorContext({ runtime, name: 'own' })
  const waiting = [...polls]
  const source: CustomSource<string> = {
    name: 'numbers',
    isBounded: true,
    emitsWatermarks: true,
    createReader: (userContext, restored) => {
      options.onCreate?.(userContext, restored)
      return {
        poll: (output) => waiting.shift()?.(output) ?? 'idle',
        snapshot: options.snapshot ?? (() => []),
      }
    },
  }
  const { spec } = customSource(source)
  const watermarks = (options.watermarks ?? null) as WatermarkStrategy<unknown> | null
  const reader = createSource({ type: 'source', source: spec, watermarks }, context)
  reader.open?.(state ?? [], state === undefined ? null : checkpointId(1))
  return { runtime, context, reader }
}

function stateOf(reader: SourceReader): OperatorStateEntry[] {
  return [
    ...(reader.snapshot?.({ checkpoint: checkpointId(1), hold: () => () => undefined })() ?? []),
  ]
}

const emitting =
  (value: string, timestamp: number | null = null): Poll =>
  (output) => {
    output.emit(value, timestamp)
    return 'emitted'
  }

describe('records', () => {
  test('come with their timestamps or without', () => {
    const { context, reader } = reading([emitting('a', 7), emitting('b')])
    expect(reader.poll(() => true)).toBe('idle')
    expect(context.emitted.get('main')).toEqual([
      { value: 'a', timestamp: 7 },
      { value: 'b', timestamp: NO_TIMESTAMP },
    ])
  })

  test('are taken as long as there is room', () => {
    const { context, reader } = reading([emitting('a'), emitting('b'), emitting('c')])
    let room = 2
    expect(reader.poll(() => room-- > 0)).toBe('emitted')
    expect(context.emitted.get('main')).toHaveLength(2)
  })

  test('are counted by what was asked: polls without a record ask for nothing more', () => {
    const watermark: Poll = (output) => {
      output.emitWatermark(5)
      return 'emitted'
    }
    const { reader } = reading([watermark, () => 'idle', emitting('a'), () => 'idle'])
    let asked = 0
    const mayEmit = (): boolean => {
      asked += 1
      return true
    }
    for (let i = 0; i < 4; i++) reader.poll(mayEmit)
    expect(asked, 'one for the record, one for the next').toBe(2)
  })

  test('come one at a time', () => {
    const twice: Poll = (output) => {
      output.emit('a', null)
      output.emit('b', null)
      return 'emitted'
    }
    const { reader } = reading([twice])
    expect(() => reader.poll(() => true)).toThrow(ConfigurationError)
  })

  test('what the reader throws names the source', () => {
    const { reader } = reading([
      () => {
        throw new RangeError('boom')
      },
    ])
    expect(() => reader.poll(() => true)).toThrow(UserFunctionError)
  })
})

describe('event time', () => {
  const polls: Poll[] = [
    (output) => {
      output.emitWatermark(5)
      output.emitWatermark(4)
      output.markIdle()
      output.markIdle()
      return 'emitted'
    },
    (output) => {
      output.emitWatermark(9)
      return 'emitted'
    },
  ]

  test('goes on as the reader says, but never back', () => {
    const { context, reader } = reading(polls)
    for (let i = 0; i < 3; i++) reader.poll(() => true)
    expect(context.control).toEqual([5, true, false, 9])
  })

  test('is made by the strategy alone if there is one', () => {
    const strategy = forMonotonousTimestamps<string>()
    const { context, reader, runtime } = reading([...polls, emitting('a', 100)], {
      watermarks: strategy,
    })
    for (let i = 0; i < 4; i++) reader.poll(() => true)
    runtime.advance(200)
    expect(context.control).toEqual([99])
  })

  test('of a reader that ends while it is idle is active again for its end', () => {
    const idleThenFinished: Poll[] = [
      (output) => {
        output.markIdle()
        return 'emitted'
      },
      () => 'finished',
    ]
    const { context, reader } = reading(idleThenFinished)
    reader.poll(() => true)
    expect(reader.poll(() => true)).toBe('finished')
    expect(context.control).toEqual([true, false])
  })
})

describe('state', () => {
  test('is what the reader gave, split by split', () => {
    const { reader } = reading([], { snapshot: () => [{ position: 3 }, 'other'] })
    const restored: (readonly unknown[] | null)[] = []
    reading([], { onCreate: (_context, state) => restored.push(state) })
    reading([], { onCreate: (_context, state) => restored.push(state) }, stateOf(reader))
    expect(restored).toEqual([null, [{ position: 3 }, 'other']])
  })

  test('a subtask that got no split is restored all the same', () => {
    const [entry] = stateOf(reading([], { snapshot: () => [1] }).reader)
    if (entry === undefined) throw new Error('There is state.')
    const restored: (readonly unknown[] | null)[] = []
    const options: Options = { onCreate: (_context, state) => restored.push(state) }
    reading([], options, [{ ...entry, items: [] }])
    expect(restored).toEqual([[]])
  })
})

test('a reader can wait for the clock, and wake the subtask', () => {
  const times: number[] = []
  const { context, runtime } = reading([], {
    onCreate: (own) => {
      own.schedule(30, () => times.push(own.processingTime()))
      own.wake()
    },
  })
  expect(context.wakes).toBe(1)
  runtime.advance(100)
  expect(times).toEqual([30])
  expect(context.wakes).toBe(2)
})

test('a backlog is told to the job master, again when that may have been lost', () => {
  const contexts: CustomSourceContext[] = []
  const { runtime, reader } = reading([], { onCreate: (context) => contexts.push(context) })
  reader.repeatReports?.()
  expect(runtime.takeSent()).toEqual([])
  contexts[0]?.setBacklog(true)
  const told = { type: 'reader-event', event: { type: 'backlog-reported', isBacklog: true } }
  expect(runtime.takeSent()).toMatchObject([told])
  reader.repeatReports?.()
  expect(runtime.takeSent()).toMatchObject([told])
})
