/** The barrier handler's table (flink-semantics.md 3.4) row by row, and what it amounts to. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { seeded } from '../../seeded.ts'
import { HANDLER_TRANSITIONS } from '../../../engine/exchange/barrier-handler.ts'
import type { HandlerPhase } from '../../../engine/exchange/barrier-handler.ts'
import { align, Alignment, interleave, parseChannels } from './alignment-dsl.ts'

describe('W, waiting:', () => {
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

describe('C, collecting:', () => {
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

/** What the last of the arrivals makes a handler of three channels do, and where it stands then. */
function last(arrivals: string): string {
  const alignment = new Alignment(3, true)
  let effects: string[] = []
  for (const arrival of arrivals.split(' ')) effects = alignment.arrive(arrival)
  return `${effects.join(', ') || 'nothing'} → ${SHORT[alignment.state.phase]}`
}

const SHORT: Readonly<Record<HandlerPhase, string>> = {
  waiting: 'W',
  collecting: 'C',
  'alternating-waiting': 'AW',
  'alternating-collecting': 'AC',
  'unaligned-waiting': 'UW',
  'unaligned-collecting': 'UC',
}

/** How a handler of three channels a, b, c that may overtake gets into each state. */
const INTO = { AW: 'a.', AC: 'a1', UW: 'a?1 -#1', UC: 'au1' } as const

test.each<readonly [state: keyof typeof INTO, input: string, outcome: string]>([
  // AW: barrier (aligned), one that is too old, barrier (unaligned), announcement, end, cancel marker.
  ['AW', 'b1', 'block b → AC'],
  ['AW', 'bf1', 'block b → AC'],
  ['AW', 'bt1', 'timer 98, block b → AC'],
  ['AW', 'bo1', 'timer 0, block b, time out 1, capture but of b, trigger unaligned 1 after 0 → UC'],
  ['AW', 'bu1', 'capture but of b, trigger unaligned 1 after 0 → UC'],
  ['AW', 'b?1', 'timer 98 → AW'],
  ['AW', '-#1', 'nothing → AW'],
  ['AW', 'b$', 'nothing → AW'],
  ['AW', 'bx1', 'abort 1: canceled upstream → AW'],
  ['AW', 'b?1 a?1 -#1', 'time out 1, prioritize b, prioritize a → UW'],
  [
    'AW',
    'b?1 a?1 cu1',
    'prioritize b, prioritize a, capture but of c, trigger unaligned 1 after 0 → UC',
  ],
  ['AW', 'b?1 c$', 'nothing → AC'],
  ['AW', 'b?1 c$ a$', 'nothing → AC'],
  ['AW', 'b?1 cx1', 'nothing → AW'],
  ['AW', 'b?1 c2', 'no timer, abort 1: subsumed by checkpoint 2, block c → AC'],
  ['AW', 'b?1 bt1', 'block b → AC'],

  ['AC', 'b1', 'block b → AC'],
  ['AC', 'b1 c1', 'trigger 1 after 2, unblock a, unblock b → AW'],
  ['AC', 'bf1 cf1', 'trigger forced-aligned 1 after 2, unblock a, unblock b → AW'],
  ['AC', 'bo1', 'block b, time out 1, capture but of ab, trigger unaligned 1 after 0 → UC'],
  ['AC', 'bu1', 'capture but of ab, trigger unaligned 1 after 0 → UC'],
  ['AC', 'b?1', 'nothing → AC'],
  ['AC', 'b?1 -#1', 'time out 1, prioritize b, capture but of a, trigger unaligned 1 after 0 → UC'],
  ['AC', 'b?1 cu1', 'prioritize b, capture but of ac, trigger unaligned 1 after 0 → UC'],
  ['AC', '-#7', 'nothing → AC'],
  ['AC', 'b$ c$', 'trigger 1 after 2, unblock a → AW'],
  ['AC', 'bx1', 'unblock a, abort 1: canceled upstream → AW'],
  ['AC', 'bx2', 'unblock a, abort 1: canceled upstream, abort 2: canceled upstream → AW'],
  ['AC', 'b2', 'unblock a, abort 1: subsumed by checkpoint 2, block b → AC'],
  [
    'AC',
    'bu2',
    'unblock a, abort 1: subsumed by checkpoint 2, capture but of b, trigger unaligned 2 after 0 → UC',
  ],

  // UW: the first barrier triggers, a late aligned one as well; announcements are fetched at once; timeouts are over.
  ['UW', 'bu1', 'capture but of b, trigger unaligned 1 after 0 → UC'],
  ['UW', 'bf1', 'block b, capture but of b, trigger unaligned 1 after 0 → UC'],
  ['UW', 'b?1', 'prioritize b → UW'],
  ['UW', '-#1', 'nothing → UW'],
  ['UW', 'b$', 'capture but of b, trigger unaligned 1 after 0 → UC'],
  ['UW', 'bx1', 'nothing → UW'],
  ['UW', 'bx2', 'abort 1: canceled upstream, abort 2: canceled upstream → AW'],
  [
    'UW',
    'bu2',
    'abort 1: subsumed by checkpoint 2, capture but of b, trigger unaligned 2 after 0 → UC',
  ],

  ['UC', 'bu1', 'nothing → UC'],
  ['UC', 'bf1', 'block b → UC'],
  ['UC', 'bf1 cu1', 'captured after 2, unblock b → AW'],
  ['UC', 'bu1 cf1', 'captured after 2 → AW'],
  ['UC', 'b?1', 'prioritize b → UC'],
  ['UC', '-#1', 'nothing → UC'],
  ['UC', 'b$', 'nothing → UC'],
  ['UC', 'b$ c$', 'captured after 2 → AW'],
  ['UC', 'bx1', 'abort 1: canceled upstream → AW'],
  ['UC', 'bu1 cu1 bx1', 'nothing → AW'],
  ['UC', 'bu1 cu1 a1', 'nothing → AW'],
  [
    'UC',
    'bu2',
    'abort 1: subsumed by checkpoint 2, capture but of b, trigger unaligned 2 after 0 → UC',
  ],
])('%s: %s leads to “%s”', (state, input, outcome) => {
  expect(last(`${INTO[state]} ${input}`)).toBe(outcome)
})

