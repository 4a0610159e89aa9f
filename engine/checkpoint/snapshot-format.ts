/**
 * The object that holds one subtask's keyed state: a header that lists the key groups with length and checksum, then
 * their bytes. Written in pieces, read whole or by key group. Every byte is guarded: a wrong one is found at restore (S5).
 *
 *   header | segment | segment | …
 */
import { present } from '../assert.ts'
import { XxHash32, xxHash32 } from '../hash.ts'
import type { KeyGroupSegment } from '../state/keyed-state-backend.ts'
import { checksumIn, decodeHeader, encodeHeader } from './object-header.ts'

/** "WSNP" */
const FORMAT = { magic: 0x57534e50, name: 'a snapshot' } as const

interface SnapshotHeader {
  readonly version: 1
  readonly segments: readonly {
    readonly keyGroup: number
    readonly length: number
    readonly checksum: number
  }[]
}

/** A key group whose checksum is known, so that the object can be put together at once. */
export interface SealedSegment {
  readonly keyGroup: number
  readonly pieces: readonly Uint8Array[]
  readonly length: number
  readonly checksum: number
}

/** Reads every byte of the key group; what it lends is lent by the result. */
export function sealSegment(segment: KeyGroupSegment): SealedSegment {
  return sealPieces(segment.keyGroup, segment.pieces ?? [segment.bytes])
}

export function sealPieces(keyGroup: number, pieces: readonly Uint8Array[]): SealedSegment {
  const hash = new XxHash32()
  let length = 0
  for (const piece of pieces) {
    hash.update(piece)
    length += piece.length
  }
  return { keyGroup, pieces, length, checksum: hash.digest() }
}

/** The pieces of the object, in order. */
export function encodeSnapshotObject(segments: readonly SealedSegment[]): Uint8Array[] {
  const header: SnapshotHeader = {
    version: 1,
    segments: segments.map(({ keyGroup, length, checksum }) => ({ keyGroup, length, checksum })),
  }
  return [...encodeHeader(FORMAT, header).pieces, ...segments.flatMap(({ pieces }) => pieces)]
}

/** Covers the whole object: the header's checksum, which covers those of the segments. */
export function snapshotChecksum(pieces: readonly Uint8Array[]): number {
  return checksumIn(present(pieces[0], 'A snapshot without pieces.'))
}

/**
 * The key groups of an object, or one sentence about what is wrong with it. `checksum` is the one under which it was
 * stored; without it, an intact object is taken for the right one. `isBlind` (mutant B-13): no segment is checked.
 */
export function decodeSnapshotObject(
  bytes: Uint8Array,
  checksum?: number,
  isBlind = false,
): readonly KeyGroupSegment[] | string {
  const found = decodeHeader<SnapshotHeader>(FORMAT, bytes, checksum)
  if (typeof found === 'string') return found
  const segments: KeyGroupSegment[] = []
  let at = found.end
  for (const { keyGroup, length, checksum } of found.header.segments) {
    const segment = bytes.subarray(at, at + length)
    if (segment.length !== length) return `it ends in the middle of key group ${keyGroup}`
    if (!isBlind && xxHash32(segment) !== checksum)
      return `the checksum of key group ${keyGroup} is wrong`
    segments.push({ keyGroup, bytes: segment })
    at += length
  }
  if (at !== bytes.length) return `it has ${bytes.length - at} bytes more than its header says`
  return segments
}
