/** The reader of a Kafka source: what it emits, where it stands, what it commits. */
import { describe, expect, test } from 'vitest'
import type { ProducedBatch } from '../../../engine/kafka/protocol.ts'
import { json, text } from '../../../engine/serializer.ts'
import { valuesOf } from '../operator-context.ts'
import { Reading, TOPIC } from './reading.ts'

/** Writes a transaction into partition 0: its records take offsets, and so does its marker. */
function transact(
  reading: Reading,
  result: 'commit' | 'abort' | 'leave open',
  ...values: string[]
): void {
  const { cluster } = reading.broker
  const transactionalId = `tx-${values.join('')}`
  let producer = { producerId: -1, producerEpoch: -1 }
  const init = { type: 'init-producer-id', transactionalId, transactionTimeoutMs: 60_000 } as const
  cluster.handle(init, (response) => {
    if (response.type === 'init-producer-id') producer = response
  })
  const partitions = [{ topic: TOPIC, partition: 0 }]
  const ids = {
    transactionalId,
    producerId: producer.producerId,
    producerEpoch: producer.producerEpoch,
  }
  cluster.handle({ type: 'add-partitions-to-txn', ...ids, partitions }, () => undefined)
  const batch: ProducedBatch = {
    ...producer,
    baseSequence: 0,
    isTransactional: true,
    records: values.map((value) => ({
      key: null,
      value: text.encode(value),
      timestamp: 0,
      headers: [],
    })),
  }
  const produced = [{ topic: TOPIC, partition: 0, batch }]
  cluster.handle({ type: 'produce', transactionalId, partitions: produced }, () => undefined)
  if (result !== 'leave open') cluster.handle({ type: 'end-txn', ...ids, result }, () => undefined)
  reading.pass()
}

describe('reading', () => {
  test('an assigned split is read from its offset', () => {
    const reading = new Reading()
    reading.broker.append(TOPIC, 1, 'a', 'b', 'c')
    const reader = reading.start()
    expect(reader.poll()).toEqual([])
    reader.assign('1@1')
    reading.pass()
    expect(reader.poll()).toEqual(['1@1=b', '1@2=c'])
  })

  test('the subtask is woken when records have come', () => {
    const reading = new Reading()
    const reader = reading.start('0@0')
    reading.pass()
    expect(reader.context.wakes).toBe(0)
    reading.broker.append(TOPIC, 0, 'a')
    reading.pass(200)
    expect(reader.context.wakes).toBeGreaterThan(0)
  })

  test('a record comes with its place, time, key and headers', () => {
    const reading = new Reading()
    const header = { key: 'h', value: text.encode('x') }
    const record = {
      key: text.encode('k'),
      value: text.encode('v'),
      timestamp: 7,
      headers: [header],
    }
    reading.broker.cluster.append(TOPIC, 2, [record])
    const reader = reading.start('2@0')
    reading.pass()
    reader.poll()
    expect(valuesOf(reader.context)).toEqual([
      {
        value: 'v',
        key: text.encode('k'),
        topic: TOPIC,
        partition: 2,
        offset: 0,
        timestamp: 7,
        headers: [header],
      },
    ])
    expect(reader.context.emitted.get('main')?.[0]?.timestamp).toBe(7)
  })

  test('with provenance every record is its own origin', () => {
    const reading = new Reading()
    reading.broker.append(TOPIC, 1, 'a')
    const reader = reading.start('1@0')
    reading.pass()
    reader.poll()
    expect(reader.context.provenance.current).toEqual([{ topic: TOPIC, partition: 1, offset: 0 }])
  })

  test('splits take turns, a buffer each', () => {
    const reading = new Reading()
    const values = Array.from({ length: 300 }, (_, i) => `v${i}`)
    reading.broker.append(TOPIC, 0, ...values)
    reading.broker.append(TOPIC, 1, 'x')
    const reader = reading.start('0@0 1@0')
    reading.pass()
    const order = reader.poll().map((record) => record.slice(0, 1))
    expect(order.indexOf('1')).toBe(256)
    expect(order).toHaveLength(301)
  })

  test('it stops when the subtask can take no more, and goes on there', () => {
    const reading = new Reading()
    reading.broker.append(TOPIC, 0, 'a', 'b', 'c')
    const reader = reading.start('0@0')
    reading.pass()
    let room = 2
    expect(reader.poll(() => room-- > 0)).toEqual(['0@0=a', '0@1=b'])
    expect(reader.snapshot(1)).toEqual(['0@2'])
    expect(reader.poll()).toEqual(['0@2=c'])
  })

  test('what cannot be decoded fails with the place where it stands', () => {
    const reading = new Reading()
    reading.broker.append(TOPIC, 0, '{', '1')
    const reader = reading.start('0@0', { value: json })
    reading.pass()
    expect(() => reader.poll()).toThrow(
      /^The function of operator "source at in\/0@0" threw: SyntaxError/,
    )
  })

  test('an offset that does not exist fails the subtask instead of leaving a hole', () => {
    const reading = new Reading()
    reading.broker.append(TOPIC, 0, 'a')
    const reader = reading.start('0@9')
    reading.pass()
    expect(reader.context.failures).toEqual([
      'Offset 9 of in/0 cannot be read (OFFSET_OUT_OF_RANGE): the records were deleted or the log was ' +
        'truncated, so the result would have a hole.',
    ])
  })

  test('a closed reader fetches no more', () => {
    const reading = new Reading()
    const reader = reading.start('0@0')
    reading.pass(500)
    reader.operator.close()
    reading.broker.sent.length = 0
    reading.pass(2000)
    expect(reading.broker.sent).toEqual([])
  })
})

