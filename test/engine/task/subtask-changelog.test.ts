/** A subtask with a changelog in the snapshot storage: the whole state is stored once in a while, beside its checkpoints. */
import { describe, expect, test } from 'vitest'
import { Hosting } from './hosting.ts'

const running = (): Hosting => {
  const changelog = { log: { type: 'storage' }, materializeIntervalMs: 100 } as const
  const options = { checkpointing: { intervalMs: 1000 }, state: { changelog } }
  const hosting = new Hosting(options).deploy().connect()
  hosting.reports()
  return hosting
}

/** A record, and a checkpoint behind it. */
function checkpoint(hosting: Hosting, id: number, waitMs = 30): string[] {
  hosting.deliver('a k=1', `a|${id}`, `b|${id}`)
  hosting.runtime.advance(waitMs)
  return hosting.reports()
}

const materialized = ({ runtime }: Hosting): number => runtime.factsOf('state-materialized').length

describe('the whole state', () => {
  test('is stored at the first checkpoint after the interval, and its checkpoint does not wait for it', () => {
    const hosting = running()
    expect(checkpoint(hosting, 1, 100)).toEqual(['ack 1'])
    expect(materialized(hosting)).toBe(0)
    expect(checkpoint(hosting, 2)).toEqual(['ack 2'])
    expect(materialized(hosting)).toBe(1)
    expect([...hosting.storage.objects.keys()].filter((key) => key.includes('material'))).toEqual([
      'shared/sum-0-3-materialized-1',
    ])
  })

  test('is not stored again while nothing changes', () => {
    const hosting = running()
    checkpoint(hosting, 1, 100)
    checkpoint(hosting, 2, 200)
    hosting.deliver('a|3', 'b|3')
    hosting.runtime.advance(200)
    hosting.deliver('a|4', 'b|4')
    hosting.runtime.advance(30)
    expect(materialized(hosting)).toBe(1)
  })

  test('that no checkpoint has named goes with the attempt', () => {
    const hosting = running()
    checkpoint(hosting, 1, 100)
    checkpoint(hosting, 2)
    hosting.cancel()
    expect([...hosting.storage.objects.keys()].filter((key) => key.includes('material'))).toEqual(
      [],
    )
  })
})

describe('what cannot be stored', () => {
  const failing = (): Hosting => {
    const hosting = running()
    hosting.storage.refusal = 'the disk is full'
    hosting.storage.refusedKeys = /materialized/
    checkpoint(hosting, 1, 100)
    return hosting
  }

  test('is tried again at the next checkpoint, three times without harm', () => {
    const hosting = failing()
    for (const id of [2, 3, 4]) expect(checkpoint(hosting, id)).toEqual([`ack ${id}`])
    hosting.storage.refusal = null
    expect(checkpoint(hosting, 5)).toEqual(['ack 5'])
    expect(materialized(hosting)).toBe(1)
  })

  test('fails the subtask at the fourth time in a row', () => {
    const hosting = failing()
    for (const id of [2, 3, 4]) checkpoint(hosting, id)
    expect(checkpoint(hosting, 5)).toEqual([
      'failed: Its whole state could not be stored 4 times in a row: the disk is full.',
    ])
  })
})
