/** Which records may come too late. */
import { expect, test } from 'vitest'
import { forBoundedOutOfOrderness, kafkaSource, text } from '../../../engine/index.ts'
import { StreamEnvironment } from '../../../engine/job/stream-environment.ts'
import type { PlacedRecord } from '../../../sim/workload/feeder.ts'
import { findStragglers } from '../../../sim/workload/stragglers.ts'

const source = kafkaSource({ topics: ['in'], groupId: 'g', value: text })

function graphWith(env: (environment: StreamEnvironment) => unknown) {
  const environment = new StreamEnvironment()
  env(environment)
  return environment.graph()
}

/** Records as `partition@time`. */
function placed(records: string, topic = 'in'): PlacedRecord[] {
  return records.split(' ').map((record) => {
    const [partition = 0, timestamp = 0] = record.split('@').map(Number)
    const data = { key: null, value: text.encode(`${timestamp}`), timestamp, headers: [] }
    return { topic, partition, record: data }
  })
}

function late(records: readonly PlacedRecord[], graph = timed): number[] {
  return [...findStragglers(graph, records)].map(({ record }) => record.timestamp)
}

const watermarks = forBoundedOutOfOrderness<{ readonly value: string }>(10, {
  timestampAssigner: ({ value }) => Number(value),
})
const timed = graphWith((env) => env.fromSource(source, { watermarks }))

test('a record may be late when its own partition is further by more than the bound', () => {
  expect(late(placed('0@100 0@90 0@89 0@200 0@100'))).toEqual([89, 100])
})

test('what other partitions have reached makes none late', () => {
  expect(late(placed('0@1000 1@1 1@2'))).toEqual([])
})

test('no record of another topic or without watermarks is late', () => {
  expect(late(placed('0@100 0@1', 'other'))).toEqual([])
  expect(
    late(
      placed('0@100 0@1'),
      graphWith((env) => env.fromSource(source)),
    ),
  ).toEqual([])
})

test('a record on which the assigner fails is nothing to say about', () => {
  const failing = forBoundedOutOfOrderness<unknown>(0, {
    timestampAssigner: () => {
      throw new Error('No time.')
    },
  })
  expect(
    late(
      placed('0@100 0@1'),
      graphWith((env) => env.fromSource(source, { watermarks: failing })),
    ),
  ).toEqual([])
})
