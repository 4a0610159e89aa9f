/** The rules of the checkpoint coordinator (flink-semantics.md 3.2). */
import { describe, expect, test } from 'vitest'
import { basePeriodMs } from '../../../engine/checkpoint/checkpoint-triggers.ts'
import { NO_FAILURES } from '../../../engine/checkpoint/failure-counter.ts'
import { Coordination } from './coordinator-dsl.ts'

describe('triggering', () => {
  test('nothing is triggered before the scheduler has started', () => {
    expect(new Coordination().interval()).toEqual([])
  })

  test('the first trigger comes when the starter says, the next one an interval later', () => {
    const job = new Coordination()
    expect(job.start()).toEqual(['interval in 30'])
    expect(job.interval(30)).toEqual([
      'interval in 100',
      'announce 1',
      'timeout of 1 in 1000',
      'trigger-sources 1',
    ])
  })

  test('the period is never shorter than the pause', () => {
    expect(basePeriodMs({ ...new Coordination().config, minPauseMs: 250 })).toBe(250)
    const job = new Coordination({ minPauseMs: 250 })
    job.start()
    expect(job.interval()[0]).toBe('interval in 250')
  })

  test('it is skipped while some subtask does not run, and the id is not consumed', () => {
    const job = new Coordination()
    job.start()
    expect(job.intervalWhileDeploying()).toEqual([
      'interval in 100',
      'skip: not all subtasks are running',
    ])
    expect(job.interval()).toContain('trigger-sources 1')
  })

  test('it waits while a checkpoint is pending, and goes as soon as that has ended', () => {
    const job = new Coordination()
    job.start()
    job.interval()
    expect(job.interval(100)).toEqual(['interval in 100'])
    expect(job.pending?.id).toBe(1)
    job.acknowledge(1, 'ab')
    expect(job.stored(1)).toEqual([
      'cancel-timeout 1',
      'notify-complete 1 after 100',
      'announce 2',
      'timeout of 2 in 1000',
      'trigger-sources 2',
    ])
  })

  test('it waits until the pause since the last completion is over', () => {
    const job = new Coordination({ intervalMs: 100, minPauseMs: 80 })
    job.start()
    job.interval(100)
    job.now = 150
    job.acknowledge(1, 'ab')
    job.stored(1)
    expect(job.interval(200)).toEqual([
      'interval in 100',
      'cancel-interval',
      'interval in 30',
      'skip: the pause since the last one is too short',
    ])
    expect(job.interval(230)).toContain('trigger-sources 2')
  })

  test('the pause does not count from a checkpoint that was aborted', () => {
    const job = new Coordination({ minPauseMs: 80, tolerableFailures: 9 })
    job.start()
    job.interval(100)
    job.now = 190
    job.decline(1, 'a')
    expect(job.interval(200)).toContain('trigger-sources 2')
  })

  test('the coordinators take their snapshots before any barrier is out', () => {
    const job = new Coordination({}, ['a'], ['source-1', 'source-2'])
    job.start()
    expect(job.interval()).toEqual([
      'interval in 100',
      'announce 1',
      'timeout of 1 in 1000',
      'snapshot-coordinators 1',
    ])
    expect(job.snapshotted(1, 'source-2')).toEqual([])
    expect(job.snapshotted(1, 'source-1')).toEqual(['trigger-sources 1'])
  })

  test('a coordinator whose checkpoint was aborted meanwhile triggers nothing', () => {
    const job = new Coordination({ tolerableFailures: 1 }, ['a'], ['source'])
    job.start()
    job.interval()
    job.timeout(1)
    expect(job.snapshotted(1, 'source')).toEqual([])
    job.interval()
    expect(job.snapshotted(1, 'source')).toEqual([])
    expect(job.snapshotted(2, 'source')).toEqual(['trigger-sources 2'])
  })

  test('an acknowledgement that comes before the barriers are out does not count', () => {
    const job = new Coordination({}, ['a'], ['source'])
    job.start()
    job.interval()
    expect(job.acknowledge(1, 'a')).toEqual(['discard chk-1/a-1'])
    job.snapshotted(1, 'source')
    expect(job.acknowledge(1, 'a')).toEqual(['store 1: chk-1/a-1'])
  })
})

