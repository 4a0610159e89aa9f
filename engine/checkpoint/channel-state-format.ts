/**
 * The object that holds the records that a barrier overtook on the channels of one subtask: a header that lists parts
 * with length and checksum, then their bytes. A part is what was in flight at one end of one channel, in order. Every
 * byte is guarded: a wrong one is found at restore (S5). Source: Flink channel state handles.
 *
 *   header | part | part | …
 */
import { xxHash32 } from '../hash.ts'
import type { RecordBuffer } from '../element.ts'
import type { SubtaskId, VertexId } from '../ids.ts'
import { binary } from '../serializer.ts'
import { decodeHeader, encodeHeader } from './object-header.ts'

/** "WCHS" */
const FORMAT = { magic: 0x57434853, name: 'the state of channels' } as const

/** Which end of the channel it was in: of one channel, `input` comes before `output`. */
export type ChannelEnd = 'input' | 'output'

/** A channel as the job knew it that wrote the object. */
export interface ChannelName {
  readonly producer: VertexId
  readonly producerIndex: number
  readonly consumer: VertexId
  readonly consumerIndex: number
  /** Subtasks of the consumer. */
  readonly consumers: number
  /** Its place among the producer's edges. */
  readonly edge: number
}

/** What was in flight at one end of a channel. */
export interface ChannelPart extends ChannelName {
  readonly end: ChannelEnd
  /** As they were captured: none is larger than those that the channel carries. */
  readonly buffers: readonly RecordBuffer[]
}

interface PartHeader extends ChannelName {
  readonly end: ChannelEnd
  /** Lengths of its pieces, which are encoded one by one as they are captured. */
  readonly lengths: readonly number[]
  readonly checksum: number
}

interface ObjectHeader {
  readonly version: 1
  readonly parts: readonly PartHeader[]
}

export interface EncodedPart extends ChannelName {
  readonly end: ChannelEnd
  readonly pieces: readonly Uint8Array[]
}

/** The records of a buffer from `from` on, as they are now: whoever changes them later does not change the snapshot. */
export function encodeRecords(
  { values, timestamps, hashes, origins }: RecordBuffer,
  from: number,
): Uint8Array {
  return binary.encode([
    values.slice(from),
    timestamps.slice(from),
    hashes?.slice(from) ?? null,
    origins?.slice(from) ?? null,
  ])
}

/** The name of the object of a subtask's attempt in its checkpoint. */
export function channelStateKey(checkpoint: number, subtask: SubtaskId, attempt: number): string {
  return `chk-${checkpoint}/${subtask.replaceAll('/', '-')}-${attempt}-channels`
}

/** The pieces of the object, in order, and the checksum that covers it: the header's, which covers those of the parts. */
export function encodeChannelState(parts: readonly EncodedPart[]): {
  readonly pieces: readonly Uint8Array[]
  readonly checksum: number
} {
  const header: ObjectHeader = {
    version: 1,
    parts: parts.map(({ pieces, ...part }) => ({
      ...part,
      lengths: pieces.map(({ length }) => length),
      checksum: checksumOf(pieces),
    })),
  }
  const { pieces, checksum } = encodeHeader(FORMAT, header)
  return { pieces: [...pieces, ...parts.flatMap((part) => part.pieces)], checksum }
}

/** The parts of an object, or one sentence about what is wrong with it. `checksum`: that under which it was stored. */
export function decodeChannelState(
  bytes: Uint8Array,
  checksum: number,
): readonly ChannelPart[] | string {
  const found = decodeHeader<ObjectHeader>(FORMAT, bytes, checksum)
  if (typeof found === 'string') return found
  const parts: ChannelPart[] = []
  let at = found.end
  for (const { lengths, checksum: partChecksum, ...part } of found.header.parts) {
    const pieces = lengths.map((length) => bytes.subarray(at, (at += length)))
    const name = `${part.producer}/${part.producerIndex}>${part.consumer}/${part.consumerIndex}`
    if (at > bytes.length) return `it ends in the middle of channel ${name}`
    if (checksumOf(pieces) !== partChecksum) return `the checksum of channel ${name} is wrong`
    parts.push({ ...part, buffers: pieces.map(decodeRecords) })
  }
  if (at !== bytes.length) return `it has ${bytes.length - at} bytes more than its header says`
  return parts
}

/** Of the checksums of the pieces. */
function checksumOf(pieces: readonly Uint8Array[]): number {
  const words = new Uint8Array(pieces.length * 4)
  const view = new DataView(words.buffer)
  for (const [index, piece] of pieces.entries()) view.setUint32(index * 4, xxHash32(piece) >>> 0)
  return xxHash32(words) >>> 0
}

type Columns = readonly [
  values: unknown[],
  timestamps: number[],
  hashes: number[] | null,
  origins: RecordBuffer['origins'],
]

function decodeRecords(bytes: Uint8Array): RecordBuffer {
  const [values, timestamps, hashes, origins] = binary.decode(bytes) as Columns
  return { type: 'records', values, timestamps, hashes, origins }
}
