/** What a job master finds of those before it, and what it makes of it. */
import { describe, expect, test } from 'vitest'
import { checkpointId } from '../../../engine/ids.ts'
import { IDS_AHEAD } from '../../../engine/recovery/master-journal.ts'
import { Masters } from './masters.ts'

test('the first one begins with nothing, and the next with the newest checkpoint', () => {
  const masters = new Masters()
  expect(masters.begin()).toBe('epoch 1 from nothing, ids from 1')
  masters.complete(2).complete(3)
  expect(masters.begin()).toBe('epoch 2 from 3, ids from 11')
  expect(masters.begin()).toBe('epoch 3 from 3, ids from 21')
  expect([...masters.storage.objects.keys()].filter((key) => key.startsWith('master'))).toEqual([
    'master/epoch-3',
  ])
})

test('as many checkpoints come back as are retained, oldest first', () => {
  const masters = new Masters()
  masters.begin()
  masters.complete(2).complete(9).complete(10)
  expect(masters.begin({ retained: 2 })).toBe('epoch 2 from 9 10, ids from 11')
})

test('what lies there without a record belongs to somebody else', () => {
  const masters = new Masters().complete(7).complete(90)
  expect(masters.begin()).toBe('epoch 1 from nothing, ids from 1')
  masters.complete(1)
  expect(masters.begin(), 'nor does one whose id was never given').not.toContain('90')
})

test('a checkpoint that a replaced master completed after its successor looked does not count', () => {
  const masters = new Masters()
  masters.begin()
  masters.complete(4)
  masters.begin()
  masters.complete(5)
  expect(masters.begin()).toBe('epoch 3 from 4, ids from 21')
  masters.complete(21)
  expect(masters.begin()).toBe('epoch 4 from 21, ids from 31')
})

describe('ids', () => {
  test('are reserved before they are used, and no master gives one that another had', () => {
    const masters = new Masters()
    masters.begin()
    const { journal, runtime } = masters
    expect(journal.mayUse(checkpointId(1))).toBe(true)
    expect(journal.mayUse(checkpointId(6)), 'more are reserved in time').toBe(true)
    runtime.advance(5)
    for (let id = 7; id <= 15; id++) {
      expect(journal.mayUse(checkpointId(id))).toBe(true)
      runtime.advance(5)
    }
    expect(masters.begin()).toBe('epoch 2 from nothing, ids from 21')
  })

  test('that could not be reserved are not used', () => {
    const masters = new Masters()
    masters.begin()
    masters.storage.refusal = 'disk full'
    for (let id = 1; id <= IDS_AHEAD; id++) {
      expect(masters.journal.mayUse(checkpointId(id))).toBe(true)
      masters.runtime.advance(5)
    }
    expect(masters.journal.mayUse(checkpointId(IDS_AHEAD + 1))).toBe(false)
    masters.storage.refusal = null
    masters.journal.mayUse(checkpointId(IDS_AHEAD + 1))
    masters.runtime.advance(5)
    expect(masters.journal.mayUse(checkpointId(IDS_AHEAD + 1))).toBe(true)
  })
})

describe('a newest checkpoint that cannot be read', () => {
  const damaged = (): Masters => {
    const masters = new Masters()
    masters.begin()
    return masters.complete(2).complete(3, true)
  }

  test('is an error that says what is wrong and what to do', () => {
    expect(damaged().begin({ retained: 2 })).toBe(
      'The newest checkpoint cannot be restored: chk-3/_metadata cannot be read: its checksum is wrong. ' +
        'Restore an older one by hand, or set checkpointing.fallbackToPrevious: ' +
        'output that was committed after that one is then written a second time.',
    )
  })

  test('is passed over where that is allowed', () => {
    const taken = damaged().next({ retained: 2, fallback: true })
    expect(taken).toMatchObject({
      type: 'taken',
      start: { completed: [{ metadata: { checkpoint: 2 } }] },
      unreadable: [
        { checkpoint: 3, reason: 'chk-3/_metadata cannot be read: its checksum is wrong' },
      ],
    })
  })

  test('is an error all the same when there is no other', () => {
    const masters = new Masters()
    masters.begin()
    expect(masters.complete(3, true).begin({ fallback: true })).toBe(
      'No checkpoint can be restored: of the newest, chk-3/_metadata cannot be read: ' +
        'its checksum is wrong; there is no other that can be read.',
    )
  })

  test('the mutant unreadable-checkpoint-skipped passes over it without a word', () => {
    expect(damaged().begin({ mutant: 'unreadable-checkpoint-skipped' })).toBe(
      'epoch 2 from 2, ids from 11',
    )
  })

  test('behind one that can be read is only missed', () => {
    const masters = new Masters()
    masters.begin()
    masters.complete(1).complete(2, true).complete(3)
    expect(masters.begin({ retained: 2 })).toBe('epoch 2 from 1 3, ids from 11')
  })
})

describe('the end of the job', () => {
  test('is known to whoever comes later', () => {
    const masters = new Masters()
    masters.begin()
    masters.journal.recordEnd({ status: 'failed', reason: 'boom' }, () => undefined)
    masters.runtime.advance(5)
    expect(masters.begin()).toBe('failed: boom')
  })

  test('or a record that is damaged is never overlooked', () => {
    for (const key of ['master/epoch-1', 'master/end-1']) {
      const masters = new Masters()
      masters.begin()
      masters.storage.objects.set(key, Uint8Array.of(1, 2, 3, 4, 5))
      expect(masters.begin()).toBe(
        `The record ${key} of a former job master is corrupt: its checksum is wrong.`,
      )
    }
  })
})

test('another job over the same storage begins with nothing, but behind all epochs and ids of the former', () => {
  const masters = new Masters()
  masters.begin()
  masters.complete(2).journal.recordEnd({ status: 'finished', reason: '' }, () => undefined)
  masters.runtime.advance(5)
  expect(masters.begin({ submission: 2 })).toBe('epoch 2 from nothing, ids from 11')
  masters.complete(12)
  expect(masters.begin({ submission: 2 })).toBe('epoch 3 from 12, ids from 21')
})

test('a storage that refuses the record of the master is an error', () => {
  const masters = new Masters()
  masters.storage.refusal = 'disk full'
  expect(masters.begin()).toBe('The record of the job master cannot be written: disk full.')
})
