/** Several job masters of one job, one after the other. */
import { expect, test } from 'vitest'
import { MasteredJob } from './mastered-job.ts'

const workers = ['worker-1', 'worker-2'] as const

test('a master that takes over restores the newest checkpoint, with attempts and ids of its own', () => {
  const job = new MasteredJob().run()
  job.runtime.advance()
  job.acknowledge(1).pass(10)
  job.startMaster()
  expect(job.runtime.factsOf('master-started')).toEqual([
    { type: 'master-started', epoch: 1, checkpoint: null },
    { type: 'master-started', epoch: 2, checkpoint: 1 },
  ])
  job.register('worker-1').register('worker-2')
  job.told()
  expect(job.runtime.factsOf('restart-started')).toMatchObject([{ restart: 0, checkpoint: 1 }])
  expect(job.deployment('sum/0').restore?.checkpoint).toBe(1)
  expect(job.attempt('sum/0')).toBeGreaterThan(1_000_000)
  job.report('running').pass(20)
  expect(job.runtime.factsOf('checkpoint-triggered').map(({ checkpoint }) => checkpoint)).toEqual([
    1, 11,
  ])
})

test('it waits a little longer for the workers than the first one, which they have to miss before', () => {
  const job = new MasteredJob({}, { workersExpected: 2 }).run()
  job.startMaster().register('worker-1', 1, 9)
  job.pass(210, ['worker-1'])
  expect(job.told().filter((line) => line.includes('deploy'))).toEqual([])
  job.pass(20, ['worker-1'])
  expect(job.told().filter((line) => line.includes('deploy'))).toHaveLength(1)
})

test('a job that is over is not started again', () => {
  const job = new MasteredJob({ restart: { strategy: 'none' } }).run()
  job.report('failed', ['sum/0'], 'boom').report('canceled').pass(10)
  job.startMaster().register('worker-1').register('worker-2').pass(300, workers)
  expect(job.told().filter((line) => line.includes('deploy'))).toEqual([])
  expect(job.statuses.slice(-2)).toEqual([
    'created',
    'failed: Recovery is suppressed: the job has no restart strategy; the last failure was: sum/0 failed: boom',
  ])
})

test('a newest checkpoint that cannot be read fails the job with one clear sentence', () => {
  const job = new MasteredJob().run()
  job.runtime.advance()
  job.acknowledge(1).pass(10)
  job.storage.objects.set('chk-1/_metadata', new Uint8Array(9))
  job.startMaster()
  expect(job.statuses.at(-1)).toContain(
    'failed: The newest checkpoint cannot be restored: chk-1/_metadata cannot be read: ',
  )
})

test('a master that hears of a newer one decides nothing any more', () => {
  const job = new MasteredJob().run()
  job.hearOfEpoch(2).told()
  job.report('failed', ['sum/0'], 'boom').pass(300, [])
  expect(job.told()).toEqual([])
  expect(job.runtime.factsOf('worker-lost')).toEqual([])
  expect(job.statuses.at(-1)).toBe('running')
})
