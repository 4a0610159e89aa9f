/** The pattern operator: time, late records, timeouts, keys, functions. */
import { describe, expect, test } from 'vitest'
import type { CepSpec } from '../../../engine/cep/cep-spec.ts'
import { begin, type Pattern } from '../../../engine/cep/pattern.ts'
import { NO_TIMESTAMP } from '../../../engine/element.ts'
import { outputTag } from '../../../engine/operator/functions.ts'
import type { TestContext } from '../operator-context.ts'
import { OperatingCep } from './operating-cep.ts'

const is = (letter: string) => (word: string) => word.startsWith(letter)

const pair = begin<string>('a').where(is('a')).followedBy('b').where(is('b'))

const joined = (match: ReadonlyMap<string, readonly string[]>): string =>
  [...match.values()].flat().join(' ')

function specOf(pattern: Pattern<string>, change: Partial<CepSpec> = {}): CepSpec {
  return {
    pattern: pattern.spec,
    time: 'event',
    process: (match: ReadonlyMap<string, readonly string[]>, context) => {
      context.collect(joined(match))
    },
    timeout: { tag: 'timeout', select: joined },
    lateOutput: 'late',
    ...change,
  }
}

/** `word@timestamp`, by output. */
function emitted(context: TestContext, tag = 'main'): string[] {
  return (context.emitted.get(tag) ?? []).map(
    ({ value, timestamp }) => `${String(value)}@${timestamp}`,
  )
}

describe('event time', () => {
  test('records are processed by timestamp, those of one timestamp as they arrived', () => {
    const operating = new OperatingCep(specOf(pair))
    operating.process('k', 'b1', 20)
    operating.process('k', 'a1', 10)
    operating.process('k', 'a2', 20)
    operating.process('k', 'b2', 20)
    operating.watermark(19)
    expect(emitted(operating.context)).toEqual([])
    operating.watermark(20)
    expect(emitted(operating.context)).toEqual(['a1 b1@20', 'a2 b2@20'])
  })

  test('a record at the watermark is late', () => {
    const operating = new OperatingCep(specOf(pair))
    operating.watermark(10)
    operating.process('k', 'a1', 10)
    operating.process('k', 'a2', 11)
    operating.process('k', 'a3', NO_TIMESTAMP)
    expect(emitted(operating.context, 'late')).toEqual(['a1@10', 'a3@-Infinity'])
  })

  test('late records vanish without an output for them', () => {
    const operating = new OperatingCep(specOf(pair, { lateOutput: null }))
    operating.watermark(10)
    operating.process('k', 'a1', 10)
    expect([...operating.context.emitted.keys()]).not.toContain('late')
  })

  test('each key has matches of its own', () => {
    const operating = new OperatingCep(specOf(pair))
    operating.process('k', 'a1', 1)
    operating.process('l', 'b1', 2)
    operating.process('l', 'a2', 3)
    operating.process('k', 'b2', 4)
    operating.watermark(10)
    expect(emitted(operating.context)).toEqual(['a1 b2@4'])
    expect(operating.keysWithMatches).toBe(1)
  })

  test('a key without partial matches keeps nothing', () => {
    const operating = new OperatingCep(specOf(pair))
    operating.process('k', 'a1', 1)
    operating.process('k', 'c1', 2)
    operating.watermark(2)
    expect(operating.keysWithMatches).toBe(1)
    operating.process('k', 'b1', 3)
    operating.watermark(3)
    expect(operating.keysWithMatches).toBe(0)
  })
})

