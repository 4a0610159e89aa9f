/** For every invariant of results a history that breaks it and nothing else, and its twin that breaks nothing. */
import { describe, expect, test } from 'vitest'
import { present } from '../../../engine/assert.ts'
import { text } from '../../../engine/serializer.ts'
import {
  barrier,
  broken,
  clean,
  type Draft,
  groupOffset,
  judged,
  outputs,
  resumed,
  changed,
} from './hand-history.ts'

/** Output partition 0 of a draft. */
const out = (draft: Draft) => present(draft.history.outputs[0], 'There is out/0.')
const checkpoint = (draft: Draft) => present(draft.history.checkpoints[0], 'There is one.')

/** Replaces the facts of a type. */
function replace(draft: Draft, type: string, ...facts: Draft['facts']): void {
  const at = draft.facts.findIndex((fact) => fact.type === type)
  draft.facts = draft.facts.filter((fact) => fact.type !== type)
  draft.facts.splice(at, 0, ...facts)
}

test('the run as it should be passes', () => {
  expect(judged(clean())).toEqual({
    outcome: 'passed',
    violations: [],
    findings: { expected: 5, lost: 0, duplicated: 0, uncertainKeys: 0, unjudged: [] },
  })
})

describe('T1: no loss', () => {
  const lost = (): Draft =>
    changed((draft) => {
      out(draft).committed.pop()
      out(draft).observed.pop()
    })

  test('an output that is not there is lost', () => {
    expect(broken(lost())).toEqual(['T1'])
    expect(judged(lost()).findings.lost).toBe(1)
    expect(judged(lost()).violations[0]?.message).toBe(
      'The output of in/0@2 in sink "sink" is lost: 0 of 1 are visible.',
    )
  })

  test('in a run that did not come to rest it may still come', () => {
    const draft = lost()
    draft.history.stuck = 'the job is restarting'
    expect(broken(draft)).toEqual(['L1'])
  })

  test('an output that does not say what it stands for counts for nothing', () => {
    const draft = changed((d) => {
      present(out(d).committed[3], 'The last one.').origins = null
    })
    expect(broken(draft)).toEqual(['T1'])
  })
})

describe('T2: no duplicate', () => {
  test('a second output of one record is a duplicate', () => {
    const draft = changed((d) => {
      d.history.outputs[1] = outputs(1, ['b,5', 1, 0], ['b,5', 1, 0])
    })
    expect(broken(draft)).toEqual(['T2'])
    expect(judged(draft).findings.duplicated).toBe(1)
  })

  test('an output of a record that has none, or was never fed, is one too', () => {
    const draft = changed((d) => {
      d.history.outputs[1] = outputs(1, ['b,5', 1, 0], ['c,1', 1, 9])
    })
    expect(broken(draft)).toEqual(['T2'])
  })

  test('two equal outputs of two records are not', () => {
    const draft = changed((d) => {
      present(d.history.fed[1]?.records[1], 'The record a,8.').value = 'b,0'
      d.history.outputs[0] = outputs(0, ['a,1', 0, 0], ['a,3', 0, 1], ['a,7', 0, 2])
      d.history.outputs[1] = outputs(1, ['b,5', 1, 0], ['b,5', 1, 1])
    })
    expect(broken(draft)).toEqual([])
  })
})

describe('T3: order', () => {
  test('outputs of one key and partition must come in the order of the input', () => {
    const draft = changed((d) => {
      d.history.outputs[0] = outputs(
        0,
        ['a,3', 0, 1],
        ['a,1', 0, 0],
        ['a,11', 1, 1],
        ['a,15', 0, 2],
      )
    })
    expect(broken(draft)).toContain('T3')
    const alone = changed((d) => {
      d.history.fed = d.history.fed.slice(0, 1)
      d.history.checkpoints = []
      d.history.outputs = [outputs(0, ['a,3', 0, 1], ['a,1', 0, 0], ['a,7', 0, 2])]
      d.facts = []
    })
    expect(broken(alone)).toEqual(['T3'])
  })

  test('records of different partitions may be folded in any order', () => {
    const draft = changed((d) => {
      d.history.outputs[0] = outputs(0, ['a,1', 0, 0], ['a,3', 0, 1], ['a,7', 0, 2], ['a,15', 1, 1])
    })
    expect(broken(draft)).toEqual([])
  })
})

