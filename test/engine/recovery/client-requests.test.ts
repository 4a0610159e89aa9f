/** What clients ask of the job master: savepoints, stops, cancellations; and what a new job starts from. */
import { describe, expect, test } from 'vitest'
import { present } from '../../../engine/assert.ts'
import { decodeAt } from '../../../engine/checkpoint/savepoint-metadata.ts'
import { CLIENT } from '../../../engine/ids.ts'
import type { JobOptions } from '../../../engine/job/job-options.ts'
import type { ClientMessage } from '../../../engine/messages.ts'
import type { RestoreFrom } from '../../../engine/recovery/restore-point.ts'
import { summingJob } from '../small-jobs.ts'
import { MasteredJob } from './mastered-job.ts'

function ask(job: MasteredJob, message: ClientMessage): MasteredJob {
  job.master.receive(message)
  return job
}

const savepoint = (requestId: number, location = `sp-${requestId}`): ClientMessage => ({
  type: 'trigger-savepoint',
  requestId,
  location,
})
const stop = (requestId: number, isDrained = false): ClientMessage => ({
  type: 'stop-with-savepoint',
  requestId,
  location: `sp-${requestId}`,
  isDrained,
})

/** What the client was told since the last call. */
function said(job: MasteredJob): unknown[] {
  return job.runtime.takeSent().flatMap((sent) => {
    if (sent.to !== CLIENT) return []
    const { to, ...reply } = sent
    expect(to).toBe(CLIENT)
    return [reply]
  })
}

/** Everything of a savepoint, as it lies in the storage. */
function taken(options: JobOptions = {}): ReadonlyMap<string, Uint8Array> {
  const job = ask(new MasteredJob(options).run(), savepoint(1))
  job.acknowledge(1)
  job.pass(10)
  return new Map([...job.storage.objects].filter(([key]) => key.startsWith('sp-1/')))
}

function started(
  restoreFrom: Partial<RestoreFrom>,
  stored: ReadonlyMap<string, Uint8Array>,
  options: JobOptions = {},
  makeGraph = summingJob,
): MasteredJob {
  const from: RestoreFrom = {
    location: 'sp-1',
    mode: 'no-claim',
    allowNonRestored: false,
    ...restoreFrom,
  }
  const job = new MasteredJob(options, { stored, restoreFrom: from, makeGraph })
  job.register('worker-1').register('worker-2')
  job.runtime.advance(10)
  return job
}

describe('a savepoint that a client asks for', () => {
  test('is triggered, completed, told to the client and to nobody else', () => {
    const job = ask(new MasteredJob().run(), savepoint(7, 'here'))
    expect(job.told()).toEqual(['worker-1 trigger 1 at source/0', 'worker-2 trigger 1 at source/1'])
    job.acknowledge(1)
    job.runtime.advance(1)
    expect(said(job)).toEqual([
      { type: 'savepoint-completed', requestId: 7, checkpoint: 1, location: 'here' },
    ])
    expect(job.storage.objects.has('here/_metadata')).toBe(true)
  })

  test('is not what a restart begins with', () => {
    const job = ask(new MasteredJob().run(), savepoint(1))
    job.acknowledge(1)
    job.pass(10)
    job.report('failed', ['sum/0'], 'x')
    job.cancelOn('worker-1', 'worker-2').pass(40)
    expect(job.runtime.factsOf('restart-started')).toMatchObject([{ checkpoint: null }])
  })

  test('names its objects relative to itself, so that it can be moved', () => {
    const stored = present(taken().get('sp-1/_metadata'), 'There is metadata.')
    const keysAt = (key: string): unknown[] => {
      const metadata = decodeAt(stored, key)
      if (typeof metadata === 'string') throw new Error(metadata)
      return metadata.handles.flatMap(({ keyed }) => keyed?.exclusive.map((o) => o.key) ?? [])
    }
    // The fake subtasks call their objects as those of checkpoints: these are not relative.
    expect(keysAt('a/b/_metadata')).toEqual(keysAt('sp-1/_metadata'))
  })

  test('is refused while the job does not run', () => {
    const job = ask(new MasteredJob(), savepoint(1))
    expect(said(job)).toEqual([
      { type: 'request-failed', requestId: 1, reason: 'The job is created, not running.' },
    ])
  })

  test('that fails is told with its reason', () => {
    const job = ask(new MasteredJob().run(), savepoint(1))
    job.report('failed', ['sum/0'], 'x')
    expect(said(job)).toEqual([
      {
        type: 'request-failed',
        requestId: 1,
        reason: 'The savepoint failed: the job was restarted.',
      },
    ])
  })

  test('that is asked for twice is taken once', () => {
    const job = ask(ask(new MasteredJob().run(), savepoint(1)), savepoint(1))
    expect(job.told()).toHaveLength(2)
  })
})

