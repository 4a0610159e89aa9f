/** The exactly-once sink over its attempts: what is committed again, what is fenced, which ids are used. */
import { describe, expect, test } from 'vitest'
import { attemptId, checkpointId, subtaskId, vertexId } from '../../../engine/ids.ts'
import { buildJobGraph } from '../../../engine/job/job-graph.ts'
import { defineJob } from '../../../engine/job/define-job.ts'
import { assignState } from '../../../engine/recovery/state-assignment.ts'
import { discardSink } from '../../../engine/sink/sinks.ts'
import { generatorSource } from '../../../engine/source/sources.ts'
import { vertexOf } from '../small-jobs.ts'
import { handleOf } from '../snapshot-handles.ts'
import { Sinking, TOPIC } from './sink-harness.ts'
import type { Snapshot, Stored } from './sink-harness.ts'

/** What subtask `index` of so many restores of the snapshots of the former ones. */
function assigned(former: readonly Snapshot[], parallelism: number, index: number): Stored {
  const job = defineJob('J', { parallelism }, (env) => {
    env.fromSource(generatorSource(1, (n) => n)).sinkTo(discardSink(), { chaining: 'head' })
  })
  const handles = former.map(({ stored }, subtask) => ({
    ...handleOf(
      { subtask: subtaskId(vertexId('sink'), subtask), attempt: attemptId(subtask) },
      null,
    ),
    operators: [{ uid: 'sink', operatorState: stored.state }],
  }))
  const checkpoint = former[0]?.checkpoint ?? 0
  const metadata = {
    checkpoint: checkpointId(checkpoint),
    kind: 'checkpoint' as const,
    triggeredAt: 0,
    handles,
    coordinators: [],
    vertices: [],
  }
  const { operators } = assignState(metadata, vertexOf(buildJobGraph(job), 'sink'), index)
  return { checkpoint, state: operators[0]?.operatorState ?? [] }
}

describe('restore', () => {
  test('what was prepared and not committed is committed by the next attempt, before anything else of its id', () => {
    const sinking = new Sinking()
    const first = sinking.start()
    first.write('a')
    const snapshot = first.snapshot(1)
    sinking.pass()
    first.crash()
    expect(sinking.visible).toBe('')
    sinking.requests()
    sinking.start(snapshot.stored)
    sinking.pass()
    expect(sinking.visible).toBe('a')
    const requests = sinking.requests('end-txn', 'init-producer-id job-sink-0-0')
    expect(requests).toEqual(['end-txn job-sink-0-0 commit'])
    expect(sinking.runtime.factsOf('transaction-committed')).toMatchObject([
      { checkpoint: 1, isRecommit: true, transactionalId: 'job-sink-0-0' },
    ])
  })

  test('committing again what was committed already changes nothing', () => {
    const sinking = new Sinking()
    const first = sinking.start()
    first.write('a')
    const snapshot = first.snapshot(1)
    sinking.pass()
    first.complete(1)
    sinking.pass()
    first.crash()
    const second = sinking.start(snapshot.stored)
    second.write('b').snapshot(2)
    sinking.pass()
    second.complete(2)
    sinking.pass()
    expect(sinking.visible).toBe('a b')
    expect(second.context.failures).toEqual([])
  })

  test('what was not in the checkpoint is aborted, and holds no reader back', () => {
    const sinking = new Sinking()
    const first = sinking.start()
    first.write('a')
    const snapshot = first.snapshot(1)
    sinking.pass()
    first.complete(1)
    sinking.pass()
    first.write('lost')
    sinking.pass()
    first.crash()
    const before = sinking.broker.cluster.log(TOPIC, 0)
    expect(before.lastStableOffset).toBeLessThan(before.highWatermark)
    const second = sinking.start(snapshot.stored)
    sinking.pass()
    const after = sinking.broker.cluster.log(TOPIC, 0)
    expect(after.lastStableOffset).toBe(after.highWatermark)
    expect(sinking.broker.cluster.openTransactions()).toEqual([])
    second.write('again').snapshot(2)
    sinking.pass()
    second.complete(2)
    sinking.pass()
    expect(sinking.visible).toBe('a again')
  })

  test('a transaction that was prepared but is not in the checkpoint is aborted', () => {
    const sinking = new Sinking()
    const first = sinking.start()
    first.write('a').snapshot(1)
    sinking.pass()
    first.crash()
    sinking.start(null)
    sinking.pass()
    expect(sinking.broker.cluster.openTransactions()).toEqual([])
    expect(sinking.visible).toBe('')
  })

  test('a late batch of the dead attempt is refused', () => {
    const sinking = new Sinking()
    const first = sinking.start()
    first.write('x')
    sinking.pass()
    sinking.broker.hold('produce')
    first.write('late')
    sinking.pass()
    first.crash()
    const second = sinking.start(null)
    sinking.broker.release('produce')
    sinking.pass()
    expect(sinking.runtime.factsOf('producer-fenced')).toMatchObject([{ request: 'produce' }])
    second.write('x late').snapshot(1)
    sinking.pass()
    second.complete(1)
    sinking.pass()
    expect(sinking.visible).toBe('x late')
  })

  test('several prepared transactions are committed in the order of their checkpoints', () => {
    const sinking = new Sinking()
    const first = sinking.start()
    first.write('a').snapshot(1)
    sinking.pass()
    first.write('b')
    const second = first.snapshot(2)
    sinking.pass()
    first.crash()
    sinking.requests()
    sinking.start(second.stored)
    sinking.pass()
    expect(sinking.requests('end-txn')).toEqual([
      'end-txn job-sink-0-0 commit',
      'end-txn job-sink-0-1 commit',
    ])
    expect(sinking.visible).toBe('a b')
  })

  test('after a scale-down the ids of the subtasks that are gone are fenced by those that took them over', () => {
    const sinking = new Sinking()
    const [zero, one] = [0, 1].map((index) => sinking.start(null, { parallelism: 2, index }))
    if (zero === undefined || one === undefined) throw new Error('There are two.')
    const snapshots = [zero.snapshot(1), one.snapshot(1)]
    one.write('open')
    sinking.pass()
    zero.crash()
    one.crash()
    expect(sinking.broker.cluster.openTransactions()).toMatchObject([
      { transactionalId: 'job-sink-1-0' },
    ])
    const state = snapshots.flatMap((snapshot) => [...snapshot.stored.state])
    sinking.start({ checkpoint: 1, state })
    sinking.pass()
    expect(sinking.broker.cluster.openTransactions()).toEqual([])
  })
})

