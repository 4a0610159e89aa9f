/** The job master: deployment and checkpoints. */
import { describe, expect, test } from 'vitest'
import { attemptId, checkpointId, subtaskId, vertexId } from '../../../engine/ids.ts'
import { MasteredJob } from './mastered-job.ts'
import { handleOf } from '../snapshot-handles.ts'

describe('deployment', () => {
  test('the job is deployed as soon as there are slots enough', () => {
    const job = new MasteredJob().register('worker-1')
    expect(job.told()).toEqual([])
    expect(job.master.status).toBe('created')
    job.register('worker-2')
    expect(job.told()).toEqual(['worker-1 deploy source/0 sum/0', 'worker-2 deploy source/1 sum/1'])
    expect(job.statuses).toEqual(['created', 'running'])
    expect(job.runtime.factsOf('worker-registered')).toEqual([
      { type: 'worker-registered', worker: 'worker-1', slots: 1 },
      { type: 'worker-registered', worker: 'worker-2', slots: 1 },
    ])
  })

  test('the first deployment waits for the expected workers, at most for one heartbeat timeout', () => {
    const job = new MasteredJob({}, { workersExpected: 3 })
      .register('worker-1', 1, 9)
      .register('worker-2', 1, 9)
    expect(job.told()).toEqual([])
    job.pass(110)
    expect(job.told()).toEqual([])
    job.pass(10)
    expect(job.told()).toHaveLength(2)
    const all = new MasteredJob({}, { workersExpected: 2 }).register('worker-1', 1, 9)
    expect(all.told()).toEqual([])
    all.register('worker-2', 1, 9)
    expect(all.told()).toHaveLength(2)
  })

  test('a restart waits for nobody', () => {
    const job = new MasteredJob({}, { workersExpected: 2 })
      .register('worker-1', 1, 9)
      .register('worker-2', 1, 9)
    job.told()
    job.report('running').pass(160, ['worker-1'])
    job.told()
    job.cancelOn('worker-1').pass(30, ['worker-1'])
    expect(job.told()).toEqual(['worker-1 deploy source/0 source/1 sum/0 sum/1'])
  })

  test('a first deployment restores nothing', () => {
    const job = new MasteredJob().run()
    expect(job.deployment('sum/1').restore).toBeNull()
  })

  test('a worker that comes later is not needed and changes nothing', () => {
    const job = new MasteredJob().run()
    job.register('worker-3')
    expect(job.told()).toEqual([])
    expect(job.master.status).toBe('running')
  })

  test('the job is finished when every subtask is', () => {
    const job = new MasteredJob().run()
    job.report('finished', ['source/0', 'source/1', 'sum/0'])
    expect(job.master.status).toBe('running')
    job.report('finished', ['sum/1']).pass(10)
    expect(job.master.status).toBe('finished')
    expect(job.runtime.timers).not.toContain('checkpoint-interval')
  })

  test('a message for a worker that comes to the master is a violated assertion', () => {
    const job = new MasteredJob()
    expect(() => {
      job.master.receive({ type: 'heartbeat-request', epoch: 1, beat: 1, latestCompleted: null })
    }).toThrow('The job master got a message for a worker')
  })
})

