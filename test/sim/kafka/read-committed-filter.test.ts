/** The client's filter against ground truth, and the mistakes of other clients as named tests (K-R6, D1). */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { RecordData } from '../../../engine/kafka/protocol.ts'
import { filterFetched } from '../../../engine/kafka/read-committed-filter.ts'
import { Kafka, type Producer, TOPIC, valueOf, valuesOf } from './harness.ts'

function open(kafka: Kafka, transactionalId: string): Producer {
  const producer = kafka.producer(transactionalId)
  expect(producer.init()).toBe('NONE')
  expect(producer.add(0)).toBe('NONE')
  return producer
}

function end(kafka: Kafka, producer: Producer, result: 'commit' | 'abort'): void {
  expect(producer.end(result)).toBe('NONE')
  kafka.world.advance(100)
}

/** What one fetch from `offset` gives after the filter. */
function fetchFiltered(kafka: Kafka, offset: number, maxBytes = 1_000_000): [string, number] {
  const fetched = kafka.fetch(0, offset, 'read_committed', maxBytes)
  const { records, nextOffset } = filterFetched(fetched, offset, 'read_committed')
  return [records.map(({ record }) => valueOf(record)).join(''), nextOffset]
}

describe('D1: kafkajs walks the list of aborted transactions in the order of the wire', () => {
  test('D1a: two transactions that abort in the opposite order of their beginnings do not leak', () => {
    const kafka = new Kafka()
    const [a, b] = [open(kafka, 'a'), open(kafka, 'b')]
    a.write(0, 'a')
    b.write(0, 'b')
    end(kafka, b, 'abort')
    a.write(0, 'A')
    end(kafka, a, 'abort')
    kafka.append(0, '.')
    expect(fetchFiltered(kafka, 0)).toEqual(['.', 6])
  })

  test('D1b: a fetch that starts inside two open aborted transactions does not leak', () => {
    const kafka = new Kafka()
    const [a, b] = [open(kafka, 'a'), open(kafka, 'b')]
    a.write(0, 'a')
    b.write(0, 'b')
    b.write(0, 'B')
    a.write(0, 'A')
    end(kafka, a, 'abort')
    end(kafka, b, 'abort')
    expect(fetchFiltered(kafka, 2)).toEqual(['', 6])
    expect(fetchFiltered(kafka, 3)).toEqual(['', 6])
  })

  test('D1c: a data record whose key looks like an abort marker does not end the filter', () => {
    const kafka = new Kafka()
    const a = open(kafka, 'a')
    const zero: RecordData = {
      key: Uint8Array.of(0, 0, 0, 0),
      value: new Uint8Array(6),
      timestamp: 0,
      headers: [],
    }
    a.send(0, { ...a.batch(0, []), records: [zero] })
    a.write(0, 'a')
    end(kafka, a, 'abort')
    expect(fetchFiltered(kafka, 0)).toEqual(['', 3])
  })
})

describe('@platformatic/kafka keeps one range for each producer and fetch', () => {
  test('two aborted transactions of one producer do not leak', () => {
    const kafka = new Kafka()
    const a = open(kafka, 'a')
    a.write(0, 'a')
    end(kafka, a, 'abort')
    kafka.append(0, '.')
    a.transact('abort', 0, 'A')
    kafka.world.advance(100)
    expect(fetchFiltered(kafka, 0)).toEqual(['.', 5])
  })

  test('an abort marker beyond the fetched bytes does not make the records leak', () => {
    const kafka = new Kafka()
    const a = open(kafka, 'a')
    a.write(0, 'a')
    a.write(0, 'b')
    end(kafka, a, 'abort')
    expect(fetchFiltered(kafka, 0, 1)).toEqual(['', 1])
  })

  test('an abort marker of a producer that is not on the list is no problem', () => {
    const kafka = new Kafka()
    const a = open(kafka, 'a')
    a.add(1)
    a.write(1, 'elsewhere')
    end(kafka, a, 'abort')
    kafka.append(0, '.')
    expect(fetchFiltered(kafka, 0)).toEqual(['.', 2])
  })
})

test('K-R6: a producer that aborted may commit its next transaction in the same fetch', () => {
  const kafka = new Kafka()
  const a = open(kafka, 'a')
  a.write(0, 'a')
  end(kafka, a, 'abort')
  a.transact('commit', 0, 'b')
  kafka.world.advance(100)
  expect(fetchFiltered(kafka, 0)).toEqual(['b', 4])
})

test('K-R6: plain records of others inside an aborted transaction are visible', () => {
  const kafka = new Kafka()
  const a = open(kafka, 'a')
  a.write(0, 'a')
  kafka.append(0, '.')
  a.write(0, 'b')
  end(kafka, a, 'abort')
  expect(fetchFiltered(kafka, 0)).toEqual(['.', 4])
})