describe('transactions in the input', () => {
  test('aborted records are skipped and markers are read over', () => {
    const reading = new Reading()
    transact(reading, 'commit', 'a', 'b')
    transact(reading, 'abort', 'x')
    transact(reading, 'commit', 'c')
    const reader = reading.start('0@0')
    reading.pass()
    expect(reader.poll()).toEqual(['0@0=a', '0@1=b', '0@5=c'])
    expect(reader.snapshot(1), 'behind the last marker').toEqual(['0@7'])
  })

  test('the position is behind a marker that follows the last record', () => {
    const reading = new Reading()
    reading.broker.append(TOPIC, 0, 'a')
    transact(reading, 'abort', 'x')
    const reader = reading.start('0@0')
    reading.pass()
    reader.poll()
    expect(reader.snapshot(1)).toEqual(['0@3'])
  })

  test('a split whose rest is only markers and aborted records is read to its end', () => {
    const reading = new Reading()
    transact(reading, 'abort', 'x', 'y')
    const reader = reading.start('0@0')
    reading.pass()
    expect(reader.poll()).toEqual([])
    expect(reader.snapshot(1)).toEqual(['0@3'])
    expect(reading.runtime.factsOf('split-caught-up')).toMatchObject([{ partition: 0, offset: 3 }])
  })

  test('an open transaction holds the reader back', () => {
    const reading = new Reading()
    transact(reading, 'leave open', 'x')
    reading.broker.append(TOPIC, 0, 'behind')
    const reader = reading.start('0@0')
    reading.pass()
    expect(reader.poll()).toEqual([])
    expect(reader.snapshot(1)).toEqual(['0@0'])
  })

  test('with read_uncommitted it does not, and aborted records are read', () => {
    const reading = new Reading()
    transact(reading, 'leave open', 'x')
    reading.broker.append(TOPIC, 0, 'behind')
    transact(reading, 'abort', 'y')
    const reader = reading.start('0@0', { isolationLevel: 'read_uncommitted' })
    reading.pass()
    expect(reader.poll()).toEqual(['0@0=x', '0@1=behind', '0@2=y'])
  })
})

describe('checkpoints', () => {
  test('a snapshot holds the offset that is next to read, not what was fetched', () => {
    const reading = new Reading()
    reading.broker.append(TOPIC, 0, 'a', 'b', 'c')
    reading.broker.append(TOPIC, 1, 'x')
    const reader = reading.start('0@0 1@0')
    reading.pass()
    expect(reader.snapshot(1)).toEqual(['0@0', '1@0'])
    reader.poll()
    expect(reader.snapshot(2)).toEqual(['0@3', '1@1'])
  })

  test('a restored split goes on exactly there', () => {
    const reading = new Reading()
    reading.broker.append(TOPIC, 0, 'a', 'b', 'c')
    const reader = reading.start('0@2')
    expect(reading.runtime.factsOf('split-restored')).toMatchObject([{ partition: 0, offset: 2 }])
    reading.pass()
    expect(reader.poll()).toEqual(['0@2=c'])
  })

  test('offsets are committed to the group only after the checkpoint completed, and those of its cut', () => {
    const reading = new Reading()
    reading.broker.append(TOPIC, 0, 'a', 'b')
    const reader = reading.start('0@0')
    reading.pass()
    let room = 1
    reader.poll(() => room-- > 0)
    reader.snapshot(1)
    reader.poll()
    reading.pass()
    expect(reading.committedOffsets).toEqual([])
    reader.complete(1)
    reading.pass()
    expect(reading.committedOffsets).toEqual(['g 0@1'])
  })

  test('a checkpoint that completes makes those before it stale', () => {
    const reading = new Reading()
    reading.broker.append(TOPIC, 0, 'a', 'b')
    const reader = reading.start('0@0')
    reading.pass()
    reader.snapshot(1)
    reader.poll()
    reader.snapshot(2)
    reader.complete(2)
    reader.complete(1)
    reading.pass()
    expect(reading.committedOffsets).toEqual(['g 0@2'])
  })

  test('a commit to the group that gets no answer is not repeated', () => {
    const reading = new Reading()
    reading.broker.append(TOPIC, 0, 'a')
    const reader = reading.start('0@0')
    reading.pass()
    reader.poll()
    reader.snapshot(1)
    reading.broker.loseAnswer('offset-commit')
    reader.complete(1)
    reading.pass(5000)
    expect(reading.broker.sent.filter((request) => request === 'offset-commit')).toHaveLength(1)
    expect(reading.committedOffsets).toEqual([])
  })

  test('a reader without splits commits nothing', () => {
    const reading = new Reading()
    const reader = reading.start()
    reader.snapshot(1)
    reader.complete(1)
    reading.pass()
    expect(reading.broker.sent).toEqual([])
  })
})

