/** The objects of snapshots: what is written comes back, and anything else is noticed (S5). */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  decodeSnapshotObject,
  encodeSnapshotObject,
  sealSegment,
} from '../../../engine/checkpoint/snapshot-format.ts'
import { concatenate } from '../../../engine/concatenate.ts'
import type { KeyGroupSegment } from '../../../engine/state/keyed-state-backend.ts'
import { seeded } from '../../seeded.ts'

const anySegments: fc.Arbitrary<KeyGroupSegment[]> = fc
  .uniqueArray(fc.nat({ max: 32_767 }), { maxLength: 6, size: 'max' })
  .chain((keyGroups) =>
    fc.tuple(
      ...keyGroups.map((keyGroup) =>
        fc.record({ keyGroup: fc.constant(keyGroup), bytes: fc.uint8Array({ maxLength: 60 }) }),
      ),
    ),
  )

const encode = (segments: readonly KeyGroupSegment[]): Uint8Array =>
  concatenate(encodeSnapshotObject(segments.map(sealSegment)))

test('for every list of key groups, what is decoded is what was encoded', () => {
  fc.assert(
    fc.property(anySegments, (segments) => {
      expect(decodeSnapshotObject(encode(segments))).toEqual(segments)
    }),
    seeded(),
  )
})

test('an object may lie anywhere in a larger array', () => {
  const object = encode([{ keyGroup: 3, bytes: new Uint8Array([1, 2, 3]) }])
  const larger = new Uint8Array(object.length + 20)
  larger.set(object, 7)
  expect(decodeSnapshotObject(larger.subarray(7, 7 + object.length))).toEqual([
    { keyGroup: 3, bytes: new Uint8Array([1, 2, 3]) },
  ])
})

test('for every object and every single byte of it, a changed byte is detected', () => {
  fc.assert(
    fc.property(anySegments, fc.nat(), fc.integer({ min: 1, max: 255 }), (segments, at, flip) => {
      const object = encode(segments)
      const index = at % object.length
      object[index] = (object[index] ?? 0) ^ flip
      expect(typeof decodeSnapshotObject(object)).toBe('string')
    }),
    seeded(500),
  )
})

test.each([
  ['without key groups', encode([])],
  [
    'with two key groups',
    encode([0, 127].map((keyGroup) => ({ keyGroup, bytes: new Uint8Array(3) }))),
  ],
])('every single flipped bit of an object %s is detected', (_, object) => {
  for (let bit = 0; bit < object.length * 8; bit++) {
    const damaged = object.slice()
    damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7))
    expect(typeof decodeSnapshotObject(damaged), `bit ${bit}`).toBe('string')
  }
})

test('for every object, it is noticed when something is cut off', () => {
  fc.assert(
    fc.property(anySegments, fc.nat(), (segments, length) => {
      const object = encode(segments)
      const cut = object.subarray(0, length % object.length)
      expect(typeof decodeSnapshotObject(cut)).toBe('string')
    }),
    seeded(300),
  )
})

describe('the sentence says what is wrong', () => {
  const object = encode([
    { keyGroup: 5, bytes: new Uint8Array([1, 2, 3]) },
    { keyGroup: 9, bytes: new Uint8Array([4]) },
  ])
  const damaged = (at: number): Uint8Array => {
    const copy = object.slice()
    const index = at < 0 ? copy.length + at : at
    copy[index] = (copy[index] ?? 0) ^ 1
    return copy
  }

  test.each([
    ['too short', object.subarray(0, 5), 'it has only 5 bytes'],
    ['another file', damaged(0), 'it is not a snapshot (wrong first bytes)'],
    ['a damaged header', damaged(14), 'the checksum of its header is wrong'],
    ['a cut-off header', object.subarray(0, 20), 'it ends in the middle of its header'],
    ['a damaged key group', damaged(-1), 'the checksum of key group 9 is wrong'],
    ['another damaged key group', damaged(-3), 'the checksum of key group 5 is wrong'],
    ['a cut-off key group', object.subarray(0, -1), 'it ends in the middle of key group 9'],
  ])('%s', (_, bytes, sentence) => {
    expect(decodeSnapshotObject(bytes)).toBe(sentence)
  })
})

test('for every way to cut key groups into pieces, the object is the same', () => {
  fc.assert(
    fc.property(
      anySegments,
      fc.infiniteStream(fc.integer({ min: 1, max: 40 })),
      (segments, cuts) => {
        const inPieces = segments.map((segment) => ({
          ...segment,
          pieces: cut(segment.bytes, cuts),
        }))
        expect(encode(inPieces)).toEqual(encode(segments))
      },
    ),
    seeded(),
  )
})

function cut(bytes: Uint8Array, lengths: Iterator<number>): Uint8Array[] {
  const pieces: Uint8Array[] = []
  for (let at = 0; at < bytes.length;) {
    const piece = bytes.slice(at, at + Number(lengths.next().value))
    pieces.push(piece)
    at += piece.length
  }
  return pieces
}

test('pieces become one array, which is a copy', () => {
  const piece = new Uint8Array([1, 2])
  expect(concatenate([piece])).toEqual(piece)
  expect(concatenate([piece])).not.toBe(piece)
  expect(concatenate([piece, new Uint8Array(0), new Uint8Array([3])])).toEqual(
    new Uint8Array([1, 2, 3]),
  )
  expect(concatenate([])).toEqual(new Uint8Array(0))
})
