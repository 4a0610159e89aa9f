/**
 * What patterns find in short inputs: a word per record, its first letter is what stages look at. Expected matches were
 * computed by Flink 2.2.
 */
import { describe, expect, test } from 'vitest'
import { compilePattern } from '../../../engine/cep/compile-pattern.ts'
import { Nfa, type Match, type MatchState } from '../../../engine/cep/nfa.ts'
import { AfterMatchSkip, begin, type Pattern } from '../../../engine/cep/pattern.ts'
import { packMatches, unpackMatches } from '../../../engine/cep/stored-matches.ts'
import type { StoredMatches } from '../../../engine/cep/stored-matches.ts'
import { binary } from '../../../engine/serializer.ts'

const OPTIONS = { reportsTimeouts: true, processingTime: () => 0 }

const is = (letter: string) => (word: string) => word.startsWith(letter)

const stage = (name: string): Pattern<string> => begin<string>(name).where(is(name))

/** Record i has timestamp i + 1. The state goes through its serializer between any two records. */
function find(pattern: Pattern<string>, input: string): string[] {
  return run(pattern, input).found
}

function run(pattern: Pattern<string>, input: string): { found: string[]; state: MatchState } {
  const automaton = compilePattern(pattern.spec)
  const found: string[] = []
  let state: MatchState | null = null
  for (const [i, word] of input.split(' ').entries()) {
    const nfa = new Nfa(automaton, state, OPTIONS)
    const { matches, timedOut } = nfa.advanceTime(i + 1)
    found.push(...matches.map((match) => `~${shown(match)}`))
    found.push(...timedOut.map(({ match, timestamp }) => `!${shown(match)}@${timestamp}`))
    found.push(...nfa.process(word, i + 1).map(shown))
    state = unpackMatches(binary.decode(binary.encode(packMatches(nfa.state))) as StoredMatches)
  }
  if (state === null) throw new Error('No input.')
  return { found, state }
}

function shown(match: Match): string {
  return [...match.values()].map((records) => records.join('+')).join(' ')
}

describe('contiguity', () => {
  test('next takes the very next record', () => {
    expect(find(stage('a').next('b').where(is('b')), 'a1 c1 b1 a2 b2')).toEqual(['a2 b2'])
  })

  test('followedBy takes the next one that fits', () => {
    expect(find(stage('a').followedBy('b').where(is('b')), 'a1 c1 b1 b2')).toEqual(['a1 b1'])
  })

  test('followedByAny takes each one that fits', () => {
    expect(find(stage('a').followedByAny('b').where(is('b')), 'a1 b1 c1 b2')).toEqual([
      'a1 b1',
      'a1 b2',
    ])
  })

  test('notNext looks at the next record only', () => {
    const pattern = stage('a').notNext('n').where(is('n')).followedBy('b').where(is('b'))
    expect(find(pattern, 'a1 n1 b1 a2 c1 n2 b2')).toEqual(['a2 b2'])
  })

  test('notFollowedBy looks at all records in between', () => {
    const pattern = stage('a').notFollowedBy('n').where(is('n')).followedBy('b').where(is('b'))
    expect(find(pattern, 'a1 n1 b1 a2 c1 b2 n2')).toEqual(['a2 b2'])
  })
})

describe('quantifiers', () => {
  const end = (pattern: Pattern<string>): Pattern<string> => pattern.followedBy('b').where(is('b'))

  test('oneOrMore yields every run that ends with a later record', () => {
    expect(find(stage('a').oneOrMore(), 'a1 a2 b1 a3')).toEqual([
      'a1',
      'a1+a2',
      'a2',
      'a1+a2+a3',
      'a2+a3',
      'a3',
    ])
  })

  test('consecutive ends the loop at a record that does not fit', () => {
    expect(find(end(stage('a').timesOrMore(2).consecutive()), 'a1 c1 a2 a3 b1')).toEqual([
      'a2+a3 b1',
    ])
  })

  test('allowCombinations leaves out any of the records', () => {
    expect(find(end(stage('a').times(2).allowCombinations()), 'a1 a2 a3 b1')).toEqual([
      'a1+a2 b1',
      'a1+a3 b1',
      'a2+a3 b1',
    ])
  })

  test('a greedy loop keeps the records that fit both', () => {
    const both = stage('a').oneOrMore().greedy().next('any')
    expect(find(both, 'a1 a2 b1')).toEqual(['a1+a2 b1', 'a2 b1'])
    expect(find(stage('a').oneOrMore().next('any'), 'a1 a2 b1')).toEqual([
      'a1 a2',
      'a1+a2 b1',
      'a2 b1',
    ])
  })

  test('an optional stage may be left out', () => {
    const pattern = end(stage('a').next('m').where(is('m')).optional())
    expect(find(pattern, 'a1 b1 a2 m1 b2')).toEqual(['a1 b1', 'a2 m1 b2', 'a2 b2'])
  })

  test('until ends a loop', () => {
    const pattern = end(stage('a').oneOrMore().until(is('u')))
    expect(find(pattern, 'a1 a2 u1 a3 b1')).toEqual(['a1+a2 b1', 'a1 b1', 'a2 b1', 'a3 b1'])
  })

  test('a group repeats as a whole', () => {
    const pair = stage('a').next('b').where(is('b'))
    expect(find(begin(pair).times(2).consecutive(), 'a1 b1 a2 b2 c1 a3 b3')).toEqual([
      'a1+a2 b1+b2',
    ])
  })
})

