/** Savepoints, several checkpoints at a time, backlog, and the bugs that the coordinator could have (flink-semantics.md 3.2). */
import { describe, expect, test } from 'vitest'
import { checkpointId } from '../../../engine/ids.ts'
import type { COORDINATOR_MUTANTS } from '../../../engine/mutants.ts'
import { Coordination } from './coordinator-dsl.ts'

describe('a savepoint', () => {
  test('does not wait for a pending checkpoint', () => {
    const job = new Coordination()
    job.start()
    job.interval()
    expect(job.savepoint()).toEqual([
      'announce 2',
      'timeout of 2 in 1000',
      'trigger-sources 2 savepoint full',
    ])
  })

  test('waits for it where barriers overtake', () => {
    const job = new Coordination({ unaligned: true })
    job.start()
    job.interval()
    expect(job.savepoint()).toEqual([])
    job.acknowledge(1, 'ab')
    expect(job.stored(1)).toContain('trigger-sources 2 savepoint full')
  })

  test('waits until the barriers of another one are out', () => {
    const job = new Coordination({}, ['a'], ['source'])
    job.start()
    job.interval()
    expect(job.savepoint()).toEqual([])
    expect(job.snapshotted(1, 'source')).toEqual([
      'trigger-sources 1',
      'announce 2',
      'timeout of 2 in 1000',
      'snapshot-coordinators 2',
    ])
  })

  test('does not keep the pause since the last one', () => {
    const job = new Coordination({ minPauseMs: 1000 })
    job.start()
    job.complete()
    expect(job.savepoint()).toContain('trigger-sources 2 savepoint full')
  })

  test('commits nothing, subsumes nothing, and no restart begins with it', () => {
    const job = new Coordination()
    job.start()
    job.complete()
    job.savepoint()
    job.acknowledge(2, 'ab')
    expect(job.stored(2)).toEqual(['cancel-timeout 2', 'complete 2 after 0 for request 1'])
    expect(job.latest?.checkpoint).toBe(1)
  })

  test('is not aborted when a later checkpoint completes; an older checkpoint is', () => {
    const job = new Coordination({ maxConcurrent: 2 })
    job.start()
    job.interval()
    job.savepoint()
    job.acknowledge(1, 'a')
    job.acknowledge(2, 'a')
    job.interval()
    expect(job.pending?.id).toBe(2)
    job.acknowledge(2, 'b')
    job.stored(2)
    job.acknowledge(3, 'ab')
    expect(job.stored(3)).toEqual([
      'cancel-timeout 1',
      'notify-aborted 1 (subsumed), newest complete 3',
      'discard chk-1/a-1',
      'cancel-timeout 3',
      'notify-complete 3 after 0',
    ])
  })

  test('that takes too long, or cannot be stored, does not count as a failed checkpoint', () => {
    const job = new Coordination()
    job.start()
    job.savepoint()
    expect(job.timeout(1)).toEqual([
      'cancel-timeout 1',
      'notify-aborted 1 (expired), newest complete none for request 1',
      'discard ',
    ])
    job.savepoint()
    job.acknowledge(2, 'ab')
    expect(job.storeFailed(2).join()).not.toContain('fail-job')
  })

  test('that a subtask declines counts like any other, and fails what hangs on that subtask', () => {
    const job = new Coordination()
    job.start()
    job.savepoint()
    expect(job.decline(1, 'a').at(-1)).toBe(
      'fail-job: 1 checkpoints in a row failed, 0 are tolerable (a/0)',
    )
  })

  test('is refused while not every subtask runs', () => {
    const job = new Coordination()
    job.start()
    job.attempt = null
    expect(job.savepoint()).toEqual(['skip: not all subtasks are running for request 1'])
  })

  test('whose job stops to run meanwhile has failed, whether it was pending or waited', () => {
    const job = new Coordination({ unaligned: true })
    job.start()
    job.savepoint()
    job.savepoint()
    expect(job.stop()).toEqual([
      'cancel-interval',
      'skip: the job does not run any more for request 2',
      'cancel-timeout 1',
      'notify-aborted 1 (failover), newest complete none for request 1',
      'discard ',
    ])
  })
})

