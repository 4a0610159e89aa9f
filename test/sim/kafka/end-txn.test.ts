/** EndTxn: every outcome, and what it means for the records (K-R25). */
import { describe, expect, test } from 'vitest'
import { Kafka, markers, type Producer, ready } from './harness.ts'

describe('K-R25: outcomes of EndTxn', () => {
  type Row = [
    state: string,
    prepare: (kafka: Kafka, producer: Producer) => void,
    expected: string[],
  ]
  const rows: Row[] = [
    ['Empty', () => {}, ['INVALID_TXN_STATE', 'INVALID_TXN_STATE']],
    ['Ongoing', (_, p) => p.add(0), ['NONE', 'NONE']],
    [
      'PrepareCommit',
      (_, p) => p.transact('commit', 0, 'a'),
      ['CONCURRENT_TRANSACTIONS', 'CONCURRENT_TRANSACTIONS'],
    ],
    [
      'PrepareAbort',
      (_, p) => p.transact('abort', 0, 'a'),
      ['CONCURRENT_TRANSACTIONS', 'CONCURRENT_TRANSACTIONS'],
    ],
    [
      'CompleteCommit',
      (kafka, p) => {
        p.transact('commit', 0, 'a')
        kafka.world.advance(100)
      },
      ['NONE', 'INVALID_TXN_STATE'],
    ],
    [
      'CompleteAbort',
      (kafka, p) => {
        p.transact('abort', 0, 'a')
        kafka.world.advance(100)
      },
      ['INVALID_TXN_STATE', 'NONE'],
    ],
    ['a newer epoch', (kafka) => ready(kafka), ['PRODUCER_FENCED', 'PRODUCER_FENCED']],
    [
      'another producer id',
      (_, p) => (p.producerId += 1),
      ['INVALID_PRODUCER_ID_MAPPING', 'INVALID_PRODUCER_ID_MAPPING'],
    ],
  ]
  test.each(rows)('K-R25: EndTxn in %s', (_state, prepare, expected) => {
    const outcomes = (['commit', 'abort'] as const).map((result) => {
      const kafka = new Kafka()
      const producer = ready(kafka)
      prepare(kafka, producer)
      return producer.end(result)
    })
    expect(outcomes).toEqual(expected)
  })

  test('K-R25: success is answered before any marker is written', () => {
    const kafka = new Kafka({ markerDelayMs: 50 })
    ready(kafka).transact('commit', 0, 'a')
    expect(kafka.read(0)).toEqual([])
    expect(markers(kafka)).toEqual([])
    kafka.world.advance(49)
    expect(kafka.read(0)).toEqual([])
    kafka.world.advance(1)
    expect(kafka.read(0)).toEqual(['a'])
  })

  test('K-R25: a handle from another process commits, again and again', () => {
    const kafka = new Kafka()
    const crashed = ready(kafka)
    crashed.add(0)
    crashed.write(0, 'a')
    const restored = crashed.zombie()
    expect(restored.end('commit')).toBe('NONE')
    kafka.world.advance(100)
    expect(restored.end('commit')).toBe('NONE')
    expect(kafka.read(0)).toEqual(['a'])
  })

  test('K-R25: a late EndTxn of the same epoch commits the next transaction (the hazard of version 1)', () => {
    const kafka = new Kafka()
    const producer = ready(kafka)
    producer.transact('commit', 0, 'a')
    kafka.world.advance(100)
    producer.add(0)
    producer.write(0, 'half')
    expect(producer.zombie().end('commit')).toBe('NONE')
    kafka.world.advance(100)
    expect(kafka.read(0)).toEqual(['a', 'half'])
  })
})
