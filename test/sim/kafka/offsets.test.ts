/** Group offsets, plain and in transactions (K-R44, K-R46, K-R47, K-I6), and the records that hold them. */
import { describe, expect, test } from 'vitest'
import {
  decodeOffset,
  decodeTransaction,
  encodeOffset,
  encodeTransaction,
} from '../../../sim/kafka/coordinator-records.ts'
import { at, GROUP, Kafka, type Producer } from './harness.ts'

function inTransaction(kafka: Kafka, transactionalId = 'tx'): Producer {
  const producer = kafka.producer(transactionalId)
  producer.init()
  expect(producer.addOffsets()).toBe('NONE')
  return producer
}

test('K-R44: a simple consumer commits and fetches', () => {
  const kafka = new Kafka()
  expect(kafka.committedOffset()).toBe(-1)
  expect(kafka.commitOffset(5)).toBe('NONE')
  expect(kafka.commitOffset(3)).toBe('NONE')
  expect(kafka.committedOffset()).toBe(3)
  expect(kafka.committedOffset(1)).toBe(-1)
})

test('K-R44: groups and partitions are kept apart', () => {
  const kafka = new Kafka()
  const offsets = [
    { ...at(0), offset: 1 },
    { ...at(1), offset: 2 },
    { topic: 'nowhere', partition: 0, offset: 3 },
  ]
  const answer = kafka.ask({ type: 'offset-commit', groupId: 'other', offsets })
  expect(answer.partitions.map(({ error }) => error)).toEqual([
    'NONE',
    'NONE',
    'UNKNOWN_TOPIC_OR_PARTITION',
  ])
  const fetched = kafka.ask({
    type: 'offset-fetch',
    groupId: 'other',
    partitions: offsets,
    requireStable: true,
  })
  expect(fetched.partitions.map(({ offset }) => offset)).toEqual([1, 2, -1])
  expect(kafka.committedOffset()).toBe(-1)
})

test('K-R44: a commit is visible when it is replicated', () => {
  const kafka = new Kafka({ replicationDelayMs: 10 })
  const box = kafka.send({
    type: 'offset-commit',
    groupId: GROUP,
    offsets: [{ ...at(0), offset: 5 }],
  })
  expect(kafka.committedOffset()).toBe(-1)
  kafka.world.advance(10)
  expect(box.response?.partitions).toMatchObject([{ error: 'NONE' }])
  expect(kafka.committedOffset()).toBe(5)
})

describe('K-R46', () => {
  test('K-R46: a transactional offset is invisible until its transaction is committed', () => {
    const kafka = new Kafka()
    kafka.commitOffset(1)
    const producer = inTransaction(kafka)
    expect(producer.commitOffset(7)).toBe('NONE')
    expect(kafka.committedOffset()).toBe(1)
    expect(kafka.committedOffset(0, true)).toBe('UNSTABLE_OFFSET_COMMIT')
    producer.end('commit')
    expect(kafka.committedOffset()).toBe(1)
    expect(kafka.committedOffset(0, true)).toBe('UNSTABLE_OFFSET_COMMIT')
    kafka.world.advance(100)
    expect(kafka.committedOffset()).toBe(7)
    expect(kafka.committedOffset(0, true)).toBe(7)
  })

  test('K-R46: an aborted one is dropped', () => {
    const kafka = new Kafka()
    kafka.commitOffset(1)
    const producer = inTransaction(kafka)
    producer.commitOffset(7)
    producer.end('abort')
    kafka.world.advance(100)
    expect(kafka.committedOffset(0, true)).toBe(1)
  })

  test('K-R46: only partitions with a pending offset are unstable', () => {
    const kafka = new Kafka()
    const producer = inTransaction(kafka)
    producer.commitOffset(7, 1)
    expect(kafka.committedOffset(0, true)).toBe(-1)
    expect(kafka.committedOffset(1, true)).toBe('UNSTABLE_OFFSET_COMMIT')
  })

  test('K-R46: a transaction that wrote its offset before a later commit does not overwrite it', () => {
    const kafka = new Kafka()
    const producer = inTransaction(kafka)
    producer.commitOffset(7)
    kafka.commitOffset(9)
    producer.end('commit')
    kafka.world.advance(100)
    expect(kafka.committedOffset()).toBe(9)
  })

  test('K-R46: of two transactions the later offset record wins, whoever commits first', () => {
    const kafka = new Kafka()
    const [a, b] = [inTransaction(kafka, 'a'), inTransaction(kafka, 'b')]
    a.commitOffset(7)
    b.commitOffset(9)
    b.end('commit')
    kafka.world.advance(100)
    expect(kafka.committedOffset(0, true)).toBe('UNSTABLE_OFFSET_COMMIT')
    a.end('commit')
    kafka.world.advance(100)
    expect(kafka.committedOffset(0, true)).toBe(9)
  })

  test('K-R46: within a transaction the last offset counts', () => {
    const kafka = new Kafka()
    const producer = inTransaction(kafka)
    producer.commitOffset(7)
    producer.commitOffset(8)
    producer.end('commit')
    kafka.world.advance(100)
    expect(kafka.committedOffset()).toBe(8)
  })

  test('K-R46: a fenced transaction leaves nothing pending', () => {
    const kafka = new Kafka()
    const producer = inTransaction(kafka)
    producer.commitOffset(7)
    producer.init()
    kafka.world.advance(100)
    expect(kafka.committedOffset(0, true)).toBe(-1)
  })
})

