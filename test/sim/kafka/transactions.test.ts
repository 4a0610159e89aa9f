/** The transaction coordinator as producers see it (K-R20 to K-R24, K-R26). */
import { describe, expect, test } from 'vitest'
import { at, GROUP, Kafka, markers, ready, states } from './harness.ts'

describe('K-R20', () => {
  test('K-R20: nothing takes effect and nothing is answered before it is durable', () => {
    const kafka = new Kafka({ replicationDelayMs: 10 })
    const init = {
      type: 'init-producer-id',
      transactionalId: 'tx',
      transactionTimeoutMs: 1000,
    } as const
    const first = kafka.send(init)
    const second = kafka.send(init)
    expect(first.response).toBeNull()
    expect(second.response?.error).toBe('CONCURRENT_TRANSACTIONS')
    expect(states(kafka)).toEqual([])
    kafka.world.advance(10)
    expect(first.response).toMatchObject({ error: 'NONE', producerEpoch: 0 })
    expect(states(kafka)).toEqual(['Empty@0'])
  })

  test('K-R20: a busy transactional id refuses every request', () => {
    const kafka = new Kafka({ replicationDelayMs: 10 })
    const init = {
      type: 'init-producer-id',
      transactionalId: 'tx',
      transactionTimeoutMs: 1000,
    } as const
    const box = kafka.send(init)
    kafka.world.advance(10)
    const producer = kafka.producer()
    producer.producerId = box.response?.producerId ?? -1
    producer.producerEpoch = 0
    const { producerId, producerEpoch } = producer
    const transaction = { transactionalId: 'tx', producerId, producerEpoch }
    kafka.send({ type: 'add-partitions-to-txn', ...transaction, partitions: [at(0)] })
    expect(producer.add(1)).toBe('CONCURRENT_TRANSACTIONS')
    expect(producer.addOffsets()).toBe('CONCURRENT_TRANSACTIONS')
    expect(producer.end('commit')).toBe('CONCURRENT_TRANSACTIONS')
    expect(producer.init()).toBe('CONCURRENT_TRANSACTIONS')
  })
})

describe('K-R21', () => {
  test('K-R21: a committed transaction', () => {
    const kafka = new Kafka()
    ready(kafka).transact('commit', 0, 'a')
    kafka.world.advance(100)
    expect(states(kafka)).toEqual(['Empty@0', 'Ongoing@0', 'PrepareCommit@0', 'CompleteCommit@0'])
    expect(kafka.read(0)).toEqual(['a'])
  })

  test('K-R21: an aborted transaction, and the next one of the same producer', () => {
    const kafka = new Kafka()
    const producer = ready(kafka)
    producer.transact('abort', 0, 'a')
    kafka.world.advance(100)
    producer.transact('commit', 0, 'b')
    kafka.world.advance(100)
    expect(states(kafka).slice(2)).toEqual([
      'PrepareAbort@0',
      'CompleteAbort@0',
      'Ongoing@0',
      'PrepareCommit@0',
      'CompleteCommit@0',
    ])
    expect([kafka.read(0), kafka.readUncommitted(0)]).toEqual([['b'], ['a', 'b']])
  })

  test('K-R21: ground truth names the open transactions', () => {
    const kafka = new Kafka()
    const producer = ready(kafka)
    expect(kafka.cluster.openTransactions()).toEqual([])
    producer.add(1, 0)
    producer.addOffsets()
    const partitions = [at(1), at(0), { topic: '__consumer_offsets', partition: 3 }]
    expect(kafka.cluster.openTransactions()).toMatchObject([
      { transactionalId: 'tx', producerId: 0, producerEpoch: 0, state: 'Ongoing', partitions },
    ])
    producer.end('abort')
    expect(kafka.cluster.openTransactions()).toMatchObject([{ state: 'PrepareAbort', partitions }])
    kafka.world.advance(100)
    expect(kafka.cluster.openTransactions()).toEqual([])
  })
})

