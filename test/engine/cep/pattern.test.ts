/** Building patterns: what they are as data, and what is refused at which step. */
import { describe, expect, test } from 'vitest'
import { compilePattern } from '../../../engine/cep/compile-pattern.ts'
import { AfterMatchSkip, begin, type Pattern } from '../../../engine/cep/pattern.ts'

const a = begin<number>('a').where((value) => value > 0)

test('a step leaves the pattern before it as it was, so a beginning can be shared', () => {
  const short = a.followedBy('b')
  const long = short.next('c').oneOrMore()
  expect(a.spec.stages.map(({ name }) => name)).toEqual(['a'])
  expect(short.spec.stages.map(({ name }) => name)).toEqual(['a', 'b'])
  expect(short.spec.stages.map(({ quantifier }) => quantifier.kind)).toEqual(['one', 'one'])
  expect(long.spec.stages.map(({ contiguity }) => contiguity)).toEqual([
    'next',
    'followedBy',
    'next',
  ])
})

test('a pattern is data: stages with quantifiers, windows and a strategy', () => {
  const pattern = begin<number>('a', AfterMatchSkip.skipToLast('b'))
    .followedByAny('b')
    .times(2, 4)
    .consecutive()
    .greedy()
    .within(50)
    .within(10, 'previous-and-current')
  expect(pattern.spec.skip).toEqual({ type: 'skip-to-last', stage: 'b' })
  expect(pattern.spec.stages[1]).toMatchObject({
    name: 'b',
    contiguity: 'followedByAny',
    quantifier: { kind: 'times', from: 2, to: 4, isGreedy: true, isOptional: false, inner: 'next' },
    within: { 'first-and-last': 50, 'previous-and-current': 10 },
  })
})

test('times from 0 makes the stage optional', () => {
  expect(a.times(0, 2).spec.stages[0]?.quantifier).toMatchObject({
    from: 1,
    to: 2,
    isOptional: true,
  })
})

const group = begin<number>('x').followedBy('y')

describe('refused at the step', () => {
  const refused: readonly (readonly [
    what: string,
    build: () => Pattern<number>,
    sentence: string,
  ])[] = [
    ['two stages of one name', () => a.next('a'), 'Two stages are named "a"'],
    [
      'a name of the group used outside',
      () => begin<number>('x').next(group),
      'Two stages are named "x"',
    ],
    ['a name with a colon', () => a.next('b:1'), '"b:1" must not be empty nor contain a colon'],
    ['two quantifiers', () => a.times(2).oneOrMore(), '"a" has a quantifier already'],
    [
      'a quantifier behind optional',
      () => a.optional().oneOrMore(),
      'Call optional() of stage "a" after',
    ],
    ['times of 0', () => a.times(0), 'times(0, 0) of stage "a" must be'],
    ['times that go down', () => a.times(3, 2), 'times(3, 2) of stage "a" must be'],
    ['times of a half', () => a.times(1.5), 'times(1.5, 1.5) of stage "a" must be'],
    ['timesOrMore of 0', () => a.timesOrMore(0), 'timesOrMore(0) of stage "a" must be'],
    ['optional twice', () => a.optional().optional(), '"a" is optional already'],
    [
      'an optional stage behind a greedy one',
      () => a.oneOrMore().greedy().next('b').optional(),
      'before it is greedy',
    ],
    [
      'an optional negation',
      () => a.notNext('n').optional(),
      'optional is not applicable to stage "n"',
    ],
    [
      'a repeated negation',
      () => a.notFollowedBy('n').oneOrMore(),
      'not applicable to stage "n", which is a notFollowedBy',
    ],
    ['a greedy negation', () => a.notNext('n').greedy(), 'greedy is not applicable to stage "n"'],
    [
      'a negation behind an optional stage',
      () => a.optional().notNext('n'),
      'notNext("n") cannot come behind',
    ],
    [
      'notFollowedBy behind an optional stage',
      () => a.times(0, 2).notFollowedBy('n'),
      'notFollowedBy("n") cannot come behind',
    ],
    ['a greedy single stage', () => a.greedy(), 'greedy needs a loop'],
    ['a greedy group', () => begin(group).oneOrMore().greedy(), 'A group cannot be greedy'],
    [
      'greedy with combinations',
      () => a.oneOrMore().allowCombinations().greedy(),
      'cannot be greedy',
    ],
    ['a consecutive single stage', () => a.consecutive(), 'consecutive needs a loop'],
    [
      'combinations of a single stage',
      () => a.allowCombinations(),
      'allowCombinations needs a loop',
    ],
    [
      'both contiguities inside a loop',
      () => a.oneOrMore().consecutive().allowCombinations(),
      'not both',
    ],
    ['consecutive twice', () => a.times(2).consecutive().consecutive(), 'consecutive already'],
    ['until without a loop', () => a.times(2).until(() => true), 'until needs a loop'],
    [
      'until twice',
      () =>
        a
          .oneOrMore()
          .until(() => true)
          .until(() => true),
      'has an until condition already',
    ],
    ['a condition of a group', () => begin(group).where(() => true), 'A group has no where'],
    ['an alternative of a group', () => begin(group).or(() => true), 'A group has no or'],
    ['a window of no length', () => a.within(0), 'A window of 0 ms must be'],
  ]
  test.each(refused)('%s', (_, build, sentence) => {
    expect(build).toThrow(sentence)
    expect(build).toThrow(expect.objectContaining({ code: 'malformed-pattern' }))
  })
})

describe('refused as a whole', () => {
  const refused: readonly (readonly [what: string, pattern: Pattern<number>, sentence: string])[] =
    [
      [
        'a strategy that names no stage',
        begin<number>('a', AfterMatchSkip.skipToFirst('z')),
        'skip-to-first names the stage "z"',
      ],
      [
        'a strategy that names a stage inside a group',
        begin(group, AfterMatchSkip.skipToLast('x')),
        'skip-to-last names the stage "x"',
      ],
      [
        'an endless wait for something not to come',
        a.notFollowedBy('n'),
        'notFollowedBy("n") at the end of a pattern would wait forever',
      ],
      [
        'a step longer than the match',
        a.next('b').within(10).within(20, 'previous-and-current'),
        'The window of 20 ms between two records is longer than that of the whole match, 10 ms',
      ],
      [
        'a loop of nothing',
        begin(begin<number>('x').optional().next('y').optional()).oneOrMore(),
        'must have a stage that is not optional',
      ],
      [
        'a negation that nothing must come before',
        begin(begin<number>('x').optional()).notNext('n'),
        'The negation "n" must have a stage before it',
      ],
    ]
  test.each(refused)('%s', (_, { spec }, sentence) => {
    expect(() => compilePattern(spec)).toThrow(sentence)
    expect(() => compilePattern(spec)).toThrow(
      expect.objectContaining({ code: 'malformed-pattern' }),
    )
  })

  test('a trailing notFollowedBy is fine with either window', () => {
    const pattern = a.notFollowedBy('n')
    expect(compilePattern(pattern.within(5).spec).windowMs).toBe(5)
    const { stateWindowsMs, windowMs } = compilePattern(
      pattern.within(5, 'previous-and-current').spec,
    )
    expect([windowMs, stateWindowsMs.get('n')]).toEqual([null, 5])
  })

  test('the smallest window of a pattern counts', () => {
    expect(
      compilePattern(a.within(30).next('b').within(10).next('c').within(20).spec).windowMs,
    ).toBe(10)
  })
})
