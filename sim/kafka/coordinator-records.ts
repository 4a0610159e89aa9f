/**
 * The records of the two internal topics, in Kafka's own formats (OffsetCommitKey/Value, TransactionLogKey/Value).
 * Coordinators keep nothing that could not be read back from these; times lose their fractions of a millisecond.
 */
import { assert, present } from '../../engine/assert.ts'
import type { PartitionOffset, RecordData, TopicPartition } from '../../engine/kafka/protocol.ts'
import { text } from '../../engine/serializer.ts'
import type { TransactionState } from '../../engine/trace.ts'
import type { TransactionMetadata } from './transaction-metadata.ts'

export interface CommittedOffset extends PartitionOffset {
  readonly groupId: string
}

const OFFSET_KEY_VERSION = 1
const OFFSET_VALUE_VERSION = 3
const NO_LEADER_EPOCH = -1

/** Kafka's numbers for the states are the positions in this list. */
const STATES: readonly TransactionState[] = [
  'Empty',
  'Ongoing',
  'PrepareCommit',
  'PrepareAbort',
  'CompleteCommit',
  'CompleteAbort',
  'Dead',
  'PrepareEpochFence',
]

export function encodeOffset(committed: CommittedOffset, now: number): RecordData {
  const key = new Writer()
    .int16(OFFSET_KEY_VERSION)
    .string(committed.groupId)
    .string(committed.topic)
    .int32(committed.partition)
  const value = new Writer()
    .int16(OFFSET_VALUE_VERSION)
    .int64(committed.offset)
    .int32(NO_LEADER_EPOCH)
    .string('')
    .int64(now)
  return { key: key.bytes(), value: value.bytes(), timestamp: now, headers: [] }
}

export function decodeOffset(record: RecordData): CommittedOffset {
  const key = new Reader(record.key)
  const value = new Reader(record.value)
  assert(key.int16() === OFFSET_KEY_VERSION, 'The key of a committed offset has version 1.')
  assert(value.int16() === OFFSET_VALUE_VERSION, 'A committed offset has version 3.')
  return {
    groupId: key.string(),
    topic: key.string(),
    partition: key.int32(),
    offset: value.int64(),
  }
}

/** A dead transactional id is written as a tombstone. */
export function encodeTransaction(metadata: TransactionMetadata, now: number): RecordData {
  const key = new Writer().int16(0).string(metadata.transactionalId).bytes()
  if (metadata.state === 'Dead') return { key, value: null, timestamp: now, headers: [] }
  const value = new Writer()
    .int16(0)
    .int64(metadata.producerId)
    .int16(metadata.producerEpoch)
    .int32(metadata.timeoutMs)
    .int8(STATES.indexOf(metadata.state))
  const byTopic = new Map<string, TopicPartition[]>()
  for (const partition of metadata.partitions) {
    const others = byTopic.get(partition.topic)
    if (others === undefined) byTopic.set(partition.topic, [partition])
    else others.push(partition)
  }
  value.int32(byTopic.size)
  for (const [topic, partitions] of byTopic) {
    value.string(topic).int32(partitions.length)
    for (const { partition } of partitions) value.int32(partition)
  }
  value.int64(metadata.updatedAt).int64(metadata.startedAt)
  return { key, value: value.bytes(), timestamp: now, headers: [] }
}

/** `metadata` is null for a tombstone. */
export function decodeTransaction(record: RecordData): {
  readonly transactionalId: string
  readonly metadata: TransactionMetadata | null
} {
  const key = new Reader(record.key)
  assert(key.int16() === 0, 'The key of a transaction has version 0.')
  const transactionalId = key.string()
  if (record.value === null) return { transactionalId, metadata: null }
  const value = new Reader(record.value)
  assert(value.int16() === 0, 'A transaction has version 0.')
  const producerId = value.int64()
  const producerEpoch = value.int16()
  const timeoutMs = value.int32()
  const state = present(STATES[value.int8()], 'A transaction is in a known state.')
  const partitions: TopicPartition[] = []
  for (let topics = value.int32(); topics > 0; topics -= 1) {
    const topic = value.string()
    for (let count = value.int32(); count > 0; count -= 1) {
      partitions.push({ topic, partition: value.int32() })
    }
  }
  const updatedAt = value.int64()
  const startedAt = value.int64()
  const producer = { transactionalId, producerId, producerEpoch, timeoutMs }
  return { transactionalId, metadata: { ...producer, state, partitions, startedAt, updatedAt } }
}

const INT32 = 4_294_967_296
const ASCII_MAX = 127

/** Big-endian. Collects plain numbers: for such short records a DataView costs more than the encoding. */
class Writer {
  readonly #bytes: number[] = []

  int8(value: number): this {
    this.#bytes.push(value & 255)
    return this
  }

  int16(value: number): this {
    this.#bytes.push((value >> 8) & 255, value & 255)
    return this
  }

  int32(value: number): this {
    this.#bytes.push((value >> 24) & 255, (value >> 16) & 255, (value >> 8) & 255, value & 255)
    return this
  }

  int64(value: number): this {
    const whole = Math.trunc(value)
    return this.int32(Math.floor(whole / INT32)).int32(whole | 0)
  }

  string(value: string): this {
    const lengthAt = this.#bytes.length
    this.int16(value.length)
    for (let i = 0; i < value.length; i += 1) {
      const code = value.charCodeAt(i)
      if (code > ASCII_MAX) {
        this.#bytes.length = lengthAt
        return this.#utf8(value)
      }
      this.#bytes.push(code)
    }
    return this
  }

  bytes(): Uint8Array {
    return new Uint8Array(this.#bytes)
  }

  #utf8(value: string): this {
    const bytes = text.encode(value)
    this.int16(bytes.length)
    this.#bytes.push(...bytes)
    return this
  }
}

class Reader {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  #at = 0

  constructor(bytes: Uint8Array | null) {
    this.#bytes = present(bytes, 'An internal record has a key and a value.')
    this.#view = new DataView(this.#bytes.buffer, this.#bytes.byteOffset, this.#bytes.byteLength)
  }

  int8(): number {
    return this.#view.getInt8(this.#skip(1))
  }

  int16(): number {
    return this.#view.getInt16(this.#skip(2))
  }

  int32(): number {
    return this.#view.getInt32(this.#skip(4))
  }

  int64(): number {
    const at = this.#skip(8)
    return this.#view.getInt32(at) * INT32 + this.#view.getUint32(at + 4)
  }

  string(): string {
    const length = this.int16()
    const at = this.#skip(length)
    return text.decode(this.#bytes.subarray(at, at + length))
  }

  #skip(bytes: number): number {
    const at = this.#at
    this.#at += bytes
    return at
  }
}
