/** The feeder: lines into all topics, records into theirs, evenly over time. */
import { expect, test } from 'vitest'
import { vertexId } from '../../../engine/ids.ts'
import { Mutants } from '../../../engine/mutants.ts'
import { text } from '../../../engine/serializer.ts'
import { SimulatedCluster } from '../../../sim/kafka/simulated-cluster.ts'
import type { PlanConfig } from '../../../sim/plan/plan.ts'
import { Feeder } from '../../../sim/workload/feeder.ts'
import type { WorkloadItem } from '../../../sim/workload/workload.ts'
import { World } from '../../../sim/world/world.ts'

function feed(
  lines: readonly WorkloadItem[],
  config: PlanConfig,
  topics = ['in'],
  whenStarted: (world: World) => void = () => undefined,
) {
  const world = new World(1, 'control')
  const cluster = new SimulatedCluster(
    { topics: topics.map((topic) => ({ topic, partitions: 2 })) },
    {
      now: () => world.now(),
      schedule: (delayMs, label, action) => void world.after(delayMs, label, 'broker-1', action),
      trace: (fact) => {
        world.record(fact)
      },
      mix: () => undefined,
    },
    new Mutants(),
  )
  const topology = {
    job: 'J',
    vertices: [],
    channels: [],
    workers: [],
    outputs: [],
    inputs: topics.map((topic) => ({ topic, partitions: 2, vertex: vertexId('source') })),
  }
  const feeder = new Feeder(world, cluster, config, topology, lines)
  const records = (topic: string, partition: number) =>
    cluster.readUncommitted(topic, partition).map(({ record }) => ({
      value: text.decode(record.value ?? new Uint8Array(0)),
      key: record.key === null ? null : text.decode(record.key),
      at: record.timestamp,
    }))
  const values = (topic: string, partition: number): string =>
    records(topic, partition)
      .map(({ value }) => value)
      .join(' ')
  feeder.start()
  whenStarted(world)
  while (world.step());
  return { world, feeder, records, values }
}

test('every line is fed, in order, the partitions in turn', () => {
  const { values, feeder } = feed(['a', 'b', 'c', 'd', 'e'], { inputDurationMs: 100 })
  expect([values('in', 0), values('in', 1)]).toEqual(['a c e', 'b d'])
  expect(feeder.isFinished).toBe(true)
})

test('by key, all lines of a key go to one partition, and the record has the key', () => {
  const lines = ['x,1', 'y,2', 'x,3', 'z,4', 'x,5']
  const { records } = feed(lines, { inputDurationMs: 100, inputPartitioning: 'by-key' })
  const both = [0, 1].map((partition) => records('in', partition))
  expect(both.flat()).toHaveLength(5)
  const places = both.map((list) => list.filter(({ key }) => key === 'x').length)
  expect(places.toSorted((a, b) => a - b)).toEqual([0, 3])
})

test('by key, a line without key goes round', () => {
  const { values } = feed(['p', 'q'], { inputDurationMs: 100, inputPartitioning: 'by-key' })
  expect([values('in', 0), values('in', 1)]).toEqual(['p', 'q'])
})

test('the lines are spread evenly over the duration', () => {
  const lines = Array.from({ length: 1000 }, (_, i) => `l${i}`)
  const { records, world } = feed(lines, { inputDurationMs: 2000 })
  const times = [...records('in', 0), ...records('in', 1)].map(({ at }) => at)
  for (let quarter = 0; quarter < 4; quarter++) {
    const from = 20 + quarter * 500
    const fed = times.filter((at) => at >= from && at < from + 500).length
    expect(Math.abs(fed - 250)).toBeLessThan(15)
  }
  expect(world.trace.at(-1)).toMatchObject({ type: 'input-finished' })
  expect(world.now()).toBeLessThanOrEqual(2020)
})

test('every input topic gets every line', () => {
  const { values } = feed(['a', 'b'], { inputDurationMs: 50 }, ['one', 'two'])
  expect(['one', 'two'].map((topic) => [values(topic, 0), values(topic, 1)])).toEqual([
    ['a', 'b'],
    ['a', 'b'],
  ])
})

test('the end of the input is a fact, also without lines', () => {
  const { world, feeder } = feed([], { inputDurationMs: 40 })
  expect(world.trace.map(({ type }) => type)).toEqual(['input-finished'])
  expect(feeder.isFinished).toBe(true)
})

/** `topic key@timestamp`, the value being all of it; without key a heartbeat. */
function record(line: string): WorkloadItem {
  const [, topic = '', key = '', timestamp = ''] = /^(\S+) (\S*)@(\d+)$/.exec(line) ?? []
  return { topic, key: key === '' ? null : key, value: line, timestamp: Number(timestamp) }
}

test('a record goes to its topic alone, with its key and its own timestamp', () => {
  const items = ['one x@7', 'two y@5', 'one z@6'].map(record)
  const { records, values } = feed(items, { inputDurationMs: 50 }, ['one', 'two'])
  expect(['one', 'two'].map((topic) => [values(topic, 0), values(topic, 1)])).toEqual([
    ['one x@7', 'one z@6'],
    ['two y@5', ''],
  ])
  expect(records('one', 1)).toEqual([{ value: 'one z@6', key: 'z', at: 6 }])
})

test('by key, all records of a key go to one partition', () => {
  const items = ['one x@1', 'one y@2', 'one x@3', 'one z@4', 'one x@5'].map(record)
  const { records } = feed(items, { inputDurationMs: 50, inputPartitioning: 'by-key' }, ['one'])
  const places = [0, 1].map((partition) =>
    records('one', partition).filter(({ key }) => key === 'x'),
  )
  expect(places.map(({ length }) => length).toSorted((a, b) => a - b)).toEqual([0, 3])
})

test('a heartbeat goes to every partition of its topic and does not take a turn', () => {
  const items = ['one x@1', 'one @2', 'one y@3'].map(record)
  const { values } = feed(items, { inputDurationMs: 50 }, ['one', 'two'])
  expect(['one', 'two'].map((topic) => [values(topic, 0), values(topic, 1)])).toEqual([
    ['one x@1 one @2', 'one @2 one y@3'],
    ['', ''],
  ])
})

test('records for topics that the job does not read are refused, unless it reads some of them', () => {
  const items = ['one x@1', 'two y@2'].map(record)
  expect(() => feed(items, {}, ['three'])).toThrow(
    'The input is for the topics one, two, but the job "J" reads three; choose the generator of those.',
  )
  expect(feed(items, { inputDurationMs: 50 }, ['two']).values('two', 0)).toBe('two y@2')
})

test('after a restart behind the end of the input the last heartbeat comes again, and only it', () => {
  const items = ['one @1', 'one x@5', 'two @6', 'one @7'].map(record)
  const { world, values } = feed(items, { inputDurationMs: 50 }, ['one', 'two'])
  world.record({ type: 'job-status-changed', status: 'running', reason: '' })
  while (world.step());
  expect(['one', 'two'].map((topic) => [values(topic, 0), values(topic, 1)])).toEqual([
    ['one @1 one x@5 one @7 one @7', 'one @1 one @7 one @7'],
    ['two @6 two @6', 'two @6 two @6'],
  ])
})

test('a restart before the end of the input changes nothing', () => {
  const items = ['one @1', 'one x@5'].map(record)
  const { world, values } = feed(items, { inputDurationMs: 50 }, ['one'], (running) => {
    running.record({ type: 'job-status-changed', status: 'running', reason: '' })
  })
  while (world.step());
  expect([values('one', 0), values('one', 1)]).toEqual(['one @1 one x@5', 'one @1'])
})
