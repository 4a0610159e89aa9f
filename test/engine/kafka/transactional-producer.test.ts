/** The writer of one transaction: what it asks of the broker, in which order, and what it does with refusals. */
import { describe, expect, test } from 'vitest'
import { KafkaClient, REQUEST_TIMEOUT_MS } from '../../../engine/kafka/kafka-client.ts'
import type { KafkaError, RecordData } from '../../../engine/kafka/protocol.ts'
import {
  endTransaction,
  TransactionalProducer,
} from '../../../engine/kafka/transactional-producer.ts'
import type { EndResult } from '../../../engine/kafka/transactional-producer.ts'
import { text } from '../../../engine/serializer.ts'
import { FakeRuntime } from '../fake-runtime.ts'
import { ScriptedBroker } from '../scripted-broker.ts'

const HANDLE = { transactionalId: 'tx', producerId: 40, producerEpoch: 3 }

class Writing {
  readonly runtime = new FakeRuntime()
  readonly broker = new ScriptedBroker(this.runtime)
  readonly client = new KafkaClient(this.runtime, this.broker, 'test')
  readonly failures: string[] = []
  readonly acknowledged: number[] = []
  readonly producer = new TransactionalProducer({
    client: this.client,
    transactionalId: 'tx',
    topic: 'out',
    transactionTimeoutMs: 60_000,
    onAcknowledged: (records) => this.acknowledged.push(records),
    onFailure: (reason) => this.failures.push(reason),
  })

  initialize(): this {
    this.producer.initialize(() => undefined)
    const { producerId, producerEpoch } = HANDLE
    this.broker.next('init-producer-id').answer({ error: 'NONE', producerId, producerEpoch })
    return this
  }

  add(partition: number, ...values: string[]): this {
    for (const value of values) this.producer.add(partition, recordOf(value))
    return this
  }

  /** Answers the request that adds a partition; returns the partition. */
  added(error: KafkaError = 'NONE'): number | undefined {
    const { request, answer } = this.broker.next('add-partitions-to-txn')
    answer({ partitions: request.partitions.map((each) => ({ ...each, error })) })
    return request.partitions[0]?.partition
  }

  /** Takes the produce request that waits, as `1: a b @0` (partition, values, sequence), and answers it. */
  produced(error: KafkaError | null = 'NONE'): string {
    const { request, answer } = this.broker.next('produce')
    const [produced] = request.partitions
    if (produced === undefined) throw new Error('One partition is written.')
    const { topic, partition, batch } = produced
    expect(topic).toBe('out')
    expect(request.transactionalId).toBe('tx')
    expect(batch).toMatchObject({ producerId: 40, producerEpoch: 3, isTransactional: true })
    if (error !== null) answer({ partitions: [{ topic, partition, error, baseOffset: 0 }] })
    const values = batch.records.map(({ value }) => text.decode(value ?? new Uint8Array(0)))
    return `${partition}: ${values.join(' ')} @${batch.baseSequence}`
  }
}

function recordOf(value: string): RecordData {
  return { key: null, value: text.encode(value), timestamp: 0, headers: [] }
}

describe('initializing', () => {
  test('InitProducerId comes first and gives the handle', () => {
    const { producer, broker } = new Writing()
    const ready: string[] = []
    producer.initialize(() => ready.push(producer.state))
    const { request, answer } = broker.next('init-producer-id')
    expect(request).toMatchObject({ transactionalId: 'tx', transactionTimeoutMs: 60_000 })
    expect(ready).toEqual([])
    answer({ error: 'NONE', producerId: 40, producerEpoch: 3 })
    expect(ready).toEqual(['ready'])
    expect(producer.handle).toEqual(HANDLE)
  })

  test('while the former transaction is being ended it asks again', () => {
    const { producer, broker, runtime } = new Writing()
    producer.initialize(() => undefined)
    const busy = { error: 'CONCURRENT_TRANSACTIONS', producerId: -1, producerEpoch: -1 } as const
    broker.next('init-producer-id').answer(busy)
    expect(producer.state).toBe('initializing')
    runtime.advance(20)
    broker.next('init-producer-id').answer({ error: 'NONE', producerId: 40, producerEpoch: 4 })
    expect(producer.handle.producerEpoch).toBe(4)
  })

  test('without answer it asks again: the epoch that counts is the one that was answered', () => {
    const { producer, broker, runtime } = new Writing()
    producer.initialize(() => undefined)
    broker.next('init-producer-id')
    runtime.advance(REQUEST_TIMEOUT_MS + 20)
    broker.next('init-producer-id').answer({ error: 'NONE', producerId: 40, producerEpoch: 5 })
    expect(producer.handle.producerEpoch).toBe(5)
  })

  test('a refusal is one sentence', () => {
    const { producer, broker, failures } = new Writing()
    producer.initialize(() => undefined)
    const error = 'INVALID_TRANSACTION_TIMEOUT'
    broker.next('init-producer-id').answer({ error, producerId: -1, producerEpoch: -1 })
    expect(failures).toEqual(['InitProducerId of tx was refused: INVALID_TRANSACTION_TIMEOUT.'])
    expect(producer.state).toBe('failed')
  })

  test('there is no handle before', () => {
    expect(() => new Writing().producer.handle).toThrow('tx has no producer id yet')
  })
})

