/** Producer state in a partition's log: sequences, epochs, duplicates (K-R10 to K-R17), and verification (K-R18). */
import { describe, expect, test } from 'vitest'
import type { ProducedBatch } from '../../../engine/kafka/protocol.ts'
import { Kafka, type Producer, ready } from './harness.ts'

const SEQUENCE_MAX = 2_147_483_647

function idempotent(kafka: Kafka): Producer {
  return ready(kafka, null)
}

function withSequence(batch: ProducedBatch, baseSequence: number): ProducedBatch {
  return { ...batch, baseSequence }
}

test('K-R22: without a transactional id every initialization gives a fresh producer id and epoch 0', () => {
  const kafka = new Kafka()
  const [a, b] = [idempotent(kafka), idempotent(kafka)]
  expect([a.producerEpoch, b.producerEpoch]).toEqual([0, 0])
  expect(a.producerId).not.toBe(b.producerId)
})

describe('K-R14', () => {
  test('K-R14: a repeated batch succeeds with its original offset and is not appended again', () => {
    const kafka = new Kafka()
    const producer = idempotent(kafka)
    producer.write(0, 'a')
    const batch = producer.batch(0, ['b', 'c'], false)
    expect(producer.send(0, batch)).toMatchObject({ error: 'NONE', baseOffset: 1 })
    producer.write(0, 'd')
    expect(producer.send(0, batch)).toMatchObject({ error: 'NONE', baseOffset: 1 })
    expect(kafka.read(0)).toEqual(['a', 'b', 'c', 'd'])
    expect(kafka.world.factsOf('duplicate-recognized')).toMatchObject([{ baseOffset: 1 }])
  })

  test('K-R14: the payload is not compared', () => {
    const kafka = new Kafka()
    const producer = idempotent(kafka)
    const batch = producer.batch(0, ['a'], false)
    producer.send(0, batch)
    const other = { ...batch, records: producer.batch(0, ['z'], false).records }
    expect(producer.send(0, other)).toMatchObject({ error: 'NONE', baseOffset: 0 })
    expect(kafka.read(0)).toEqual(['a'])
  })

  test('K-R14: a batch that covers a known range in other pieces is out of order, not a duplicate', () => {
    const kafka = new Kafka()
    const producer = idempotent(kafka)
    const batch = producer.batch(0, ['a', 'b'], false)
    producer.send(0, batch)
    const half = { ...batch, records: batch.records.slice(0, 1) }
    expect(producer.send(0, half).error).toBe('OUT_OF_ORDER_SEQUENCE_NUMBER')
  })

  test.each([5, 6])('K-R10: of %i repeated batches the last five are recognized', (count) => {
    const kafka = new Kafka()
    const producer = idempotent(kafka)
    const batches: ProducedBatch[] = []
    for (let i = 0; i < count; i += 1) {
      const batch = producer.batch(0, [`${i}`], false)
      batches.push(batch)
      producer.send(0, batch)
    }
    const errors = batches.map((batch) => producer.send(0, batch).error)
    const forgotten = Array<string>(count - 5).fill('OUT_OF_ORDER_SEQUENCE_NUMBER')
    expect(errors).toEqual([...forgotten, 'NONE', 'NONE', 'NONE', 'NONE', 'NONE'])
    expect(kafka.log(0).logEndOffset).toBe(count)
  })

  test('K-R10: the state is kept for each partition', () => {
    const kafka = new Kafka()
    const producer = idempotent(kafka)
    const batch = producer.batch(0, ['a'], false)
    expect(producer.send(0, batch).error).toBe('NONE')
    expect(producer.send(1, batch).error).toBe('NONE')
    expect([kafka.read(0), kafka.read(1)]).toEqual([['a'], ['a']])
  })
})

