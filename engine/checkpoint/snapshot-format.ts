/**
 * The object that holds one subtask's keyed state: a header that lists the key groups with length and checksum, then
 * their bytes. Written in pieces, read whole or by key group. Every byte is guarded: a wrong one is found at restore (S5).
 *
 *   "WSNP" u32 | header length u32 | header checksum u32 | header (binary serializer) | segment | segment | …
 */
import { present } from '../assert.ts'
import { XxHash32, xxHash32 } from '../hash.ts'
import { binary } from '../serializer.ts'
import type { KeyGroupSegment } from '../state/keyed-state-backend.ts'

const MAGIC = 0x57534e50
const FIXED_BYTES = 12

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
  const headerBytes = binary.encode(header)
  const fixed = new Uint8Array(FIXED_BYTES)
  const view = new DataView(fixed.buffer)
  view.setUint32(0, MAGIC)
  view.setUint32(4, headerBytes.length)
  view.setUint32(8, xxHash32(headerBytes) >>> 0)
  return [fixed, headerBytes, ...segments.flatMap(({ pieces }) => pieces)]
}

/** Covers the whole object: the header's checksum, which covers those of the segments. */
export function snapshotChecksum(pieces: readonly Uint8Array[]): number {
  return checksumOf(present(pieces[0], 'A snapshot without pieces.'))
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
  const header = readHeader(bytes)
  if (typeof header === 'string') return header
  if (checksum !== undefined && checksumOf(bytes) !== checksum) {
    return 'it is another object than the one that was stored under its name'
  }
  const segments: KeyGroupSegment[] = []
  let at = FIXED_BYTES + new DataView(bytes.buffer, bytes.byteOffset).getUint32(4)
  for (const { keyGroup, length, checksum } of header.segments) {
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

function checksumOf(fixed: Uint8Array): number {
  return new DataView(fixed.buffer, fixed.byteOffset).getUint32(8)
}

function readHeader(bytes: Uint8Array): SnapshotHeader | string {
  if (bytes.length < FIXED_BYTES) return `it has only ${bytes.length} bytes`
  const view = new DataView(bytes.buffer, bytes.byteOffset)
  if (view.getUint32(0) !== MAGIC) return 'it is not a snapshot (wrong first bytes)'
  const length = view.getUint32(4)
  const headerBytes = bytes.subarray(FIXED_BYTES, FIXED_BYTES + length)
  if (headerBytes.length !== length) return 'it ends in the middle of its header'
  if (xxHash32(headerBytes) >>> 0 !== view.getUint32(8))
    return 'the checksum of its header is wrong'
  const header = binary.decode(headerBytes) as SnapshotHeader
  if (header.version !== 1)
    return `it has version ${String(header.version)}, this Weir reads version 1`
  return header
}
