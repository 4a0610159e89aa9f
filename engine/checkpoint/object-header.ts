/**
 * What the objects of a checkpoint begin with: whose format it is, and a header with its length and checksum. The header
 * holds the checksums of all that follows, so that its own covers the whole object.
 *
 *   magic u32 | header length u32 | header checksum u32 | header (binary serializer) | …
 */
import { xxHash32 } from '../hash.ts'
import { binary } from '../serializer.ts'

const FIXED_BYTES = 12
const VERSION = 1

/** The first bytes of an object, and how to say that they are missing. */
interface ObjectFormat {
  readonly magic: number
  /** As `a snapshot`. */
  readonly name: string
}

interface EncodedHeader {
  readonly pieces: readonly Uint8Array[]
  /** Covers the whole object. Unsigned, 32 bits. */
  readonly checksum: number
}

export function encodeHeader(
  { magic }: ObjectFormat,
  header: { readonly version: typeof VERSION },
): EncodedHeader {
  const bytes = binary.encode(header)
  const checksum = xxHash32(bytes) >>> 0
  const fixed = new Uint8Array(FIXED_BYTES)
  const view = new DataView(fixed.buffer)
  view.setUint32(0, magic)
  view.setUint32(4, bytes.length)
  view.setUint32(8, checksum)
  return { pieces: [fixed, bytes], checksum }
}

/** The checksum that an object begins with. */
export function checksumIn(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(8)
}

/**
 * The header and where it ends, or one sentence about what is wrong. `checksum` is the one under which the object was
 * stored; without it, an intact object is taken for the right one.
 */
export function decodeHeader<H extends { readonly version: number }>(
  { magic, name }: ObjectFormat,
  bytes: Uint8Array,
  checksum?: number,
): { readonly header: H; readonly end: number } | string {
  if (bytes.length < FIXED_BYTES) return `it has only ${bytes.length} bytes`
  const view = new DataView(bytes.buffer, bytes.byteOffset)
  if (view.getUint32(0) !== magic) return `it is not ${name} (wrong first bytes)`
  const end = FIXED_BYTES + view.getUint32(4)
  if (end > bytes.length) return 'it ends in the middle of its header'
  const headerBytes = bytes.subarray(FIXED_BYTES, end)
  const found = checksumIn(bytes)
  if (xxHash32(headerBytes) >>> 0 !== found) return 'the checksum of its header is wrong'
  const header = binary.decode(headerBytes) as H
  if (header.version !== VERSION) {
    return `it has version ${header.version}, this Weir reads version ${VERSION}`
  }
  if (checksum !== undefined && found !== checksum) {
    return 'it is another object than the one that was stored under its name'
  }
  return { header, end }
}