describe('K-R13', () => {
  test('K-R13: a gap in the sequence is refused and nothing is appended', () => {
    const kafka = new Kafka()
    const producer = idempotent(kafka)
    producer.write(0, 'a')
    const batch = withSequence(producer.batch(0, ['c'], false), 2)
    expect(producer.send(0, batch).error).toBe('OUT_OF_ORDER_SEQUENCE_NUMBER')
    expect(kafka.log(0).logEndOffset).toBe(1)
  })

  test('K-R13: sequences wrap from 2^31 - 1 to 0', () => {
    const kafka = new Kafka()
    const producer = idempotent(kafka)
    const last = withSequence(producer.batch(0, ['a'], false), SEQUENCE_MAX)
    expect(producer.send(0, last).error).toBe('NONE')
    expect(producer.send(0, withSequence(last, 0)).error).toBe('NONE')
  })

  test('K-R13: a batch may wrap inside, and is still recognized', () => {
    const kafka = new Kafka()
    const producer = idempotent(kafka)
    const across = withSequence(producer.batch(0, ['a', 'b', 'c'], false), SEQUENCE_MAX - 1)
    expect(producer.send(0, across).error).toBe('NONE')
    expect(producer.send(0, across)).toMatchObject({ error: 'NONE', baseOffset: 0 })
    expect(producer.send(0, withSequence(across, 1)).error).toBe('NONE')
    expect(kafka.log(0).logEndOffset).toBe(6)
  })

  test('K-R13: a producer that the log does not know may start anywhere', () => {
    const kafka = new Kafka()
    const producer = idempotent(kafka)
    const batch = withSequence(producer.batch(0, ['a'], false), 17)
    expect(producer.send(0, batch).error).toBe('NONE')
  })
})

test('K-R11: a batch of an older epoch is refused', () => {
  const kafka = new Kafka()
  const old = ready(kafka)
  old.transact('commit', 0, 'a')
  kafka.world.advance(100)
  const zombie = old.zombie()
  old.init()
  old.transact('commit', 0, 'b')
  expect(zombie.write(0, 'z')).toBe('INVALID_PRODUCER_EPOCH')
  expect(kafka.world.factsOf('producer-fenced')).toMatchObject([
    { transactionalId: 'tx', producerEpoch: zombie.producerEpoch, request: 'produce' },
  ])
})

test('K-R11: the log itself refuses an older epoch when nobody verifies', () => {
  const kafka = new Kafka({ transactionVerification: false })
  const old = ready(kafka)
  old.transact('commit', 0, 'a')
  kafka.world.advance(100)
  const zombie = old.zombie()
  old.init()
  old.transact('commit', 0, 'b')
  expect(zombie.write(0, 'z')).toBe('INVALID_PRODUCER_EPOCH')
  kafka.world.advance(100)
  expect(kafka.read(0)).toEqual(['a', 'b'])
})

test('K-R12: a new epoch starts at sequence 0', () => {
  const kafka = new Kafka()
  const producer = ready(kafka)
  producer.transact('commit', 0, 'a')
  kafka.world.advance(100)
  producer.init()
  producer.add(0)
  const batch = producer.batch(0, ['b'])
  expect(producer.send(0, withSequence(batch, 1)).error).toBe('OUT_OF_ORDER_SEQUENCE_NUMBER')
  expect(producer.send(0, batch).error).toBe('NONE')
})

test('K-R12: a new epoch forgets the batches of the old one', () => {
  const kafka = new Kafka()
  const producer = ready(kafka)
  producer.transact('commit', 0, 'a')
  kafka.world.advance(100)
  producer.init()
  // The same range as before, but of another epoch: not a duplicate.
  producer.transact('commit', 0, 'a')
  kafka.world.advance(100)
  expect(kafka.read(0)).toEqual(['a', 'a'])
})

test('K-R12: and all its batches, not only the first', () => {
  const kafka = new Kafka()
  const producer = ready(kafka)
  for (let epoch = 0; epoch < 2; epoch += 1) {
    producer.init()
    producer.add(0)
    producer.write(0, 'a')
    producer.write(0, 'b')
    producer.end('commit')
    kafka.world.advance(100)
  }
  expect(kafka.read(0)).toEqual(['a', 'b', 'a', 'b'])
})

test('only a refused epoch of a transactional id counts as fencing', () => {
  const kafka = new Kafka({ transactionVerification: false })
  const producer = ready(kafka, null)
  producer.write(0, 'a')
  producer.send(0, withSequence(producer.batch(0, ['c'], false), 7))
  const newer = producer.zombie()
  newer.producerEpoch = 1
  newer.send(0, withSequence(newer.batch(0, ['b'], false), 0))
  expect(producer.write(0, 'z')).toBe('INVALID_PRODUCER_EPOCH')
  const stranger = kafka.producer('tx')
  stranger.producerId = producer.producerId
  stranger.producerEpoch = 1
  stranger.send(0, withSequence(stranger.batch(0, ['d'], false), 9))
  expect(kafka.world.factsOf('producer-fenced')).toEqual([])
})

