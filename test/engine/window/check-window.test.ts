import { expect, test } from 'vitest'
import {
  globalWindows,
  sessionEventTimeWindows,
  sessionProcessingTimeWindows,
  tumblingEventTimeWindows,
  tumblingProcessingTimeWindows,
} from '../../../engine/window/assigners.ts'
import { countEvictor } from '../../../engine/window/evictors.ts'
import {
  countTrigger,
  deltaTrigger,
  eventTimeTrigger,
  processingTimeTimeoutTrigger,
  processingTimeTrigger,
  purgingTrigger,
} from '../../../engine/window/triggers.ts'
import { windowSpec } from '../../../engine/window/window-spec.ts'
import type {
  WindowAssigner,
  WindowContents,
  WindowOptions,
  WindowSpec,
} from '../../../engine/window/window-spec.ts'

const count: WindowContents = { type: 'count', process: null }
const sum: WindowContents = {
  type: 'aggregate',
  process: null,
  aggregate: { createAccumulator: () => 0, add: (value) => value, getResult: (sum) => sum },
}
const session = sessionEventTimeWindows({ gapMs: 10 })
const tumbling = tumblingEventTimeWindows({ sizeMs: 10 })
const delta = deltaTrigger(1, () => 0)

function spec(
  assigner: WindowAssigner,
  options: WindowOptions<unknown> = {},
  contents = count,
): WindowSpec {
  return windowSpec('clicks', assigner, options, contents)
}

test('a window has the trigger of its domain unless another is given', () => {
  expect(spec(tumbling).trigger).toEqual({ type: 'event-time' })
  expect(spec(tumblingProcessingTimeWindows({ sizeMs: 10 })).trigger).toEqual({
    type: 'processing-time',
  })
  expect(spec(globalWindows()).trigger).toEqual({ type: 'never' })
  expect(spec(globalWindows({ firesAtEndOfStream: true })).trigger).toEqual({ type: 'event-time' })
  expect(spec(tumbling, { trigger: countTrigger(2) }).trigger).toEqual({ type: 'count', count: 2 })
})

test.each([
  [() => spec(tumbling, { allowedLatenessMs: -1 }), 'bad-lateness'],
  [() => spec(tumbling, { allowedLatenessMs: 0.5 }), 'bad-lateness'],
  [
    () => spec(sessionProcessingTimeWindows({ gapMs: 1 }), { allowedLatenessMs: 5 }),
    'lateness-without-event-time',
  ],
  [() => spec(globalWindows(), { allowedLatenessMs: 5 }), 'lateness-without-event-time'],
  [() => spec(globalWindows(), { trigger: eventTimeTrigger() }), 'trigger-without-end'],
  [
    () => spec(globalWindows(), { trigger: purgingTrigger(processingTimeTrigger()) }),
    'trigger-without-end',
  ],
  [() => spec(session, { trigger: delta }), 'trigger-without-merge'],
  [() => spec(session, { trigger: purgingTrigger(delta) }), 'trigger-without-merge'],
  [
    () =>
      spec(session, {
        trigger: processingTimeTimeoutTrigger(countTrigger(1), { timeoutMs: 1 }),
      }),
    'trigger-without-merge',
  ],
  [() => spec(session, {}, sum), 'aggregate-without-merge'],
])('a window that cannot work is refused by name: %#', (make, code) => {
  expect(make).toThrow(expect.objectContaining({ code }))
  expect(make).toThrow('"clicks"')
})

test('what works is accepted', () => {
  expect(spec(tumbling, { allowedLatenessMs: 5, trigger: delta }).allowedLatenessMs).toBe(5)
  expect(spec(session, { trigger: purgingTrigger(countTrigger(3)) }, count).evictor).toBeNull()
  // With an evictor the records are kept, and need no merge of accumulators.
  expect(spec(session, { evictor: countEvictor(1) }, sum).evictor).not.toBeNull()
  expect(spec(globalWindows(), { allowedLatenessMs: 0 }).allowedLatenessMs).toBe(0)
})