test('K-R47: output and offset of one transaction become visible at different times', () => {
  const kafka = new Kafka({ markerDelayMs: 10, markerGapMs: 10 })
  const producer = kafka.producer()
  producer.init()
  producer.add(0)
  producer.addOffsets()
  producer.write(0, 'a')
  producer.commitOffset(7)
  producer.end('commit')
  kafka.world.advance(10)
  expect([kafka.read(0), kafka.committedOffset()]).toEqual([['a'], -1])
  kafka.world.advance(10)
  expect([kafka.read(0), kafka.committedOffset()]).toEqual([['a'], 7])
})

test('K-I6: `__consumer_offsets` holds every commit and every marker', () => {
  const kafka = new Kafka()
  kafka.commitOffset(1)
  const producer = inTransaction(kafka)
  producer.commitOffset(7)
  producer.end('commit')
  kafka.world.advance(100)
  const { batches } = kafka.cluster.log('__consumer_offsets', 3)
  const written = batches.map(({ control, records }) =>
    control === null ? records.map(decodeOffset) : control,
  )
  const offset = { groupId: GROUP, ...at(0) }
  expect(written).toEqual([[{ ...offset, offset: 1 }], [{ ...offset, offset: 7 }], 'commit'])
})

describe('records of the internal topics', () => {
  test.each([
    { groupId: 'g', topic: 't', partition: 0, offset: 0 },
    { groupId: 'Größe-流', topic: 'x'.repeat(249), partition: 2_147_483_647, offset: 2 ** 53 - 1 },
    { groupId: '', topic: '', partition: 1, offset: -1 },
  ])('an offset reads back: %j', (offset) => {
    expect(decodeOffset(encodeOffset(offset, 1234.5))).toEqual(offset)
  })

  test('an offset has the bytes of Kafka', () => {
    const { key, value } = encodeOffset({ groupId: 'g', topic: 't', partition: 2, offset: 258 }, 3)
    expect([...(key ?? [])]).toEqual([0, 1, 0, 1, 103, 0, 1, 116, 0, 0, 0, 2])
    const version = [0, 3]
    const offset = [0, 0, 0, 0, 0, 0, 1, 2]
    const leaderEpoch = [255, 255, 255, 255]
    const metadata = [0, 0]
    const timestamp = [0, 0, 0, 0, 0, 0, 0, 3]
    const bytes = [version, offset, leaderEpoch, metadata, timestamp].flat()
    expect([...(value ?? [])]).toEqual(bytes)
  })

  test('a transaction reads back', () => {
    const metadata = {
      transactionalId: 'tx',
      producerId: 5_000_000_000,
      producerEpoch: 32_767,
      timeoutMs: 900_000,
      state: 'PrepareCommit',
      partitions: [at(1), { topic: 'u', partition: 0 }],
      startedAt: -1,
      updatedAt: 1_700_000_000_000,
    } as const
    const transactionalId = 'tx'
    expect(decodeTransaction(encodeTransaction(metadata, 0))).toEqual({ transactionalId, metadata })
    const dead = { ...metadata, state: 'Dead' } as const
    expect(decodeTransaction(encodeTransaction(dead, 0))).toEqual({
      transactionalId,
      metadata: null,
    })
  })
})
