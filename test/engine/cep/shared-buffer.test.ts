/** The buffer that partial matches share. */
import { expect, test } from 'vitest'
import { SharedBuffer, pathsTo, type MatchPath } from '../../../engine/cep/shared-buffer.ts'

function shown(paths: readonly MatchPath[]): string[] {
  return paths.map((path) =>
    [...path]
      .map(([stage, events]) => `${stage}:${events.map(({ value }) => value).join('+')}`)
      .join(' '),
  )
}

test('two runs through one record find their own way back', () => {
  const buffer = new SharedBuffer()
  const last = buffer.register('r3', 3)
  const one = buffer.put('a', buffer.register('r1', 1), null, [1])
  const two = buffer.put('a', buffer.register('r2', 2), null, [2])
  const end = buffer.put('b', last, one, [1, 0])
  expect(buffer.put('b', last, two, [2, 0])).toBe(end)
  expect(shown(pathsTo(end, [1, 0, 0]))).toEqual(['a:r1 b:r3'])
  expect(shown(pathsTo(end, [2, 0, 0]))).toEqual(['a:r2 b:r3'])
})

test('the records of a loop come out in the order in which it took them', () => {
  const buffer = new SharedBuffer()
  const one = buffer.put('a', buffer.register('r1', 1), null, [1])
  const two = buffer.put('a', buffer.register('r2', 2), one, [1, 0])
  expect(shown(pathsTo(two, [1, 0, 0]))).toEqual(['a:r1+r2'])
})

test('records go with the last run that needs them', () => {
  const buffer = new SharedBuffer()
  const first = buffer.register('r1', 1)
  const start = buffer.put('a', first, null, [1])
  buffer.lock(start, [1, 0])
  buffer.releaseEvent(first)
  const second = buffer.register('r2', 2)
  const end = buffer.put('b', second, start, [1, 0])
  buffer.lock(end, [1, 0, 0])
  buffer.release(start, [1, 0])
  buffer.releaseEvent(second)
  expect([...buffer.events]).toEqual([first, second])
  buffer.release(end, [1, 0, 0])
  expect(buffer.events.size).toBe(0)
})

test('a record that no run took is gone when all runs have seen it', () => {
  const buffer = new SharedBuffer()
  buffer.releaseEvent(buffer.register('r', 1))
  expect(buffer.events.size).toBe(0)
})

test('records of one timestamp are numbered, also when one of them came before a restart', () => {
  const before = new SharedBuffer()
  before.register('r', 5)
  const after = new SharedBuffer(before.events)
  expect(after.register('s', 5).index).toBe(1)
  expect(after.register('t', 4).index).toBe(0)
  expect(after.register('u', 5).index).toBe(2)
})

test('releasing what nobody uses is a bug', () => {
  const buffer = new SharedBuffer()
  const event = buffer.register('r', 1)
  const node = buffer.put('a', event, null, [1])
  expect(() => {
    buffer.release(node, [1, 0])
  }).toThrow('released twice')
})
