/** In which order records and watermarks may leave. */
import { describe, expect, test } from 'vitest'
import { InvariantViolation } from '../../../engine/assert.ts'
import { InFlightQueue } from '../../../engine/async/in-flight-queue.ts'

/** `a` adds a record, `1` a watermark, `i` idleness, `+a` answers it. What may leave is taken out at the end. */
function leaving(order: 'ordered' | 'unordered', steps: string): string {
  const queue = new InFlightQueue<string>(order)
  const left: string[] = []
  for (const step of steps.split(' ')) {
    if (step.startsWith('+')) queue.answer(step.slice(1))
    else if (step === 'i') queue.addControl({ type: 'status', isIdle: true })
    else if (/\d/.test(step)) queue.addControl({ type: 'watermark', timestamp: Number(step) })
    else queue.add(step)
  }
  for (let next = queue.poll(); next !== undefined; next = queue.poll()) {
    if (next.type === 'record') left.push(next.record)
    else left.push(next.type === 'watermark' ? String(next.timestamp) : 'i')
  }
  return left.join(' ')
}

test.each([
  ['a b c +b', ''],
  ['a b c +b +a', 'a b'],
  ['a 1 b +b', ''],
  ['a 1 b +b +a', 'a 1 b'],
  ['1 a', '1'],
  ['a +a 1 2 i 3', 'a 2 i 3'],
])('ordered: of "%s" leaves "%s"', (steps, left) => {
  expect(leaving('ordered', steps)).toBe(left)
})

test.each([
  ['a b c +b', 'b'],
  ['a b c +c +a', 'c a'],
  ['a 1 b +b', ''],
  ['a 1 b c +c +a', 'a 1 c'],
  ['a b 1 c 2 d +b +d +c', 'b'],
  ['a b 1 c 2 d +b +d +c +a', 'b a 1 c 2 d'],
  ['1 a', '1'],
])('unordered: of "%s" leaves "%s"', (steps, left) => {
  expect(leaving('unordered', steps)).toBe(left)
})

describe.each(['ordered', 'unordered'] as const)('%s', (order) => {
  test('it knows how many records are in it, and all of them', () => {
    const queue = new InFlightQueue<string>(order)
    expect(queue.isEmpty).toBe(true)
    for (const record of ['a', 'b']) queue.add(record)
    queue.addControl({ type: 'watermark', timestamp: 1 })
    queue.add('c')
    queue.answer('b')
    expect(queue.size).toBe(3)
    expect([...queue.records()].toSorted()).toEqual(['a', 'b', 'c'])
    expect([...queue.records()].at(-1)).toBe('c')
  })

  test('it is not empty while a watermark is in it', () => {
    const queue = new InFlightQueue<string>(order)
    queue.addControl({ type: 'watermark', timestamp: 1 })
    expect(queue.isEmpty).toBe(false)
    queue.poll()
    expect(queue.isEmpty).toBe(true)
  })

  test('an answer for a record that is gone is a bug', () => {
    const queue = new InFlightQueue<string>(order)
    queue.add('a')
    queue.answer('a')
    queue.poll()
    expect(() => {
      queue.answer('a')
    }).toThrow(InvariantViolation)
  })
})