describe('rescaling', () => {
  const rescalings = [
    [2, 3],
    [3, 2],
    [3, 1],
    [1, 3],
  ] as const

  for (const [before, after] of rescalings) {
    test(`from ${before} to ${after}: no subtask fences what another one has to commit`, () => {
      const sinking = new Sinking()
      const former = Array.from({ length: before }, (_, index) =>
        sinking.start(null, { parallelism: before, index }),
      )
      const handed = former.map((attempt, index) => {
        attempt.write(`${index}a`).snapshot(1)
        sinking.pass()
        return attempt.write(`${index}b`).snapshot(2)
      })
      sinking.pass()
      for (const attempt of former) attempt.write('lost')
      sinking.pass()
      for (const attempt of former) attempt.crash()
      const attempts = Array.from({ length: after }, (_, index) =>
        sinking.start(assigned(handed, after, index), { parallelism: after, index }),
      )
      sinking.pass(500)
      expect(attempts.flatMap(({ context }) => context.failures)).toEqual([])
      const all = [0, 1].flatMap((partition) => sinking.broker.committed(TOPIC, partition))
      const expected = former.flatMap((_, index) => [`${index}a`, `${index}b`])
      expect(all.toSorted()).toEqual(expected)
      expect(sinking.broker.cluster.openTransactions()).toEqual([])
    })
  }

  test('an id that was another subtask’s is committed and then left to it', () => {
    const sinking = new Sinking()
    const former = [0, 1].map((index) => sinking.start(null, { parallelism: 2, index }))
    const handed = former.map((attempt) => attempt.write('a').snapshot(1))
    sinking.pass()
    for (const attempt of former) attempt.crash()
    const only = sinking.start(assigned(handed, 1, 0), { parallelism: 1, index: 0 })
    sinking.pass(500)
    sinking.requests()
    only.complete(2)
    sinking.pass(500)
    expect(sinking.requests('init-producer-id')).toEqual(['init-producer-id job-sink-0-0'])
  })
})