describe('K-R22', () => {
  test('K-R22: each initialization of a transactional id keeps the producer id and bumps the epoch', () => {
    const kafka = new Kafka()
    const [a, b, c] = [ready(kafka), ready(kafka), ready(kafka)]
    expect([a, b, c].map((p) => p.producerEpoch)).toEqual([0, 1, 2])
    expect(new Set([a, b, c].map((p) => p.producerId)).size).toBe(1)
    expect(ready(kafka, 'other').producerId).not.toBe(a.producerId)
  })

  test('K-R22: a timeout above the maximum is refused', () => {
    const kafka = new Kafka({ maxTransactionTimeoutMs: 1000 })
    expect(kafka.producer().init(1001)).toBe('INVALID_TRANSACTION_TIMEOUT')
    expect(kafka.producer().init(0)).toBe('INVALID_TRANSACTION_TIMEOUT')
    expect(kafka.producer().init(1000)).toBe('NONE')
  })

  test('K-R22: an open transaction is aborted under a bumped epoch, and the retry bumps again', () => {
    const kafka = new Kafka()
    const old = ready(kafka)
    old.add(0)
    old.write(0, 'a')
    const next = kafka.producer()
    expect(next.init()).toBe('CONCURRENT_TRANSACTIONS')
    expect(next.init()).toBe('CONCURRENT_TRANSACTIONS')
    kafka.world.advance(100)
    expect(next.init()).toBe('NONE')
    expect(next.producerEpoch).toBe(2)
    expect(states(kafka)).toEqual([
      'Empty@0',
      'Ongoing@0',
      'PrepareAbort@1',
      'CompleteAbort@1',
      'Empty@2',
    ])
    expect(markers(kafka)).toEqual(['abort@1 0:1'])
    expect(old.end('commit')).toBe('PRODUCER_FENCED')
    expect(old.write(0, 'z')).toBe('INVALID_PRODUCER_EPOCH')
    expect(kafka.read(0)).toEqual([])
  })

  test('K-R22: a fenced producer may still write until the abort marker is there, and it is aborted too', () => {
    const kafka = new Kafka()
    const old = ready(kafka)
    old.add(0)
    old.write(0, 'a')
    kafka.producer().init()
    expect(old.write(0, 'late')).toBe('NONE')
    kafka.world.advance(100)
    expect(old.write(0, 'too late')).toBe('INVALID_PRODUCER_EPOCH')
    expect([kafka.read(0), kafka.readUncommitted(0)]).toEqual([[], ['a', 'late']])
  })
})

describe('K-R24', () => {
  test('K-R24: whose id, which epoch', () => {
    const kafka = new Kafka()
    const producer = ready(kafka)
    const stranger = producer.zombie()
    stranger.producerId += 1
    expect([stranger.add(0), stranger.addOffsets(), stranger.end('commit')]).toEqual(
      Array(3).fill('INVALID_PRODUCER_ID_MAPPING'),
    )
    const zombie = producer.zombie()
    producer.init()
    expect([zombie.add(0), zombie.addOffsets(), zombie.end('commit')]).toEqual(
      Array(3).fill('PRODUCER_FENCED'),
    )
    expect(kafka.world.factsOf('producer-fenced').map(({ request }) => request)).toEqual([
      'add-partitions-to-txn',
      'add-offsets-to-txn',
      'end-txn',
    ])
    expect(kafka.producer('unknown').add(0)).toBe('INVALID_PRODUCER_ID_MAPPING')
  })

  test('K-R24: while the former transaction is being completed nothing can be added', () => {
    const kafka = new Kafka()
    const producer = ready(kafka)
    producer.transact('commit', 0, 'a')
    expect(producer.add(0)).toBe('CONCURRENT_TRANSACTIONS')
    expect(producer.addOffsets()).toBe('CONCURRENT_TRANSACTIONS')
    expect(kafka.producer().init()).toBe('CONCURRENT_TRANSACTIONS')
    kafka.world.advance(100)
    expect(producer.add(0)).toBe('NONE')
  })

  test('K-R24: what is registered already is not written again', () => {
    const kafka = new Kafka()
    const producer = ready(kafka)
    producer.add(0, 1)
    const log = kafka.cluster.log('__transaction_state', javaPartition('tx'))
    const before = log.logEndOffset
    expect([producer.add(0), producer.add(1, 0)]).toEqual(['NONE', 'NONE'])
    expect(log.logEndOffset).toBe(before)
    producer.addOffsets()
    expect(log.logEndOffset).toBe(before + 1)
    expect(states(kafka)).toEqual(['Empty@0', 'Ongoing@0'])
  })

  test('K-R24: an unknown partition refuses the whole request', () => {
    const kafka = new Kafka()
    const producer = ready(kafka)
    expect(producer.add(0, 9)).toBe('UNKNOWN_TOPIC_OR_PARTITION')
    expect(kafka.cluster.openTransactions()).toEqual([])
  })
})