describe('writing', () => {
  test('nothing is sent before it is asked to', () => {
    const writing = new Writing().initialize().add(0, 'a')
    expect(writing.broker.waiting).toEqual([])
    expect(writing.producer.state).toBe('writing')
  })

  test('a partition is added to the transaction before it is written', () => {
    const writing = new Writing().initialize().add(1, 'a', 'b')
    writing.producer.send()
    expect(writing.broker.waiting).toEqual(['add-partitions-to-txn'])
    expect(writing.added()).toBe(1)
    expect(writing.produced()).toBe('1: a b @0')
  })

  test('it is added once', () => {
    const writing = new Writing().initialize().add(1, 'a')
    writing.producer.send()
    writing.added()
    writing.produced()
    writing.add(1, 'b')
    writing.producer.send()
    expect(writing.produced()).toBe('1: b @1')
  })

  test('one batch of a partition is under way; what comes meanwhile is the next, with the next sequence', () => {
    const writing = new Writing().initialize().add(0, 'a', 'b')
    writing.producer.send()
    writing.added()
    writing.add(0, 'c')
    writing.producer.send()
    expect(writing.broker.waiting).toEqual(['produce'])
    expect(writing.produced()).toBe('0: a b @0')
    expect(writing.produced()).toBe('0: c @2')
  })

  test('partitions do not wait for each other, and each has sequences of its own', () => {
    const writing = new Writing().initialize().add(0, 'a').add(1, 'x', 'y')
    writing.producer.send()
    expect([writing.added(), writing.added()]).toEqual([0, 1])
    expect([writing.produced(), writing.produced()]).toEqual(['0: a @0', '1: x y @0'])
  })

  test('a batch has 500 records at most', () => {
    const values = Array.from({ length: 700 }, (_, i) => `v${i}`)
    const writing = new Writing().initialize().add(0, ...values)
    writing.producer.send()
    writing.added()
    expect(writing.produced()).toBe(`0: ${values.slice(0, 500).join(' ')} @0`)
    expect(writing.produced()).toBe(`0: ${values.slice(500).join(' ')} @500`)
  })

  test('a batch without answer is repeated with the same records and the same sequence', () => {
    const writing = new Writing().initialize().add(0, 'a', 'b')
    writing.producer.send()
    writing.added()
    expect(writing.produced(null)).toBe('0: a b @0')
    writing.add(0, 'c')
    writing.runtime.advance(REQUEST_TIMEOUT_MS + 20)
    expect(writing.produced()).toBe('0: a b @0')
    expect(writing.produced()).toBe('0: c @2')
  })

  test('a batch that the broker could not take is repeated as it was', () => {
    const writing = new Writing().initialize().add(0, 'a')
    writing.producer.send()
    writing.added()
    expect(writing.produced('NOT_ENOUGH_REPLICAS')).toBe('0: a @0')
    writing.runtime.advance(20)
    expect(writing.produced('NOT_LEADER_OR_FOLLOWER')).toBe('0: a @0')
    writing.runtime.advance(40)
    expect(writing.produced()).toBe('0: a @0')
    expect(writing.producer.unacknowledged).toBe(0)
  })

  test('adding a partition is repeated while the coordinator is busy', () => {
    const writing = new Writing().initialize().add(0, 'a')
    writing.producer.send()
    writing.added('CONCURRENT_TRANSACTIONS')
    expect(writing.broker.waiting).toEqual([])
    writing.runtime.advance(20)
    writing.added()
    expect(writing.produced()).toBe('0: a @0')
  })

  test('records count as unacknowledged until the broker has them', () => {
    const writing = new Writing().initialize().add(0, 'a', 'b')
    expect(writing.producer.unacknowledged).toBe(2)
    writing.producer.send()
    writing.added()
    expect(writing.producer.unacknowledged).toBe(2)
    writing.produced()
    expect(writing.producer.unacknowledged).toBe(0)
    expect(writing.acknowledged).toEqual([2])
  })

  test('a record before the initialization is a violated assertion', () => {
    expect(() => new Writing().add(0, 'a')).toThrow('tx got a record while fresh')
  })
})

