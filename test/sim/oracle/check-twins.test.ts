/** The comparison with runs without failures: one thing differs, one invariant breaks; what they disagree on does not. */
import { describe, expect, test } from 'vitest'
import { checkpointId } from '../../../engine/ids.ts'
import { text } from '../../../engine/serializer.ts'
import type { Delivery } from '../../../engine/sink/sink-spec.ts'
import type { History, StateAtCheckpoint } from '../../../sim/history/history.ts'
import { compareWithTwins } from '../../../sim/oracle/check-twins.ts'
import type { OutputFindings } from '../../../sim/oracle/output-findings.ts'
import { twinOf } from '../../../sim/oracle/run-results.ts'
import type { Twins } from '../../../sim/oracle/run-results.ts'
import { Violations } from '../../../sim/oracle/violation.ts'

interface RunOptions {
  readonly delivery?: Delivery
  readonly stuck?: string
  /** Values of the state `s` by key. */
  readonly state?: Readonly<Record<string, unknown>>
}

/** A run that committed these records: `key=value`, or a value alone. */
function run(records: string, { delivery, stuck, state = {} }: RunOptions = {}): History {
  const committed = records
    .split(' ')
    .filter((record) => record !== '')
    .map((record, offset) => {
      const [key = '', value] = record.split('=')
      return {
        offset,
        key: value === undefined ? null : text.encode(key),
        value: text.encode(value ?? key),
        origins: [],
      }
    })
  const states: StateAtCheckpoint[] = [
    {
      vertex: 'op',
      state: 's',
      entries: Object.entries(state).map(([key, value]) => ({ key, value })),
    },
  ]
  return {
    fed: [],
    coordination: [],
    savepoints: [],
    checkpoints: [
      {
        checkpoint: checkpointId(4),
        seq: 9,
        offsets: [],
        states,
        operatorStates: [],
        inFlight: 0,
        channels: [],
        problems: [],
      },
    ],
    outputs: [
      {
        sinks: ['sink'],
        delivery: delivery ?? 'exactly-once',
        topic: 'out',
        partition: 0,
        committed,
        observed: [],
        lastStableOffset: committed.length,
        highWatermark: committed.length,
      },
    ],
    log: [],
    openTransactions: [],
    stuck: stuck ?? null,
  }
}

function check(
  history: History,
  twins: readonly History[],
  hasStragglers = false,
  more: readonly History[] = twins,
): { readonly findings: OutputFindings; readonly broken: string[] } {
  const violations = new Violations()
  const runsOf = (histories: readonly History[]): Twins => ({
    runs: histories.map((twin, i) => twinOf(`twin ${i}`, twin)),
    hasStragglers,
    confirm: () => runsOf(more),
  })
  const findings = compareWithTwins({
    history,
    twins: runsOf(twins),
    topics: new Set(['out']),
    operators: new Set(['op']),
    violations,
  })
  return {
    findings,
    broken: violations.all.map(({ invariant, message }) => `${invariant} ${message}`),
  }
}

const alike = (records: string, options: RunOptions = {}): History[] =>
  [1, 2, 3].map(() => run(records, options))

describe('what all twins have', () => {
  test('is what the run must have, in any order', () => {
    const { findings, broken } = check(run('b=2 a=1 b=2'), alike('a=1 b=2 b=2'))
    expect(broken).toEqual([])
    expect(findings).toEqual({
      expected: 3,
      lost: 0,
      duplicated: 0,
      uncertainKeys: 0,
      unjudged: [],
    })
  })

  test('and the run has not is lost', () => {
    const { findings, broken } = check(run('a=1 b=2'), alike('a=1 b=2 b=2'))
    expect(broken).toEqual(['T1 The record 2 (key b) in topic "out" is lost: 1 of 2 are visible.'])
    expect(findings.lost).toBe(1)
  })

  test('and the run has once more is a duplicate', () => {
    const { findings, broken } = check(run('a=1 a=1'), alike('a=1'))
    expect(broken).toEqual([
      'T2 The record 1 (key a) in topic "out" is there 2 times instead of 1.',
    ])
    expect(findings.duplicated).toBe(1)
  })

  test('and the run has otherwise is wrong', () => {
    expect(check(run('a=3 b=2'), alike('a=1 b=2')).broken).toEqual([
      'T4 The record 3 (key a) in topic "out" is there, where runs without failures have 1.',
    ])
    expect(check(run('a=1 b=2'), alike('a=1')).broken).toEqual([
      'T4 The record 2 (key b) in topic "out" is there, which no run without failures has.',
    ])
  })

  test('records without a key are compared one by one', () => {
    expect(check(run('1 3'), alike('1 2')).broken).toEqual([
      'T1 The record 2 in topic "out" is lost: 0 of 1 are visible.',
      'T4 The record 3 in topic "out" is there, which no run without failures has.',
    ])
  })

  test('may be missing in a run that did not come to rest, but not be wrong', () => {
    expect(check(run('a=1', { stuck: 'why' }), alike('a=1 b=2')).broken).toEqual([])
    expect(check(run('a=1 a=1', { stuck: 'why' }), alike('a=1 b=2')).broken).toHaveLength(1)
  })
})

