/** Which generator feeds which job. */
import { expect, test } from 'vitest'
import { defineJob, discardSink, kafkaSource, text } from 'weirstream'
import type { Job } from 'weirstream'
import { hasEventTime } from '../../../sim/event-time.ts'
import { defaultInput, generateLines } from '../../../sim/workload/workload.ts'
import { BUILTIN_JOBS } from '../../../lessons/jobs/index.ts'

function jobReading(...topics: string[]): Job {
  return defineJob('Reader', {}, (env) => {
    env.fromSource(kafkaSource({ topics, groupId: 'reader', value: text })).sinkTo(discardSink())
  })
}

test('a shipped job is fed by the generator that is made for it', () => {
  const generators = Object.entries(BUILTIN_JOBS).map(([name, job]) => {
    const input = defaultInput(job)
    return [name, 'generator' in input ? input.generator : null]
  })
  expect(Object.fromEntries(generators)).toEqual({
    'traffic-statistics': 'traffic',
    'address-profile': 'traffic',
    'traffic-analysis': 'page-views',
    'fraud-detection': 'card-transactions',
    'network-security': 'flow-records',
    'iot-monitoring': 'sensor-readings',
    'order-saga': 'order-events',
    'real-time-bidding': 'bid-stream',
  })
})

test('a job is fed by the generator of one of its topics, or else by lines of traffic', () => {
  expect(defaultInput(jobReading('others', 'wins'))).toEqual({
    generator: 'bid-stream',
    params: {},
  })
  expect(defaultInput(jobReading('others'))).toEqual({ generator: 'traffic', params: {} })
})

test('a shipped job reads every topic of its generator, and no other', () => {
  for (const [name, job] of Object.entries(BUILTIN_JOBS)) {
    if (!hasEventTime(job.graph)) continue
    const input = defaultInput(job)
    const items = generateLines('generator' in input ? input.generator : '', {}, 1)
    const fed = items.flatMap((item) => (typeof item === 'string' ? [] : [item.topic]))
    const read = job.graph.nodes.flatMap(({ work }) =>
      work.type === 'source' && work.source.type === 'kafka' ? work.source.topics : [],
    )
    expect([...new Set(fed)].toSorted(), name).toEqual(read.toSorted())
  }
})

test('the jobs with event time are those whose sources have watermarks', () => {
  expect(
    Object.entries(BUILTIN_JOBS)
      .filter(([, { graph }]) => !hasEventTime(graph))
      .map(([name]) => name),
  ).toEqual(['traffic-statistics', 'address-profile'])
})
