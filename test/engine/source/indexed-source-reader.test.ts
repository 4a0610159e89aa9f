/** Generators and collections. */
import { describe, expect, test } from 'vitest'
import type { OperatorStateEntry } from '../../../engine/checkpoint/snapshot-handle.ts'
import { NO_TIMESTAMP } from '../../../engine/element.ts'
import { UserFunctionError } from '../../../engine/errors.ts'
import { checkpointId } from '../../../engine/ids.ts'
import { createSource } from '../../../engine/source/create-source.ts'
import type { SourceWork } from '../../../engine/source/create-source.ts'
import type { SourceReader } from '../../../engine/source/source-reader.ts'
import type { Source } from '../../../engine/source/source-spec.ts'
import { collectionSource, generatorSource } from '../../../engine/source/sources.ts'
import { FakeRuntime } from '../fake-runtime.ts'
import { operatorContext, valuesOf } from '../operator-context.ts'

function workOf({ spec }: Source<unknown>): SourceWork {
  return { type: 'source', source: spec, watermarks: null }
}

/** The state that a reader would store now. */
function stateOf(source: SourceReader): readonly OperatorStateEntry[] {
  return source.snapshot?.({ checkpoint: checkpointId(1), hold: () => () => undefined })() ?? []
}

function reader(count: number, subtaskIndex = 0, parallelism = 1) {
  const context = operatorContext({ subtaskIndex, parallelism })
  return { context, reader: createSource(workOf(generatorSource(count, (i) => i)), context) }
}

/** Opens it, and polls until it has nothing more. */
function pollAll(source: SourceReader, restored: readonly OperatorStateEntry[] = []): string {
  source.open?.(restored, restored.length === 0 ? null : checkpointId(1))
  let result = source.poll(() => true)
  while (result === 'emitted') result = source.poll(() => true)
  return result
}

test('it makes its records and then it is finished', () => {
  const { context, reader: source } = reader(600)
  expect(pollAll(source)).toBe('finished')
  expect(valuesOf(context)).toEqual(Array.from({ length: 600 }, (_, i) => i))
})

test('the subtasks share the records out', () => {
  const halves = [0, 1].map((index) => {
    const { context, reader: source } = reader(7, index, 2)
    pollAll(source)
    return valuesOf(context)
  })
  expect(halves).toEqual([
    [0, 2, 4, 6],
    [1, 3, 5],
  ])
})

test('it stops when the subtask can take no more', () => {
  const { context, reader: source } = reader(10)
  let room = 3
  source.open?.([], null)
  source.poll(() => room-- > 0)
  expect(valuesOf(context)).toEqual([0, 1, 2])
})

test('a restored one goes on with the next record', () => {
  const { reader: first } = reader(10, 1, 2)
  let room = 2
  first.open?.([], null)
  first.poll(() => room-- > 0)
  const state = stateOf(first)
  const { context, reader: second } = reader(10, 1, 2)
  pollAll(second, state)
  expect(valuesOf(context)).toEqual([5, 7, 9])
})

test('an exception of its function names the source', () => {
  const context = operatorContext({ name: 'numbers' })
  const boom = (): never => {
    throw new RangeError('boom')
  }
  const source = createSource(workOf(generatorSource(1, boom)), context)
  source.open?.([], null)
  expect(() => source.poll(() => true)).toThrow(UserFunctionError)
  expect(() => source.poll(() => true)).toThrow('"numbers" threw: RangeError: boom')
})

test('dealt out to other subtasks, every record still comes once', () => {
  const before = [0, 1].map((index) => {
    const { context, reader: source } = reader(20, index, 2)
    source.open?.([], null)
    let room = index === 0 ? 3 : 1
    source.poll(() => room-- > 0)
    return { emitted: valuesOf(context), state: stateOf(source) }
  })
  const items = before.flatMap(({ state }) => state.flatMap((entry) => entry.items))
  const entry = { name: before[0]?.state[0]?.name ?? '', redistribution: 'split' as const }
  for (const shares of [[items], [[items[1]], [], [items[0]]]]) {
    const after = shares.flatMap((share, index) => {
      const { context, reader: source } = reader(20, index, shares.length)
      const own = share.filter((item) => item !== undefined)
      expect(pollAll(source, [{ ...entry, items: own }])).toBe('finished')
      return valuesOf(context)
    })
    const all = [...before.flatMap(({ emitted }) => emitted), ...after].map(Number)
    expect(all.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, i) => i))
  }
})

test('without count it goes on', () => {
  const context = operatorContext()
  const source = createSource(workOf(generatorSource({ generate: (i) => i })), context)
  source.open?.([], null)
  for (let i = 0; i < 10; i++) expect(source.poll(() => true)).toBe('emitted')
  expect(valuesOf(context)).toHaveLength(2560)
})

describe('a rate', () => {
  /** Emits by the clock and wakes itself; the counts after each of these times in ms. */
  function emittedAt(ratePerSecond: number, parallelism: number, times: number[]): number[] {
    const runtime = new FakeRuntime()
    const context = operatorContext({
      runtime,
      parallelism,
      wake: () => {
        while (source.poll(() => true) === 'emitted');
      },
    })
    const source = createSource(
      workOf(generatorSource({ ratePerSecond, generate: (i) => i })),
      context,
    )
    source.open?.([], null)
    context.wake()
    return times.map((time) => {
      runtime.advance(time - runtime.now())
      return valuesOf(context).length
    })
  }

  test('spreads records evenly', () => {
    expect(emittedAt(10, 1, [0, 99, 100, 950, 2000])).toEqual([1, 1, 2, 10, 21])
  })

  test('is that of all subtasks together', () => {
    expect(emittedAt(10, 5, [0, 499, 500, 5000])).toEqual([1, 1, 2, 11])
  })

  test('may be finer than the clock', () => {
    const [first, second] = emittedAt(10_000, 1, [100, 1100])
    expect((second ?? 0) - (first ?? 0)).toBe(10_000)
  })

  test('makes up for what it could not emit, but only for a second', () => {
    const runtime = new FakeRuntime()
    const context = operatorContext({ runtime })
    const source = createSource(
      workOf(generatorSource({ ratePerSecond: 100, generate: (i) => i })),
      context,
    )
    source.open?.([], null)
    source.poll(() => true)
    runtime.advance(60_000)
    while (source.poll(() => true) === 'emitted');
    expect(valuesOf(context).length).toBe(103)
  })
})

describe('a collection', () => {
  test('has the timestamps of its values, or none', () => {
    const emitted = [undefined, (value: number) => (value === 2 ? null : value * 10)].map((own) => {
      const context = operatorContext()
      const options = own === undefined ? {} : { timestamps: own }
      pollAll(createSource(workOf(collectionSource([1, 2, 3], options)), context))
      return context.emitted.get('main')?.map(({ timestamp }) => timestamp)
    })
    expect(emitted).toEqual([
      [NO_TIMESTAMP, NO_TIMESTAMP, NO_TIMESTAMP],
      [10, NO_TIMESTAMP, 30],
    ])
  })

  test('that is empty has finished', () => {
    expect(pollAll(createSource(workOf(collectionSource([])), operatorContext()))).toBe('finished')
  })
})