describe('completing', () => {
  test('the metadata is stored when every subtask has acknowledged, with all handles', () => {
    const job = new Coordination()
    job.start()
    job.interval()
    expect(job.acknowledge(1, 'b')).toEqual([])
    expect(job.acknowledge(1, 'a')).toEqual(['store 1: chk-1/b-1,chk-1/a-1'])
  })

  test('it holds the snapshots of the coordinators', () => {
    const job = new Coordination({}, ['a'], ['source'])
    job.start()
    job.interval()
    job.snapshotted(1, 'source')
    job.acknowledge(1, 'a')
    job.stored(1)
    expect(job.latest).toMatchObject({
      checkpoint: 1,
      triggeredAt: 0,
      coordinators: [{ uid: 'source', state: new Uint8Array([1]) }],
    })
  })

  test('completion is announced only when the metadata is durable (F-I2)', () => {
    const job = new Coordination()
    job.start()
    job.interval(100)
    job.acknowledge(1, 'ab')
    expect(job.latest).toBeNull()
    job.now = 140
    expect(job.stored(1)).toEqual(['cancel-timeout 1', 'notify-complete 1 after 40'])
    expect(job.latest?.checkpoint).toBe(1)
  })

  test('a completed checkpoint subsumes the one before', () => {
    const job = new Coordination()
    job.start()
    job.complete()
    expect(job.complete()).toEqual(['cancel-timeout 2', 'notify-complete 2 after 0', 'subsume 1'])
    expect(job.complete()).toContain('subsume 2')
  })

  test('a second acknowledgement of a subtask counts once and its handle, which is the first, is kept', () => {
    const job = new Coordination()
    job.start()
    job.interval()
    job.acknowledge(1, 'a')
    expect(job.acknowledge(1, 'a')).toEqual([])
    expect(job.acknowledge(1, 'b')).toEqual(['store 1: chk-1/a-1,chk-1/b-1'])
  })

  test('an acknowledgement of another attempt is discarded (F-I5)', () => {
    const job = new Coordination()
    job.start()
    job.interval(0, 2)
    expect(job.acknowledge(1, 'a', 1)).toEqual(['discard chk-1/a-1'])
    expect(job.acknowledge(1, 'ab', 2)).toEqual(['store 1: chk-1/a-2,chk-1/b-2'])
  })

  test('an acknowledgement of a subtask that the checkpoint does not know is discarded', () => {
    const job = new Coordination()
    job.start()
    job.interval()
    expect(job.acknowledge(1, 'c')).toEqual(['discard chk-1/c-1'])
  })

  test('an acknowledgement that comes after the checkpoint was aborted is discarded', () => {
    const job = new Coordination({ tolerableFailures: 1 })
    job.start()
    job.interval()
    job.timeout(1)
    expect(job.acknowledge(1, 'a')).toEqual(['discard chk-1/a-1'])
    job.interval()
    expect(job.acknowledge(1, 'a'), 'also while the next one is pending').toEqual([
      'discard chk-1/a-1',
    ])
  })

  test('storage that answers for an aborted checkpoint completes nothing', () => {
    const job = new Coordination()
    job.start()
    job.interval()
    job.acknowledge(1, 'ab')
    job.stop()
    expect(job.stored(1), 'and what was stored goes').toEqual([
      'delete chk-1/_metadata',
      'discard chk-1/a-1,chk-1/b-1',
    ])
    expect(job.latest).toBeNull()
  })
})