describe('windows', () => {
  const timed = pair.within(50)

  test('a partial match times out exactly when its window ends', () => {
    const operating = new OperatingCep(specOf(timed))
    operating.process('k', 'a1', 1000)
    operating.watermark(1049)
    expect(emitted(operating.context, 'timeout')).toEqual([])
    operating.watermark(1050)
    expect(emitted(operating.context, 'timeout')).toEqual(['a1@1050'])
    expect(operating.keysWithMatches).toBe(0)
  })

  test('without an output for them, timed-out matches vanish all the same', () => {
    const operating = new OperatingCep(specOf(timed, { timeout: null }))
    operating.process('k', 'a1', 1000)
    operating.watermark(2000)
    expect([...operating.context.emitted.values()].flat()).toEqual([])
    expect(operating.keysWithMatches).toBe(0)
  })

  test('a partial match that began at 0 or before has no timer and waits for the next record', () => {
    const operating = new OperatingCep(specOf(timed))
    operating.process('k', 'a1', 0)
    operating.watermark(0)
    operating.watermark(500)
    expect(emitted(operating.context, 'timeout')).toEqual([])
    operating.process('k', 'c1', 600)
    operating.watermark(600)
    expect(emitted(operating.context, 'timeout')).toEqual(['a1@50'])
  })

  test('a trailing notFollowedBy is a match of the time that the watermark reached', () => {
    const quiet = begin<string>('a').where(is('a')).notFollowedBy('n').where(is('n')).within(50)
    const operating = new OperatingCep(specOf(quiet))
    operating.process('k', 'a1', 1000)
    operating.process('k', 'a2', 1100)
    operating.process('k', 'n1', 1101)
    operating.watermark(1070)
    operating.watermark(2000)
    expect(emitted(operating.context)).toEqual(['a1@1070'])
  })
})

describe('processing time', () => {
  const spec = specOf(pair.within(50), { time: 'processing' })

  test('records are processed as they arrive, and results have no timestamp', () => {
    const operating = new OperatingCep(spec)
    operating.process('k', 'a1', 20)
    operating.process('k', 'b1', 10)
    expect(emitted(operating.context)).toEqual(['a1 b1@-Infinity'])
  })

  test('the clock times partial matches out, when their last millisecond is over', () => {
    const operating = new OperatingCep(spec)
    operating.clock(100)
    operating.process('k', 'a1', 0)
    operating.clock(150)
    expect(emitted(operating.context, 'timeout')).toEqual([])
    operating.clock(151)
    expect(emitted(operating.context, 'timeout')).toEqual(['a1@-Infinity'])
  })
})

test('waiting records, partial matches and timers survive a restart', () => {
  const spec = specOf(pair.within(50))
  const before = new OperatingCep(spec)
  before.process('k', 'a1', 1000)
  before.watermark(1000)
  before.process('k', 'b1', 1020)
  before.process('l', 'a2', 1030)
  const after = new OperatingCep(spec, before.save())
  after.watermark(2000)
  expect(emitted(after.context)).toEqual(['a1 b1@1020'])
  expect(emitted(after.context, 'timeout')).toEqual(['a2@1080'])
})

describe('functions', () => {
  test('process emits any number of values, and to side outputs', () => {
    const tag = outputTag<string>('seen')
    const spec = specOf(pair, {
      process: (match, context) => {
        context.collect(match.size)
        context.collect(context.timestamp)
        context.output(tag, `at ${context.processingTime()}`)
      },
    })
    const operating = new OperatingCep(spec, [], 7)
    operating.process('k', 'a1', 1)
    operating.process('k', 'b1', 2)
    operating.watermark(2)
    expect(emitted(operating.context)).toEqual(['2@2', '2@2'])
    expect(emitted(operating.context, 'seen')).toEqual(['at 7@2'])
  })

  test('a condition knows the time of its record and the clock', () => {
    const seen: number[] = []
    const pattern = begin<string>('a').where((_, { timestamp, processingTime }) => {
      seen.push(timestamp, processingTime())
      return true
    })
    const operating = new OperatingCep(specOf(pattern), [], 7)
    operating.process('k', 'a1', 5)
    operating.watermark(5)
    expect(seen).toEqual([5, 7])
  })

  const fails = (): never => {
    throw new Error('oops')
  }
  const failing: readonly (readonly [string, CepSpec])[] = [
    ['condition', specOf(begin<string>('a').where(fails).within(5))],
    ['function', specOf(begin<string>('a').within(5), { process: fails })],
    ['timeout function', specOf(pair.within(5), { timeout: { tag: 't', select: fails } })],
  ]
  test.each(failing)('what a %s throws names the operator', (_, spec) => {
    const operating = new OperatingCep(spec)
    operating.process('k', 'a1', 1)
    expect(() => {
      operating.watermark(10)
    }).toThrow('The function of operator "cep" threw: Error: oops')
  })
})
