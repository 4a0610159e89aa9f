// The log of changes in Kafka, case by case: what a checkpoint names, who waits for whom, and what is told when the topic is
// not as it should be.

import { describe, expect, test } from 'vitest'
import {
  changeRecord,
  decodeLogRecord,
  headRecord,
  tombstone,
} from '../../../engine/changelog/change-records.ts'
import { CorruptStateError } from '../../../engine/state/corrupt-state-error.ts'
import { LogWorld, TOPIC } from './log-world.ts'

const committed = (world: LogWorld): number => world.broker.cluster.readCommitted(TOPIC, 0).length

describe('a checkpoint', () => {
  test('waits until all its changes are in the log, and names where they are', () => {
    const world = new LogWorld()
    world.change(1, 10)
    world.change(2, 20)
    const first = world.checkpoint()
    // Two changes and the head; then the marker.
    expect(first.range).toMatchObject({ partition: 0, from: 0, to: 3 })
    world.change(1, 11)
    expect(world.checkpoint().range).toMatchObject({ from: 0, to: 6 })
    world.check()
  })

  test('without changes writes nothing', () => {
    const world = new LogWorld()
    expect(world.checkpoint().range).toBeNull()
    world.change(1, 10)
    const { range } = world.checkpoint()
    expect(world.checkpoint().range).toEqual(range)
    expect(world.records).toBe(2)
  })

  test('is committed when it is complete, not before; an aborted one with the next', () => {
    const world = new LogWorld()
    world.change(1, 10)
    world.checkpoint('aborted')
    expect(committed(world)).toBe(0)
    world.change(2, 20)
    const second = world.checkpoint()
    expect(second.committables).toHaveLength(2)
    expect(committed(world)).toBe(4)
    world.check()
  })

  test('whose completion its writer did not hear of is committed by the next one', () => {
    const world = new LogWorld()
    world.change(1, 10)
    world.checkpoint('dies-untold')
    expect(committed(world)).toBe(2)
    expect(world.runtime.factsOf('transaction-committed')).toMatchObject([{ isRecommit: true }])
    world.check()
  })

  test('that never completes leaves nothing behind: the next life aborts it', () => {
    const world = new LogWorld()
    world.change(1, 10)
    world.checkpoint()
    world.change(1, 11)
    world.checkpoint('aborted')
    world.crash()
    world.runtime.advance(100)
    expect(world.broker.cluster.openTransactions()).toEqual([])
    expect(committed(world)).toBe(2)
    world.check()
  })
})

describe('what cannot be restored is told in one sentence', () => {
  test('a checkpoint that the log no longer serves', () => {
    const world = new LogWorld({ retained: 2, believed: 1 })
    world.change(1, 10)
    const first = world.checkpoint()
    world.change(1, 11)
    world.checkpoint()
    expect(world.read(first)).toBe(
      `Checkpoint 1 can no longer be restored: in ${TOPIC}/0 there is only what checkpoint 2 and later ones need.`,
    )
  })

  test('a log that ends before the checkpoint', () => {
    const world = new LogWorld()
    world.change(1, 10)
    const { range, ...checkpoint } = world.checkpoint()
    if (range === null) throw new Error('It has changes.')
    expect(world.read({ ...checkpoint, range: { ...range, to: 50 } })).toBe(
      `Checkpoint 1 needs the changes in ${TOPIC}/0 from offset 0 to 50, but it can be read to offset 3 only.`,
    )
    expect(world.read({ ...checkpoint, range: { ...range, from: 40, to: 50 } })).toContain(
      'it ends at offset 3',
    )
  })

  test('a record that no changelog wrote', () => {
    const world = new LogWorld()
    world.change(1, 10)
    const { range, ...checkpoint } = world.checkpoint()
    world.broker.append(TOPIC, 0, 'something else')
    if (range === null) throw new Error('It has changes.')
    expect(world.read({ ...checkpoint, range: { ...range, to: 4 } })).toContain('has no key')
  })

  test('a topic with too few partitions fails the subtask', () => {
    const world = new LogWorld({ subtaskIndex: 3, partitions: 2 })
    world.runtime.advance(50)
    expect(world.failures).toEqual([
      'The changelog of "sum" needs a partition for each of its 4 subtasks, ' +
        `but the topic ${TOPIC} has only 2: add partitions, or lower the parallelism.`,
    ])
  })
})

describe('records', () => {
  const key = Uint8Array.of(0, 7, 9)

  test.each([Uint8Array.of(1, 2), new Uint8Array(0), null])(
    'a change comes back as it was: %o',
    (value) => {
      const record = changeRecord(12, { key, value }, 5)
      // Also a removed row has a value: a tombstone would vanish, and bring an older row back.
      expect(record.value).not.toBeNull()
      expect(decodeLogRecord(record)).toEqual({ type: 'change', epoch: 12, change: { key, value } })
    },
  )

  test('a head and a tombstone are told apart from changes', () => {
    expect(decodeLogRecord(headRecord({ oldest: 7, floor: 3 }, 0))).toEqual({
      type: 'head',
      head: { oldest: 7, floor: 3 },
    })
    const { key: recordKey } = changeRecord(12, { key, value: null }, 0)
    expect(decodeLogRecord(tombstone(recordKey ?? key, 0))).toEqual({
      type: 'tombstone',
      epoch: 12,
    })
  })

  test.each([
    { key: null, value: key },
    { key: new Uint8Array(0), value: key },
    { key: Uint8Array.of(0x48), value: key },
    { key: Uint8Array.of(0x52, 1), value: key },
    { key: Uint8Array.of(1, 2, 3), value: null },
  ])('anything else is refused: %o', (record) => {
    const whole = { ...record, timestamp: 0, headers: [] }
    expect(() => decodeLogRecord(whole)).toThrow(CorruptStateError)
  })
})