describe('catching up', () => {
  test('is said once, when the end that the broker named is reached for the first time', () => {
    const reading = new Reading()
    reading.broker.append(TOPIC, 0, 'a', 'b')
    const reader = reading.start('0@0')
    reading.pass()
    expect(reading.runtime.factsOf('split-caught-up')).toEqual([])
    reader.poll()
    expect(reading.runtime.factsOf('split-caught-up')).toMatchObject([{ partition: 0, offset: 2 }])
    reading.broker.append(TOPIC, 0, 'c')
    reading.pass(200)
    reader.poll()
    expect(reading.runtime.factsOf('split-caught-up')).toHaveLength(1)
  })

  test('an empty split has caught up as soon as the broker has answered', () => {
    const reading = new Reading()
    reading.start('0@0')
    reading.pass(200)
    expect(reading.runtime.factsOf('split-caught-up')).toMatchObject([{ partition: 0, offset: 0 }])
  })
})

describe('ranges', () => {
  test('a split is read up to its stopping offset, and no further', () => {
    const reading = new Reading()
    reading.broker.append(TOPIC, 0, 'a', 'b', 'c', 'd')
    const reader = reading.start()
    reader.assign('0@1-3')
    reading.pass()
    expect(reader.poll()).toEqual(['0@1=b', '0@2=c'])
    expect(reader.snapshot(1)).toEqual(['0@3'])
    const { length } = reading.broker.sent
    reading.pass(1000)
    expect(reading.broker.sent.length, 'nothing more is fetched').toBe(length)
  })

  test('the reader has finished when it has all splits and all are read to their ends', () => {
    const reading = new Reading()
    reading.broker.append(TOPIC, 0, 'a')
    reading.broker.append(TOPIC, 1, 'x')
    const reader = reading.start()
    reader.assign('0@0-1 1@0-2')
    reading.pass()
    expect(reader.poll()).toEqual(['0@0=a', '1@0=x'])
    reader.operator.handleEvent({ type: 'no-more-splits' })
    expect(reader.operator.poll(() => true)).toBe('idle')
    reading.broker.append(TOPIC, 1, 'y')
    reading.pass(200)
    expect(reader.poll()).toEqual(['1@1=y'])
    expect(reader.operator.poll(() => true)).toBe('finished')
    expect(reader.operator.endOffsets).toEqual([
      { topic: TOPIC, partition: 0, offset: 1 },
      { topic: TOPIC, partition: 1, offset: 2 },
    ])
  })

  test('splits that are read to their ends do not finish a reader that may get others', () => {
    const reading = new Reading()
    reading.broker.append(TOPIC, 0, 'a')
    const reader = reading.start()
    reader.assign('0@0-1')
    reading.pass()
    reader.poll()
    expect(reader.operator.poll(() => true)).toBe('idle')
  })

  test('an end in front of the start, or in an empty partition, is one at once', () => {
    const reading = new Reading()
    reading.broker.append(TOPIC, 0, 'a', 'b')
    const reader = reading.start()
    reader.assign('0@2-1 1@0-0')
    reader.operator.handleEvent({ type: 'no-more-splits' })
    expect(reader.operator.poll(() => true)).toBe('finished')
    expect(valuesOf(reader.context)).toEqual([])
  })

  test('markers in front of the end are read over, and wake the reader', () => {
    const reading = new Reading()
    transact(reading, 'abort', 'x', 'y')
    const reader = reading.start()
    reader.assign('0@0-3')
    reader.operator.handleEvent({ type: 'no-more-splits' })
    expect(reader.operator.poll(() => true)).toBe('idle')
    const { wakes } = reader.context
    reading.pass()
    expect(reader.context.wakes).toBeGreaterThan(wakes)
    expect(reader.operator.poll(() => true)).toBe('finished')
  })

  test('a restored split still has its end, also when it has reached it', () => {
    const reading = new Reading()
    reading.broker.append(TOPIC, 0, 'a', 'b', 'c')
    const reader = reading.start('0@1-2 1@5-5')
    expect(reading.runtime.factsOf('split-caught-up')).toMatchObject([{ partition: 1, offset: 5 }])
    reader.operator.handleEvent({ type: 'no-more-splits' })
    reading.pass()
    expect(reader.poll()).toEqual(['0@1=b'])
    expect(reader.operator.poll(() => true)).toBe('finished')
    expect(reader.context.failures).toEqual([])
  })
})