test('K-R15: offsets that a coordinator appends have no sequences', () => {
  const kafka = new Kafka()
  const producer = ready(kafka)
  producer.addOffsets()
  expect([1, 2, 3, 4, 5, 6, 7].map((offset) => producer.commitOffset(offset))).toEqual(
    Array(7).fill('NONE'),
  )
})

test('K-R15: but their epoch is checked', () => {
  const kafka = new Kafka()
  const old = ready(kafka)
  old.addOffsets()
  old.commitOffset(1)
  const zombie = old.zombie()
  expect(old.init()).toBe('CONCURRENT_TRANSACTIONS')
  kafka.world.advance(100)
  expect(zombie.commitOffset(2)).toBe('INVALID_PRODUCER_EPOCH')
})

test('K-R15: by the log of the offsets too, when nobody verifies', () => {
  const kafka = new Kafka({ transactionVerification: false })
  const old = ready(kafka)
  old.addOffsets()
  old.commitOffset(1)
  const zombie = old.zombie()
  old.init()
  kafka.world.advance(100)
  expect(zombie.commitOffset(2)).toBe('INVALID_PRODUCER_EPOCH')
  expect(kafka.world.factsOf('producer-fenced')).toMatchObject([{ request: 'txn-offset-commit' }])
  expect(kafka.committedOffset(0, true)).toBe(-1)
})

describe('K-R16', () => {
  const options = { producerIdExpirationMs: 1000, transactionTimeoutCheckMs: 1_000_000 }

  test('K-R16: an idle producer is forgotten, and so are its duplicates', () => {
    const kafka = new Kafka(options)
    const producer = idempotent(kafka)
    const batch = producer.batch(0, ['a'], false)
    producer.send(0, batch)
    kafka.world.advance(999)
    expect(producer.send(0, batch).baseOffset).toBe(0)
    kafka.world.advance(1)
    expect(producer.send(0, batch).baseOffset).toBe(1)
  })

  test('K-R16: it starts anew, even where it has been before', () => {
    const kafka = new Kafka(options)
    const producer = idempotent(kafka)
    const first = producer.batch(0, ['a'], false)
    producer.send(0, first)
    kafka.world.advance(1000)
    expect(producer.send(0, withSequence(first, 5)).error).toBe('NONE')
    expect(producer.send(0, first).error).toBe('OUT_OF_ORDER_SEQUENCE_NUMBER')
  })

  test('K-R16: the time runs from the last append', () => {
    const kafka = new Kafka(options)
    const producer = idempotent(kafka)
    producer.write(0, 'a')
    kafka.world.advance(900)
    const batch = producer.batch(0, ['b'], false)
    producer.send(0, batch)
    kafka.world.advance(900)
    expect(producer.send(0, batch).baseOffset).toBe(1)
  })

  test('K-R16: but not while its transaction is open', () => {
    const kafka = new Kafka(options)
    const producer = ready(kafka)
    producer.add(0)
    const batch = producer.batch(0, ['a'])
    producer.send(0, batch)
    kafka.world.advance(5000)
    expect(producer.send(0, batch).baseOffset).toBe(0)
    expect(kafka.log(0).logEndOffset).toBe(1)
  })
})

test('K-R17: a producer cannot write outside its open transaction', () => {
  const kafka = new Kafka()
  const producer = ready(kafka)
  producer.add(0)
  producer.write(0, 'a')
  expect(producer.send(0, producer.batch(0, ['b'], false)).error).toBe('INVALID_TXN_STATE')
  producer.end('commit')
  kafka.world.advance(100)
  expect(producer.send(0, producer.batch(0, ['b'], false)).error).toBe('NONE')
})

