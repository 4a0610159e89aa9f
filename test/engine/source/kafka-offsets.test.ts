/** Which starting and stopping offsets are allowed. */
import { describe, expect, test } from 'vitest'
import { ConfigurationError } from '../../../engine/errors.ts'
import { checkStartingOffsets, checkStoppingOffsets } from '../../../engine/source/kafka-offsets.ts'
import type {
  KafkaStartingOffsets,
  KafkaStoppingOffsets,
} from '../../../engine/source/kafka-offsets.ts'

const offsets = [{ topic: 'in', partition: 0, offset: 3 }]
const bad = [
  'first',
  null,
  7,
  { timestampMs: 1.5 },
  { timestampMs: -1 },
  { offsets: [] },
  { offsets: [{ topic: 'in', partition: -1, offset: 0 }] },
  { offsets: [{ topic: '', partition: 0, offset: 0 }] },
  { offsets: [{ topic: 'in', partition: 0, offset: 0.5 }] },
]

describe('starting offsets', () => {
  test.each<KafkaStartingOffsets>([
    'earliest',
    'latest',
    { committed: 'none' },
    { timestampMs: 0 },
    { offsets },
    { offsets, otherwise: 'latest' },
  ])('%j is allowed', (given) => {
    expect(checkStartingOffsets(given)).toBe(given)
  })

  test.each([...bad, 'committed', { committed: 'first' }, { offsets, otherwise: 'first' }])(
    '%j is refused with one sentence',
    (given) => {
      const check = (): unknown => checkStartingOffsets(given as KafkaStartingOffsets)
      expect(check).toThrow(ConfigurationError)
      expect(check).toThrow(`The option startingOffsets is ${JSON.stringify(given)}; it must be`)
    },
  )
})

describe('stopping offsets', () => {
  test.each<KafkaStoppingOffsets>(['latest', 'committed', { timestampMs: 9 }, { offsets }])(
    '%j is allowed',
    (given) => {
      expect(checkStoppingOffsets(given)).toBe(given)
    },
  )

  test.each([...bad, 'earliest', { committed: 'earliest' }])(
    '%j is refused with one sentence',
    (given) => {
      const check = (): unknown => checkStoppingOffsets(given as KafkaStoppingOffsets)
      expect(check).toThrow(ConfigurationError)
      expect(check).toThrow(`The option stoppingOffsets is ${JSON.stringify(given)}; it must be`)
    },
  )
})
