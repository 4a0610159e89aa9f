/** Each broker mutant breaks the rule that it is named after, and right clients would notice (known-bugs.md, part B). */
import { describe, expect, test } from 'vitest'
import { Kafka, ready } from './harness.ts'

describe('no-epoch-check (B-37) breaks K-R11', () => {
  /** A zombie writes into the transaction of its successor. */
  function zombieWrites(kafka: Kafka): string[] {
    const old = ready(kafka)
    old.transact('commit', 0, 'a')
    kafka.world.advance(100)
    const zombie = old.zombie()
    const next = ready(kafka)
    next.add(0)
    next.write(0, 'b')
    zombie.write(0, 'zombie')
    next.end('commit')
    kafka.world.advance(100)
    return kafka.read(0)
  }

  test('the record of a fenced producer is committed by its successor', () => {
    const kafka = new Kafka({}, 'no-epoch-check')
    expect(zombieWrites(kafka)).toEqual(['a', 'b', 'zombie'])
    expect(kafka.mutants.hits).toBeGreaterThan(0)
    expect(zombieWrites(new Kafka())).toEqual(['a', 'b'])
  })

  test('a zombie that writes after the abort leaves a transaction that nobody ends', () => {
    const kafka = new Kafka({}, 'no-epoch-check')
    const old = ready(kafka)
    old.add(0)
    old.write(0, 'a')
    const zombie = old.zombie()
    kafka.producer().init()
    kafka.world.advance(100)
    expect(zombie.write(0, 'zombie')).toBe('NONE')
    kafka.world.advance(1_000_000)
    expect(kafka.cluster.openTransactions()).toEqual([])
    expect(kafka.log(0).lastStableOffset).toBeLessThan(kafka.log(0).highWatermark)
  })
})

describe('no-sequence-check (B-39) breaks K-R13 and K-R14', () => {
  test('a repeated batch is in the log twice', () => {
    const kafka = new Kafka({}, 'no-sequence-check')
    const producer = ready(kafka, null)
    const batch = producer.batch(0, ['a'], false)
    expect(producer.send(0, batch)).toMatchObject({ error: 'NONE', baseOffset: 0 })
    expect(producer.send(0, batch)).toMatchObject({ error: 'NONE', baseOffset: 1 })
    expect(kafka.read(0)).toEqual(['a', 'a'])
    expect(kafka.mutants.hits).toBe(1)
  })

  test('a gap is not noticed', () => {
    const kafka = new Kafka({}, 'no-sequence-check')
    const producer = ready(kafka, null)
    producer.write(0, 'a')
    const batch = { ...producer.batch(0, ['c'], false), baseSequence: 2 }
    expect(producer.send(0, batch).error).toBe('NONE')
  })
})

test('lso-is-high-watermark (B-41) breaks K-R3: readers see records of transactions that abort later', () => {
  const kafka = new Kafka({}, 'lso-is-high-watermark')
  const producer = ready(kafka)
  producer.add(0)
  producer.write(0, 'dirty')
  expect(kafka.read(0)).toEqual(['dirty'])
  expect(kafka.mutants.hits).toBeGreaterThan(0)
  producer.end('abort')
  kafka.world.advance(100)
  expect(kafka.read(0)).toEqual([])
})

describe('end-txn-answers-early (B-43) breaks K-R25', () => {
  test('a producer hears of an abort that never happened', () => {
    const kafka = new Kafka({}, 'end-txn-answers-early')
    const producer = ready(kafka)
    producer.transact('commit', 0, 'a')
    expect(producer.end('abort')).toBe('NONE')
    expect(kafka.mutants.hits).toBe(1)
    kafka.world.advance(100)
    expect(kafka.read(0)).toEqual(['a'])
  })

  /**
   * As in ydb: the next transaction of the same producer begins and ends while the former one is being completed
   * (its marker is in partition 0, but not yet in partition 1).
   */
  function nextTransaction(kafka: Kafka): string[] {
    const producer = ready(kafka)
    producer.add(0, 1)
    producer.write(0, 'a')
    producer.end('commit')
    kafka.world.advance(5)
    const answers = [producer.add(0), producer.write(0, 'b'), producer.end('commit')]
    kafka.world.advance(1_000_000)
    return answers
  }

  test('the next transaction is answered with success, but nobody commits it', () => {
    const options = { transactionVerification: false, markerDelayMs: 5, markerGapMs: 50 }
    const kafka = new Kafka(options, 'end-txn-answers-early')
    expect(nextTransaction(kafka)).toEqual(['NONE', 'NONE', 'NONE'])
    expect(kafka.read(0)).toEqual(['a'])
    expect(kafka.log(0).lastStableOffset).toBe(2)
    const busy = 'CONCURRENT_TRANSACTIONS'
    expect(nextTransaction(new Kafka(options))).toEqual([busy, 'NONE', busy])
  })
})

test('marker-on-one-partition (B-44) breaks K-R26: the second partition never ends', () => {
  const kafka = new Kafka({}, 'marker-on-one-partition')
  const producer = ready(kafka)
  producer.add(0, 1)
  producer.write(0, 'a')
  producer.write(1, 'b')
  producer.end('commit')
  kafka.world.advance(1_000_000)
  expect(kafka.cluster.openTransactions()).toEqual([])
  expect([kafka.read(0), kafka.read(1)]).toEqual([['a'], []])
  expect(kafka.log(1).lastStableOffset).toBe(0)
  expect(kafka.mutants.hits).toBe(1)
})

test('with one partition there is nothing for marker-on-one-partition to break, and no hit', () => {
  const kafka = new Kafka({}, 'marker-on-one-partition')
  ready(kafka).transact('commit', 0, 'a')
  kafka.world.advance(100)
  expect(kafka.read(0)).toEqual(['a'])
  expect(kafka.mutants.hits).toBe(0)
})
