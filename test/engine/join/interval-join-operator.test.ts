/** The interval join against its definition: every pair within the bounds, once, and nothing kept without need. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { NO_TIMESTAMP } from '../../../engine/element.ts'
import { ConfigurationError, UserFunctionError } from '../../../engine/errors.ts'
import { intervalJoinSpec } from '../../../engine/join/interval-join-options.ts'
import type {
  IntervalJoinContext,
  IntervalJoinOptions,
} from '../../../engine/join/interval-join-spec.ts'
import { outputTag } from '../../../engine/operator/functions.ts'
import { seeded } from '../../seeded.ts'
import { valuesOf } from '../operator-context.ts'
import { Operating, type Saved } from '../operator/operating.ts'

interface Row {
  readonly k: string
  readonly id: number
}

type Options = IntervalJoinOptions<Row, Row>
type Context = IntervalJoinContext<unknown, unknown>

const row = (id: number, k = 'a'): Row => ({ k, id })

function joining(
  options: Options,
  { saved = null, join = pairing }: { saved?: Saved | null; join?: typeof pairing } = {},
): Operating {
  const spec = intervalJoinSpec(options, (left, right, context) => {
    join(left as Row, right as Row, context)
  })
  return new Operating({ type: 'interval-join', join: spec }, ({ k }: Row) => k, saved)
}

function pairing(left: Row, right: Row, context: Context): void {
  context.collect([left.id, right.id])
}

describe('a pair', () => {
  test('is emitted when the second of the two comes, whichever it is', () => {
    const join = joining({ lowerBoundMs: -5, upperBoundMs: 5 })
    expect(join.process(row(1), 100)).toEqual([])
    expect(join.processSecond(row(2), 105)).toEqual([[1, 2]])
    expect(join.processSecond(row(3), 106)).toEqual([])
    expect(join.process(row(4), 110)).toEqual([
      [4, 2],
      [4, 3],
    ])
  })

  test('has the later of its timestamps, and the function sees all of them', () => {
    const seen: unknown[] = []
    const join = joining(
      { lowerBoundMs: -5, upperBoundMs: 5 },
      {
        join: (_left, _right, context) => {
          const { key, leftTimestamp, rightTimestamp, timestamp } = context
          seen.push([key, leftTimestamp, rightTimestamp, timestamp])
          context.collect('main')
          context.output(outputTag('side'), 'side')
        },
      },
    )
    join.process(row(1), 100)
    join.processSecond(row(2), 97)
    join.processSecond(row(3), 103)
    expect(seen).toEqual([
      ['a', 100, 97, 100],
      ['a', 100, 103, 103],
    ])
    for (const output of ['main', 'side']) {
      expect(join.context.emitted.get(output)?.map(({ timestamp }) => timestamp)).toEqual([
        100, 103,
      ])
    }
  })

  test.each([
    [{}, [90, 100, 110]],
    [{ lowerExclusive: true }, [100, 110]],
    [{ upperExclusive: true }, [90, 100]],
    [{ lowerExclusive: true, upperExclusive: true }, [100]],
  ])('lies within the bounds, with them or without: %j', (exclusive, joined) => {
    const join = joining({ lowerBoundMs: -10, upperBoundMs: 10, ...exclusive })
    join.process(row(1), 100)
    const times = [89, 90, 100, 110, 111]
    expect(times.filter((t) => join.processSecond(row(t), t).length > 0)).toEqual(joined)
  })

  test('has one key', () => {
    const join = joining({ lowerBoundMs: -5, upperBoundMs: 5 })
    join.process(row(1, 'a'), 100)
    expect(join.processSecond(row(2, 'b'), 100)).toEqual([])
  })
})

describe('late records', () => {
  const late: Options = {
    lowerBoundMs: -5,
    upperBoundMs: 5,
    leftLateOutput: outputTag('lateLeft'),
    rightLateOutput: outputTag('lateRight'),
  }

  test('are those behind the watermark, strictly', () => {
    const join = joining(late)
    join.process(row(1), 103)
    join.watermark(100)
    expect(join.processSecond(row(2), 99)).toEqual([])
    expect(join.processSecond(row(3), 100)).toEqual([[1, 3]])
    join.process(row(4), 99)
    expect(valuesOf(join.context, 'lateLeft')).toEqual([row(4)])
    expect(valuesOf(join.context, 'lateRight')).toEqual([row(2)])
    expect(join.context.emitted.get('lateRight')?.[0]?.timestamp).toBe(99)
  })

  test('are dropped when nobody asked for them', () => {
    const join = joining({ lowerBoundMs: -5, upperBoundMs: 5 })
    join.watermark(100)
    join.process(row(1), 99)
    join.processSecond(row(2), 99)
    expect([...join.context.emitted.values()].flat()).toEqual([])
    expect(join.stored('op.left') + join.stored('op.right')).toBe(0)
  })
})

describe('what is kept', () => {
  test.each([
    // A left record waits for right ones up to `upper` behind it, a right one for left ones up to -`lower`.
    [-20, 10, 110, 120],
    [5, 10, 110, 100],
    [-10, -5, 100, 110],
  ])('from %i to %i ms, goes when it can join nothing more', (lower, upper, leftEnd, rightEnd) => {
    const join = joining({ lowerBoundMs: lower, upperBoundMs: upper })
    join.process(row(1), 100)
    join.processSecond(row(2), 100)
    const ends = new Map<string, number>()
    for (let watermark = 90; watermark <= 130; watermark++) {
      join.watermark(watermark)
      for (const side of ['op.left', 'op.right']) {
        if (join.stored(side) === 0 && !ends.has(side)) ends.set(side, watermark)
      }
    }
    expect(Object.fromEntries(ends)).toEqual({ 'op.left': leftEnd, 'op.right': rightEnd })
  })

  test('survives a checkpoint, with the time at which it goes', () => {
    const options: Options = { lowerBoundMs: -5, upperBoundMs: 5 }
    const before = joining(options)
    before.process(row(1), 100)
    const after = joining(options, { saved: before.save() })
    expect(after.processSecond(row(2), 100)).toEqual([[1, 2]])
    after.watermark(105)
    expect(after.stored('op.left')).toBe(0)
  })
})

test('a record without a timestamp is refused', () => {
  const join = joining({ lowerBoundMs: 0, upperBoundMs: 0 })
  expect(() => join.process(row(1), NO_TIMESTAMP)).toThrow(
    'The interval join "op" got a record without a timestamp',
  )
})

test('an exception of the function names the operator', () => {
  const join = joining(
    { lowerBoundMs: 0, upperBoundMs: 0 },
    {
      join: () => {
        throw new RangeError('boom')
      },
    },
  )
  join.process(row(1), 1)
  expect(() => join.processSecond(row(2), 1)).toThrow(UserFunctionError)
})

describe('its bounds', () => {
  test('must be whole numbers, the lower one first', () => {
    expect(() => joining({ lowerBoundMs: 0.5, upperBoundMs: 1 })).toThrow(ConfigurationError)
    expect(() => joining({ lowerBoundMs: 1, upperBoundMs: 0 })).toThrow(
      'An interval join from 1 to 0 ms can join nothing; exchange its bounds.',
    )
  })

  test('may leave nothing between them when they are exclusive, as in Flink', () => {
    const join = joining({ lowerBoundMs: 0, upperBoundMs: 0, upperExclusive: true })
    join.process(row(1), 5)
    expect(join.processSecond(row(2), 5)).toEqual([])
  })
})

type Step =
  | { readonly type: 'left' | 'right'; readonly k: string; readonly t: number }
  | { readonly type: 'watermark'; readonly t: number }
  | { readonly type: 'restart' }

const anyTime = fc.integer({ min: 0, max: 40 })
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      type: fc.constantFrom('left', 'right'),
      k: fc.constantFrom('a', 'b'),
      t: anyTime,
    }),
  },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('watermark'), t: anyTime }) },
  { weight: 1, arbitrary: fc.constant({ type: 'restart' }) },
)

test('for all records, watermarks and restarts, the pairs are those of the definition', () => {
  const anyBounds = fc.tuple(fc.integer({ min: -9, max: 9 }), fc.nat({ max: 9 }), fc.boolean())
  fc.assert(
    fc.property(anyBounds, fc.array(anyStep, { maxLength: 40 }), ([lower, width, open], steps) => {
      const options = { lowerBoundMs: lower, upperBoundMs: lower + width, lowerExclusive: open }
      expect(pairsOfOperator(options, steps)).toEqual(pairsOfDefinition(options, steps))
    }),
    seeded(300),
  )
})

function pairsOfOperator(options: Options, steps: readonly Step[]): unknown[] {
  let join = joining(options)
  let watermark = -Infinity
  return steps.map((step, id) => {
    if (step.type === 'restart') {
      join = joining(options, { saved: join.save() })
      watermark = -Infinity
      return []
    }
    if (step.type === 'watermark') {
      watermark = Math.max(watermark, step.t)
      return join.watermark(watermark)
    }
    const value = { k: step.k, id }
    const pairs =
      step.type === 'left' ? join.process(value, step.t) : join.processSecond(value, step.t)
    return (pairs as number[][]).map((pair) => pair.join(' ')).toSorted()
  })
}

/** Every earlier record of the other side that was not late and that the watermark has not made useless. */
function pairsOfDefinition(options: Options, steps: readonly Step[]): unknown[] {
  const lower = options.lowerBoundMs + (options.lowerExclusive === true ? 1 : 0)
  const upper = options.upperBoundMs
  let kept: {
    readonly isLeft: boolean
    readonly k: string
    readonly t: number
    readonly id: number
  }[] = []
  let watermark = -Infinity
  return steps.map((step, id) => {
    if (step.type === 'restart') {
      watermark = -Infinity
      return []
    }
    if (step.type === 'watermark') {
      if (step.t <= watermark) return []
      watermark = step.t
      kept = kept.filter(({ isLeft, t }) => t + Math.max(0, isLeft ? upper : -lower) > watermark)
      return []
    }
    if (step.t < watermark) return []
    const isLeft = step.type === 'left'
    const own = { isLeft, k: step.k, t: step.t, id }
    const pairs = kept.flatMap((other) => {
      if (other.isLeft === isLeft || other.k !== step.k) return []
      const [left, right] = isLeft ? [own, other] : [other, own]
      const distance = right.t - left.t
      return distance >= lower && distance <= upper ? [`${left.id} ${right.id}`] : []
    })
    kept.push(own)
    return pairs.toSorted()
  })
}
