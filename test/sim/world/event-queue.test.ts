/** The event queue: a total order of time and sequence. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { EventQueue, type ScheduledEvent } from '../../../sim/world/event-queue.ts'
import { seeded } from '../../seeded.ts'

function event(atMicros: number, sequence: number): ScheduledEvent {
  const action = (): void => undefined
  return { atMicros, sequence, label: '', actor: '', cause: -1, isCanceled: false, action }
}

/** Time first, then the order of scheduling. */
function isSorted(a: ScheduledEvent, b: ScheduledEvent): number {
  return a.atMicros - b.atMicros || a.sequence - b.sequence
}

test('for all times, events come out in the order of time and then of scheduling', () => {
  fc.assert(
    fc.property(fc.array(fc.nat({ max: 20 }), { maxLength: 100, size: 'max' }), (times) => {
      const queue = new EventQueue()
      const events = times.map((at, sequence) => event(at, sequence))
      for (const each of events) queue.push(each)
      const popped = events.map(() => queue.pop())
      expect(popped).toEqual(events.toSorted(isSorted))
      expect(queue.pop()).toBeUndefined()
    }),
    seeded(200),
  )
})

test('for all sequences of pushes and pops, every pop takes the smallest that is there', () => {
  const steps = fc.array(fc.oneof(fc.nat({ max: 9 }), fc.constant('pop' as const)), {
    maxLength: 150,
    size: 'max',
  })
  fc.assert(
    fc.property(steps, (script) => {
      const queue = new EventQueue()
      let model: ScheduledEvent[] = []
      script.forEach((step, sequence) => {
        if (step === 'pop') {
          const [smallest, ...rest] = model.toSorted(isSorted)
          expect(queue.pop()).toBe(smallest)
          model = rest
        } else {
          const pushed = event(step, sequence)
          queue.push(pushed)
          model.push(pushed)
        }
        expect(queue.size).toBe(model.length)
      })
    }),
    seeded(200),
  )
})