describe('what twins disagree on', () => {
  const differing = [run('a=1 b=2'), run('a=1 b=3'), run('a=1 b=2')]

  test('is not judged, with all of its topic, and that is said', () => {
    const { findings, broken } = check(run('a=9'), differing)
    expect(broken).toEqual([])
    expect(findings.unjudged).toEqual([
      { topic: 'out', reason: 'the result depends on timing, for 1 of 2 keys' },
    ])
  })

  test('where records can come too late the other keys are', () => {
    expect(check(run('a=9 b=7'), differing, true).broken).toHaveLength(1)
    expect(check(run('a=1 b=7'), differing, true).broken).toEqual([])
  })

  test('but not what has no key', () => {
    const { findings, broken } = check(run('5'), [run('1 2'), run('1 3'), run('1 2')], true)
    expect(broken).toEqual([])
    expect(findings.unjudged).toEqual([{ topic: 'out', reason: 'the result depends on timing' }])
  })

  test('may show only when more twins are asked, before anything is called a violation', () => {
    const [agreeing, more] = [alike('a=1'), [...alike('a=1'), run('a=2')]]
    expect(check(run('a=2'), agreeing).broken).toHaveLength(1)
    const { findings, broken } = check(run('a=2'), agreeing, false, more)
    expect(broken).toEqual([])
    expect(findings.unjudged).toHaveLength(1)
  })

  test('nothing is judged by a twin that did not come to rest', () => {
    const { findings, broken } = check(run('a=9'), [run('a=1'), run('', { stuck: 'it hangs' })])
    expect(broken).toEqual([])
    expect(findings.unjudged[0]?.reason).toBe(
      'the run without failures "twin 1" did not come to rest: it hangs',
    )
  })
})

describe('what the sinks promise', () => {
  const twins = alike('a=1 b=2')
  const broken = (records: string, delivery: Delivery): string[] =>
    check(run(records, { delivery }), twins).broken.map((message) => message.slice(0, 2))

  test('at least once: every record may be repeated, and none lost or wrong', () => {
    expect(broken('a=1 a=1 b=2', 'at-least-once')).toEqual([])
    expect(broken('a=1 a=1', 'at-least-once')).toEqual(['T1'])
    expect(broken('a=1 a=5 b=2', 'at-least-once')).toEqual(['T4'])
  })

  test('none: a record may be lost, and none wrong', () => {
    expect(broken('a=1', 'none')).toEqual([])
    expect(broken('a=5', 'none')).toEqual(['T4'])
  })
})

describe('the state at the end', () => {
  const twins = alike('', { state: { a: { n: 1, m: 2 } } })

  test('is that of the twins', () => {
    expect(check(run('', { state: { a: { m: 2, n: 1 } } }), twins).broken).toEqual([])
    expect(check(run('', { state: { a: { n: 1, m: 3 } } }), twins).broken).toEqual([
      'S1 At the end (checkpoint 4) the state s of op has for key "a" {"m":3,"n":1}; ' +
        'in runs without failures it has {"m":2,"n":1}.',
    ])
  })

  test('holds nothing that they have cleared', () => {
    expect(check(run('', { state: { b: 1 } }), alike('')).broken).toEqual([
      'S1 At the end (checkpoint 4) the state s of op has for key "b" 1; in runs without failures it has nothing.',
    ])
  })

  test('is not judged where they disagree, or before the end', () => {
    const differing = [...twins, run('', { state: { a: 2, c: 1 } })]
    expect(check(run('', { state: { a: 5, d: 5 } }), differing).broken).toEqual([])
    expect(check(run('', { state: { a: 5 }, stuck: 'why' }), twins).broken).toEqual([])
  })
})