describe('checkpoints', () => {
  test('nothing is triggered while a subtask does not run', () => {
    const job = new MasteredJob().register('worker-1').register('worker-2')
    job.told()
    job.report('running', ['source/0', 'source/1', 'sum/0'])
    job.pass(100)
    expect(job.told()).toEqual([])
    expect(job.runtime.factsOf('checkpoint-skipped')[0]?.reason).toBe(
      'not all subtasks are running',
    )
    job.report('running', ['sum/1']).pass(100)
    expect(job.told()).toEqual(['worker-1 trigger 1 at source/0', 'worker-2 trigger 1 at source/1'])
  })

  test('the first one comes after a random part of the interval', () => {
    const job = new MasteredJob({ checkpointing: { intervalMs: 100, minPauseMs: 40 } })
    job.runtime.drawn = 25
    job.run()
    expect(job.runtime.bounds).toEqual([61])
    job.pass(60)
    expect(job.told()).toEqual([])
    job.pass(10)
    expect(job.told()).toHaveLength(2)
  })

  test('without checkpointing there are none, and a restart begins anew', () => {
    const job = new MasteredJob({}, { hasCheckpoints: false }).run()
    expect(job.pass(500).told()).toEqual([])
    job.report('failed', ['sum/0'], 'boom').report('canceled').pass(30)
    job.told()
    expect(job.deployment('sum/0')).toMatchObject({ attempt: 7, restore: null })
  })

  test('it completes when all subtasks acknowledged and the metadata is stored, and all of them hear of it', () => {
    const job = new MasteredJob().run().pass(0)
    job.runtime.advance()
    job.told()
    job.acknowledge(1)
    expect(job.told(), 'not before the storage answered').toEqual([])
    job.runtime.advance()
    expect(job.stored).toContain('chk-1/_metadata')
    expect(job.runtime.factsOf('checkpoint-acknowledged')).toHaveLength(4)
    expect(job.runtime.factsOf('checkpoint-completed')).toEqual([
      {
        type: 'checkpoint-completed',
        checkpoint: 1,
        kind: 'checkpoint',
        location: 'chk-1/_metadata',
        sizeBytes: 4,
        writtenBytes: 4,
        durationMs: 0,
      },
    ])
    expect(job.runtime.timers).not.toContain('checkpoint-timeout')
    expect(job.told()).toEqual([
      'worker-1 complete 1 to source/0',
      'worker-2 complete 1 to source/1',
      'worker-1 complete 1 to sum/0',
      'worker-2 complete 1 to sum/1',
    ])
  })

  test('one that is subsumed is deleted, with its objects', () => {
    const job = new MasteredJob().run()
    job.runtime.advance()
    job.acknowledge(1).pass(100)
    job.acknowledge(2).pass(10)
    expect(job.stored).toEqual(['chk-2/_metadata', 'chk-2/sum/0-3', 'chk-2/sum/1-4'])
    expect(job.runtime.factsOf('checkpoint-subsumed')).toHaveLength(1)
  })

  test('one that takes too long is aborted, and all subtasks hear of it', () => {
    const job = new MasteredJob({
      checkpointing: { intervalMs: 1000, timeoutMs: 50, tolerableFailures: 1 },
    }).run()
    job.runtime.advance()
    job.told()
    job.acknowledge(1, ['sum/0']).pass(50)
    expect(job.told()).toEqual([
      'worker-1 aborted 1 to source/0, newest complete none',
      'worker-2 aborted 1 to source/1, newest complete none',
      'worker-1 aborted 1 to sum/0, newest complete none',
      'worker-2 aborted 1 to sum/1, newest complete none',
    ])
    expect(job.stored, 'its objects are deleted').toEqual([])
    expect(job.master.status).toBe('running')
  })

  test('too many that failed restart the job', () => {
    const job = new MasteredJob().run()
    job.runtime.advance()
    job.decline(1, 'sum/0')
    expect(job.runtime.factsOf('checkpoint-declined')).toMatchObject([
      { checkpoint: 1, subtask: 'sum/0', reason: 'disk full' },
    ])
    expect(job.statuses.at(-1)).toBe('restarting: 1 checkpoints in a row failed, 0 are tolerable')
  })

  test('a checkpoint that a subtask was not ready for is aborted, and restarts nothing', () => {
    const job = new MasteredJob().run()
    job.runtime.advance()
    job.decline(1, 'source/0', false)
    expect(job.runtime.factsOf('checkpoint-aborted')).toHaveLength(1)
    expect(job.master.status).toBe('running')
  })

  test('a decline of a former attempt is ignored', () => {
    const job = new MasteredJob().run()
    job.runtime.advance()
    job.master.receive({
      type: 'decline-checkpoint',
      subtask: subtaskId(vertexId('sum'), 0),
      attempt: attemptId(99),
      checkpoint: checkpointId(1),
      reason: 'disk full',
      isFailure: true,
    })
    expect(job.master.status).toBe('running')
  })

  test('an acknowledgement of a former attempt does not count, and its object is deleted', () => {
    const job = new MasteredJob().run()
    job.runtime.advance()
    const former = ['source/0', 'source/1', 'sum/0', 'sum/1'].map((name) => job.deployment(name))
    job.report('failed', ['sum/0'], 'boom').report('canceled').pass(30)
    job.told()
    job.report('running').pass(100)
    for (const { subtask, attempt } of former) {
      const object = `late-${subtask}`
      job.storage.objects.set(object, new Uint8Array(1))
      const handle = handleOf({ subtask, attempt }, object)
      const checkpoint = checkpointId(2)
      job.master.receive({ type: 'acknowledge-checkpoint', subtask, attempt, checkpoint, handle })
    }
    job.pass(20)
    expect(job.runtime.factsOf('checkpoint-triggered').at(-1)?.checkpoint).toBe(2)
    expect(job.runtime.factsOf('checkpoint-completed')).toEqual([])
    expect(job.stored).toEqual([])
  })
})