test('K-R6: the position passes a fetch of which nothing is left', () => {
  const kafka = new Kafka()
  const a = open(kafka, 'a')
  a.write(0, 'a', 'b', 'c')
  end(kafka, a, 'abort')
  expect(fetchFiltered(kafka, 0)).toEqual(['', 4])
  expect(fetchFiltered(kafka, 3)).toEqual(['', 4])
  expect(fetchFiltered(kafka, 4)).toEqual(['', 4])
})

test('K-R9: records below the position are dropped', () => {
  const kafka = new Kafka()
  kafka.append(0, 'a', 'b', 'c')
  expect(fetchFiltered(kafka, 2)).toEqual(['c', 3])
})

test('read_uncommitted shows aborted records, but no markers', () => {
  const kafka = new Kafka()
  const a = open(kafka, 'a')
  a.write(0, 'a')
  end(kafka, a, 'abort')
  kafka.append(0, '.')
  const fetched = kafka.fetch(0, 0, 'read_uncommitted')
  const { records, nextOffset } = filterFetched(fetched, 0, 'read_uncommitted')
  expect(records.map(({ record }) => valueOf(record))).toEqual(['a', '.'])
  expect(nextOffset).toBe(3)
})

type Action = { who: number; does: 'write' | 'commit' | 'abort' | 'append' }

const action: fc.Arbitrary<Action> = fc.record({
  who: fc.nat({ max: 3 }),
  does: fc.constantFrom(
    'write' as const,
    'write' as const,
    'write' as const,
    'commit' as const,
    'abort' as const,
    'append' as const,
  ),
})

/** A log of interleaved transactions; some of them stay open. */
function build(actions: readonly Action[]): Kafka {
  const kafka = new Kafka()
  const producers = ['a', 'b', 'c', 'd'].map((id) => open(kafka, id))
  actions.forEach(({ who, does }, i) => {
    const producer = producers[who]
    if (does === 'append') kafka.append(0, `${i}`, `${i}+`)
    else if (does === 'write') producer?.write(0, `${i}`, `${i}+`)
    else {
      producer?.end(does)
      kafka.world.advance(100)
      producer?.add(0)
    }
  })
  return kafka
}

const log = fc.array(action, { minLength: 1, maxLength: 60, size: 'max' })

test('for every log, position and fetch size, reading on from there gives the committed records', () => {
  fc.assert(
    fc.property(
      log,
      fc.nat({ max: 100 }),
      fc.integer({ min: 0, max: 1000 }),
      (actions, n, maxBytes) => {
        const kafka = build(actions)
        const { lastStableOffset } = kafka.log(0)
        const from = n % (lastStableOffset + 1)
        const truth = kafka.cluster
          .readCommitted(TOPIC, 0)
          .filter(({ offset }) => offset >= from && offset < lastStableOffset)
        const read = kafka.readFrom(0, from, 'read_committed', maxBytes)
        expect(read.offsets).toEqual(truth.map(({ offset }) => offset))
        expect(read.values).toEqual(valuesOf(truth))
        expect(read.nextOffset).toBe(lastStableOffset)
      },
    ),
    { numRuns: 300, seed: 1 },
  )
})

test('for every log and position, every single fetch is right by itself', () => {
  fc.assert(
    fc.property(log, fc.integer({ min: 0, max: 500 }), (actions, maxBytes) => {
      const kafka = build(actions)
      const truth = kafka.cluster.readCommitted(TOPIC, 0)
      for (let from = 0; from < kafka.log(0).lastStableOffset; from += 1) {
        const fetched = kafka.fetch(0, from, 'read_committed', maxBytes)
        const { records, nextOffset } = filterFetched(fetched, from, 'read_committed')
        expect(nextOffset).toBeGreaterThan(from)
        const expected = truth.filter(({ offset }) => offset >= from && offset < nextOffset)
        expect(records.map(({ offset }) => offset)).toEqual(expected.map(({ offset }) => offset))
      }
    }),
    { numRuns: 100, seed: 1 },
  )
})

test('for every log, a reader of everything sees every record once', () => {
  fc.assert(
    fc.property(log, fc.integer({ min: 0, max: 1000 }), (actions, maxBytes) => {
      const kafka = build(actions)
      const read = kafka.readFrom(0, 0, 'read_uncommitted', maxBytes)
      expect(read.values).toEqual(valuesOf(kafka.cluster.readUncommitted(TOPIC, 0)))
    }),
    { numRuns: 100, seed: 1 },
  )
})