describe('stopping with a savepoint', () => {
  test('tells its completion, and the client when every subtask has finished', () => {
    const job = ask(new MasteredJob().run(), stop(1))
    job.told()
    job.acknowledge(1)
    job.runtime.advance(1)
    expect(job.told()).toHaveLength(4)
    job.report('finished')
    job.runtime.advance(20)
    expect(job.master.status).toBe('finished')
    expect(said(job)).toEqual([
      { type: 'job-stopped', requestId: 1, checkpoint: 1, location: 'sp-1' },
    ])
  })

  test('a failure behind the savepoint: the job goes on from it, and the client hears that', () => {
    const job = ask(new MasteredJob().run(), stop(1))
    job.acknowledge(1)
    job.runtime.advance(1)
    job.told()
    job.report('failed', ['sum/0'], 'x')
    expect(said(job)).toEqual([
      {
        type: 'request-failed',
        requestId: 1,
        reason:
          'The savepoint 1 is complete at "sp-1", but the job failed before it had stopped, and goes on from there: ' +
          'sum/0 failed: x.',
      },
    ])
    job.cancelOn('worker-1', 'worker-2').pass(40)
    expect(job.runtime.factsOf('restart-started')).toMatchObject([{ checkpoint: 1 }])
  })

  test('a job master that takes over goes on from the savepoint: what it commits is out', () => {
    const job = ask(new MasteredJob().run(), stop(1))
    job.acknowledge(1)
    job.runtime.advance(1)
    expect(job.stored).toContain('chk-1/_metadata')
    job.startMaster().register('worker-1').register('worker-2')
    job.told()
    expect(job.deployment('sum/0').restore?.checkpoint).toBe(1)
  })

  test('when the job has finished nothing but the savepoint is left', () => {
    const job = ask(new MasteredJob().run(), stop(1))
    job.acknowledge(1)
    job.runtime.advance(1)
    job.report('finished')
    job.runtime.advance(1)
    expect(job.stored.filter((key) => key.endsWith('_metadata'))).toEqual(['sp-1/_metadata'])
  })

  test('a subtask that declines makes the job start again, from the checkpoint before', () => {
    const job = ask(new MasteredJob().run(), stop(1))
    job.decline(1, 'sum/0')
    expect(job.master.status).toBe('restarting')
    expect(said(job)).toHaveLength(1)
  })
})

describe('canceling', () => {
  const settings = (externalized: 'none' | 'delete-on-cancellation' | 'retain-on-cancellation') =>
    ({ checkpointing: { intervalMs: 100, externalized } }) as const

  function canceled(options: JobOptions): MasteredJob {
    const job = new MasteredJob(options).run()
    job.pass(100)
    job.acknowledge(1).pass(10)
    ask(job, { type: 'cancel-job', requestId: 3 })
    job.told()
    job.report('canceled')
    job.pass(10)
    return job
  }

  test('cancels every subtask, and answers when all have ended', () => {
    const job = new MasteredJob().run()
    ask(job, { type: 'cancel-job', requestId: 3 })
    expect(job.master.status).toBe('canceling')
    expect(job.told()).toEqual([
      'worker-1 cancel source/0',
      'worker-2 cancel source/1',
      'worker-1 cancel sum/0',
      'worker-2 cancel sum/1',
    ])
    job.report('canceled')
    job.runtime.advance(20)
    expect(job.master.status).toBe('canceled')
    expect(said(job)).toEqual([{ type: 'job-canceled', requestId: 3 }])
  })

  test.each([
    ['none', false],
    ['delete-on-cancellation', false],
    ['retain-on-cancellation', true],
  ] as const)('with externalized "%s" the checkpoint stays: %s', (externalized, stays) => {
    expect(canceled(settings(externalized)).storage.objects.has('chk-1/_metadata')).toBe(stays)
  })

  test.each([
    ['none', false],
    ['delete-on-cancellation', true],
    ['retain-on-cancellation', true],
  ] as const)('of a failed job with externalized "%s" it stays: %s', (externalized, stays) => {
    const job = new MasteredJob({ ...settings(externalized), restart: { strategy: 'none' } }).run()
    job.pass(100)
    job.acknowledge(1).pass(10)
    job.report('failed', ['sum/0'], 'x')
    job.cancelOn('worker-1', 'worker-2').pass(10)
    expect(job.master.status).toBe('failed')
    expect(job.storage.objects.has('chk-1/_metadata')).toBe(stays)
  })

  test('a job that is over cannot be canceled', () => {
    const job = canceled(settings('none'))
    job.runtime.takeSent()
    ask(job, { type: 'cancel-job', requestId: 4 })
    expect(said(job)).toEqual([
      { type: 'request-failed', requestId: 4, reason: 'The job is canceled.' },
    ])
  })

  test('also while it waits for its first workers', () => {
    const job = ask(new MasteredJob(), { type: 'cancel-job', requestId: 1 })
    job.runtime.advance(20)
    expect(job.statuses).toEqual(['created', 'canceling', 'canceled'])
  })
})

