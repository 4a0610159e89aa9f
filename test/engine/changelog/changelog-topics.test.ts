// Which topics the changelogs of a job are in.

import { expect, test } from 'vitest'
import {
  changelogTopics,
  refuseChangelogTopics,
} from '../../../engine/changelog/changelog-topics.ts'
import { buildJobGraph } from '../../../engine/job/job-graph.ts'
import type { JobGraph } from '../../../engine/job/job-graph.ts'
import type { ChangelogOptions } from '../../../engine/job/job-options.ts'
import { defineJob, kafkaSink, kafkaSource, text } from 'weirstream'

/** Counts and counts again, under these uids. */
function graphOf(log: ChangelogOptions['log'] | null, ...uids: readonly string[]): JobGraph {
  const state = log === null ? {} : { changelog: { log } }
  const job = defineJob('Topics', { state, parallelism: 3 }, (env) => {
    let stream = env
      .fromSource(kafkaSource({ topics: ['in'], groupId: 'g', value: text }))
      .map(({ value }) => ({ line: value, count: 1 }))
    for (const uid of uids) stream = stream.keyBy(({ line }) => line).sum('count', { uid })
    stream
      .map(({ line }) => line)
      .sinkTo(kafkaSink({ topic: 'out', value: text, delivery: 'exactly-once' }))
  })
  return buildJobGraph(job, job.options)
}

const kafka = { type: 'kafka', topic: 'log' } as const

test('there is one for each operator with keyed state, with legal names', () => {
  expect(changelogTopics(graphOf(kafka, 'first', 'second: sums!'))).toEqual([
    { topic: 'log-first', parallelism: 3 },
    { topic: 'log-second-sums-', parallelism: 3 },
  ])
})

test('there are none without a changelog in Kafka', () => {
  expect(changelogTopics(graphOf(null, 'first'))).toEqual([])
  expect(changelogTopics(graphOf({ type: 'storage' }, 'first'))).toEqual([])
})

test('two operators never share one', () => {
  expect(() => changelogTopics(graphOf(kafka, 'a b', 'a?b'))).toThrow(
    'The changelogs of two operators would be in one topic, log-a-b: ' +
      'give them uids that differ in letters, digits, dots, dashes or underscores.',
  )
})

test('a world without Kafka refuses them', () => {
  expect(() => {
    refuseChangelogTopics(graphOf(kafka, 'first'))
  }).toThrow('The changelog is to be in Kafka, which this world does not have')
  expect(() => {
    refuseChangelogTopics(graphOf({ type: 'storage' }, 'first'))
  }).not.toThrow()
})
