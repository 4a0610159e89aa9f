/** Transactions over time: new coordinators, timeouts, expired transactional ids (K-R27 to K-R29). */
import { describe, expect, test } from 'vitest'
import { Kafka, ready, states } from './harness.ts'

describe('K-R27', () => {
  test('K-R27: a new coordinator finishes what was decided', () => {
    const kafka = new Kafka({ markerDelayMs: 50, markerGapMs: 50 })
    const producer = ready(kafka)
    producer.add(0, 1)
    producer.write(0, 'a')
    producer.write(1, 'b')
    producer.end('commit')
    kafka.world.advance(60)
    kafka.cluster.moveTransactionCoordinator('tx', 200)
    expect(producer.add(0)).toBe('COORDINATOR_LOAD_IN_PROGRESS')
    expect(producer.end('commit')).toBe('COORDINATOR_LOAD_IN_PROGRESS')
    expect(producer.write(1, 'c')).toBe('NONE')
    kafka.world.advance(199)
    expect([kafka.read(0), kafka.read(1)]).toEqual([['a'], []])
    kafka.world.advance(200)
    expect([kafka.read(0), kafka.read(1)]).toEqual([['a'], ['b', 'c']])
    expect(states(kafka).at(-1)).toBe('CompleteCommit@0')
    expect(producer.end('commit')).toBe('NONE')
  })

  test('K-R27: while it loads, producers retry what needs verification', () => {
    const kafka = new Kafka()
    const producer = ready(kafka)
    producer.add(0)
    kafka.cluster.moveTransactionCoordinator('tx', 10)
    expect(producer.write(0, 'a')).toBe('NOT_ENOUGH_REPLICAS')
    kafka.world.advance(10)
    expect(producer.write(0, 'a')).toBe('NONE')
  })

  test('K-R27: open transactions stay open and can be continued', () => {
    const kafka = new Kafka()
    const producer = ready(kafka)
    producer.add(0)
    producer.write(0, 'a')
    kafka.cluster.moveTransactionCoordinator('tx', 10)
    kafka.world.advance(10)
    expect(producer.add(1)).toBe('NONE')
    expect(producer.write(1, 'b')).toBe('NONE')
    expect(producer.end('commit')).toBe('NONE')
    kafka.world.advance(100)
    expect([kafka.read(0), kafka.read(1)]).toEqual([['a'], ['b']])
  })

  test('K-R27: open transactions time out under the new coordinator', () => {
    const kafka = new Kafka()
    const producer = ready(kafka, 'tx', 5000)
    producer.add(0)
    producer.write(0, 'a')
    kafka.cluster.moveTransactionCoordinator('tx', 10)
    kafka.world.advance(11_000)
    expect(states(kafka).slice(-2)).toEqual(['PrepareAbort@1', 'CompleteAbort@1'])
  })

  test('K-R27: a timeout that passed while the new coordinator was loading is found at its next check', () => {
    const kafka = new Kafka()
    const producer = ready(kafka, 'tx', 5000)
    producer.add(0)
    producer.write(0, 'a')
    kafka.cluster.moveTransactionCoordinator('tx', 32_000)
    kafka.world.advance(39_999)
    expect(states(kafka).at(-1)).toBe('Ongoing@0')
    kafka.world.advance(101)
    expect(states(kafka).slice(-2)).toEqual(['PrepareAbort@1', 'CompleteAbort@1'])
  })

  test('K-R27: the epoch of a transactional id survives, so its zombies stay fenced', () => {
    const kafka = new Kafka()
    const zombie = ready(kafka)
    ready(kafka)
    kafka.cluster.moveTransactionCoordinator('tx', 10)
    kafka.world.advance(10)
    expect(zombie.add(0)).toBe('PRODUCER_FENCED')
    expect(ready(kafka).producerEpoch).toBe(2)
  })

  test('K-R27: a request that waits for the old coordinator must look for the new one', () => {
    const kafka = new Kafka({ replicationDelayMs: 10 })
    const box = kafka.send({
      type: 'init-producer-id',
      transactionalId: 'tx',
      transactionTimeoutMs: 1000,
    })
    kafka.cluster.moveTransactionCoordinator('tx', 10)
    expect(box.response?.error).toBe('NOT_COORDINATOR')
    kafka.world.advance(100)
    // What the old one wrote counts, although it never said so.
    expect(states(kafka)).toEqual(['Empty@0'])
  })

  test('K-R27: a coordinator that moves twice loads once', () => {
    const kafka = new Kafka()
    const producer = ready(kafka)
    kafka.cluster.moveTransactionCoordinator('tx', 10)
    kafka.cluster.moveTransactionCoordinator('tx', 30)
    kafka.world.advance(20)
    expect(producer.add(0)).toBe('COORDINATOR_LOAD_IN_PROGRESS')
    kafka.world.advance(10)
    expect(producer.add(0)).toBe('NONE')
  })
})

