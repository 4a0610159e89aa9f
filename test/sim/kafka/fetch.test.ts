/** Fetch, long polls, list-offsets and metadata as a client sees them (K-R4, K-R5, K-R8, K-R9). */
import { expect, test } from 'vitest'
import type { KafkaRequest, ResponseTo } from '../../../engine/kafka/protocol.ts'
import { batchSizeBytes } from '../../../sim/kafka/batch-size.ts'
import { at, Kafka, ready, record, valueOf } from './harness.ts'

type FetchRequest = Extract<KafkaRequest, { type: 'fetch' }>

function poll(
  partitions: readonly [partition: number, offset: number][],
  changes: Partial<FetchRequest> = {},
): FetchRequest {
  return {
    type: 'fetch',
    isolationLevel: 'read_committed',
    maxWaitMs: 50,
    maxBytes: 1_000_000,
    partitions: partitions.map(([partition, offset]) => ({ ...at(partition), offset })),
    ...changes,
  }
}

function values({ partitions }: ResponseTo<FetchRequest>): string[][] {
  return partitions.map(({ batches }) =>
    batches.flatMap(({ records, control }) =>
      control === null ? records.map(valueOf) : [control],
    ),
  )
}

test('K-R4: offsets outside the log are out of range, offsets above the visible bound are just empty', () => {
  const kafka = new Kafka()
  kafka.append(0, 'a')
  const producer = kafka.producer()
  producer.init()
  producer.add(0)
  producer.write(0, 'b')
  expect(kafka.fetch(0, 3).error).toBe('OFFSET_OUT_OF_RANGE')
  expect(kafka.fetch(0, -1).error).toBe('OFFSET_OUT_OF_RANGE')
  expect(kafka.fetch(0, 2)).toMatchObject({ error: 'NONE', batches: [] })
  expect(kafka.fetch(0, 1)).toMatchObject({
    error: 'NONE',
    batches: [],
    highWatermark: 2,
    lastStableOffset: 1,
  })
  expect(kafka.fetch(0, 1, 'read_uncommitted').batches).toHaveLength(1)
  expect(kafka.fetch(7, 0).error).toBe('UNKNOWN_TOPIC_OR_PARTITION')
})

test('K-R5: aborted records and markers are returned, the client filters', () => {
  const kafka = new Kafka()
  const producer = kafka.producer()
  producer.init()
  producer.transact('abort', 0, 'a')
  kafka.world.advance(100)
  expect(values(kafka.ask(poll([[0, 0]], { maxWaitMs: 0 })))).toEqual([['a', 'abort']])
  expect(kafka.fetch(0, 0).abortedTransactions).toEqual([
    { producerId: producer.producerId, firstOffset: 0 },
  ])
  expect(kafka.read(0)).toEqual([])
})

test('K-R8: the latest offset is the high watermark or the last stable offset', () => {
  const kafka = new Kafka()
  kafka.append(0, 'a', 'b')
  const producer = kafka.producer()
  producer.init()
  producer.add(0)
  producer.write(0, 'c')
  const list = (
    isolationLevel: 'read_committed' | 'read_uncommitted',
    time: 'earliest' | 'latest',
  ) => kafka.ask({ type: 'list-offsets', isolationLevel, partitions: [{ ...at(0), at: time }] })
  expect(list('read_committed', 'latest').partitions).toMatchObject([{ error: 'NONE', offset: 2 }])
  expect(list('read_uncommitted', 'latest').partitions).toMatchObject([{ offset: 3 }])
  expect(list('read_committed', 'earliest').partitions).toMatchObject([{ offset: 0 }])
  const unknown = { topic: 'nowhere', partition: 0, at: 'latest' } as const
  const answer = kafka.ask({
    type: 'list-offsets',
    isolationLevel: 'read_committed',
    partitions: [unknown],
  })
  expect(answer.partitions).toMatchObject([{ error: 'UNKNOWN_TOPIC_OR_PARTITION', offset: -1 }])
})

test('the offset of a time is that of the first visible record at it or behind it', () => {
  const kafka = new Kafka()
  const timed = (...timestamps: number[]): void => {
    kafka.cluster.append(
      't',
      0,
      timestamps.map((timestamp) => ({ key: null, value: null, timestamp, headers: [] })),
    )
  }
  timed(100, 300)
  timed(200, 500)
  const offsetOf = (time: number): number | undefined =>
    kafka.ask({
      type: 'list-offsets',
      isolationLevel: 'read_committed',
      partitions: [{ ...at(0), at: time }],
    }).partitions[0]?.offset
  expect([0, 100, 101, 301, 501].map(offsetOf)).toEqual([0, 0, 1, 3, -1])
})

