/** The factories of sinks, and the sink that keeps nothing. */
import { expect, test } from 'vitest'
import { text } from '../../../engine/serializer.ts'
import { createSink } from '../../../engine/sink/create-sink.ts'
import { discardSink, kafkaSink } from '../../../engine/sink/sinks.ts'
import { operatorContext } from '../operator-context.ts'

test('a Kafka sink is a description with every option', () => {
  const { spec } = kafkaSink({ topic: 'out', value: text, delivery: 'exactly-once' })
  expect(spec).toMatchObject({
    type: 'kafka',
    topic: 'out',
    key: null,
    delivery: 'exactly-once',
    transactionalIdPrefix: null,
    transactionTimeoutMs: 900_000,
  })
})

test('the key function of a job becomes bytes, and null stays null', () => {
  const { spec } = kafkaSink<string>({
    topic: 'out',
    value: text,
    key: (value) => (value === '' ? null : value.slice(0, 1)),
    delivery: 'exactly-once',
  })
  if (spec.type !== 'kafka') throw new Error('It is a Kafka sink.')
  expect(spec.key?.('abc')).toEqual(text.encode('a'))
  expect(spec.key?.('')).toBeNull()
})

test('the discarding sink takes everything, and has neither state nor broker', () => {
  const operator = createSink(discardSink().spec, operatorContext({ uid: 'drain' }))
  expect(operator.uid).toBe('drain')
  expect(() => {
    operator.process('anything', 0)
  }).not.toThrow()
  expect('snapshot' in operator).toBe(false)
})
