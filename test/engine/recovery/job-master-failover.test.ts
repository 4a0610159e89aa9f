/** The job master when something fails: lost workers, restarts, giving up. */
import { describe, expect, test } from 'vitest'
import { MasteredJob } from './mastered-job.ts'

describe('lost workers', () => {
  test('every worker is asked for a sign of life in every interval', () => {
    const job = new MasteredJob().run()
    job.runtime.takeSent()
    job.runtime.advance(50)
    expect(job.toldHeartbeats()).toEqual(['worker-1', 'worker-2'])
    job.runtime.advance(50)
    expect(job.toldHeartbeats()).toEqual(['worker-1', 'worker-2'])
  })

  test('a worker that is silent for longer than the timeout is lost', () => {
    const job = new MasteredJob().run()
    job.pass(140, ['worker-1'])
    expect(job.runtime.factsOf('worker-lost')).toEqual([])
    job.pass(20, ['worker-1'])
    expect(job.runtime.factsOf('worker-lost')).toEqual([
      { type: 'worker-lost', worker: 'worker-2', reason: 'no heartbeat for 120 ms' },
    ])
    expect(job.statuses.at(-1)).toBe('restarting: worker-2 is lost: no heartbeat for 120 ms')
  })

  test('its subtasks count as failed, the others are canceled', () => {
    const job = new MasteredJob().run()
    job.pass(160, ['worker-1'])
    expect(job.told().filter((line) => line.includes('cancel'))).toEqual([
      'worker-1 cancel source/0',
      'worker-1 cancel sum/0',
    ])
    expect(['source/0', 'sum/0', 'source/1', 'sum/1'].map((name) => job.statusOf(name))).toEqual([
      'canceling',
      'canceling',
      'failed',
      'failed',
    ])
  })

  test('a heartbeat of its former life does not keep a worker alive', () => {
    const job = new MasteredJob().register('worker-1', 2).register('worker-2')
    for (let i = 0; i < 16; i++) {
      job.runtime.advance(10)
      job.heartbeat('worker-1', 1).heartbeat('worker-2')
    }
    expect(job.runtime.factsOf('worker-lost').map(({ worker }) => worker)).toEqual(['worker-1'])
  })

  test('a worker that registers again after a restart was lost, before any heartbeat is missed', () => {
    const job = new MasteredJob().run()
    job.register('worker-2', 2)
    expect(job.statuses.at(-1)).toBe(
      'restarting: worker-2 is lost: it registered again after a restart',
    )
    job.cancelOn('worker-1').pass(30)
    expect(job.told().filter((line) => line.includes('deploy'))).toEqual([
      'worker-1 deploy source/0 sum/0',
      'worker-2 deploy source/1 sum/1',
    ])
  })

  test('a registration that is repeated loses nobody', () => {
    const job = new MasteredJob().run()
    job.register('worker-2')
    expect(job.master.status).toBe('running')
  })

  test('a finished subtask on it is lost, too, while a consumer may still wait for what it wrote', () => {
    const job = new MasteredJob({}, { hasCheckpoints: false }).run()
    job.report('finished', ['source/0', 'source/1', 'sum/1'])
    job.register('worker-2', 2)
    expect(job.statuses.at(-1)).toContain('restarting: worker-2 is lost')
  })

  test('a finished subtask on it is not missed when its consumers have finished as well', () => {
    const job = new MasteredJob({}, { hasCheckpoints: false }).run()
    job.report('finished', ['source/1', 'sum/0', 'sum/1'])
    job.register('worker-2', 2)
    expect(job.master.status).toBe('running')
  })

  test('nor when a final checkpoint has seen everything taken', () => {
    const job = new MasteredJob().run()
    job.report('finished', ['source/0', 'source/1', 'sum/1'])
    job.register('worker-2', 2)
    expect(job.master.status).toBe('running')
  })

  test('a worker that gave its subtasks up by itself makes them fail', () => {
    const job = new MasteredJob().run()
    job.report('canceled', ['sum/1'])
    expect(job.statuses.at(-1)).toBe(
      'restarting: sum/1 was given up by worker-2, which had not heard of its master',
    )
  })

  test('a lost worker without subtasks does not disturb the job', () => {
    const job = new MasteredJob().run()
    job.register('worker-3').pass(200, ['worker-1', 'worker-2'])
    expect(job.runtime.factsOf('worker-lost').map(({ worker }) => worker)).toEqual(['worker-3'])
    expect(job.master.status).toBe('running')
  })
})

