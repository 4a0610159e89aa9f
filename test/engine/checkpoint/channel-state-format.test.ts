/** The object with the records in flight: read back as written, and never read wrongly. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  channelStateKey,
  decodeChannelState,
  encodeChannelState,
  encodeRecords,
} from '../../../engine/checkpoint/channel-state-format.ts'
import { concatenate } from '../../../engine/checkpoint/snapshot-format.ts'
import { NO_TIMESTAMP, type RecordBuffer } from '../../../engine/element.ts'
import { subtaskId, vertexId } from '../../../engine/ids.ts'
import { seeded } from '../../seeded.ts'

const origin = { topic: 'in', partition: 1, offset: 7 }
const buffer: RecordBuffer = {
  type: 'records',
  values: [{ key: 'a', n: -0 }, undefined, 'text'],
  timestamps: [5, NO_TIMESTAMP, 7],
  hashes: [1, -2, 3],
  origins: [[origin], [], [origin, origin]],
}
const plain: RecordBuffer = { ...buffer, hashes: null, origins: null }

const name = (consumerIndex: number) => ({
  producer: vertexId('map'),
  producerIndex: 1,
  consumer: vertexId('sum'),
  consumerIndex,
  consumers: 3,
  edge: 0,
})

const object = encodeChannelState([
  { ...name(0), end: 'input', pieces: [encodeRecords(buffer, 1), encodeRecords(buffer, 0)] },
  { ...name(2), end: 'output', pieces: [encodeRecords(plain, 0)] },
])
const bytes = concatenate(object.pieces)

test('what was in flight comes back: channels, ends, buffers in order with all that belongs to their records', () => {
  const rest = {
    type: 'records',
    values: [undefined, 'text'],
    timestamps: [NO_TIMESTAMP, 7],
    hashes: [-2, 3],
    origins: [[], [origin, origin]],
  }
  expect(decodeChannelState(bytes, object.checksum)).toEqual([
    { ...name(0), end: 'input', buffers: [rest, buffer] },
    { ...name(2), end: 'output', buffers: [plain] },
  ])
})

test('what is done to a record after it was captured does not show', () => {
  const value = { n: 1 }
  const piece = encodeRecords({ ...plain, values: [value], timestamps: [0] }, 0)
  value.n = 2
  const { pieces, checksum } = encodeChannelState([{ ...name(0), end: 'input', pieces: [piece] }])
  const parts = decodeChannelState(concatenate(pieces), checksum)
  expect(parts).toMatchObject([{ buffers: [{ values: [{ n: 1 }] }] }])
})

test('another object under its name is not taken for it', () => {
  expect(decodeChannelState(bytes, object.checksum + 1)).toBe(
    'it is another object than the one that was stored under its name',
  )
})

test.each([
  [(whole: Uint8Array) => whole.subarray(0, 5), 'it has only 5 bytes'],
  [(whole: Uint8Array) => whole.subarray(0, 20), 'it ends in the middle of its header'],
  [(whole: Uint8Array) => whole.subarray(0, -1), 'it ends in the middle of channel map/1>sum/2'],
  [(whole: Uint8Array) => concatenate([whole, whole]), 'bytes more than its header says'],
  [(whole: Uint8Array) => whole.with(0, 0), 'it is not the state of channels'],
  [(whole: Uint8Array) => whole.with(13, 255), 'the checksum of its header is wrong'],
  [
    (whole: Uint8Array) => whole.with(whole.length - 1, 77),
    'the checksum of channel map/1>sum/2 is wrong',
  ],
])('damage %# has a sentence', (damage, sentence) => {
  expect(decodeChannelState(damage(bytes), object.checksum)).toContain(sentence)
})

test('no byte can be changed, and nothing cut off or added, without being found', () => {
  const damage = fc.oneof(
    fc.record({ at: fc.nat(bytes.length - 1), by: fc.integer({ min: 1, max: 255 }) }),
    fc.record({ length: fc.nat(bytes.length - 1) }),
  )
  fc.assert(
    fc.property(damage, (how) => {
      const broken =
        'length' in how
          ? bytes.subarray(0, how.length)
          : bytes.with(how.at, (bytes[how.at] ?? 0) ^ how.by)
      expect(decodeChannelState(broken, object.checksum)).toBeTypeOf('string')
    }),
    seeded(1000),
  )
})

test('the object of an attempt has its own name', () => {
  expect(channelStateKey(3, subtaskId(vertexId('sum'), 1), 9)).toBe('chk-3/sum-1-9-channels')
})