describe('transactional ids', () => {
  test('all of them are initialized at the start, so that what an older attempt left open is fenced', () => {
    const sinking = new Sinking()
    sinking.start()
    expect(sinking.requests('init-producer-id')).toEqual(
      [0, 1, 2, 3, 4, 5].map((slot) => `init-producer-id job-sink-0-${slot}`),
    )
    expect(sinking.runtime.factsOf('transaction-fenced')).toHaveLength(6)
  })

  test('an id is not used again while a checkpoint that can be restored names its transaction', () => {
    const sinking = new Sinking()
    const attempt = sinking.start()
    attempt.write('a').snapshot(1)
    sinking.pass()
    sinking.requests()
    attempt.complete(1)
    sinking.pass()
    expect(sinking.requests('init-producer-id'), 'checkpoint 1 can be restored').toEqual([])
    attempt.snapshot(2)
    attempt.complete(2)
    sinking.pass()
    expect(sinking.requests('init-producer-id')).toEqual(['init-producer-id job-sink-0-0'])
  })

  test('nor while a later snapshot names it, because its commit was not over then', () => {
    const sinking = new Sinking()
    const attempt = sinking.start()
    attempt.write('a').snapshot(1)
    sinking.pass()
    sinking.requests()
    sinking.broker.hold('end-txn')
    attempt.complete(1)
    const second = attempt.snapshot(2)
    expect(second.committables).toEqual(['1: job-sink-0-0'])
    sinking.broker.release('end-txn')
    sinking.pass()
    attempt.complete(2)
    sinking.pass()
    expect(sinking.requests('init-producer-id'), 'checkpoint 2 can be restored').toEqual([])
    attempt.snapshot(3)
    attempt.complete(3)
    sinking.pass()
    expect(sinking.requests('init-producer-id')).toEqual(['init-producer-id job-sink-0-0'])
  })

  test('so the state of a restored checkpoint never meets a newer epoch of our own', () => {
    const sinking = new Sinking()
    let attempt = sinking.start()
    let restorable = attempt.snapshot(1)
    for (let checkpoint = 2; checkpoint <= 12; checkpoint++) {
      attempt.write(`v${checkpoint}`)
      const snapshot = attempt.snapshot(checkpoint)
      sinking.pass()
      if (checkpoint % 3 === 0) {
        // The checkpoint is not completed: the job goes back to the one before, whatever happened since.
        attempt.crash()
        attempt = sinking.start(restorable.stored)
        attempt.write(`v${checkpoint}`)
      } else {
        restorable = snapshot
        attempt.complete(checkpoint)
      }
      sinking.pass()
      expect(attempt.context.failures).toEqual([])
    }
    expect(sinking.visible).toBe('v2 v3 v4 v5 v6 v7 v8 v9 v10 v11')
  })

  test('when none is left the subtask fails with a sentence instead of waiting for ever', () => {
    const sinking = new Sinking()
    const attempt = sinking.start()
    for (let checkpoint = 1; checkpoint <= 6; checkpoint++) {
      attempt.write('v').snapshot(checkpoint)
      sinking.pass()
    }
    expect(attempt.context.failures).toEqual([])
    attempt.write('v').snapshot(7)
    expect(attempt.context.failures).toEqual([
      'The sink "sink" has no transactional id left for checkpoint 7: ' +
        'too many checkpoints were aborted or their completion was not reported.',
    ])
  })

  test('they begin with the prefix that the job gives', () => {
    const sinking = new Sinking()
    sinking.start(null, { spec: { transactionalIdPrefix: 'mine' }, index: 3, parallelism: 4 })
    expect(sinking.requests('init-producer-id')[0]).toBe('init-producer-id mine-3-0')
  })
})

describe('a savepoint', () => {
  /** Writes `a`, takes savepoint 5, and then checkpoints from 6 on until the id that it names was used again. */
  function outlived(): { readonly sinking: Sinking; readonly savepoint: Stored } {
    const sinking = new Sinking()
    const first = sinking.start()
    first.write('a')
    const savepoint = first.snapshot(5)
    sinking.pass()
    for (let checkpoint = 6; checkpoint < 20; checkpoint++) {
      first.write(`b${checkpoint}`).snapshot(checkpoint)
      sinking.pass()
      first.complete(checkpoint)
      sinking.pass()
    }
    first.crash()
    return { sinking, savepoint: savepoint.stored }
  }

  test('commits nothing by itself; the next checkpoint commits what it prepared', () => {
    const sinking = new Sinking()
    const first = sinking.start()
    first.write('a').snapshot(5)
    sinking.pass(1000)
    expect(sinking.visible).toBe('')
    const snapshot = first.write('b').snapshot(6)
    sinking.pass()
    expect(snapshot.committables).toEqual(['5: job-sink-0-0', '6: job-sink-0-1'])
    first.complete(6)
    sinking.pass()
    expect(sinking.visible).toBe('a b')
  })

  test('whose transaction was committed since, and its id used again, is restored without alarm', () => {
    const { sinking, savepoint } = outlived()
    const again = sinking.start(savepoint)
    sinking.pass(1000)
    expect(again.context.failures).toEqual([])
    expect(sinking.visible.split(' ').filter((value) => value === 'a')).toEqual(['a'])
    expect(sinking.runtime.factsOf('transaction-committed').at(-1)).toMatchObject({
      checkpoint: 5,
      isRecommit: true,
      transactionalId: 'job-sink-0-0',
    })
    again.write('c').snapshot(20)
    sinking.pass()
    again.complete(20)
    sinking.pass()
    expect(sinking.visible.endsWith(' c')).toBe(true)
  })

  test('what its id had open meanwhile is aborted, so that no reader is held back', () => {
    const { sinking, savepoint } = outlived()
    const other = sinking.start(null)
    for (let i = 0; i < 6; i++) {
      other.write('open').snapshot(30 + i)
      sinking.pass()
    }
    other.crash()
    sinking.start(savepoint)
    sinking.pass(1000)
    expect(sinking.broker.cluster.openTransactions()).toEqual([])
  })

  test('whose transaction was aborted since is a loss, and that is said', () => {
    const sinking = new Sinking()
    const first = sinking.start()
    first.write('a')
    const savepoint = first.snapshot(5)
    sinking.pass()
    first.crash()
    sinking.start(null).crash()
    const again = sinking.start(savepoint.stored)
    sinking.pass(1000)
    expect(again.context.failures).toEqual([
      'The broker refused to commit transaction job-sink-0-0 (epoch 0): PRODUCER_FENCED. ' +
        'It was aborted before its checkpoint could commit it, so its records are lost; the transaction timeout ' +
        'must exceed the checkpoint duration plus the longest restart.',
    ])
  })
})