test('K-R9: the byte limit holds for the whole request, the first batch is free', () => {
  const kafka = new Kafka()
  kafka.append(0, 'a')
  kafka.append(0, 'b')
  kafka.append(1, 'c')
  expect(
    values(
      kafka.ask(
        poll(
          [
            [0, 0],
            [1, 0],
          ],
          { maxBytes: 0 },
        ),
      ),
    ),
  ).toEqual([['a'], []])
  expect(
    values(
      kafka.ask(
        poll(
          [
            [0, 2],
            [1, 0],
          ],
          { maxBytes: 0 },
        ),
      ),
    ),
  ).toEqual([[], ['c']])
  expect(
    values(
      kafka.ask(
        poll([
          [0, 0],
          [1, 0],
        ]),
      ),
    ),
  ).toEqual([['a', 'b'], ['c']])
})

test('K-R9: what one partition took is not left for the next', () => {
  const kafka = new Kafka()
  kafka.append(0, 'a')
  kafka.append(1, 'c')
  const offsets: [number, number][] = [
    [0, 0],
    [1, 0],
  ]
  const sizeBytes = batchSizeBytes([record('a')])
  expect(values(kafka.ask(poll(offsets, { maxBytes: 2 * sizeBytes })))).toEqual([['a'], ['c']])
  expect(values(kafka.ask(poll(offsets, { maxBytes: 2 * sizeBytes - 1 })))).toEqual([['a'], []])
})

test('a long poll answers as soon as one of its partitions has a batch', () => {
  const kafka = new Kafka()
  const box = kafka.send(
    poll([
      [0, 0],
      [1, 0],
    ]),
  )
  kafka.world.advance(10)
  expect(box.response).toBeNull()
  kafka.append(1, 'a')
  expect(box.response && values(box.response)).toEqual([[], ['a']])
  kafka.append(1, 'b')
  kafka.world.advance(100)
})

test('a long poll answers empty when its time is over', () => {
  const kafka = new Kafka()
  const box = kafka.send(poll([[0, 0]]))
  kafka.world.advance(49)
  expect(box.response).toBeNull()
  kafka.world.advance(1)
  expect(box.response && values(box.response)).toEqual([[]])
  kafka.append(0, 'a')
})

test('a long poll of a committed reader is woken by the marker, not by the records', () => {
  const kafka = new Kafka()
  const producer = kafka.producer()
  producer.init()
  const committed = kafka.send(poll([[0, 0]]))
  const uncommitted = kafka.send(poll([[0, 0]], { isolationLevel: 'read_uncommitted' }))
  producer.transact('commit', 0, 'a')
  expect(uncommitted.response && values(uncommitted.response)).toEqual([['a']])
  expect(committed.response).toBeNull()
  kafka.world.advance(20)
  expect(committed.response && values(committed.response)).toEqual([['a', 'commit']])
})

test('a long poll with an error is answered at once', () => {
  const kafka = new Kafka()
  const box = kafka.send(
    poll([
      [0, 0],
      [1, 5],
    ]),
  )
  expect(box.response?.partitions.map(({ error }) => error)).toEqual([
    'NONE',
    'OFFSET_OUT_OF_RANGE',
  ])
})

test('a long poll waits for the high watermark', () => {
  const kafka = new Kafka({ replicationDelayMs: 10 })
  const box = kafka.send(poll([[0, 0]]))
  kafka.append(0, 'a')
  expect(box.response).toBeNull()
  kafka.world.advance(10)
  expect(box.response && values(box.response)).toEqual([['a']])
})

test('many readers of one partition are all woken, once', () => {
  const kafka = new Kafka()
  const boxes = Array.from({ length: 5 }, () => kafka.send(poll([[0, 0]])))
  kafka.append(0, 'a')
  expect(boxes.map((box) => box.response && values(box.response))).toEqual(Array(5).fill([['a']]))
})

test('metadata names brokers, partitions and leaders', () => {
  const kafka = new Kafka()
  const answer = kafka.ask({ type: 'metadata', topics: ['t', 'nowhere'] })
  expect(answer).toEqual({
    type: 'metadata',
    brokers: [1],
    topics: [
      {
        topic: 't',
        error: 'NONE',
        partitions: [
          { partition: 0, leader: 1 },
          { partition: 1, leader: 1 },
        ],
      },
      { topic: 'nowhere', error: 'UNKNOWN_TOPIC_OR_PARTITION', partitions: [] },
    ],
  })
  expect(kafka.ask({ type: 'find-coordinator', keyType: 'group', key: 'g' })).toMatchObject({
    error: 'NONE',
    broker: 1,
  })
})

