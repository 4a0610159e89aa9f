/** Records in flight after a restore, with the same and with another parallelism: each comes back once, where it belongs. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  encodeChannelState,
  encodeRecords,
} from '../../../engine/checkpoint/channel-state-format.ts'
import type { EncodedPart } from '../../../engine/checkpoint/channel-state-format.ts'
import { concatenate } from '../../../engine/concatenate.ts'
import type { SnapshotHandle } from '../../../engine/checkpoint/snapshot-handle.ts'
import { attemptId, checkpointId, subtaskId, vertexId, workerId } from '../../../engine/ids.ts'
import { defineJob } from '../../../engine/job/define-job.ts'
import { buildJobGraph, type JobGraph } from '../../../engine/job/job-graph.ts'
import { Mutants } from '../../../engine/mutants.ts'
import { assignState } from '../../../engine/recovery/state-assignment.ts'
import { hashKey } from '../../../engine/serializer.ts'
import { discardSink } from '../../../engine/sink/sinks.ts'
import { generatorSource } from '../../../engine/source/sources.ts'
import { keyGroupOf, operatorIndexOf } from '../../../engine/state/key-groups.ts'
import { readChannelState } from '../../../engine/task/channel-state.ts'
import type { SubtaskEnvironment } from '../../../engine/task/subtask-environment.ts'
import { FakeRuntime, FakeStorage } from '../fake-runtime.ts'
import { NO_BROKER, NO_FILES, NO_SERVICES } from '../operator-context.ts'
import { seeded } from '../../seeded.ts'
import { type Numbered, vertexOf } from '../small-jobs.ts'
import { handleOf } from '../snapshot-handles.ts'

const MAX = 12

type Edge = 'hash' | 'rebalance' | 'broadcast'

function graphOf(edge: Edge, producers: number, consumers: number): JobGraph {
  const job = defineJob('Restored', { maxParallelism: MAX, parallelism: consumers }, (env) => {
    const numbers = env.fromSource(
      generatorSource<Numbered>(10, (n) => ({ key: 'k', n })),
      { name: 'from', parallelism: producers },
    )
    if (edge === 'hash') {
      numbers
        .keyBy(({ key }) => key)
        .reduce((a) => a, { name: 'to' })
        .sinkTo(discardSink())
    } else {
      const dealt = edge === 'rebalance' ? numbers.rebalance() : numbers.broadcast()
      dealt.map((value) => value, { name: 'to' }).sinkTo(discardSink())
    }
  })
  return buildJobGraph(job)
}

interface Record {
  readonly key: string
  readonly producer: number
  /** Counts the records of its channel. */
  readonly n: number
}

/** A former run with records in flight on every channel, at both its ends. */
function formerRun(edge: Edge, drawn: readonly (readonly string[])[], sizes: Sizes) {
  const storage = new FakeStorage(new FakeRuntime())
  const { producers, consumers } = sizes
  const parts = new Map<string, EncodedPart[]>()
  const all: (Record & { readonly consumer: number })[] = []
  for (let producer = 0; producer < producers; producer++) {
    for (let consumer = 0; consumer < consumers; consumer++) {
      const keys = (drawn[producer] ?? []).filter(
        (key) =>
          edge !== 'hash' ||
          operatorIndexOf(keyGroupOf(hashKey(key), MAX), MAX, consumers) === consumer,
      )
      const records = keys.map((key, n): Record => ({ key, producer, n }))
      all.push(...records.map((record) => ({ ...record, consumer })))
      const half = Math.floor(records.length / 2)
      const part = (end: 'input' | 'output', some: readonly Record[]): EncodedPart => ({
        producer: vertexId('from'),
        producerIndex: producer,
        consumer: vertexId('to'),
        consumerIndex: consumer,
        consumers,
        edge: 0,
        end,
        pieces: [piece(edge, some)],
      })
      const arrived = part('input', records.slice(0, half))
      const notLeft = part('output', records.slice(half))
      parts.set(`to/${consumer}`, [...(parts.get(`to/${consumer}`) ?? []), arrived])
      parts.set(`from/${producer}`, [...(parts.get(`from/${producer}`) ?? []), notLeft])
    }
  }
  const handles = [...parts].map(([subtask, own]): SnapshotHandle => {
    const [vertex = '', index = ''] = subtask.split('/')
    const owner = { subtask: subtaskId(vertexId(vertex), Number(index)), attempt: attemptId(1) }
    const { pieces, checksum } = encodeChannelState(own)
    const bytes = concatenate(pieces)
    storage.objects.set(subtask, bytes)
    const channels = { key: subtask, sizeBytes: bytes.length, checksum }
    return { ...handleOf(owner, null), channels }
  })
  return { storage, handles, all }
}

interface Sizes {
  readonly producers: number
  readonly consumers: number
}

function piece(edge: Edge, records: readonly Record[]): Uint8Array {
  return encodeRecords(
    {
      type: 'records',
      values: [...records],
      timestamps: records.map(() => 0),
      hashes: edge === 'hash' ? records.map(({ key }) => hashKey(key)) : null,
      origins: null,
    },
    0,
  )
}