describe('restart', () => {
  test('it comes when the delay is over and every subtask has ended, whichever is later', () => {
    const early = new MasteredJob().run()
    early.report('failed', ['sum/0'], 'boom').report('canceled')
    early.pass(20)
    expect(early.master.status).toBe('restarting')
    early.pass(10)
    expect(early.master.status).toBe('running')

    const late = new MasteredJob().run()
    late.report('failed', ['sum/0'], 'boom').pass(50)
    late.report('canceled', ['source/0', 'source/1'])
    expect(late.master.status).toBe('restarting')
    late.report('canceled', ['sum/1'])
    expect(late.master.status).toBe('running')
  })

  test('a failed subtask is named with its reason', () => {
    const job = new MasteredJob().run()
    job.report('failed', ['sum/0'], 'TypeError: boom')
    expect(job.statuses.at(-1)).toBe('restarting: sum/0 failed: TypeError: boom')
    expect(job.runtime.factsOf('restart-scheduled')).toMatchObject([
      { restart: 1, delayMs: 30, reason: 'sum/0 failed: TypeError: boom' },
    ])
  })

  test('failures before the restart belong to the same one', () => {
    const job = new MasteredJob().run()
    job.report('failed', ['sum/0', 'sum/1', 'source/0'], 'boom').register('worker-2', 2)
    expect(job.runtime.factsOf('restart-scheduled')).toHaveLength(1)
    job.cancelOn('worker-1').pass(30)
    expect(job.runtime.factsOf('restart-started')).toMatchObject([{ restart: 1 }])
  })

  test('the pause is what the strategy says at that time, with jitter from the seed', () => {
    const restart = {
      strategy: 'exponential-delay',
      initialDelayMs: 100,
      multiplier: 2,
      resetThresholdMs: 1000,
      jitter: 0.5,
    } as const
    const job = new MasteredJob({ restart }, { hasCheckpoints: false }).run()
    job.runtime.drawn = 70
    for (const quietMs of [0, 1000]) {
      job.report('failed', ['sum/0'], 'boom').report('canceled').pass(200)
      job.told()
      job.pass(quietMs).report('running')
    }
    job.report('failed', ['sum/0'], 'boom')
    const scheduled = job.runtime.factsOf('restart-scheduled')
    expect(scheduled.map(({ delayMs }) => delayMs)).toEqual([120, 170, 120])
    expect(job.runtime.bounds).toEqual([101, 201, 101])
  })

  test('a canceled subtask is told once', () => {
    const job = new MasteredJob().run()
    job.report('failed', ['sum/0'], 'boom').report('failed', ['sum/1'], 'boom')
    expect(job.told().filter((line) => line.includes('cancel'))).toEqual([
      'worker-1 cancel source/0',
      'worker-2 cancel source/1',
      'worker-2 cancel sum/1',
    ])
  })

  test('the new attempts restore the newest completed checkpoint', () => {
    const job = new MasteredJob().run()
    job.runtime.advance()
    job.acknowledge(1).pass(100)
    job.acknowledge(2).pass(10)
    job.report('failed', ['sum/0'], 'boom').report('canceled').pass(30)
    job.told()
    expect(job.runtime.factsOf('restart-started')).toMatchObject([{ checkpoint: 2 }])
    expect(job.deployment('sum/1').restore).toMatchObject({
      checkpoint: 2,
      keyed: [{ exclusive: [{ key: 'chk-2/sum/1-4' }] }],
    })
    expect(job.attempt('sum/1')).toBeGreaterThan(4)
  })

  test('the pending checkpoint is aborted, and the next one has the next id', () => {
    const job = new MasteredJob().run()
    job.runtime.advance()
    job.report('failed', ['sum/0'], 'boom')
    expect(job.runtime.factsOf('checkpoint-aborted')).toMatchObject([
      { checkpoint: 1, reason: 'the job was restarted' },
    ])
    job.report('canceled').pass(30)
    job.told()
    job.report('running').pass(100)
    expect(job.runtime.factsOf('checkpoint-triggered').map(({ checkpoint }) => checkpoint)).toEqual(
      [1, 2],
    )
  })

  test('an end of input that comes while the job restarts makes no checkpoint final', () => {
    const job = new MasteredJob().run()
    const inputEnded = (): void => {
      for (const name of ['source/0', 'source/1', 'sum/0', 'sum/1']) {
        const { subtask, attempt } = job.deployment(name)
        job.master.receive({ type: 'input-ended', subtask, attempt })
      }
    }
    const finals = (): string[] =>
      job.runtime
        .takeSent()
        .flatMap((sent) => (sent.type === 'trigger-checkpoint' ? [sent.barrier.kind] : []))
    job.report('failed', ['sum/0'], 'boom')
    inputEnded()
    job.report('canceled').pass(30)
    job.told()
    job.report('running').pass(120)
    expect(finals()).toEqual(['checkpoint', 'checkpoint'])
    job.acknowledge(1).pass(10)
    inputEnded()
    job.pass(20)
    expect(finals()).toEqual(['final', 'final'])
  })

  test('a status of a former attempt changes nothing', () => {
    const job = new MasteredJob().run()
    const former = job.deployment('sum/0')
    job.report('failed', ['sum/0'], 'boom').report('canceled').pass(30)
    job.told()
    const { subtask, attempt } = former
    job.master.receive({
      type: 'subtask-status',
      subtask,
      attempt,
      status: 'failed',
      reason: 'late',
    })
    expect(job.master.status).toBe('running')
    expect(job.statusOf('sum/0')).toBe('deploying')
  })

  test('with too few slots it waits for a worker', () => {
    const job = new MasteredJob().run()
    job.pass(160, ['worker-1'])
    job.told()
    job.cancelOn('worker-1').pass(200, ['worker-1'])
    expect(job.master.status).toBe('restarting')
    job.register('worker-2', 2)
    expect(job.told().filter((line) => line.includes('deploy'))).toHaveLength(2)
    expect(job.master.status).toBe('running')
  })
})