describe('starting from a savepoint', () => {
  test('every subtask restores from it, and ids go on behind it', () => {
    const job = started({}, taken())
    job.told()
    expect(job.deployment('sum/1').restore?.checkpoint).toBe(1)
    job.report('running').pass(100)
    expect(job.runtime.factsOf('checkpoint-triggered')).toMatchObject([{ checkpoint: 2 }])
  })

  test('no checkpoint that lies in the storage is overwritten', () => {
    const job = started({}, new Map([...taken(), ['chk-9/_metadata', new Uint8Array(1)]]))
    job.told()
    job.report('running').pass(100)
    expect(job.runtime.factsOf('checkpoint-triggered')).toMatchObject([{ checkpoint: 10 }])
  })

  test.each([
    ['no-claim', true],
    ['claim', false],
  ] as const)('in mode %s it stays when the next checkpoint is complete: %s', (mode, stays) => {
    const job = started({ mode }, taken())
    job.told()
    job.report('running').pass(100)
    const [barrier] = job.runtime.factsOf('checkpoint-triggered')
    expect(barrier).toMatchObject({ checkpoint: 2 })
    job.acknowledge(2).pass(10)
    expect(job.storage.objects.has('sp-1/_metadata')).toBe(stays)
    expect(job.runtime.factsOf('checkpoint-subsumed')).toMatchObject([{ checkpoint: 1 }])
  })

  test('one that is not there', () => {
    expect(started({ location: 'sp-2' }, taken()).statuses).toEqual([
      'created',
      'failed: There is no savepoint or checkpoint at "sp-2": sp-2/_metadata cannot be read: there is no such object.',
    ])
  })

  test('one that is damaged', () => {
    const stored = new Map(taken())
    const bytes = Uint8Array.from(present(stored.get('sp-1/_metadata'), 'There is metadata.'))
    bytes[20] = (bytes[20] ?? 0) ^ 1
    stored.set('sp-1/_metadata', bytes)
    expect(started({}, stored).statuses.at(-1)).toBe(
      'failed: The savepoint or checkpoint at "sp-1" is corrupt: its checksum is wrong.',
    )
  })

  const sinkOnly = (options: JobOptions = {}): ReturnType<typeof summingJob> => {
    const graph = summingJob(options)
    const rename = (uid: string): string => (uid === 'sum' ? 'total' : uid)
    return {
      ...graph,
      vertices: graph.vertices.map((vertex) => ({
        ...vertex,
        nodes: vertex.nodes.map((node) => ({ ...node, uid: rename(node.uid) })),
      })),
    }
  }

  test('one with state that the job has no operator for', () => {
    expect(started({}, taken(), {}, sinkOnly).statuses.at(-1)).toBe(
      'failed: The savepoint 1 has state of "sum", which the job does not have; give its operators the uids that ' +
        'they had, or allow that this state is dropped (allowNonRestored).',
    )
  })

  test('unless that may be dropped', () => {
    const job = started({ allowNonRestored: true }, taken(), {}, sinkOnly)
    expect(job.master.status).toBe('running')
  })

  test('one with another number of key groups', () => {
    expect(started({}, taken(), { maxParallelism: 64 }).statuses.at(-1)).toBe(
      'failed: The operator "sum" has maxParallelism 64, but its state in the savepoint 1 was written with 128; ' +
        'keyed state cannot change its number of key groups, so set maxParallelism to 128.',
    )
  })
})
