import { expect, test } from 'vitest'
import { countEvictor, deltaEvictor, timeEvictor } from '../../../engine/window/evictors.ts'
import {
  continuousEventTimeTrigger,
  continuousProcessingTimeTrigger,
  countTrigger,
  deltaTrigger,
  eventTimeTrigger,
  processingTimeTimeoutTrigger,
  purgingTrigger,
} from '../../../engine/window/triggers.ts'

const difference = (a: number, b: number): number => b - a

test('a timeout clears and does not begin anew unless told otherwise', () => {
  expect(processingTimeTimeoutTrigger(countTrigger(2), { timeoutMs: 5 })).toEqual({
    type: 'processing-time-timeout',
    of: { type: 'count', count: 2 },
    timeoutMs: 5,
    resetOnNewRecord: false,
    clearOnTimeout: true,
  })
  expect(purgingTrigger(eventTimeTrigger())).toEqual({
    type: 'purging',
    of: { type: 'event-time' },
  })
})

test.each([
  [() => countTrigger(0), 'countTrigger: count is 0; it must be a whole number above 0.'],
  [() => countTrigger(1.5), 'count is 1.5;'],
  [() => continuousEventTimeTrigger(0), 'continuousEventTimeTrigger: intervalMs is 0;'],
  [() => continuousProcessingTimeTrigger(-1), 'intervalMs is -1;'],
  [() => deltaTrigger(NaN, difference), 'deltaTrigger: threshold is NaN;'],
  [() => processingTimeTimeoutTrigger(countTrigger(1), { timeoutMs: 0 }), 'timeoutMs is 0;'],
  [() => countEvictor(-1), 'countEvictor: count is -1; it must be a whole number that is not'],
  [() => timeEvictor(0.5), 'timeEvictor: sizeMs is 0.5;'],
  [() => deltaEvictor(NaN, difference), 'deltaEvictor: threshold is NaN;'],
])('a number that makes no sense is refused: %#', (make, message) => {
  expect(make).toThrow(message)
})
