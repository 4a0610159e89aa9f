/** The exactly-once sink against the simulated cluster: pre-commit, commit, records, availability. */
import { describe, expect, test } from 'vitest'
import { UserFunctionError } from '../../../engine/errors.ts'
import { decodeOrigins } from '../../../engine/kafka/provenance.ts'
import { text } from '../../../engine/serializer.ts'
import { Sinking, TOPIC } from './sink-harness.ts'

describe('pre-commit', () => {
  test('the snapshot waits until every record is in the log', () => {
    const sinking = new Sinking()
    const attempt = sinking.start()
    attempt.write('a', 'b')
    sinking.broker.hold('produce')
    const snapshot = attempt.snapshot(1)
    sinking.pass()
    expect(snapshot.isReady).toBe(false)
    expect(sinking.runtime.factsOf('transaction-prepared')).toEqual([])
    sinking.broker.release('produce')
    sinking.pass()
    expect(snapshot.isReady).toBe(true)
    expect(snapshot.committables).toEqual(['1: job-sink-0-0'])
    expect(sinking.runtime.factsOf('transaction-prepared')).toMatchObject([
      { checkpoint: 1, transactionalId: 'job-sink-0-0' },
    ])
    expect(sinking.broker.cluster.readUncommitted(TOPIC, 0)).toHaveLength(2)
  })

  test('nothing is visible before the checkpoint completed', () => {
    const sinking = new Sinking()
    const attempt = sinking.start()
    attempt.write('a').snapshot(1)
    sinking.pass(5000)
    expect(sinking.visible).toBe('')
    expect(sinking.requests('end-txn')).toEqual([])
    attempt.complete(1)
    sinking.pass()
    expect(sinking.visible).toBe('a')
  })

  test('without records there is no transaction, nothing to wait for and nothing to commit', () => {
    const sinking = new Sinking()
    const attempt = sinking.start()
    const snapshot = attempt.snapshot(1)
    expect(snapshot.isReady).toBe(true)
    expect(snapshot.committables).toEqual([])
    attempt.complete(1)
    sinking.pass()
    expect(sinking.requests('end-txn', 'add-partitions-to-txn')).toEqual([])
  })

  test('records behind the barrier belong to the next transaction', () => {
    const sinking = new Sinking()
    const attempt = sinking.start()
    attempt.write('a').snapshot(1)
    attempt.write('b')
    sinking.pass()
    attempt.complete(1)
    sinking.pass()
    expect(sinking.visible).toBe('a')
    const second = attempt.snapshot(2)
    sinking.pass()
    expect(second.committables).toEqual(['2: job-sink-0-1'])
  })

  test('they reach the log behind those in front of it, however slow these are', () => {
    const sinking = new Sinking()
    const attempt = sinking.start()
    sinking.broker.hold('produce')
    attempt.write('a').snapshot(1)
    attempt.write('b')
    sinking.pass()
    attempt.write('c').snapshot(2)
    sinking.broker.release('produce')
    sinking.pass()
    attempt.complete(2)
    sinking.pass()
    expect(sinking.visible).toBe('a b c')
  })

  test('a snapshot also waits for the transaction of an earlier checkpoint that was aborted', () => {
    const sinking = new Sinking()
    const attempt = sinking.start()
    attempt.write('a')
    sinking.broker.hold('produce')
    attempt.snapshot(1)
    const second = attempt.snapshot(2)
    sinking.pass()
    expect(second.isReady, 'it names a transaction whose records are not in the log').toBe(false)
    sinking.broker.release('produce')
    sinking.pass()
    expect(second.committables).toEqual(['1: job-sink-0-0'])
  })
})

describe('commit', () => {
  test('a completed checkpoint commits its transaction and all before it, in their order', () => {
    const sinking = new Sinking()
    const attempt = sinking.start()
    for (const checkpoint of [1, 2, 3]) {
      attempt.write(`v${checkpoint}`).snapshot(checkpoint)
      sinking.pass()
    }
    attempt.complete(2)
    sinking.pass()
    expect(sinking.requests('end-txn')).toEqual([
      'end-txn job-sink-0-0 commit',
      'end-txn job-sink-0-1 commit',
    ])
    expect(sinking.visible).toBe('v1 v2')
  })

  test('the next one waits until the one before is committed', () => {
    const sinking = new Sinking()
    const attempt = sinking.start()
    attempt.write('a').snapshot(1)
    sinking.pass()
    attempt.write('b').snapshot(2)
    sinking.pass()
    sinking.broker.hold('end-txn')
    attempt.complete(2)
    sinking.pass()
    expect(sinking.requests('end-txn')).toEqual(['end-txn job-sink-0-0 commit'])
    sinking.broker.release('end-txn')
    sinking.pass()
    expect(sinking.requests('end-txn')).toEqual(['end-txn job-sink-0-1 commit'])
  })

  test('a transaction of an aborted checkpoint is committed by the next one that completes', () => {
    const sinking = new Sinking()
    const attempt = sinking.start()
    attempt.write('a').snapshot(1)
    sinking.pass()
    attempt.write('b')
    const second = attempt.snapshot(2)
    sinking.pass()
    expect(second.committables).toEqual(['1: job-sink-0-0', '2: job-sink-0-1'])
    attempt.complete(2)
    sinking.pass()
    expect(sinking.visible).toBe('a b')
  })

  test('an answer that is lost is asked for again', () => {
    const sinking = new Sinking()
    const attempt = sinking.start()
    attempt.write('a').snapshot(1)
    sinking.pass()
    sinking.broker.loseAnswer('end-txn')
    attempt.complete(1)
    sinking.pass(2000)
    expect(sinking.requests('end-txn')).toHaveLength(2)
    expect(sinking.visible).toBe('a')
    expect(sinking.runtime.factsOf('transaction-committed')).toMatchObject([
      { checkpoint: 1, isRecommit: false },
    ])
  })

  test('a transaction that the broker has aborted by timeout is lost, and the subtask fails with that sentence', () => {
    const sinking = new Sinking()
    const attempt = sinking.start(null, { spec: { transactionTimeoutMs: 500 } })
    attempt.write('a').snapshot(1)
    sinking.pass(30_000)
    attempt.complete(1)
    sinking.pass()
    expect(attempt.context.failures).toHaveLength(1)
    expect(attempt.context.failures[0]).toMatch(
      /^The broker refused to commit transaction job-sink-0-0 .*so its records are lost/,
    )
    expect(sinking.visible).toBe('')
  })
})

