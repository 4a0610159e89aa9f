/** The job master and the coordinators of its sources: splits before records, snapshots before barriers. */
import { describe, expect, test } from 'vitest'
import { defineJob } from '../../../engine/job/define-job.ts'
import { buildJobGraph } from '../../../engine/job/job-graph.ts'
import type { FailoverStrategy, JobOptions } from '../../../engine/job/job-options.ts'
import { text } from '../../../engine/serializer.ts'
import { discardSink } from '../../../engine/sink/sinks.ts'
import { kafkaSource } from '../../../engine/source/sources.ts'
import { MasteredJob } from './mastered-job.ts'

/** Two sources of one topic with three partitions; of `in`, partition 0 and 2 belong to reader 1, partition 1 to reader 0. */
function reading(failover: FailoverStrategy = 'full'): MasteredJob {
  const job = new MasteredJob(
    { failover, checkpointing: { intervalMs: 100, tolerableFailures: 5 } },
    {
      makeGraph: (options: JobOptions) =>
        buildJobGraph(
          defineJob('Reading', options, (env) => {
            const source = kafkaSource({ topics: ['in'], groupId: 'g', value: text })
            env.fromSource(source, { uid: 'left' }).sinkTo(discardSink())
            env.fromSource(source, { uid: 'right' }).sinkTo(discardSink())
          }),
        ),
    },
  )
  job.runtime.drawn = 50
  return job.register('worker-1').register('worker-2')
}

/** The lines that speak of this. */
const about = (word: string, lines: readonly string[]): string[] =>
  lines.filter((line) => line.includes(word))

test('a reader gets its splits when it runs', () => {
  const job = reading()
  job.told()
  job.pass(20)
  expect(about('assign', job.told())).toEqual([])
  job.report('running', ['left/1'])
  expect(about('assign', job.told())).toEqual(['worker-2 assign 0@0 2@0 to left/1'])
  job.report('running', ['right/0'])
  expect(about('assign', job.told())).toEqual(['worker-1 assign 1@0 to right/0'])
})

describe('checkpoints', () => {
  /** Runs, with the splits found before the first checkpoint is triggered. */
  function running(): MasteredJob {
    const job = reading()
    job.told()
    job.report('running').pass(40)
    return job
  }

  test('the barriers wait until the readers have confirmed their splits', () => {
    const job = running()
    expect(about('assign', job.told())).toHaveLength(4)
    job.pass(20)
    expect(job.runtime.factsOf('checkpoint-triggered')).toHaveLength(1)
    expect(about('trigger', job.told())).toEqual([])
    job.confirmEvents()
    expect(about('trigger', job.told())).toHaveLength(4)
  })

  test('what is stored brings the coordinators back: splits that readers own are not assigned again', () => {
    const job = running()
    job.told()
    job.confirmEvents().pass(20)
    job.acknowledge(1).pass(10)
    expect(job.runtime.factsOf('checkpoint-completed')).toHaveLength(1)
    job.report('failed', ['left/0'], 'boom').report('canceled').pass(30)
    job.told()
    job.report('running').pass(40)
    expect(about('assign', job.told())).toEqual([])
  })

  test('without one the job begins anew, splits and all', () => {
    const job = running()
    job.told()
    job.report('failed', ['left/0'], 'boom').report('canceled').pass(30)
    job.told()
    job.report('running').pass(40)
    expect(about('assign', job.told())).toHaveLength(4)
  })

  test.each(['completed', 'aborted', 'passed'])(
    'splits that are found while it is pending wait until it has ended or passed: %s',
    (how) => {
      const job = running()
      job.told()
      job.confirmEvents()
      job.report('failed', ['left/0'], 'boom').report('canceled').pass(30)
      job.broker.hold('list-offsets')
      job.told()
      job.report('running').pass(60)
      expect(about('trigger', job.told())).toHaveLength(4)
      job.broker.release('list-offsets')
      job.pass(10)
      expect(about('assign', job.told()), 'the gateway is closed').toEqual([])
      if (how === 'completed') job.acknowledge(1).pass(10)
      if (how === 'aborted') job.decline(1, 'left/0')
      if (how === 'passed') {
        for (const name of ['left/0', 'left/1', 'right/0', 'right/1']) job.passBarrier(1, name)
      }
      expect(about('assign', job.told())).toHaveLength(4)
    },
  )
})