describe('a job that stops with a savepoint', () => {
  test('takes no other checkpoint any more, and gives up the pending ones', () => {
    const job = new Coordination()
    job.start()
    job.interval()
    expect(job.savepoint('stop')).toEqual([
      'cancel-interval',
      'cancel-timeout 1',
      'notify-aborted 1 (suspended), newest complete none',
      'discard ',
      'announce 2',
      'timeout of 2 in 1000',
      'trigger-sources 2 stop full',
    ])
    expect(job.interval()).toEqual([])
  })

  test('commits with its completion, and a restart would begin with it; the newest checkpoint stays (FLINK-21351)', () => {
    const job = new Coordination()
    job.start()
    job.complete()
    job.savepoint('stop')
    job.acknowledge(2, 'ab')
    expect(job.stored(2)).toEqual(['cancel-timeout 2', 'notify-complete 2 after 0 for request 1'])
    expect(job.state.completed.map(({ metadata }) => metadata.checkpoint)).toEqual([1, 2])
    expect(job.interval(), 'and nothing follows').toEqual([])
  })

  test('goes on as before when it takes too long', () => {
    const job = new Coordination()
    job.start()
    job.savepoint('drain')
    expect(job.timeout(1)).toEqual([
      'cancel-timeout 1',
      'notify-aborted 1 (expired), newest complete none for request 1',
      'discard ',
      'interval in 100',
    ])
    expect(job.interval()).toContain('trigger-sources 2')
  })

  test('starts again when a subtask declines: it may have put itself behind its last record', () => {
    const job = new Coordination({ tolerableFailures: 9 })
    job.start()
    job.savepoint('stop')
    expect(job.decline(1, 'a')).toContain(
      'fail-job: the savepoint with which the job stops failed: busy',
    )
  })
})

describe('several checkpoints at a time', () => {
  test('as many as are allowed', () => {
    const job = new Coordination({ maxConcurrent: 2 })
    job.start()
    job.interval(0)
    job.interval(100)
    expect(job.interval(200)).toEqual(['interval in 100'])
    expect([...job.state.pending.keys()]).toEqual([1, 2])
  })

  test('one that completes aborts the older ones, which nobody needs any more', () => {
    const job = new Coordination({ maxConcurrent: 2 })
    job.start()
    job.interval(0)
    job.interval(100)
    job.acknowledge(2, 'ab')
    expect(job.stored(2).slice(0, 2)).toEqual([
      'cancel-timeout 1',
      'notify-aborted 1 (subsumed), newest complete 2',
    ])
  })

  test('no new one begins while more than that many old ones are still being deleted', () => {
    const job = new Coordination({ maxConcurrent: 1 })
    job.start()
    for (const checkpoint of [1, 2, 3]) {
      job.interval()
      job.acknowledge(checkpoint, 'ab')
      job.stored(checkpoint)
    }
    expect(job.state.cleaning).toBe(2)
    expect(job.interval()).toEqual(['interval in 100'])
    expect(job.cleaned()).toContain('trigger-sources 4')
  })

  test('so many completed ones are kept as are wanted', () => {
    const job = new Coordination({ retained: 2 })
    job.start()
    job.complete()
    job.complete()
    expect(job.complete()).toContain('subsume 1')
    expect(job.state.completed.map(({ metadata }) => metadata.checkpoint)).toEqual([2, 3])
  })
})