describe('a refusal that no retry cures', () => {
  test.each(['PRODUCER_FENCED', 'INVALID_PRODUCER_EPOCH', 'OUT_OF_ORDER_SEQUENCE_NUMBER'] as const)(
    'of a batch (%s) fails the producer, once',
    (error) => {
      const writing = new Writing().initialize().add(0, 'a').add(1, 'b')
      writing.producer.send()
      writing.added()
      writing.added()
      writing.produced(error)
      writing.produced(error)
      expect(writing.failures).toEqual([`Produce of tx was refused: ${error}.`])
      expect(writing.producer.state).toBe('failed')
      writing.runtime.advance(5000)
      expect(writing.broker.waiting).toEqual([])
    },
  )

  test('of a partition fails the producer, and nothing is written', () => {
    const writing = new Writing().initialize().add(0, 'a')
    writing.producer.send()
    writing.added('PRODUCER_FENCED')
    expect(writing.failures).toEqual(['AddPartitionsToTxn of tx was refused: PRODUCER_FENCED.'])
    expect(writing.broker.waiting).toEqual([])
  })
})

describe('flushing', () => {
  test('ends when every record of every partition is in the log', () => {
    const writing = new Writing().initialize().add(0, 'a').add(1, 'b')
    let isFlushed = false
    writing.producer.flush(() => {
      isFlushed = true
    })
    writing.added()
    writing.added()
    writing.produced()
    expect(isFlushed).toBe(false)
    writing.produced()
    expect(isFlushed).toBe(true)
  })

  test('ends at once when nothing is missing', () => {
    const writing = new Writing().initialize().add(0, 'a')
    writing.producer.send()
    writing.added()
    writing.produced()
    let isFlushed = false
    writing.producer.flush(() => {
      isFlushed = true
    })
    expect(isFlushed).toBe(true)
  })

  test('after it the transaction is prepared and takes no record any more', () => {
    const writing = new Writing().initialize().add(0, 'a')
    writing.producer.flush(() => undefined)
    writing.added()
    writing.produced()
    expect(writing.producer.prepare()).toEqual(HANDLE)
    expect(() => writing.add(0, 'b')).toThrow('tx got a record while prepared')
  })

  test('a transaction without records cannot be prepared', () => {
    const { producer } = new Writing().initialize()
    expect(() => producer.prepare()).toThrow('tx cannot go from ready to prepared')
  })
})

describe('ending a transaction by its handle', () => {
  function end(result: 'commit' | 'abort' = 'commit') {
    const runtime = new FakeRuntime()
    const broker = new ScriptedBroker(runtime)
    const ended: EndResult[] = []
    const client = new KafkaClient(runtime, broker, 'test')
    endTransaction(client, { handle: HANDLE, begin: null }, result, (one) => ended.push(one))
    return { runtime, broker, ended }
  }

  test('the handle is all that is needed', () => {
    const { broker, ended } = end('abort')
    const { request, answer } = broker.next('end-txn')
    expect(request).toEqual({ type: 'end-txn', ...HANDLE, result: 'abort' })
    answer({ error: 'NONE' })
    expect(ended).toEqual([{ type: 'ended' }])
  })

  test('without answer it is repeated, until an answer comes', () => {
    const { broker, ended, runtime } = end()
    broker.next('end-txn')
    runtime.advance(REQUEST_TIMEOUT_MS + 20)
    broker.next('end-txn')
    runtime.advance(REQUEST_TIMEOUT_MS + 20)
    expect(ended).toEqual([])
    broker.next('end-txn').answer({ error: 'NONE' })
    expect(ended).toEqual([{ type: 'ended' }])
  })

  test('while the coordinator is busy it is repeated', () => {
    const { broker, ended, runtime } = end()
    broker.next('end-txn').answer({ error: 'CONCURRENT_TRANSACTIONS' })
    runtime.advance(20)
    broker.next('end-txn').answer({ error: 'NONE' })
    expect(ended).toEqual([{ type: 'ended' }])
  })

  test.each(['INVALID_TXN_STATE', 'PRODUCER_FENCED', 'INVALID_PRODUCER_EPOCH'] as const)(
    'a refusal (%s) says what it may mean, when nobody knows where to look',
    (error) => {
      const { broker, ended } = end()
      broker.next('end-txn').answer({ error })
      const reason =
        `The broker refused to commit transaction tx (epoch 3): ${error}. The log does not tell any more whether ` +
        'it was committed before: its records may be lost.'
      expect(ended).toEqual([{ type: 'lost', reason }])
    },
  )
})