describe('K-R26', () => {
  test('K-R26: partitions of one transaction become visible one after the other', () => {
    const kafka = new Kafka({ markerDelayMs: 10, markerGapMs: 5 })
    const producer = ready(kafka)
    producer.add(0, 1)
    producer.write(0, 'a')
    producer.write(1, 'b')
    producer.end('commit')
    kafka.world.advance(10)
    expect([kafka.read(0), kafka.read(1)]).toEqual([['a'], []])
    expect(producer.add(0)).toBe('CONCURRENT_TRANSACTIONS')
    kafka.world.advance(5)
    expect([kafka.read(0), kafka.read(1)]).toEqual([['a'], ['b']])
    expect(producer.add(0)).toBe('NONE')
  })

  test('K-R26: a registered partition without data gets its marker too', () => {
    const kafka = new Kafka()
    const producer = ready(kafka)
    producer.add(0, 1)
    producer.write(0, 'a')
    producer.end('commit')
    kafka.world.advance(100)
    expect(markers(kafka)).toEqual(['commit@0 0:1', 'commit@0 1:0'])
  })

  test('K-R26: the id is complete only when every marker is replicated', () => {
    const kafka = new Kafka({ replicationDelayMs: 10, markerDelayMs: 0 })
    const producer = kafka.producer()
    const init = kafka.send({
      type: 'init-producer-id',
      transactionalId: 'tx',
      transactionTimeoutMs: 1000,
    })
    kafka.world.advance(10)
    producer.producerId = init.response?.producerId ?? -1
    const transaction = { transactionalId: 'tx', producerId: producer.producerId, producerEpoch: 0 }
    kafka.send({ type: 'add-partitions-to-txn', ...transaction, partitions: [at(0)] })
    kafka.world.advance(10)
    kafka.send({ type: 'end-txn', ...transaction, result: 'commit' })
    kafka.world.advance(10) // PrepareCommit is durable, the marker is written
    expect(markers(kafka)).toHaveLength(1)
    kafka.world.advance(10) // the marker is durable
    expect(states(kafka).at(-1)).toBe('PrepareCommit@0')
    kafka.world.advance(10) // CompleteCommit is durable
    expect(states(kafka).at(-1)).toBe('CompleteCommit@0')
  })
})

test('K-R24: the offsets partition of a group is that of Java', () => {
  const kafka = new Kafka()
  const producer = ready(kafka)
  for (const group of ['', 'g', 'traffic-statistics', 'Größe-流']) producer.addOffsets(group)
  expect(kafka.cluster.openTransactions()[0]?.partitions.map(({ partition }) => partition)).toEqual(
    ['', 'g', 'traffic-statistics', 'Größe-流'].map((group) => javaPartition(group)),
  )
  expect(javaPartition(GROUP)).toBe(3)
})

/** abs("...".hashCode()) % 50, with big integers as a second opinion. */
function javaPartition(key: string): number {
  const hash = key
    .split('')
    .reduce((sum, c) => BigInt.asIntN(32, sum * 31n + BigInt(c.charCodeAt(0))), 0n)
  return Number((hash < 0n ? -hash : hash) % 50n)
}
