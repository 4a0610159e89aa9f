/** The end of a subtask in a job that ends with a checkpoint: it emits everything, says so, stays, and goes with it. */
import { describe, expect, test } from 'vitest'
import { checkpointId } from '../../../engine/ids.ts'
import { objectsIn } from '../snapshot-handles.ts'
import { Hosting } from './hosting.ts'

const ending = (): Hosting => {
  const hosting = new Hosting({ checkpointing: { intervalMs: 1000 } }).deploy().connect()
  hosting.reports()
  return hosting
}

/** Both channels have brought their records. */
const ended = (): Hosting => {
  const hosting = ending().deliver('a k=1', 'a.', 'b k=2', 'b.')
  hosting.reports()
  hosting.left()
  return hosting
}

const ackOf = (hosting: Hosting): string[] => {
  hosting.runtime.advance(20)
  return hosting.reports()
}

describe('the end of the data', () => {
  test('it goes on and is reported when every channel has ended, behind all records', () => {
    const hosting = ending().deliver('a k=1', 'a.')
    expect(hosting.left()).toEqual(['k=1'])
    expect(hosting.reports()).toEqual([])
    hosting.deliver('b k=2', 'b.')
    expect(hosting.left()).toEqual(['k=3', 'wInfinity', '.'])
    expect(hosting.reports()).toEqual(['input-ended'])
  })

  test('a full output holds it back', () => {
    const hosting = new Hosting({ checkpointing: { intervalMs: 1000 } }).deploy().connect(0)
    hosting.reports()
    for (let n = 0; n < 6; n++) hosting.deliver(`a k=${n}`)
    hosting.deliver('a.', 'b.')
    expect(hosting.reports()).toEqual([])
    hosting.credit(10)
    expect(hosting.left().slice(-2)).toEqual(['wInfinity', '.'])
    expect(hosting.reports()).toEqual(['input-ended'])
  })

  test('a channel that has ended still delivers barriers, and the others are waited for', () => {
    const hosting = ending().deliver('a k=1', 'a.', 'a|1', 'b k=2')
    expect(hosting.left()).toEqual(['k=1 k=3'])
    hosting.deliver('b|1')
    expect(hosting.left()).toEqual(['|1'])
    expect(ackOf(hosting)).toEqual(['ack 1'])
  })
})

describe('a checkpoint behind the end', () => {
  test('a periodic one is taken as any other, and ends nothing', () => {
    const hosting = ended().deliver('a|1', 'b|1')
    expect(hosting.left()).toEqual(['|1'])
    expect(ackOf(hosting)).toEqual(['ack 1'])
    hosting.complete(1)
    expect(hosting.reports()).toEqual([])
  })

  test('with the completion of the final one the subtask ends', () => {
    const hosting = ended().deliver('a|1!', 'b|1!')
    expect(hosting.left()).toEqual(['|1!'])
    expect(ackOf(hosting)).toEqual(['ack 1'])
    hosting.complete(1)
    expect(hosting.reports()).toEqual(['finished'])
    expect(hosting.left()).toEqual(['$'])
  })

  test('one that is aborted ends nothing; the next one does', () => {
    const hosting = ended().deliver('a|1!', 'b|1!').abort(1)
    expect(ackOf(hosting)).toEqual([])
    hosting.deliver('a|2!', 'b|2!')
    expect(ackOf(hosting)).toEqual(['ack 2'])
    hosting.complete(2)
    expect(hosting.reports()).toEqual(['finished'])
  })

  test('the end of a producer that was quicker ends it no sooner', () => {
    const hosting = ended().deliver('a|1!', 'b|1!')
    ackOf(hosting)
    hosting.deliver('a$', 'b$')
    expect(hosting.reports()).toEqual([])
    hosting.complete(1)
    expect(hosting.reports()).toEqual(['finished'])
  })

  test('a final one in the middle of the data is a violated assertion', () => {
    const hosting = ending().deliver('a k=1', 'a|1!')
    expect(() => hosting.deliver('b|1!')).toThrow(
      'sum/0 still has input at the final checkpoint 1.',
    )
  })
})

test('a restored subtask whose input had ended says so again', () => {
  const first = ended().deliver('a|1!', 'b|1!')
  first.runtime.advance(20)
  const { keyed } = first.acknowledged
  const hosting = new Hosting({ checkpointing: { intervalMs: 1000 } })
  for (const key of objectsIn(keyed)) {
    hosting.storage.objects.set(key, first.storage.objects.get(key) ?? new Uint8Array(0))
  }
  hosting.deploy('sum/0', {
    checkpoint: checkpointId(1),
    keyed: keyed === null ? [] : [keyed],
    channels: [],
    operators: [],
  })
  hosting.connect().reports()
  hosting.deliver('a.', 'b.')
  expect(hosting.left()).toEqual(['wInfinity', '.'])
  expect(hosting.reports()).toEqual(['input-ended'])
})
