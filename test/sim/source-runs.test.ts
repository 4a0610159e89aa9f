/** Hybrid and bounded sources, and those of a pattern, in simulated runs that the oracle judges. */
import { describe, expect, test } from 'vitest'
import { defineJob, hybridSource, kafkaSink, kafkaSource, text } from '../../engine/index.ts'
import type { Job, KafkaRecord, KafkaSourceOptions, Source } from '../../engine/index.ts'
import type { History } from '../../sim/history/history.ts'
import type { Fault, Plan } from '../../sim/plan/plan.ts'
import { simulate } from '../../sim/simulate.ts'
import type { WorkloadItem } from '../../sim/workload/workload.ts'

const RECORDS = 60

const topic = (options: Partial<KafkaSourceOptions<string>>): Source<KafkaRecord<string>> =>
  kafkaSource({ groupId: 'g', value: text, ...options })

function counting(source: Source<KafkaRecord<string>>): Job {
  return defineJob('Counting', {}, (env) => {
    env
      .fromSource(source)
      .map(({ value, topic: from }) => ({ key: `${from} ${value}`, n: 1 }))
      .keyBy(({ key }) => key)
      .sum('n')
      .map(({ key, n }) => `${key} ${n}`)
      .sinkTo(kafkaSink({ topic: 'counts', value: text, delivery: 'exactly-once' }))
  })
}

/** `old` up to the end of what is fed to it, then `new`. */
const hybrid = counting(
  hybridSource({
    sources: [
      topic({
        topics: ['old'],
        stoppingOffsets: {
          offsets: [0, 1].map((partition) => ({ topic: 'old', partition, offset: RECORDS / 2 })),
        },
      }),
      topic({ topics: ['new'] }),
    ],
  }),
)

/** Records for both topics in turn. */
const lines: readonly WorkloadItem[] = Array.from({ length: RECORDS }, (_, i) =>
  ['old', 'new'].map((name) => ({ topic: name, key: `k${i}`, value: `v${i % 7}`, timestamp: i })),
).flat()

function plan(faults: readonly Fault[], seed: number): Plan {
  return {
    v: 1,
    job: { builtin: 'none' },
    config: {
      parallelism: 2,
      checkpointIntervalMs: 100,
      inputDurationMs: 800,
      inputPartitioning: 'round-robin',
    },
    seed,
    input: { generator: 'traffic', params: {} },
    faults,
  }
}

const crash = (worker: number, t: number): Fault => ({
  kind: 'crash',
  on: `worker-${worker}`,
  at: { t },
  restartAfterMs: 50,
})

function committedIn({ outputs }: History): number {
  return outputs.reduce((sum, { committed }) => sum + committed.length, 0)
}

describe('a hybrid source', () => {
  test('passes without faults', () => {
    const { verdict, summary, history } = simulate(hybrid, plan([], 1), { lines })
    expect(verdict).toEqual({ outcome: 'passed', violations: [] })
    expect(summary).toMatchObject({ lost: 0, duplicated: 0 })
    expect(committedIn(history)).toBe(2 * RECORDS)
  })

  const seeds = Array.from({ length: 10 }, (_, seed) => seed)
  test.each(seeds)('passes with crashes before, at and after the switch, seed %i', (seed) => {
    const faults = [crash(1, 760 + seed * 16), crash(2, 300 + seed * 80)]
    const { verdict } = simulate(hybrid, plan(faults, seed), { lines })
    expect(verdict).toEqual({ outcome: 'passed', violations: [] })
  })
})

test('topics of a pattern are fed and judged', () => {
  const job = counting(topic({ topicPattern: /^(old|new)$/ }))
  const { verdict, history } = simulate(job, plan([crash(1, 400)], 3), { lines })
  expect(verdict).toEqual({ outcome: 'passed', violations: [] })
  expect(committedIn(history)).toBe(2 * RECORDS)
})