describe('what is skipped after a match', () => {
  const found = (skip: AfterMatchSkip): string[] => {
    const start = begin<string>('b', skip).where(is('b')).oneOrMore()
    return find(start.followedBy('c').where(is('c')).oneOrMore(), 'b1 b2 b3 c1 c2')
  }

  test('nothing', () => {
    expect(found(AfterMatchSkip.noSkip())).toEqual([
      'b1+b2+b3 c1',
      'b1+b2 c1',
      'b1 c1',
      'b2+b3 c1',
      'b2 c1',
      'b3 c1',
      'b1+b2+b3 c1+c2',
      'b1+b2 c1+c2',
      'b1 c1+c2',
      'b2+b3 c1+c2',
      'b2 c1+c2',
      'b3 c1+c2',
    ])
  })

  test('matches that start with the same record', () => {
    const expected = ['b1+b2+b3 c1', 'b2+b3 c1', 'b3 c1']
    expect(found(AfterMatchSkip.skipToNext())).toEqual(expected)
  })

  test('matches that start inside', () => {
    expect(found(AfterMatchSkip.skipPastLastEvent())).toEqual(['b1+b2+b3 c1'])
  })

  test('matches that start before the first record of a stage', () => {
    expect(found(AfterMatchSkip.skipToFirst('b'))).toEqual([
      'b1+b2+b3 c1',
      'b1+b2 c1',
      'b1 c1',
      'b1+b2+b3 c1+c2',
      'b1+b2 c1+c2',
      'b1 c1+c2',
    ])
  })

  test('matches that start before the last record of a stage', () => {
    const expected = ['b1+b2+b3 c1', 'b3 c1', 'b3 c1+c2']
    expect(found(AfterMatchSkip.skipToLast('b'))).toEqual(expected)
  })
})

describe('windows', () => {
  test('a match that takes too long times out when its window ends', () => {
    const pattern = stage('a').followedBy('b').where(is('b')).within(3)
    expect(find(pattern, 'a1 c1 b1 a2 c2 c3 b2')).toEqual(['a1 b1', '!a2@7'])
  })

  test('the step from one record to the next can have a window of its own', () => {
    const pattern = stage('a')
      .followedBy('b')
      .where(is('b'))
      .followedBy('c')
      .where(is('c'))
      .within(2, 'previous-and-current')
    expect(find(pattern, 'a1 d1 d2 b1 c1 a2 b2 d3 c2')).toEqual(['a1 b1 c1', '!a2 b2@9'])
  })

  test('a trailing notFollowedBy is a match once its window is over', () => {
    const pattern = stage('a').notFollowedBy('n').where(is('n')).within(2)
    expect(find(pattern, 'a1 c1 c2 a2 n1 c3')).toEqual(['~a1'])
  })
})

test('a condition sees the records accepted so far in its own partial match', () => {
  const pattern = begin<number>('up')
    .where((value, { eventsOf }) => eventsOf('up').every((former) => former < value))
    .oneOrMore()
    .next('down')
    .where((value, { eventsOf }) => (eventsOf('up').at(-1) ?? 0) > value)
  const nfa = new Nfa(compilePattern(pattern.spec), null, OPTIONS)
  const found = [3, 5, 4].flatMap((value, i) => nfa.process(value, i + 1).map(shown))
  expect(found).toEqual(['3+5 4', '5 4'])
})

test('when no match is open, no record stays', () => {
  const pattern = stage('a').oneOrMore().greedy().followedBy('b').where(is('b')).within(4)
  const { state } = run(pattern, 'a1 a2 a3 b1 a4 c1 c2 c3 c4')
  expect(state.partial).toHaveLength(1)
  expect(state.buffer.events.size).toBe(0)
})