describe('giving up', () => {
  test('without attempts left the job fails, with the reason of the last failure, once everything has ended', () => {
    const job = new MasteredJob({
      restart: { strategy: 'fixed-delay', attempts: 0, delayMs: 0 },
    }).run()
    job.report('failed', ['sum/0'], 'TypeError: boom')
    const reason =
      'Recovery is suppressed: the fixed-delay strategy allows 0 restarts; ' +
      'the last failure was: sum/0 failed: TypeError: boom'
    expect(job.statuses).toEqual(['created', 'running', `failing: ${reason}`])
    expect(job.told()).toHaveLength(3)
    job.report('canceled', ['source/0', 'source/1'])
    expect(job.master.status).toBe('failing')
    job.report('canceled', ['sum/1'])
    expect(job.statuses.at(-1), 'until that is durable').toBe(`failing: ${reason}`)
    job.pass(10)
    expect(job.statuses.at(-1)).toBe(`failed: ${reason}`)
  })

  test('the failures that led there are told, newest first', () => {
    const job = new MasteredJob().run()
    for (const reason of ['one', 'two', 'three']) {
      job.report('failed', ['sum/0'], reason).report('canceled').pass(30)
      job.told()
    }
    expect(job.statuses.at(-1)).toBe(
      'failed: Recovery is suppressed: the fixed-delay strategy allows 2 restarts; ' +
        'the last failure was: sum/0 failed: three; before that: sum/0 failed: two; ' +
        'before that: sum/0 failed: one',
    )
  })

  test('a worker that is lost meanwhile is not waited for', () => {
    const job = new MasteredJob({
      restart: { strategy: 'fixed-delay', attempts: 0, delayMs: 0 },
    }).run()
    job.report('failed', ['sum/0'], 'boom').report('canceled', ['source/0'])
    expect(job.master.status).toBe('failing')
    job.pass(200, ['worker-1'])
    expect(job.master.status).toBe('failed')
  })

  test('it comes after as many restarts as are allowed', () => {
    const job = new MasteredJob().run()
    for (let failure = 0; failure < 3; failure++) {
      job.report('failed', ['sum/0'], 'boom').report('canceled').pass(30)
      job.told()
    }
    expect(job.statuses.map((status) => status.split(':')[0])).toEqual([
      'created',
      'running',
      'restarting',
      'running',
      'restarting',
      'running',
      'failing',
      'failed',
    ])
  })

  test('a failed job is not deployed again, whoever registers', () => {
    const job = new MasteredJob({
      restart: { strategy: 'fixed-delay', attempts: 0, delayMs: 0 },
    }).run()
    job.report('failed', ['sum/0'], 'boom').report('canceled')
    job.told()
    job.register('worker-2', 2).register('worker-3').pass(300)
    expect(job.told()).toEqual([])
    expect(job.master.status).toBe('failed')
  })
})

test('an attempt that is being canceled does not run again when it says that it runs', () => {
  const job = new MasteredJob().register('worker-1').register('worker-2')
  job.told()
  job.report('failed', ['sum/0'], 'boom').report('running', ['sum/1'])
  expect(job.statusOf('sum/1')).toBe('canceling')
})
