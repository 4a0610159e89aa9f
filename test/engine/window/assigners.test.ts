import { expect, test } from 'vitest'
import {
  globalWindows,
  sessionEventTimeWindows,
  sessionProcessingTimeWindows,
  slidingEventTimeWindows,
  slidingProcessingTimeWindows,
  tumblingEventTimeWindows,
  tumblingProcessingTimeWindows,
} from '../../../engine/window/assigners.ts'

test('an assigner is data that names its domain of time', () => {
  expect(tumblingEventTimeWindows({ sizeMs: 10 })).toEqual({
    type: 'tumbling',
    time: 'event',
    sizeMs: 10,
    offsetMs: 0,
  })
  expect(slidingProcessingTimeWindows({ sizeMs: 10, slideMs: 5, offsetMs: -4 })).toEqual({
    type: 'sliding',
    time: 'processing',
    sizeMs: 10,
    slideMs: 5,
    offsetMs: -4,
  })
  expect(sessionProcessingTimeWindows({ gapMs: 3 })).toMatchObject({ time: 'processing', gap: 3 })
  expect(globalWindows()).toEqual({ type: 'global', firesAtEnd: false })
  expect(globalWindows({ firesAtEndOfStream: true })).toMatchObject({ firesAtEnd: true })
})

test.each([
  [() => tumblingEventTimeWindows({ sizeMs: 0 }), 'tumblingEventTimeWindows: sizeMs is 0;'],
  [() => tumblingProcessingTimeWindows({ sizeMs: 1.5 }), 'sizeMs is 1.5; it must be a whole'],
  [() => tumblingEventTimeWindows({ sizeMs: Infinity }), 'sizeMs is Infinity;'],
  [
    () => tumblingEventTimeWindows({ sizeMs: 10, offsetMs: 10 }),
    'offsetMs is 10; it must be a whole number of ms between -sizeMs and sizeMs, which is 10.',
  ],
  [() => tumblingEventTimeWindows({ sizeMs: 10, offsetMs: -10 }), 'offsetMs is -10;'],
  [() => slidingEventTimeWindows({ sizeMs: -1, slideMs: 5 }), 'sizeMs is -1;'],
  [() => slidingEventTimeWindows({ sizeMs: 10, slideMs: 0 }), 'slideMs is 0;'],
  [() => slidingEventTimeWindows({ sizeMs: 10, slideMs: 5, offsetMs: 5 }), 'between -slideMs'],
  [
    () => slidingEventTimeWindows({ sizeMs: 20_000_000, slideMs: 1 }),
    'would put each record into 20000000 windows',
  ],
  [() => sessionEventTimeWindows({ gapMs: 0 }), 'sessionEventTimeWindows: gapMs is 0;'],
  [() => sessionProcessingTimeWindows({ gapMs: NaN }), 'gapMs is NaN;'],
])('an option that makes no sense is refused: %#', (make, message) => {
  expect(make).toThrow(message)
})
