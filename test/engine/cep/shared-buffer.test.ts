/** The buffer that partial matches share. */
import { expect, test } from 'vitest'
import { SharedBuffer, emptyBuffer, type MatchPath } from '../../../engine/cep/shared-buffer.ts'

function shown(path: MatchPath | undefined): string {
  return [...(path ?? [])]
    .map(([stage, events]) => `${stage}:${events.map(({ timestamp }) => timestamp).join(',')}`)
    .join(' ')
}

test('two runs through one record find their own way back', () => {
  const buffer = new SharedBuffer(emptyBuffer())
  const [first, second, third] = [1, 2, 3].map((time) => buffer.register(`r${time}`, time))
  if (first === undefined || second === undefined || third === undefined) throw new Error()
  const one = buffer.put('a', first, null, [1])
  const two = buffer.put('a', second, null, [2])
  buffer.put('b', third, one, [1, 0])
  const end = buffer.put('b', third, two, [2, 0])
  expect(shown(buffer.paths(end, [1, 0, 0])[0])).toBe('a:1 b:3')
  expect(shown(buffer.paths(end, [2, 0, 0])[0])).toBe('a:2 b:3')
  const [path] = buffer.paths(end, [2, 0, 0])
  if (path === undefined) throw new Error()
  expect([...buffer.materialize(path)]).toEqual([
    ['a', ['r2']],
    ['b', ['r3']],
  ])
})

test('records go with the last run that needs them', () => {
  const contents = emptyBuffer()
  const buffer = new SharedBuffer(contents)
  const first = buffer.register('r1', 1)
  const second = buffer.register('r2', 2)
  const start = buffer.put('a', first, null, [1])
  buffer.lock(start, [1, 0])
  const end = buffer.put('b', second, start, [1, 0])
  buffer.lock(end, [1, 0, 0])
  buffer.release(start, [1, 0])
  buffer.releaseEvent(first)
  buffer.releaseEvent(second)
  expect([...contents.events.keys()]).toEqual(['1/0', '2/0'])
  buffer.release(end, [1, 0, 0])
  expect(contents.events.size).toBe(0)
  expect(contents.nodes.size).toBe(0)
})

test('a record that no run took is gone when all runs have seen it', () => {
  const contents = emptyBuffer()
  const buffer = new SharedBuffer(contents)
  buffer.releaseEvent(buffer.register('r', 1))
  expect(contents.events.size).toBe(0)
})

test('records of one timestamp are numbered, and the count ends when time has passed', () => {
  const contents = emptyBuffer()
  const buffer = new SharedBuffer(contents)
  expect([buffer.register('r', 5), buffer.register('s', 5)]).toEqual([
    { timestamp: 5, index: 0 },
    { timestamp: 5, index: 1 },
  ])
  buffer.advanceTime(5)
  expect(contents.counts.size).toBe(1)
  buffer.advanceTime(6)
  expect(contents.counts.size).toBe(0)
})