describe('K-R18', () => {
  test('K-R18: a partition that is not in the transaction cannot be written', () => {
    const kafka = new Kafka()
    const producer = ready(kafka)
    expect(producer.write(0, 'a')).toBe('INVALID_TXN_STATE')
    producer.add(1)
    expect(producer.write(0, 'a')).toBe('INVALID_TXN_STATE')
    expect(producer.write(1, 'a')).toBe('NONE')
    expect(kafka.log(0).logEndOffset).toBe(0)
  })

  test('K-R18: a late batch cannot open a transaction that nobody will end', () => {
    const kafka = new Kafka()
    const producer = ready(kafka)
    producer.transact('abort', 0, 'a')
    kafka.world.advance(100)
    expect(producer.write(0, 'late')).toBe('INVALID_TXN_STATE')
    expect(kafka.log(0).lastStableOffset).toBe(kafka.log(0).logEndOffset)
  })

  test('K-R18: switched off, a late batch makes a hanging transaction and pins the last stable offset', () => {
    const kafka = new Kafka({ transactionVerification: false })
    const producer = ready(kafka)
    producer.transact('abort', 0, 'a')
    kafka.world.advance(100)
    expect(producer.write(0, 'late')).toBe('NONE')
    kafka.append(0, 'b')
    kafka.world.advance(1_000_000)
    expect(kafka.cluster.openTransactions()).toEqual([])
    expect([...kafka.log(0).openTransactions]).toEqual([[producer.producerId, 2]])
    expect(kafka.log(0).lastStableOffset).toBe(2)
    expect(kafka.read(0)).toEqual([])
  })

  test('K-R18: while the former transaction is being completed the producer is told to retry', () => {
    const kafka = new Kafka()
    const producer = ready(kafka)
    producer.add(0, 1)
    producer.write(0, 'a')
    producer.end('commit')
    expect(producer.write(1, 'b')).toBe('NOT_ENOUGH_REPLICAS')
  })

  test('K-R18: unknown producers and transactional ids are refused', () => {
    const kafka = new Kafka()
    const producer = kafka.producer()
    producer.producerId = 77
    producer.producerEpoch = 0
    expect(producer.write(0, 'a')).toBe('INVALID_PRODUCER_ID_MAPPING')
    const nobody = kafka.producer(null)
    nobody.producerId = 77
    nobody.producerEpoch = 0
    expect(nobody.send(0, nobody.batch(0, ['a'], true)).error).toBe('INVALID_TXN_STATE')
  })

  test('K-R18: offset commits of a transaction are verified too', () => {
    const kafka = new Kafka()
    const producer = ready(kafka)
    expect(producer.commitOffset(1)).toBe('INVALID_TXN_STATE')
    producer.addOffsets()
    expect(producer.commitOffset(1)).toBe('NONE')
  })
})

test('K-R50: one produce request may succeed in one partition and fail in another', () => {
  const kafka = new Kafka()
  const producer = idempotent(kafka)
  const batch = producer.batch(0, ['a'], false)
  const answer = kafka.ask({
    type: 'produce',
    transactionalId: null,
    partitions: [
      { topic: 'nowhere', partition: 0, batch },
      { topic: 't', partition: 1, batch },
      { topic: 't', partition: 2, batch },
    ],
  })
  expect(answer.partitions).toEqual([
    { topic: 'nowhere', partition: 0, error: 'UNKNOWN_TOPIC_OR_PARTITION', baseOffset: -1 },
    { topic: 't', partition: 1, error: 'NONE', baseOffset: 0 },
    { topic: 't', partition: 2, error: 'UNKNOWN_TOPIC_OR_PARTITION', baseOffset: -1 },
  ])
})

test('K-R50: the answer waits until the records are replicated', () => {
  const kafka = new Kafka({ replicationDelayMs: 10 })
  const batch = kafka.producer(null).batch(0, ['a'], false)
  const partitions = [
    { topic: 't', partition: 0, batch: { ...batch, producerId: 5, producerEpoch: 0 } },
  ]
  const first = kafka.send({ type: 'produce', transactionalId: null, partitions })
  const repeated = kafka.send({ type: 'produce', transactionalId: null, partitions })
  expect(kafka.log(0)).toMatchObject({ logEndOffset: 1, highWatermark: 0 })
  kafka.world.advance(9)
  expect([first.response, repeated.response]).toEqual([null, null])
  kafka.world.advance(1)
  expect(first.response?.partitions).toMatchObject([{ error: 'NONE', baseOffset: 0 }])
  expect(repeated.response?.partitions).toMatchObject([{ error: 'NONE', baseOffset: 0 }])
})