describe('records', () => {
  test('a record without key goes to the partition of its subtask', () => {
    const sinking = new Sinking()
    const attempt = sinking.start(null, { index: 3, parallelism: 4 })
    attempt.write('a', 'b').snapshot(1)
    sinking.pass()
    attempt.complete(1)
    sinking.pass()
    expect(sinking.broker.committed(TOPIC, 1)).toEqual(['a', 'b'])
  })

  test('a record with a key goes where the key belongs, and one transaction spans the partitions', () => {
    const sinking = new Sinking()
    const key = (value: unknown): Uint8Array => text.encode(String(value))
    const attempt = sinking.start(null, { spec: { key } })
    // murmur2: 'a' belongs to partition 0 of 2, 'foobar' too, '21' to 0, 'abc' to 1.
    attempt.write('a', 'abc').snapshot(1)
    sinking.pass()
    attempt.complete(1)
    sinking.pass()
    expect([0, 1].map((partition) => sinking.broker.committed(TOPIC, partition))).toEqual([
      ['a'],
      ['abc'],
    ])
    expect(sinking.requests('end-txn')).toHaveLength(1)
  })

  test('with provenance every record says which input it stands for', () => {
    const sinking = new Sinking()
    const attempt = sinking.start()
    attempt.context.provenance.current = [{ topic: 'in', partition: 1, offset: 7 }]
    attempt.write('a').snapshot(1)
    sinking.pass()
    const [written] = sinking.broker.cluster.readUncommitted(TOPIC, 0)
    expect(decodeOrigins(written?.record.headers ?? [])).toEqual([
      { topic: 'in', partition: 1, offset: 7 },
    ])
  })

  test('an exception of the key function or the serializer names the sink', () => {
    const sinking = new Sinking()
    const key = (): never => {
      throw new TypeError('no key')
    }
    const attempt = sinking.start(null, { spec: { key } })
    expect(() => attempt.write('a')).toThrow(UserFunctionError)
    expect(() => attempt.write('a')).toThrow(
      'The function of operator "sink" threw: TypeError: no key',
    )
  })
})

describe('availability', () => {
  test('the sink takes no record before it knows the partitions, and wakes its subtask then', () => {
    const sinking = new Sinking()
    sinking.broker.hold('metadata')
    const attempt = sinking.start()
    expect(attempt.operator.isAvailable).toBe(false)
    sinking.broker.release('metadata')
    sinking.pass()
    expect(attempt.operator.isAvailable).toBe(true)
    expect(attempt.context.wakes).toBeGreaterThan(0)
  })

  test('what comes before it knows them all the same, from a timer or a service, belongs to its checkpoint', () => {
    const sinking = new Sinking()
    sinking.broker.hold('metadata')
    const attempt = sinking.start()
    attempt.write('a')
    const snapshot = attempt.snapshot(1)
    attempt.write('b')
    sinking.pass()
    expect([snapshot.isReady, attempt.context.failures]).toEqual([false, []])
    sinking.broker.release('metadata')
    sinking.pass()
    expect(snapshot.committables).toEqual(['1: job-sink-0-0'])
    attempt.complete(1)
    sinking.pass()
    expect(sinking.visible).toBe('a')
  })

  test('it stops its input at 5000 records that are not in the log, and wakes it when there is room again', () => {
    const sinking = new Sinking()
    const attempt = sinking.start()
    attempt.context.wakes = 0
    for (let i = 0; i < 4999; i++) attempt.write('v')
    expect(attempt.operator.isAvailable).toBe(true)
    attempt.write('v')
    expect(attempt.operator.isAvailable).toBe(false)
    sinking.pass()
    expect(attempt.operator.isAvailable).toBe(true)
    expect(attempt.context.wakes).toBeGreaterThan(0)
  })

  test('a closed sink does nothing any more', () => {
    const sinking = new Sinking()
    const attempt = sinking.start()
    attempt.write('a')
    attempt.crash()
    sinking.requests()
    sinking.pass(5000)
    expect(sinking.requests('')).toEqual([])
    expect(attempt.context.failures).toEqual([])
  })
})