describe('a backlog', () => {
  test('makes the interval longer from the next trigger on, and shorter at once when it is over', () => {
    const job = new Coordination({ intervalDuringBacklogMs: 5000 })
    job.start()
    expect(job.backlog(true)).toEqual([])
    expect(job.interval(30)[0]).toBe('interval in 5000')
    job.now = 60
    expect(job.backlog(false)).toEqual(['cancel-interval', 'interval in 100'])
  })

  test('with interval 0 there are no checkpoints until it is over', () => {
    const job = new Coordination({ intervalDuringBacklogMs: 0 })
    job.start()
    job.backlog(true)
    expect(job.interval(30)).toEqual([])
    expect(job.backlog(false)).toEqual(['interval in 100'])
  })
})

describe('what was restored', () => {
  test('ids go on behind it, and the first checkpoint refers to nothing of it when it is not the own', () => {
    const start = { nextId: checkpointId(8), completed: [], isFullForced: true }
    const job = new Coordination({}, ['a'], [], { start })
    job.start()
    expect(job.interval()).toContain('trigger-sources 8 full')
    job.savepoint()
    job.acknowledge(9, 'a')
    job.stored(9)
    expect(job.state.isFullForced, 'also after a savepoint').toBe(true)
    job.acknowledge(8, 'a')
    job.stored(8)
    expect(job.interval()).toContain('trigger-sources 10')
  })
})

test('the last checkpoints that took too long are remembered', () => {
  const job = new Coordination({ tolerableFailures: 100 })
  job.start()
  for (let id = 1; id <= 20; id++) {
    job.interval()
    job.timeout(id)
  }
  expect(job.state.expired).toEqual(Array.from({ length: 16 }, (_, i) => i + 5))
})

/** What each known bug breaks, seen at the step function alone. */
const KILLS: Readonly<Record<keyof typeof COORDINATOR_MUTANTS, () => void>> = {
  'late-ack-accepted': () => {
    const job = new Coordination({}, ['a'], [], { mutant: 'late-ack-accepted' })
    job.start()
    job.interval(0, 2)
    // F-I5: of another attempt.
    expect(job.acknowledge(1, 'a', 1)).toEqual(['store 1: chk-1/a-1'])
  },
  'expired-not-counted': () => {
    const job = new Coordination({}, ['a'], [], { mutant: 'expired-not-counted' })
    job.start()
    job.interval()
    expect(job.timeout(1).join()).not.toContain('fail-job')
  },
  'state-deleted-on-unknown-outcome': () => {
    const job = new Coordination({}, ['a'], [], { mutant: 'state-deleted-on-unknown-outcome' })
    job.start()
    job.interval()
    job.acknowledge(1, 'a')
    // F-I10: the metadata may be there, and names it.
    expect(job.storeFailed(1, true)).toContain('discard chk-1/a-1')
  },
  'pending-not-rechecked': () => {
    const job = new Coordination({ tolerableFailures: 1 }, ['a'], ['source'], {
      mutant: 'pending-not-rechecked',
    })
    job.start()
    job.interval()
    job.timeout(1)
    expect(() => job.snapshotted(1, 'source')).toThrow('Checkpoint 1 is gone.')
  },
}

test.each(Object.entries(KILLS))('the mutant %s is seen', (_, kill) => {
  kill()
})

test('without them: the attempt counts, expiry counts, what may be named stays, what is gone is looked for', () => {
  const job = new Coordination({}, ['a'], ['source'])
  job.start()
  job.interval(0, 2)
  job.snapshotted(1, 'source')
  expect(job.acknowledge(1, 'a', 1)).toEqual(['discard chk-1/a-1'])
  job.acknowledge(1, 'a', 2)
  expect(job.storeFailed(1, true)).toEqual([
    'cancel-timeout 1',
    'notify-aborted 1 (storage-uncertain), newest complete none',
    'fail-job: 1 checkpoints in a row failed, 0 are tolerable',
  ])
  expect(job.snapshotted(1, 'source')).toEqual([])
  job.interval()
  expect(job.timeout(2).at(-1)).toContain('fail-job')
})
