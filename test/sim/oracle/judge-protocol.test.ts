/** For every invariant of the protocols a trace that breaks it and nothing else, and its twin that breaks nothing. */
import { describe, expect, test } from 'vitest'
import { present } from '../../../engine/assert.ts'
import { checkpointId } from '../../../engine/ids.ts'
import {
  acknowledged,
  appended,
  barrier,
  before,
  broken,
  completed,
  deploying,
  type Draft,
  entry,
  fenced,
  groupOffset,
  judged,
  outputs,
  prepared,
  restart,
  resumed,
  state,
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

describe('S4: checkpoints only go forward', () => {
  test('a checkpoint does not complete after a newer one', () => {
    const draft = changed((d) => {
      d.facts.push(acknowledged('source', 2, 1), acknowledged('sum', 2, 1), completed(1))
    })
    expect(broken(draft)).toEqual(['S4'])
  })

  test('a job is restored from the newest completed one', () => {
    for (const wrong of [null, 2]) {
      const draft = changed((d) => {
        replace(d, 'restart-started', restart(wrong))
      })
      expect(broken(draft)).toEqual(['S4'])
    }
  })

  test('from nothing only when none was completed', () => {
    const draft = changed((d) => {
      d.facts = [restart(null), ...d.facts]
    })
    expect(broken(draft)).toEqual([])
  })
})

test('S5: a completed checkpoint that cannot be read is damaged', () => {
  const draft = changed((d) => {
    checkpoint(d).problems.push('sum-0: the checksum of key group 3 is wrong')
  })
  expect(broken(draft)).toEqual(['S5'])
})

describe('O1: positions only go forward', () => {
  test('reading is resumed where the checkpoint says', () => {
    for (const wrong of [1, 3]) {
      const draft = changed((d) => {
        replace(d, 'split-restored', resumed(0, wrong), resumed(1, 1))
      })
      expect(broken(draft)).toEqual(['O1'])
    }
  })

  test('a later checkpoint does not have an earlier position', () => {
    const withSecond = (offset: number): Draft =>
      changed((d) => {
        const [first] = d.history.checkpoints
        const entries = [
          { key: 'a', value: offset === 3 ? 7 : 1 },
          { key: 'b', value: 5 },
        ]
        d.history.outputs[0] = outputs(
          0,
          ['a,1', 0, 0],
          ['a,3', 0, 1],
          ['a,7', 0, 2],
          ['a,15', 1, 1],
        )
        d.history.checkpoints.push({
          ...present(first, 'The first.'),
          checkpoint: checkpointId(2),
          offsets: [
            { source: 'source', topic: 'in', partition: 0, offset },
            { source: 'source', topic: 'in', partition: 1, offset: 1 },
          ],
          states: [{ vertex: 'sum', state: 'sum.sum', entries }],
        })
      })
    // The fold cannot go back either, so that the state of the second one is wrong as well.
    expect(broken(withSecond(1))).toContain('O1')
    expect(broken(withSecond(3))).toEqual([])
  })
})

describe('O3: group offsets follow checkpoints', () => {
  test('none is committed ahead of the newest completed checkpoint', () => {
    const ahead = changed((d) => {
      replace(d, 'group-offset-committed', groupOffset(0, 3))
    })
    expect(broken(ahead)).toEqual(['O3'])
    const early = changed((d) => {
      before(d, 'checkpoint-completed', groupOffset(0, 2))
    })
    expect(broken(early)).toEqual(['O3'])
  })

  test('one that stays behind is allowed', () => {
    const draft = changed((d) => {
      replace(d, 'group-offset-committed', groupOffset(0, 1))
    })
    expect(broken(draft)).toEqual([])
  })
})

describe('X1: fencing', () => {
  test('no batch of an epoch is appended after a newer one was handed out', () => {
    const draft = changed((d) => {
      d.facts.push(appended(0))
    })
    expect(broken(draft)).toEqual(['X1'])
    const twin = changed((d) => {
      d.facts.push(appended(1))
    })
    expect(broken(twin)).toEqual([])
  })

  test('epochs of a producer do not go back in a log', () => {
    const draft = changed((d) => {
      d.history.log.push(entry(0, 6, 0, 'data'), entry(0, 7, 0, 'commit'))
    })
    expect(broken(draft)).toEqual(['X1'])
    const twin = changed((d) => {
      d.history.log.push(entry(0, 6, 2, 'data'), entry(0, 7, 2, 'commit'))
    })
    expect(broken(twin)).toEqual([])
  })
})

describe('X2: commit after completion', () => {
  test('a transaction is not committed before its checkpoint completed', () => {
    const draft = changed((d) => {
      d.facts = d.facts.filter(
        (fact) => fact !== d.facts.find((f) => f.type === 'transaction-state-changed'),
      )
      before(d, 'checkpoint-completed', state('PrepareCommit', 0))
    })
    expect(broken(draft)).toEqual(['X2'])
  })

  test('nor without having been prepared', () => {
    const draft = changed((d) => {
      d.facts.push(fenced(2), appended(2), state('PrepareCommit', 2))
    })
    expect(broken(draft)).toEqual(['X2'])
    const twin = changed((d) => {
      d.facts.push(fenced(2), appended(2), prepared(2, 2), state('PrepareCommit', 2))
    })
    expect(broken(twin)).toEqual([])
  })
})

describe('X3: what a completed checkpoint prepared is committed', () => {
  test('it is not aborted, whoever aborts it', () => {
    for (const epoch of [1, 2]) {
      const draft = changed((d) => {
        d.facts.pop()
        d.facts.push(state('PrepareAbort', epoch))
      })
      expect(broken(draft), `by epoch ${epoch}`).toEqual(['X3'])
    }
  })

  test('what belongs to no completed checkpoint may be aborted', () => {
    const draft = changed((d) => {
      d.facts.push(fenced(2), prepared(2, 3), state('PrepareAbort', 3))
    })
    expect(broken(draft)).toEqual([])
  })
})

describe('X4: no orphans', () => {
  test('no transaction is open at the end', () => {
    const draft = changed((d) => {
      d.history.openTransactions.push('tx (Ongoing)')
    })
    expect(broken(draft)).toEqual(['X4'])
    expect(judged(draft).outcome).toBe('liveness')
  })

  test('no reader is held back at the end', () => {
    const draft = changed((d) => {
      out(d).lastStableOffset -= 1
    })
    expect(broken(draft)).toEqual(['X4'])
  })
})

describe('X6: transactions are not torn', () => {
  test('a transaction ends the same way on all its partitions', () => {
    const draft = changed((d) => {
      d.history.log[5] = entry(1, 1, 0, 'abort')
    })
    expect(broken(draft)).toEqual(['X6'])
  })

  test('and on every one of them', () => {
    const draft = changed((d) => {
      d.history.log.pop()
    })
    expect(broken(draft)).toEqual(['X6'])
  })

  test('an abort marker of a transaction without data says nothing', () => {
    const draft = changed((d) => {
      d.history.log.push(entry(1, 2, 1, 'abort'))
    })
    expect(broken(draft)).toEqual([])
  })
})

describe('B1: barriers', () => {
  test('a channel delivers every barrier once, in order', () => {
    for (const again of [1, 2]) {
      const draft = changed((d) => {
        d.facts.push(barrier(again))
      })
      expect(broken(draft), `barrier ${again} again`).toEqual(['B1'])
    }
    const twin = changed((d) => {
      d.facts.push(barrier(5))
    })
    expect(broken(twin), 'some may be skipped').toEqual([])
  })
})

describe('B3: acknowledgements', () => {
  test('a checkpoint completes with one of every subtask', () => {
    const draft = changed((d) => {
      d.facts.splice(
        d.facts.findIndex((fact) => fact.type === 'checkpoint-acknowledged'),
        1,
      )
    })
    expect(broken(draft)).toEqual(['B3'])
  })

  test('one of a former attempt does not count', () => {
    const draft = changed((d) => {
      const at = d.facts.findLastIndex((fact) => fact.type === 'checkpoint-acknowledged')
      d.facts[at] = acknowledged('sum', 1, 2)
    })
    expect(broken(draft)).toEqual(['B3'])
  })
})

describe('liveness', () => {
  test('L1: a run that did not come to rest says why', () => {
    const draft = changed((d) => {
      d.history.stuck = 'subtask sum/0 is not running'
    })
    expect(judged(draft)).toMatchObject({
      outcome: 'liveness',
      violations: [
        {
          invariant: 'L1',
          message: 'The run did not come to rest: subtask sum/0 is not running.',
        },
      ],
    })
  })

  test('L2: a job does not restart again and again for one fault', () => {
    const restarts = (count: number): Draft =>
      changed((d) => {
        for (let i = 1; i < count; i++) {
          const attempt = i + 2
          d.facts.push(restart(2), deploying('source', attempt), deploying('sum', attempt))
        }
      })
    expect(broken(restarts(5))).toEqual([])
    expect(broken(restarts(6))).toEqual(['L2'])
  })
})