describe('T4: value', () => {
  const withLast = (value: string): Draft =>
    changed((d) => {
      const rest = [['a,1', 0, 0] as const, ['a,3', 0, 1] as const, ['a,11', 1, 1] as const]
      d.history.outputs[0] = outputs(0, ...rest, [value, 0, 2])
    })

  test('an output must be what the reference model gives', () => {
    expect(broken(withLast('a,16'))).toEqual(['T4'])
    expect(broken(withLast('a,15'))).toEqual([])
  })
})

describe('T5: no dirty read', () => {
  test('a reader never saw what was not committed', () => {
    const draft = changed((d) => {
      out(d).observed.push({ offset: 9, value: text.encode('a,99') })
    })
    expect(broken(draft)).toEqual(['T5'])
  })

  test('nor another value at an offset', () => {
    const draft = changed((d) => {
      present(out(d).observed[0], 'The first one.').value = text.encode('a,2')
    })
    expect(broken(draft)).toEqual(['T5'])
  })

  test('a reader may have seen less than there is', () => {
    const draft = changed((d) => {
      out(d).observed.splice(1)
    })
    expect(broken(draft)).toEqual([])
  })
})

describe('S1: the fold', () => {
  const withState = (...entries: readonly (readonly [string, number])[]): Draft =>
    changed((d) => {
      const states = present(checkpoint(d).states[0], 'The state of sum.')
      states.entries = entries.map(([key, value]) => ({ key, value }))
    })

  test('state at a checkpoint is the fold of the records before its offsets', () => {
    expect(broken(withState(['a', 4], ['b', 5]))).toEqual(['S1'])
    expect(broken(withState(['a', 3], ['b', 5]))).toEqual([])
  })

  test('a key that is missing or too many breaks it', () => {
    expect(broken(withState(['a', 3]))).toEqual(['S1'])
    expect(broken(withState(['a', 3], ['b', 5], ['c', 0]))).toEqual(['S1'])
  })

  test('offsets of another cut than the state break it (O3)', () => {
    const draft = changed((d) => {
      present(checkpoint(d).offsets[0], 'Of in/0.').offset = 1
      replace(d, 'split-restored', resumed(0, 1), resumed(1, 1))
      replace(d, 'group-offset-committed', groupOffset(0, 1))
    })
    expect(broken(draft)).toEqual(['S1'])
    present(present(checkpoint(draft).states[0], 'The state.').entries[0], 'Of a.').value = 1
    expect(broken(draft)).toEqual([])
  })
})

describe('S2: one cut', () => {
  test('a checkpoint that covers a record covers all that were folded before it', () => {
    const draft = changed((d) => {
      // in/1@1 was folded after in/0@1, which is not covered.
      const [first, second] = checkpoint(d).offsets
      if (first !== undefined) first.offset = 1
      if (second !== undefined) second.offset = 2
      replace(d, 'split-restored', resumed(0, 1), resumed(1, 2))
      replace(d, 'group-offset-committed', groupOffset(0, 1))
    })
    expect(broken(draft)).toEqual(['S2'])
  })
})

describe('outcome', () => {
  test('a wrong result weighs more than a run that did not come to rest', () => {
    const draft = changed((d) => {
      d.history.stuck = 'the job is restarting'
      d.facts.push(barrier(1))
    })
    expect(judged(draft).outcome).toBe('correctness')
  })

  test('a failed assertion weighs more than everything', () => {
    const draft = changed((d) => {
      d.facts.push(barrier(1))
    })
    expect(judged(draft, 'InvariantViolation: No channel a.')).toMatchObject({
      outcome: 'invariant',
    })
    expect(judged(clean(), 'A bug.').violations).toEqual([
      { invariant: 'assertion', message: 'A bug.', seq: -1 },
    ])
  })

  test('a violation names the event that shows it', () => {
    const draft = changed((d) => {
      d.facts.push(barrier(1))
    })
    expect(judged(draft).violations[0]?.seq).toBe(draft.facts.length - 1)
  })

  test('of many violations of one invariant the first five are kept', () => {
    const draft = changed((d) => {
      for (let i = 0; i < 20; i++) d.facts.push(barrier(1))
    })
    expect(judged(draft).violations).toHaveLength(5)
  })
})
