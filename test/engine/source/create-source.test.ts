/** The bounded generator source. */
import { expect, test } from 'vitest'
import type { OperatorStateEntry } from '../../../engine/checkpoint/snapshot-handle.ts'
import { UserFunctionError } from '../../../engine/errors.ts'
import { checkpointId } from '../../../engine/ids.ts'
import { createSource } from '../../../engine/source/create-source.ts'
import type { SourceWork } from '../../../engine/source/create-source.ts'
import type { SourceReader } from '../../../engine/source/source-reader.ts'
import type { Source } from '../../../engine/source/source-spec.ts'
import { generatorSource } from '../../../engine/source/sources.ts'
import { operatorContext, valuesOf } from '../operator-context.ts'

function workOf({ spec }: Source<unknown>): SourceWork {
  return { type: 'source', source: spec, watermarks: null }
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
  const state =
    first.snapshot?.({ checkpoint: checkpointId(1), hold: () => () => undefined })() ?? []
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
