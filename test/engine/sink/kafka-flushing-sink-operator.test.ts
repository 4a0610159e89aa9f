/** The Kafka sink without transactions, against the simulated cluster. */
import { expect, test } from 'vitest'
import { text } from '../../../engine/serializer.ts'
import { KafkaFlushingSinkOperator } from '../../../engine/sink/kafka-flushing-sink-operator.ts'
import { kafkaSink, kafkaUpsertSink } from '../../../engine/sink/sinks.ts'
import type { Sink } from '../../../engine/sink/sink-spec.ts'
import { ClusterBroker } from '../cluster-broker.ts'
import { FakeRuntime } from '../fake-runtime.ts'
import { operatorContext } from '../operator-context.ts'
import { TakenSnapshot } from './taking-snapshots.ts'

function started(sink: Sink<string>) {
  const runtime = new FakeRuntime()
  const broker = new ClusterBroker(runtime, { topics: [{ topic: 'out', partitions: 2 }] })
  const context = operatorContext({ runtime, broker })
  if (sink.spec.type !== 'kafka') throw new Error('A Kafka sink is one.')
  const operator = new KafkaFlushingSinkOperator(sink.spec, context)
  expect(operator.isAvailable).toBe(false)
  operator.open()
  runtime.advance(20)
  expect(operator.isAvailable).toBe(true)
  return { runtime, broker, operator, context }
}

const atLeastOnce = kafkaSink<string>({
  topic: 'out',
  value: text,
  key: (value) => value.slice(0, 1),
  delivery: 'at-least-once',
})

test('records leave after a linger, without a transaction, and can be read at once', () => {
  const { runtime, broker, operator } = started(atLeastOnce)
  operator.process('a1', 0)
  operator.process('a2', 0)
  expect(operator.isDrained).toBe(false)
  runtime.advance(20)
  expect([...broker.committed('out', 0), ...broker.committed('out', 1)]).toEqual(['a1', 'a2'])
  expect(operator.isDrained).toBe(true)
  expect(broker.sent.some((request) => request.startsWith('add-partitions'))).toBe(false)
})

test('a checkpoint waits for the records in front of it, and not for those behind', () => {
  const { runtime, broker, operator } = started(atLeastOnce)
  broker.hold('produce')
  operator.process('a1', 0)
  operator.process('b1', 0)
  const snapshot = new TakenSnapshot(operator, 1)
  operator.process('a2', 0)
  runtime.advance(5)
  expect(snapshot.isReady).toBe(false)
  broker.release('produce')
  broker.hold('produce')
  runtime.advance(4)
  expect([snapshot.isReady, operator.isDrained]).toEqual([true, false])
})

test('with delivery none a checkpoint waits for nothing', () => {
  const { broker, operator } = started(
    kafkaSink<string>({ topic: 'out', value: text, delivery: 'none' }),
  )
  broker.hold('produce')
  operator.process('a1', 0)
  expect(new TakenSnapshot(operator, 1).isReady).toBe(true)
})

test('a record whose answer was lost is sent again and is in the log once', () => {
  const { runtime, broker, operator } = started(atLeastOnce)
  broker.loseAnswer('produce')
  operator.process('a1', 0)
  const snapshot = new TakenSnapshot(operator, 1)
  runtime.advance(3000)
  expect(snapshot.isReady).toBe(true)
  expect([...broker.committed('out', 0), ...broker.committed('out', 1)]).toEqual(['a1'])
})

test('an upsert sink writes a deleted row as a record without value', () => {
  const { runtime, broker, operator } = started(
    kafkaUpsertSink<string>({
      topic: 'out',
      value: text,
      key: (value) => value.slice(0, 1),
      isDeleted: (value) => value.endsWith('-'),
      delivery: 'at-least-once',
    }),
  )
  operator.process('a1', 0)
  operator.process('a-', 0)
  runtime.advance(20)
  const written = [0, 1].flatMap((partition) => broker.cluster.readCommitted('out', partition))
  expect(written.map(({ record: { key, value } }) => [key, value])).toEqual([
    [text.encode('a'), text.encode('a1')],
    [text.encode('a'), null],
  ])
})

test('what comes before the partitions are known, from a timer or a service, is kept for them', () => {
  const runtime = new FakeRuntime()
  const broker = new ClusterBroker(runtime, { topics: [{ topic: 'out', partitions: 2 }] })
  broker.hold('metadata')
  if (atLeastOnce.spec.type !== 'kafka') throw new Error('A Kafka sink is one.')
  const operator = new KafkaFlushingSinkOperator(
    atLeastOnce.spec,
    operatorContext({ runtime, broker }),
  )
  operator.open()
  operator.process('a1', 0)
  const snapshot = new TakenSnapshot(operator, 1)
  operator.finish()
  runtime.advance(20)
  expect([snapshot.isReady, operator.isDrained]).toEqual([false, false])
  broker.release('metadata')
  runtime.advance(20)
  expect([snapshot.isReady, operator.isDrained]).toEqual([true, true])
  expect([...broker.committed('out', 0), ...broker.committed('out', 1)]).toEqual(['a1'])
})