/** What each subtask of the new run gets back, in order. */
function restored(
  edge: Edge,
  { storage, handles }: ReturnType<typeof formerRun>,
  { producers, consumers }: Sizes,
): (readonly Record[] | string)[] {
  const graph = graphOf(edge, producers, consumers)
  const vertex = vertexOf(graph, 'to')
  return Array.from({ length: consumers }, (_, index) => {
    const runtime = new FakeRuntime(workerId('worker-1'))
    const checkpoint = { checkpoint: checkpointId(1), kind: 'checkpoint', triggeredAt: 0 } as const
    const restore = assignState(
      { ...checkpoint, vertices: [], handles, coordinators: [] },
      vertex,
      index,
    )
    const own = new FakeStorage(runtime)
    for (const [key, bytes] of storage.objects) own.objects.set(key, bytes)
    const env: SubtaskEnvironment = {
      runtime,
      storage: own,
      broker: NO_BROKER,
      services: NO_SERVICES,
      files: NO_FILES,
      isStrict: false,
      mutants: new Mutants(),
      graph,
      vertex,
      deployment: {
        subtask: subtaskId(vertex.id, index),
        vertex: vertex.id,
        index,
        attempt: attemptId(2),
        inputs: [],
        outputs: [],
        restore,
      },
      provenance: { isOn: false, current: null },
      report: () => undefined,
    }
    let result: readonly Record[] | string = 'nothing was read'
    readChannelState(env, (recovered) => {
      result =
        typeof recovered === 'string'
          ? recovered
          : recovered.flatMap(({ records }) => records.values as Record[])
    })
    runtime.advance(10)
    return result
  })
}

const sizes = fc.record({
  producers: fc.integer({ min: 1, max: 3 }),
  consumers: fc.integer({ min: 1, max: 4 }),
})
const keys = fc.array(fc.constantFrom('a', 'b', 'c', 'd', 'e'), { maxLength: 8, size: 'max' })
const drawn = fc.array(keys, { minLength: 3, maxLength: 3 })
const nameOf = ({ key, producer, n }: Record) => `${key} ${producer} ${n}`

test('keyed records come back once, where their key is now, in the order of each key and producer', () => {
  fc.assert(
    fc.property(sizes, sizes, drawn, (before, after, input) => {
      const run = formerRun('hash', input, before)
      const found = restored('hash', run, after)
      expect(
        found
          .flat()
          .map((record) => nameOf(record as Record))
          .toSorted(),
      ).toEqual(run.all.map(nameOf).toSorted())
      for (const [index, records] of found.entries()) {
        const last = new Map<string, number>()
        for (const { key, producer, n } of records as Record[]) {
          const group = keyGroupOf(hashKey(key), MAX)
          expect(operatorIndexOf(group, MAX, after.consumers)).toBe(index)
          expect(n).toBeGreaterThan(last.get(`${key} ${producer}`) ?? -1)
          last.set(`${key} ${producer}`, n)
        }
      }
    }),
    seeded(150),
  )
})

test('other channels come back once and as a whole, at the former index or what is left of it', () => {
  fc.assert(
    fc.property(sizes, sizes, drawn, (before, after, input) => {
      const run = formerRun('rebalance', input, before)
      const found = restored('rebalance', run, after)
      const expected = Array.from({ length: after.consumers }, (_, index) =>
        run.all
          .filter(({ consumer }) => consumer % after.consumers === index)
          .toSorted((a, b) => a.consumer - b.consumer || a.producer - b.producer || a.n - b.n)
          .map(nameOf),
      )
      expect(found.map((records) => (records as Record[]).map(nameOf))).toEqual(expected)
    }),
    seeded(150),
  )
})

test('of what is broadcast every subtask gets one copy: that which goes with its copy of the state', () => {
  fc.assert(
    fc.property(sizes, sizes, drawn, (before, after, input) => {
      const run = formerRun('broadcast', input, before)
      const found = restored('broadcast', run, after)
      const copy = (index: number) =>
        run.all.filter(({ consumer }) => consumer === index % before.consumers).map(nameOf)
      expect(found.map((records) => (records as Record[]).map(nameOf))).toEqual(
        found.map((_, index) => copy(index)),
      )
    }),
    seeded(100),
  )
})

test('records on an edge that the job does not have any more are not left out in silence', () => {
  const run = formerRun('rebalance', [['a', 'b']], { producers: 1, consumers: 1 })
  const [handle] = run.handles
  const channels = handle?.channels ?? null
  if (channels === null) throw new Error('Something was in flight.')
  const stray: EncodedPart = {
    producer: vertexId('gone'),
    producerIndex: 0,
    consumer: vertexId('to'),
    consumerIndex: 0,
    consumers: 1,
    edge: 0,
    end: 'input',
    pieces: [piece('rebalance', [{ key: 'a', producer: 0, n: 0 }])],
  }
  const { pieces, checksum } = encodeChannelState([stray])
  run.storage.objects.set(channels.key, concatenate(pieces))
  const handles = run.handles.map((one) => ({ ...one, channels: { ...channels, checksum } }))
  expect(restored('rebalance', { ...run, handles }, { producers: 1, consumers: 1 })).toEqual([
    'Records were in flight from gone to to, which this job does not connect.',
  ])
})