test.each(['a1', 'a.'])(
  'a handler that only aligns is never overtaken, nor timed out (%s)',
  (into) => {
    const alignment = new Alignment(3)
    alignment.arrive(into)
    expect(() => alignment.arrive('bu1')).toThrow('The unaligned barrier 1 came to a subtask')
    expect(() => alignment.arrive('-#1')).toThrow('Checkpoint 1 timed out in a subtask that only')
    expect(alignment.arrive('b?1')).toEqual([])
  },
)

test('with a single channel an unaligned barrier triggers, and nothing is awaited', () => {
  expect(align(1, 'au1 a. au2', true)).toEqual([
    'au1: capture but of a, trigger unaligned 1 after 0, captured after 0',
    'au2: capture but of a, trigger unaligned 2 after 0, captured after 0',
  ])
})

test('a checkpoint that was aligned in time stops its timer', () => {
  expect(align(2, 'at1 bt1', true)).toEqual([
    'at1: timer 99, block a',
    'bt1: trigger 1 after 1, no timer, unblock a',
  ])
})

test('for random arrivals every state is reached, and only along the transitions', () => {
  const letters = fc.constantFrom('a', 'b', 'c')
  const kinds = fc.constantFrom('', 'u', 'f', 't', 'o', '?', 'x')
  const arrivals = fc.array(fc.tuple(letters, kinds, fc.integer({ min: 0, max: 1 })), {
    minLength: 30,
    maxLength: 60,
    size: 'max',
  })
  const reached = new Set<HandlerPhase>()
  fc.assert(
    fc.property(arrivals, fc.boolean(), (drawn, isAlternating) => {
      const alignment = new Alignment(3, isAlternating)
      let checkpoint = 1
      for (const [channel, kind, step] of drawn) {
        checkpoint += step
        if (alignment.blocked.has(channel.charCodeAt(0) - 97)) continue
        if (!isAlternating && kind === 'u') continue
        const before = alignment.state.phase
        const effects = alignment.arrive(`${channel}${kind}${checkpoint}`)
        const { phase, pending } = alignment.state
        reached.add(phase)
        const isOnePath = HANDLER_TRANSITIONS[before].some(
          (middle) => middle === phase || HANDLER_TRANSITIONS[middle].includes(phase),
        )
        expect(isOnePath || effects.some((effect) => effect.startsWith('abort'))).toBe(true)
        // What is blocked is waited for by somebody.
        expect(pending !== null || alignment.blocked.size === 0).toBe(true)
        if (isAlternating && pending?.hasTimer === true && step === 0) {
          alignment.arrive(`-#${pending.barrier.checkpoint}`)
          reached.add(alignment.state.phase)
        }
      }
      expect(alignment.triggered).toEqual(
        [...new Set(alignment.triggered)].toSorted((a, b) => a - b),
      )
    }),
    seeded(300),
  )
  expect(reached.size).toBe(6)
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