describe('aborting', () => {
  test('a declined checkpoint is aborted and what was acknowledged is discarded', () => {
    const job = new Coordination({ tolerableFailures: 1 })
    job.start()
    job.interval()
    job.acknowledge(1, 'a')
    expect(job.decline(1, 'b')).toEqual([
      'cancel-timeout 1',
      'notify-aborted 1 (declined), newest complete none',
      'discard chk-1/a-1',
    ])
    expect(job.pending).toBeUndefined()
  })

  test('the news of an abort names the newest completed checkpoint, in case its own news was lost', () => {
    const job = new Coordination({ tolerableFailures: 1 })
    job.start()
    job.complete()
    job.interval()
    expect(job.decline(2, 'a')).toContain('notify-aborted 2 (declined), newest complete 1')
  })

  test('a decline of another checkpoint is ignored', () => {
    const job = new Coordination()
    job.start()
    job.complete()
    job.interval()
    expect(job.decline(1, 'a')).toEqual([])
    expect(job.pending?.id).toBe(2)
  })

  test('a checkpoint that takes too long expires', () => {
    const job = new Coordination({ tolerableFailures: 1 })
    job.start()
    job.interval()
    expect(job.timeout(1)).toContain('notify-aborted 1 (expired), newest complete none')
    expect(job.timeout(1), 'once').toEqual([])
  })

  test('a timeout of a checkpoint that has ended is ignored', () => {
    const job = new Coordination()
    job.start()
    job.complete()
    job.interval()
    expect(job.timeout(1)).toEqual([])
  })

  test('metadata that cannot be stored aborts the checkpoint', () => {
    const job = new Coordination({ tolerableFailures: 1 })
    job.start()
    job.interval()
    job.acknowledge(1, 'ab')
    expect(job.storeFailed(1)).toEqual([
      'cancel-timeout 1',
      'notify-aborted 1 (storage-failed), newest complete none',
      'discard chk-1/a-1,chk-1/b-1',
    ])
  })

  test('stopping aborts what is pending and triggers no more', () => {
    const job = new Coordination()
    job.start()
    job.interval()
    job.acknowledge(1, 'a')
    expect(job.stop()).toEqual([
      'cancel-interval',
      'cancel-timeout 1',
      'notify-aborted 1 (failover), newest complete none',
      'discard chk-1/a-1',
    ])
    expect(job.interval()).toEqual([])
  })

  test('stopping keeps the newest completed checkpoint, which is what a restart begins with', () => {
    const job = new Coordination()
    job.start()
    job.complete()
    expect(job.stop()).toEqual(['cancel-interval'])
    expect(job.latest?.checkpoint).toBe(1)
  })

  test('an id is consumed even if its checkpoint comes to nothing (F-I1)', () => {
    const job = new Coordination({ tolerableFailures: 9 })
    job.start()
    job.interval()
    job.decline(1, 'a')
    job.interval()
    job.stop()
    job.start()
    expect(job.interval()).toContain('trigger-sources 3')
  })
})

describe('failures', () => {
  const REASON = '2 checkpoints in a row failed, 1 are tolerable'

  test('without tolerance the first one fails the job', () => {
    const job = new Coordination()
    job.start()
    job.interval()
    expect(job.timeout(1).at(-1)).toBe('fail-job: 1 checkpoints in a row failed, 0 are tolerable')
  })

  test('so many in a row are tolerated, one more fails the job', () => {
    const job = new Coordination({ tolerableFailures: 1 })
    job.start()
    job.interval()
    expect(job.decline(1, 'a').at(-1)).not.toMatch('fail-job')
    job.interval()
    expect(job.timeout(2).at(-1)).toBe(`fail-job: ${REASON}`)
  })

  test('a success forgives', () => {
    const job = new Coordination({ tolerableFailures: 1 })
    job.start()
    job.interval()
    job.decline(1, 'a')
    job.complete()
    job.interval()
    expect(job.decline(3, 'a').at(-1)).not.toMatch('fail-job')
  })

  test('after the job was failed for them they count from zero again', () => {
    const job = new Coordination({ tolerableFailures: 1 })
    job.start()
    job.interval()
    job.decline(1, 'a')
    job.interval()
    job.decline(2, 'a')
    job.interval()
    expect(job.decline(3, 'a').at(-1)).not.toMatch('fail-job')
  })

  test('a decline of a subtask that was only not ready does not count', () => {
    const job = new Coordination()
    job.start()
    job.interval()
    expect(job.decline(1, 'a', false).at(-1)).not.toMatch('fail-job')
    expect(job.pending).toBeUndefined()
    expect(job.state.failures).toEqual(NO_FAILURES)
  })

  test('an abort by a restart of the job does not count', () => {
    const job = new Coordination()
    job.start()
    job.interval()
    expect(job.stop().at(-1)).not.toMatch('fail-job')
    expect(job.state.failures).toEqual(NO_FAILURES)
  })
})
