/** The rows W and C of the barrier handler's table (flink-semantics.md 3.4), and what they amount to. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { seeded } from '../../seeded.ts'
import { align, interleave, parseChannels } from './alignment-dsl.ts'

describe('waiting', () => {
  test('the first barrier blocks its channel until the others delivered theirs', () => {
    expect(align(2, 'a1 b. b. b1 a.')).toEqual(['a1: block a', 'b1: trigger 1 after 3, unblock a'])
  })

  test('the last channel to deliver is never blocked', () => {
    expect(align(3, 'b1 a1 c1')).toEqual([
      'b1: block b',
      'a1: block a',
      'c1: trigger 1 after 2, unblock b, unblock a',
    ])
  })

  test('with a single channel every barrier triggers at once, without alignment', () => {
    expect(align(1, 'a1 a. a2')).toEqual(['a1: trigger 1 after 0', 'a2: trigger 2 after 0'])
  })

  test('a barrier of a checkpoint that is done is obsolete and leaves its channel open', () => {
    expect(align(2, 'a1 b1 a1 b1')).toEqual(['a1: block a', 'b1: trigger 1 after 1, unblock a'])
  })

  test('a barrier older than the newest that was done is obsolete too', () => {
    expect(align(2, 'a2 b2 b1 a.')).toEqual(['a2: block a', 'b2: trigger 2 after 1, unblock a'])
  })

  test('a cancel marker of a checkpoint that has not begun aborts it: its barriers are obsolete from then on', () => {
    expect(align(2, 'ax1 b1 b.')).toEqual(['ax1: abort 1: canceled upstream'])
  })

  test('a cancel marker of a checkpoint that is done is ignored', () => {
    expect(align(2, 'a1 b1 ax1')).toEqual(['a1: block a', 'b1: trigger 1 after 1, unblock a'])
  })

  test('after an aborted checkpoint the next one aligns as usual', () => {
    expect(align(2, 'ax1 b1 b2 a2')).toEqual([
      'ax1: abort 1: canceled upstream',
      'b2: block b',
      'a2: trigger 2 after 1, unblock b',
    ])
  })

  test('a channel that has ended is not waited for', () => {
    expect(align(2, 'b$ a1 a2')).toEqual(['a1: trigger 1 after 0', 'a2: trigger 2 after 0'])
  })
})

describe('collecting', () => {
  test('a newer barrier subsumes the checkpoint that is being aligned, before its own channel is blocked', () => {
    expect(align(2, 'a1 b2')).toEqual([
      'a1: block a',
      'b2: unblock a, abort 1: subsumed by checkpoint 2, block b',
    ])
  })

  test('after that the channel that was unblocked goes on to the newer barrier', () => {
    expect(align(2, 'a1 b2 a. a2 b.')).toEqual([
      'a1: block a',
      'b2: unblock a, abort 1: subsumed by checkpoint 2, block b',
      'a2: trigger 2 after 2, unblock b',
    ])
  })

  test('a newer barrier on the last open channel of one more than it needs subsumes as well', () => {
    expect(align(3, 'a1 b1 c2')).toEqual([
      'a1: block a',
      'b1: block b',
      'c2: unblock a, unblock b, abort 1: subsumed by checkpoint 2, block c',
    ])
  })

  test('an older barrier is obsolete and does not block its channel', () => {
    expect(align(3, 'a2 b1 b. b2 c2')).toEqual([
      'a2: block a',
      'b2: block b',
      'c2: trigger 2 after 4, unblock a, unblock b',
    ])
  })

  test('a cancel marker of the checkpoint aborts it and opens the channels', () => {
    expect(align(3, 'a1 b1 cx1 a. b. c.')).toEqual([
      'a1: block a',
      'b1: block b',
      'cx1: unblock a, unblock b, abort 1: canceled upstream',
    ])
  })

  test('a cancel marker that comes again, on another channel, is ignored', () => {
    expect(align(3, 'a1 bx1 cx1')).toEqual([
      'a1: block a',
      'bx1: unblock a, abort 1: canceled upstream',
    ])
  })

  test('a barrier that comes after the cancel marker of its checkpoint does not block', () => {
    expect(align(3, 'a1 bx1 c1 c. c2')).toEqual([
      'a1: block a',
      'bx1: unblock a, abort 1: canceled upstream',
      'c2: block c',
    ])
  })

  test('a cancel marker of an older checkpoint is ignored', () => {
    expect(align(3, 'a2 bx1 b2 c2')).toEqual([
      'a2: block a',
      'b2: block b',
      'c2: trigger 2 after 3, unblock a, unblock b',
    ])
  })

  test('a cancel marker of a newer checkpoint aborts both, so that both are declined and announced', () => {
    expect(align(2, 'a1 bx2 a2 b2 b3')).toEqual([
      'a1: block a',
      'bx2: unblock a, abort 1: canceled upstream, abort 2: canceled upstream',
      'b3: block b',
    ])
  })

  test('the end of a channel counts as its barrier', () => {
    expect(align(2, 'a1 b$')).toEqual(['a1: block a', 'b$: trigger 1 after 1, unblock a'])
  })

  test('the end of one channel is not the barrier of another', () => {
    expect(align(3, 'a1 b$ c. c1')).toEqual(['a1: block a', 'c1: trigger 1 after 3, unblock a'])
  })
})

test('the alignment time runs from the first barrier to the last', () => {
  expect(align(2, 'a. b. b1 a. a. a. a1')).toEqual([
    'b1: block b',
    'a1: trigger 1 after 4, unblock b',
  ])
})

describe('for random interleavings of channels with barriers in order', () => {
  const anyInterleaving = fc
    .record({
      channels: fc.integer({ min: 1, max: 5 }),
      checkpoints: fc.integer({ min: 1, max: 5 }),
      records: fc.array(fc.nat({ max: 3 }), { minLength: 30, maxLength: 30, size: 'max' }),
    })
    .map(({ channels, checkpoints, records }) =>
      Array.from({ length: channels }, (_, channel) => {
        const letter = String.fromCharCode(97 + channel)
        return Array.from({ length: checkpoints }, (_, i) => [
          ...Array<string>(records[channel * 5 + i] ?? 0).fill(`${letter}.`),
          `${letter}${i + 1}`,
        ]).flat()
      }),
    )
  const picks = fc.array(fc.nat({ max: 1000 }), { minLength: 200, maxLength: 200, size: 'max' })

  test('checkpoint n is triggered exactly once, in order', () => {
    fc.assert(
      fc.property(anyInterleaving, picks, (channels, choice) => {
        const { alignment, left } = interleave(channels, choice)
        const barriers = channels[0]?.filter((arrival) => !arrival.endsWith('.')) ?? []
        expect(alignment.triggered).toEqual(barriers.map((_, i) => i + 1))
        expect(left).toEqual([])
        expect([...alignment.blocked]).toEqual([])
      }),
      seeded(200),
    )
  })

  test('it is triggered when every channel has delivered n and none has delivered more', () => {
    fc.assert(
      fc.property(anyInterleaving, picks, (channels, choice) => {
        const { order } = interleave(channels, choice)
        const delivered = channels.map(() => 0)
        for (const { arrival, effects } of order) {
          const isBarrier = !arrival.endsWith('.')
          const channel = arrival.charCodeAt(0) - 97
          if (isBarrier) delivered[channel] = Number(arrival.slice(1))
          const trigger = effects.find((effect) => effect.startsWith('trigger'))
          if (trigger === undefined) {
            // A channel behind its barrier stays blocked: `arrive` refuses whatever comes through it.
            expect(effects.some((effect) => effect.startsWith('unblock'))).toBe(false)
          } else {
            const n = Number(trigger.split(' ')[1])
            expect(delivered).toEqual(channels.map(() => n))
          }
        }
      }),
      seeded(200),
    )
  })

  test('a channel that ends early holds nothing up', () => {
    fc.assert(
      fc.property(anyInterleaving, picks, fc.nat({ max: 20 }), (channels, choice, keep) => {
        const [first = [], ...others] = channels
        const ended = [...first.slice(0, keep), 'a$']
        const { alignment, left } = interleave([ended, ...others], choice)
        const last = Math.max(...[ended, ...others].flat().map((a) => Number(a.slice(1)) || 0))
        expect(left).toEqual([])
        expect(alignment.triggered).toEqual(Array.from({ length: last }, (_, i) => i + 1))
      }),
      seeded(200),
    )
  })
})

test('the channels of a job as strings: a fast channel waits in front of the second barrier as well', () => {
  const { order, alignment } = interleave(parseChannels('a1 a. a2 | b. b. b1 b2'), [0])
  expect(order.map(({ arrival }) => arrival).join(' ')).toBe('a1 b. b. b1 a. a2 b2')
  expect(alignment.triggered).toEqual([1, 2])
})
