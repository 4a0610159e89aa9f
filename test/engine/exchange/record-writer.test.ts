/** One output edge: its partitioner and its channels. */
import { expect, test } from 'vitest'
import { OUTPUT_QUEUE_MAX, OutputChannel } from '../../../engine/exchange/output-channel.ts'
import { createPartitioner } from '../../../engine/exchange/partitioner.ts'
import type { Partitioner, Partitioning } from '../../../engine/exchange/partitioner.ts'
import { RecordWriter } from '../../../engine/exchange/record-writer.ts'
import { attemptId, channelId, subtaskId, vertexId, workerId } from '../../../engine/ids.ts'
import { hashKey } from '../../../engine/serializer.ts'
import { FakeRuntime } from '../fake-runtime.ts'

const from = subtaskId(vertexId('map'), 0)

function partitionerOf(partitioning: Partitioning, subtaskIndex = 0): Partitioner {
  const runtime = new FakeRuntime()
  const context = { channels: 2, subtaskIndex, runtime, name: 'edge', maxParallelism: 128 }
  return createPartitioner(partitioning, context)
}

function channels(runtime: FakeRuntime, isKeyed: boolean): OutputChannel[] {
  return [0, 1].map((index) => {
    const to = subtaskId(vertexId('sum'), index)
    const channel = channelId(from, to, 0)
    const peer = { channel, subtask: to, attempt: attemptId(1), worker: workerId('worker-1') }
    const output = new OutputChannel(runtime, peer, isKeyed, false)
    output.connect(100)
    return output
  })
}

/** `map/0>sum/1: 3,4` for each element that left. */
function left(runtime: FakeRuntime): string[] {
  return runtime.takeSent().map((sent) => {
    if (sent.type !== 'element') throw new Error('Only elements leave.')
    const { channel, element } = sent
    return `${channel}: ${element.type === 'records' ? element.values.join() : element.type}`
  })
}

test('every record goes to the channel that the partitioner chooses', () => {
  const runtime = new FakeRuntime()
  const writer = new RecordWriter(partitionerOf({ type: 'rebalance' }, 0), channels(runtime, false))
  for (const value of [1, 2, 3, 4]) writer.write(value, 0, null)
  expect(left(runtime)).toEqual([])
  writer.flush()
  expect(left(runtime)).toEqual(['map/0>sum/0: 1,3', 'map/0>sum/1: 2,4'])
})

test('a control element goes to every channel, behind what was written', () => {
  const runtime = new FakeRuntime()
  const writer = new RecordWriter(partitionerOf({ type: 'rebalance' }, 1), channels(runtime, false))
  writer.write(1, 0, null)
  writer.broadcast({ type: 'end-of-input' })
  expect(left(runtime)).toEqual([
    'map/0>sum/0: end-of-input',
    'map/0>sum/1: 1',
    'map/0>sum/1: end-of-input',
  ])
})

test('on a broadcast edge every channel gets every record', () => {
  const runtime = new FakeRuntime()
  const writer = new RecordWriter(partitionerOf({ type: 'broadcast' }), channels(runtime, false))
  for (const value of [1, 2]) writer.write(value, 0, null)
  writer.flush()
  expect(left(runtime)).toEqual(['map/0>sum/0: 1,2', 'map/0>sum/1: 1,2'])
})

test('on a keyed edge the record carries the hash of its key', () => {
  const runtime = new FakeRuntime()
  const partitioner = partitionerOf({ type: 'hash', keySelector: (value) => value })
  const writer = new RecordWriter(partitioner, channels(runtime, true))
  for (const value of ['x', 'y']) writer.write(value, 0, null)
  writer.flush()
  const hashes = runtime
    .takeSent()
    .flatMap((sent) =>
      sent.type === 'element' && sent.element.type === 'records' ? (sent.element.hashes ?? []) : [],
    )
  expect(new Set(hashes)).toEqual(new Set([hashKey('x'), hashKey('y')]))
})

test('the edge is unavailable as soon as one of its channels is', () => {
  const runtime = new FakeRuntime()
  const [full, free] = [0, 1].map((index) => {
    const to = subtaskId(vertexId('sum'), index)
    const channel = channelId(from, to, 0)
    const peer = { channel, subtask: to, attempt: attemptId(1), worker: workerId('worker-1') }
    return new OutputChannel(runtime, peer, false, false)
  })
  if (full === undefined || free === undefined) throw new Error('There are two channels.')
  const writer = new RecordWriter(partitionerOf({ type: 'rebalance' }, 0), [full, free])
  expect(writer.isAvailable).toBe(true)
  for (let i = 0; i < OUTPUT_QUEUE_MAX; i++) {
    full.add(i, 0, 0, null)
    full.flush()
  }
  expect(writer.isAvailable).toBe(false)
})