describe('K-R28', () => {
  test('K-R28: an open transaction is aborted at the first check after its timeout, under a new epoch', () => {
    const kafka = new Kafka()
    const producer = ready(kafka, 'tx', 5000)
    kafka.world.advance(6000)
    producer.add(0)
    producer.write(0, 'a')
    kafka.world.advance(4000) // 10 s: the transaction is only 4 s old
    expect(states(kafka).at(-1)).toBe('Ongoing@0')
    kafka.world.advance(9999)
    expect(states(kafka).at(-1)).toBe('Ongoing@0')
    kafka.world.advance(101)
    expect(states(kafka).slice(-2)).toEqual(['PrepareAbort@1', 'CompleteAbort@1'])
    expect(producer.end('commit')).toBe('PRODUCER_FENCED')
    expect(kafka.read(0)).toEqual([])
    expect(kafka.log(0).lastStableOffset).toBe(2)
  })

  test('K-R28: the time runs from the first partition, not from the last write', () => {
    const kafka = new Kafka({ transactionTimeoutCheckMs: 1000 })
    const producer = ready(kafka, 'tx', 5000)
    producer.add(0)
    for (let i = 0; i < 6; i += 1) {
      producer.write(0, `${i}`)
      producer.add(1)
      kafka.world.advance(1000)
    }
    expect(states(kafka)).toContain('PrepareAbort@1')
  })

  test('K-R28: a prepared transaction of a crashed process is lost after its timeout', () => {
    const kafka = new Kafka()
    const crashed = ready(kafka, 'tx', 1000)
    crashed.add(0)
    crashed.write(0, 'prepared')
    const restored = crashed.zombie()
    kafka.world.advance(20_000)
    expect(restored.end('commit')).toBe('PRODUCER_FENCED')
    expect(kafka.read(0)).toEqual([])
  })

  test('K-R28: a decided transaction never times out', () => {
    const kafka = new Kafka({ markerDelayMs: 30_000 })
    const producer = ready(kafka, 'tx', 1000)
    producer.transact('commit', 0, 'a')
    kafka.world.advance(40_000)
    expect(kafka.read(0)).toEqual(['a'])
    expect(states(kafka).at(-1)).toBe('CompleteCommit@0')
  })

  test('K-R28: the next transaction gets its own time', () => {
    const kafka = new Kafka()
    const producer = ready(kafka, 'tx', 5000)
    producer.transact('commit', 0, 'a')
    kafka.world.advance(8000)
    producer.add(0)
    producer.write(0, 'b')
    kafka.world.advance(2100)
    expect(states(kafka).at(-1)).toBe('Ongoing@0')
    kafka.world.advance(10_000)
    expect(states(kafka).at(-1)).toBe('CompleteAbort@1')
  })

  test('K-R28: one check is enough for all transactions of a coordinator', () => {
    const kafka = new Kafka({ markerDelayMs: 0, markerGapMs: 0 })
    const producer = ready(kafka, 'tx', 5000)
    for (let i = 0; i < 5; i += 1) {
      producer.transact('commit', 0, `${i}`)
      kafka.world.advance(1)
    }
    expect(kafka.world.scheduled).toBe(1)
    kafka.world.advance(6000)
    producer.add(0)
    expect(kafka.world.scheduled).toBe(1)
    kafka.world.advance(4000) // 10 s: too young for the check that was set
    expect(states(kafka).at(-1)).toBe('Ongoing@0')
    expect(kafka.world.scheduled).toBe(1)
    kafka.world.advance(10_000)
    expect(states(kafka).slice(-2)).toEqual(['PrepareAbort@1', 'CompleteAbort@1'])
  })

  test('K-R28: without open transactions the cluster sets no timers', () => {
    const kafka = new Kafka()
    ready(kafka)
    expect(kafka.world.scheduled).toBe(0)
    ready(kafka).transact('commit', 0, 'a')
    kafka.world.advance(60_000)
    kafka.world.advance(60_000)
    expect(kafka.world.scheduled).toBe(0)
  })
})

describe('K-R29', () => {
  test('K-R29: an idle transactional id is forgotten', () => {
    const kafka = new Kafka({ transactionalIdExpirationMs: 1000 })
    const old = ready(kafka)
    old.transact('commit', 0, 'a')
    kafka.world.advance(2000)
    expect(old.end('commit')).toBe('INVALID_PRODUCER_ID_MAPPING')
    expect(states(kafka).at(-1)).toBe('Dead@0')
    const next = ready(kafka)
    expect(next.producerEpoch).toBe(0)
    expect(next.producerId).not.toBe(old.producerId)
  })

  test('K-R29: it stays forgotten under a new coordinator', () => {
    const kafka = new Kafka({ transactionalIdExpirationMs: 1000 })
    const old = ready(kafka)
    kafka.world.advance(2000)
    old.add(0)
    kafka.cluster.moveTransactionCoordinator('tx', 0)
    kafka.world.advance(1)
    expect(old.add(0)).toBe('INVALID_PRODUCER_ID_MAPPING')
    expect(states(kafka)).toEqual(['Empty@0', 'Dead@0'])
  })

  test('K-R29: even if it was just being forgotten', () => {
    const kafka = new Kafka({ transactionalIdExpirationMs: 1000, replicationDelayMs: 10 })
    const init = { type: 'init-producer-id', transactionalId: 'tx' } as const
    const again = { ...init, transactionTimeoutMs: 500 }
    kafka.send(again)
    kafka.world.advance(2000)
    expect(kafka.send(again).response?.error).toBe('CONCURRENT_TRANSACTIONS')
    kafka.cluster.moveTransactionCoordinator('tx', 0)
    kafka.world.advance(1)
    const box = kafka.send(again)
    kafka.world.advance(10)
    expect(box.response).toMatchObject({ error: 'NONE', producerId: 1, producerEpoch: 0 })
  })

  test('K-R29: an open transaction keeps its id', () => {
    const kafka = new Kafka({ transactionalIdExpirationMs: 1000 })
    const producer = ready(kafka)
    producer.add(0)
    kafka.world.advance(5000)
    expect(producer.end('commit')).toBe('NONE')
  })
})