test('metadata of all topics leaves the internal ones out, and sees what was added', () => {
  const kafka = new Kafka()
  kafka.commitOffset(7)
  const named = (): string[] =>
    kafka
      .ask({ type: 'metadata', topics: null })
      .topics.map(({ topic, partitions }) => `${topic}*${partitions.length}`)
  expect(named()).toEqual(['t*2'])
  kafka.append(0, 'a')
  kafka.cluster.setPartitions('t', 4)
  kafka.cluster.setPartitions('u', 1)
  expect(named()).toEqual(['t*4', 'u*1'])
  expect(kafka.read(0)).toEqual(['a'])
})

test('metadata creates topics if the cluster allows it', () => {
  const kafka = new Kafka({ autoCreateTopics: 3 })
  expect(kafka.ask({ type: 'metadata', topics: ['new'] }).topics[0]?.partitions).toHaveLength(3)
  expect(
    kafka.cluster.append('newer', 2, [{ key: null, value: null, timestamp: 0, headers: [] }]),
  ).toBe(0)
  expect(kafka.cluster.topics()).toEqual([
    { topic: 't', partitions: 2 },
    { topic: 'new', partitions: 3 },
    { topic: 'newer', partitions: 3 },
  ])
})

test('clients may look at the internal topics, but not write them', () => {
  const kafka = new Kafka({ autoCreateTopics: 1 })
  const topic = '__consumer_offsets'
  expect(kafka.ask({ type: 'metadata', topics: [topic] }).topics[0]?.partitions).toHaveLength(50)
  kafka.commitOffset(7)
  const producer = ready(kafka)
  const batch = producer.batch(0, ['a'], false)
  const partitions = [{ topic, partition: 3, batch }]
  const answer = kafka.ask({ type: 'produce', transactionalId: null, partitions })
  expect(answer.partitions).toMatchObject([{ error: 'UNKNOWN_TOPIC_OR_PARTITION' }])
  const { producerId, producerEpoch } = producer
  const added = kafka.ask({
    type: 'add-partitions-to-txn',
    transactionalId: 'tx',
    producerId,
    producerEpoch,
    partitions: [at(0), { topic, partition: 3 }],
  })
  expect(added.partitions.map(({ error }) => error)).toEqual([
    'UNKNOWN_TOPIC_OR_PARTITION',
    'UNKNOWN_TOPIC_OR_PARTITION',
  ])
  const fetched = kafka.ask({
    type: 'fetch',
    isolationLevel: 'read_committed',
    maxWaitMs: 0,
    maxBytes: 1000,
    partitions: [{ topic, partition: 3, offset: 0 }],
  })
  expect(fetched.partitions[0]?.batches).toHaveLength(1)
  const outside = [-1, 50].map((partition) => ({ topic, partition, at: 'latest' as const }))
  const isolationLevel = 'read_committed'
  const listed = kafka.ask({ type: 'list-offsets', isolationLevel, partitions: outside })
  expect(listed.partitions.map(({ error }) => error)).toEqual([
    'UNKNOWN_TOPIC_OR_PARTITION',
    'UNKNOWN_TOPIC_OR_PARTITION',
  ])
})

test('appends are facts with the offsets that follow from them', () => {
  const kafka = new Kafka()
  kafka.append(1, 'a', 'b')
  const producer = kafka.producer()
  producer.init()
  producer.transact('abort', 1, 'c')
  kafka.world.advance(100)
  const kinds = ['batch-appended', 'marker-appended']
  expect(kafka.world.facts.filter(({ type }) => kinds.includes(type))).toEqual([
    {
      type: 'batch-appended',
      ...at(1),
      baseOffset: 0,
      count: 2,
      producerId: -1,
      producerEpoch: -1,
      isTransactional: false,
      highWatermark: 2,
      lastStableOffset: 2,
    },
    {
      type: 'batch-appended',
      ...at(1),
      baseOffset: 2,
      count: 1,
      producerId: producer.producerId,
      producerEpoch: 0,
      isTransactional: true,
      highWatermark: 3,
      lastStableOffset: 2,
    },
    {
      type: 'marker-appended',
      ...at(1),
      offset: 3,
      producerId: producer.producerId,
      producerEpoch: 0,
      result: 'abort',
      highWatermark: 4,
      lastStableOffset: 4,
    },
  ])
})
