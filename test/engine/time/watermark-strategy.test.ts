/** What strategies are and which options they refuse. */
import { expect, test } from 'vitest'
import {
  forBoundedOutOfOrderness,
  forMonotonousTimestamps,
  noWatermarks,
} from '../../../engine/time/watermark-strategy.ts'

test('without options a strategy keeps the timestamps of the records and knows no idleness', () => {
  expect(forMonotonousTimestamps()).toEqual({
    generator: { type: 'bounded-out-of-orderness', maxOutOfOrdernessMs: 0 },
    timestampAssigner: null,
    idlenessMs: null,
    alignment: null,
  })
})

test('alignment is updated every second unless said otherwise', () => {
  const alignment = { group: 'g', maxDriftMs: 5 }
  expect(noWatermarks({ alignment }).alignment).toEqual({ ...alignment, updateIntervalMs: 1000 })
  const often = { ...alignment, updateIntervalMs: 20 }
  expect(noWatermarks({ alignment: often }).alignment).toEqual(often)
})

const alignment = { group: 'g', maxDriftMs: 5 }

test.each([
  [() => forBoundedOutOfOrderness(-1), 'maxOutOfOrdernessMs is -1'],
  [() => noWatermarks({ idlenessMs: 0 }), 'idlenessMs is 0'],
  [() => noWatermarks({ alignment: { ...alignment, maxDriftMs: -1 } }), 'maxDriftMs is -1'],
  [
    () => noWatermarks({ alignment: { ...alignment, updateIntervalMs: 0 } }),
    'updateIntervalMs is 0',
  ],
  [() => noWatermarks({ alignment: { ...alignment, group: '' } }), 'alignment.group is empty'],
])('%s is refused: %s', (make, message) => {
  expect(make).toThrow(message)
})
