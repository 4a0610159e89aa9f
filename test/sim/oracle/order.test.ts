/** Correct runs of jobs that do not keep the order of their input, or split records up: the oracle must not object. */
import { expect, test } from 'vitest'
import { defineJob, kafkaSink, kafkaSource, text } from '../../../engine/index.ts'
import type { Job } from '../../../engine/index.ts'
import type { DataStream } from '../../../engine/job/data-stream.ts'
import type { StreamEnvironment } from '../../../engine/job/stream-environment.ts'
import type { KafkaRecord } from '../../../engine/source/source-spec.ts'
import { simulate } from '../../../sim/simulate.ts'

interface Event {
  readonly k: string
  readonly n: number
}

const LINES = Array.from({ length: 300 }, (_, i) => `k${i % 3},${i}`)
const parse = ({ value }: KafkaRecord<string>): Event => ({
  k: value.slice(0, 2),
  n: Number(value.slice(3)),
})
const show = ({ k, n }: Event): string => `${k},${n}`

function jobOf(
  build: (lines: DataStream<KafkaRecord<string>>, env: StreamEnvironment) => DataStream<string>,
): Job {
  return defineJob('Order', { checkpointing: { intervalMs: 200 } }, (env) => {
    const source = kafkaSource({ topics: ['in'], groupId: 'g', value: text })
    const key = (line: string): string => line.slice(0, line.indexOf(','))
    build(env.fromSource(source), env).sinkTo(
      kafkaSink({ topic: 'out', value: text, key, delivery: 'exactly-once' }),
    )
  })
}

const jobs: Readonly<Record<string, Job>> = {
  'a rebalance before the fold': jobOf((lines) =>
    lines
      .rebalance()
      .map(parse)
      .keyBy(({ k }) => k)
      .sum('n')
      .map(show),
  ),
  'a rebalance behind the fold': jobOf((lines) =>
    lines
      .map(parse)
      .keyBy(({ k }) => k)
      .sum('n')
      .rebalance()
      .map(show),
  ),
  'a record folded under two keys': jobOf((lines) =>
    lines
      .flatMap((line) => [parse(line), { ...parse(line), k: 'all' }])
      .keyBy(({ k }) => k)
      .sum('n')
      .map(show),
  ),
  'a record with outputs in several partitions': jobOf((lines) =>
    lines.flatMap((line) => ['abc', 'a'].map((key) => `${key},${line.value}`)),
  ),
  'a filter behind the fold': jobOf((lines) =>
    lines
      .map(parse)
      .keyBy(({ k }) => k)
      .sum('n')
      .filter(({ n }) => n % 3 === 1)
      .map(show),
  ),
  'a fold behind a fold': jobOf((lines) =>
    lines
      .map(parse)
      .keyBy(({ k }) => k)
      .sum('n')
      .map(({ n }) => ({ k: `m${n % 2}`, n: 1 }))
      .keyBy(({ k }) => k)
      .sum('n')
      .map(show),
  ),
}

test.each(Object.keys(jobs))('%s', (name) => {
  const job = jobs[name]
  if (job === undefined) throw new Error(`There is no job ${name}.`)
  for (const partitions of [1, 2]) {
    const config = {
      inputPartitions: partitions,
      outputPartitions: partitions,
      inputDurationMs: 400,
    }
    const plan = {
      v: 1 as const,
      job: { builtin: 'none' },
      config,
      seed: 5,
      input: { file: 'lines', sha256: '' },
      faults: [],
    }
    const { verdict, summary } = simulate(job, plan, { lines: LINES })
    expect(verdict).toEqual({ outcome: 'passed', violations: [] })
    expect(summary.outputs).toBeGreaterThan(LINES.length / 5)
  }
})
