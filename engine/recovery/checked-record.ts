/** Small durable values with a checksum in front, so that a damaged one is never taken for another. */
import { xxHash32 } from '../hash.ts'
import { binary } from '../serializer.ts'

const CHECKSUM_BYTES = 4

export function encodeRecord(value: unknown): Uint8Array {
  const body = binary.encode(value)
  const bytes = new Uint8Array(CHECKSUM_BYTES + body.length)
  new DataView(bytes.buffer).setUint32(0, xxHash32(body) >>> 0)
  bytes.set(body, CHECKSUM_BYTES)
  return bytes
}

/** What `encodeRecord` was given; undefined when the bytes are damaged. */
export function findRecord(bytes: Uint8Array): unknown {
  if (bytes.length <= CHECKSUM_BYTES) return undefined
  const body = bytes.subarray(CHECKSUM_BYTES)
  const checksum = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0)
  return xxHash32(body) >>> 0 === checksum ? binary.decode(body) : undefined
}
