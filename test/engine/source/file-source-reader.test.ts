/** The lines of files, over restarts. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { OperatorStateEntry } from '../../../engine/checkpoint/snapshot-handle.ts'
import type { FilePort } from '../../../engine/runtime.ts'
import { text } from '../../../engine/serializer.ts'
import { FileSourceReader } from '../../../engine/source/file-source-reader.ts'
import { SourceOutput } from '../../../engine/source/source-output.ts'
import { fileSource } from '../../../engine/source/sources.ts'
import { seeded } from '../../seeded.ts'
import { FakeRuntime } from '../fake-runtime.ts'
import { operatorContext, valuesOf } from '../operator-context.ts'

/** Answers in a later turn, at most `pieceMax` bytes at once. */
function disk(
  runtime: FakeRuntime,
  files: Readonly<Record<string, string>>,
  pieceMax: number,
): FilePort {
  const refuse = (): never => {
    throw new Error('A source only reads.')
  }
  return {
    read: (path, offset, lengthMax, onResult) => {
      runtime.schedule(1, 'read', () => {
        const content = files[path]
        if (content === undefined) return onResult({ type: 'failed', reason: 'no such file' })
        const end = offset + Math.min(lengthMax, pieceMax)
        onResult({ type: 'ok', value: text.encode(content).slice(offset, end) })
      })
    },
    write: refuse,
    rename: refuse,
    delete: refuse,
  }
}

function reading(
  files: Readonly<Record<string, string>>,
  { pieceMax = 100, parallelism = 1, subtaskIndex = 0 } = {},
  restored: readonly OperatorStateEntry[] | null = null,
) {
  const runtime = new FakeRuntime()
  const context = operatorContext({
    runtime,
    files: disk(runtime, files, pieceMax),
    parallelism,
    subtaskIndex,
  })
  const { spec } = fileSource(...Object.keys(files))
  if (spec.type !== 'file') throw new Error('A file source is one.')
  const reader = new FileSourceReader(spec, context, new SourceOutput(null, context))
  reader.open(restored ?? [])
  /** Polls until it has `count` lines, or nothing more comes. */
  const take = (count = Number.POSITIVE_INFINITY): string[] => {
    for (let turn = 0; turn < 1000; turn++) {
      const result = reader.poll(() => valuesOf(context).length < count)
      if (result === 'finished' || valuesOf(context).length >= count) break
      runtime.advance(1)
    }
    return valuesOf(context) as string[]
  }
  return { reader, context, take }
}

test('lines come without their ends, of Windows too; the last needs none', () => {
  expect(reading({ a: 'one\r\ntwo\n\nfour' }).take()).toEqual(['one', 'two', '', 'four'])
  expect(reading({ a: 'one\n' }).take()).toEqual(['one'])
  expect(reading({ a: '' }).take()).toEqual([])
})

test('several subtasks share the files', () => {
  const files = { a: '1\n2\n', b: '3\n', c: '4\n' }
  const shares = [0, 1].map((subtaskIndex) =>
    reading(files, { parallelism: 2, subtaskIndex }).take(),
  )
  expect(shares).toEqual([['1', '2', '4'], ['3']])
})

test('for all files, pieces and moments of a restart every line comes once and in order', () => {
  const line = fc.string({ unit: fc.constantFrom('a', 'é', '€', ' '), maxLength: 6 })
  fc.assert(
    fc.property(
      fc.array(line, { minLength: 1, maxLength: 12 }),
      fc.integer({ min: 1, max: 7 }),
      fc.nat({ max: 12 }),
      (lines, pieceMax, before) => {
        const files = { a: `${lines.join('\n')}\n`, b: 'end\n' }
        const first = reading(files, { pieceMax })
        const taken = first.take(before)
        const state = first.reader.snapshot()()
        const rest = reading(files, { pieceMax }, state).take()
        expect([...taken, ...rest]).toEqual([...lines, 'end'])
      },
    ),
    seeded(),
  )
})

test('a file that is missing fails the subtask with one sentence', () => {
  const runtime = new FakeRuntime()
  const context = operatorContext({ runtime, files: disk(runtime, {}, 10) })
  const reader = new FileSourceReader(
    { type: 'file', paths: ['gone.log'] },
    context,
    new SourceOutput(null, context),
  )
  expect(reader.poll(() => true)).toBe('idle')
  runtime.advance(1)
  expect(context.failures).toEqual(['The file "gone.log" cannot be read: no such file.'])
})

test('a file source without a file is refused', () => {
  expect(() => fileSource()).toThrow('fileSource got no path')
})
