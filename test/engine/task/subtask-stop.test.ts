/** A subtask of a job that is stopped with a savepoint: nothing comes behind it, and its completion ends the attempt. */
import { describe, expect, test } from 'vitest'
import { Hosting } from './hosting.ts'

const running = (): Hosting => {
  const hosting = new Hosting({ checkpointing: { intervalMs: 1000 } }).deploy().connect()
  hosting.reports()
  return hosting
}

const acknowledged = (hosting: Hosting): string[] => {
  hosting.runtime.advance(20)
  return hosting.reports()
}

describe('stop', () => {
  const stopped = (): Hosting => running().deliver('a k=1', 'b k=2', 'a|1■', 'b|1■')

  test('the savepoint goes on behind everything, and neither time nor input ends (FLINK-21132)', () => {
    const hosting = stopped()
    expect(hosting.left()).toEqual(['k=1 k=3', '|1■'])
    expect(acknowledged(hosting)).toEqual(['ack 1'])
  })

  test('what comes behind it is for the next run', () => {
    const hosting = stopped()
    hosting.left()
    hosting.deliver('a k=5', 'b$')
    expect(hosting.left()).toEqual([])
    expect(hosting.calls.mapped).toEqual(['k=1', 'k=3'])
  })

  test('with its completion the subtask ends', () => {
    const hosting = stopped()
    acknowledged(hosting)
    hosting.left()
    hosting.complete(1)
    expect(hosting.reports()).toEqual(['finished'])
    expect(hosting.left()).toEqual(['$'])
  })

  test('when it fails the subtask does, too: it cannot take back that it has stopped', () => {
    const hosting = stopped()
    acknowledged(hosting)
    hosting.abort(1)
    expect(hosting.reports()).toEqual([
      'failed: The savepoint 1 with which the job was to stop failed.',
    ])
  })

  test('one that fails before it was reached changes nothing', () => {
    const hosting = running().deliver('a k=1', 'a|1■').abort(1)
    hosting.left()
    hosting.deliver('b k=2')
    expect(hosting.left()).toEqual(['k=3'])
  })

  test('also of a subtask whose input has ended', () => {
    const hosting = running().deliver('a k=1', 'a.', 'b.')
    hosting.reports()
    hosting.deliver('a|1■', 'b|1■')
    expect(acknowledged(hosting)).toEqual(['ack 1'])
    hosting.complete(1)
    expect(hosting.reports()).toEqual(['finished'])
  })
})

describe('drain', () => {
  test('time and input end before the savepoint, also when it comes right behind them', () => {
    const hosting = running().deliver('a k=1', 'a.', 'a|1▽', 'b.', 'b|1▽')
    expect(hosting.left()).toEqual(['k=1', 'wInfinity', '.', '|1▽'])
    expect(acknowledged(hosting)).toEqual(['input-ended', 'ack 1'])
    hosting.complete(1)
    expect(hosting.reports()).toEqual(['finished'])
    expect(hosting.left()).toEqual(['$'])
  })

  test('also in a job that would end without a checkpoint', () => {
    const hosting = new Hosting().deploy().connect()
    hosting.reports()
    hosting.deliver('a.', 'a|1▽', 'b.', 'b|1▽')
    expect(acknowledged(hosting)).toEqual(['input-ended', 'ack 1'])
    hosting.complete(1)
    expect(hosting.reports()).toEqual(['finished'])
  })

  test('a source emits everything that it holds, and then the savepoint', () => {
    const hosting = new Hosting({ checkpointing: { intervalMs: 1000 } }).deploy('source/0')
    hosting.connect(0).reports()
    hosting.trigger(1, 0, 'drain')
    expect(acknowledged(hosting)).toEqual(['input-ended', 'barrier-passed', 'ack 1'])
    hosting.credit(100)
    expect(hosting.left().slice(-3)).toEqual(['wInfinity', '.', '|1▽'])
    hosting.complete(1)
    expect(hosting.reports()).toEqual(['finished'])
  })
})

describe('an intermediate savepoint', () => {
  test('is taken like a checkpoint, and ends nothing', () => {
    const hosting = running().deliver('a|1s', 'b|1s', 'a k=1', 'b k=2')
    expect(hosting.left()).toEqual(['|1s', 'k=1 k=3'])
    hosting.runtime.advance(20)
    expect(hosting.acknowledged.keyed?.exclusive).toHaveLength(1)
    expect(hosting.reports()).toEqual(['ack 1'])
  })
})
