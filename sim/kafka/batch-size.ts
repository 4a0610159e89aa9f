/** The size of a batch in Kafka's format, closely enough for limits on fetches, and a cheap hash of its content. */
import type { RecordData, StoredBatch } from '../../engine/kafka/protocol.ts'

const BATCH_HEADER_BYTES = 61
/** Length, attributes, timestamp and offset deltas, lengths of key and value, count of headers. */
const RECORD_HEADER_BYTES = 7

export function batchSizeBytes(records: readonly RecordData[]): number {
  let size = BATCH_HEADER_BYTES
  for (const { key, value, headers } of records) {
    size += RECORD_HEADER_BYTES + (key?.length ?? 0) + (value?.length ?? 0)
    for (const header of headers) size += 2 + header.key.length + header.value.length
  }
  return size
}

/** 32 bits that change with every field and every key and value byte of the batch (FNV-1a). */
export function batchHash(batch: StoredBatch): number {
  let hash = mix(mix(mix(FNV_OFFSET, batch.baseOffset), batch.producerId), batch.producerEpoch)
  hash = mix(hash, batch.control === null ? 0 : batch.control === 'commit' ? 1 : 2)
  for (const { key, value } of batch.records) hash = mixBytes(mixBytes(hash, key), value)
  return hash
}

const FNV_OFFSET = 0x811c9dc5 | 0
const FNV_PRIME = 0x01000193

function mix(hash: number, value: number): number {
  return Math.imul(hash ^ value, FNV_PRIME)
}

/** Four bytes at a time; the rest is padded with zeros, which the length tells apart. */
function mixBytes(hash: number, bytes: Uint8Array | null): number {
  if (bytes === null) return mix(hash, -1)
  const { length } = bytes
  let mixed = mix(hash, length)
  for (let i = 0; i < length; i += 4) {
    const low = (bytes[i] ?? 0) | ((bytes[i + 1] ?? 0) << 8)
    const high = ((bytes[i + 2] ?? 0) << 16) | ((bytes[i + 3] ?? 0) << 24)
    mixed = Math.imul(mixed ^ (low | high), FNV_PRIME)
  }
  return mixed
}
