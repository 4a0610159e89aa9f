/** What the fold makes of a checkpoint, a crash and a restore: the sample run at its landmarks. */
import { expect, test } from 'vitest'
import { attemptId, channelId, checkpointId } from '../../engine/ids.ts'
import type { Fact } from '../../engine/trace.ts'
import { layoutGraph } from '../../visualizer/layout/graph-layout.ts'
import { linksOf } from '../../visualizer/layout/graph-links.ts'
import { Recording } from '../../visualizer/model/recording.ts'
import type { ChannelState, RunState } from '../../visualizer/model/run-state.ts'
import { SAMPLE, sampleRun } from './sample-run.ts'
import { CHANNELS, SOURCES, SUMS, TOPOLOGY, TraceBuilder, WORKERS } from './trace-builder.ts'

function stateAt(at: number): RunState {
  const recording = new Recording(TOPOLOGY)
  recording.append(sampleRun())
  return recording.stateAfter(recording.appliedAt(at))
}

function channelAt(at: number, index: number): ChannelState {
  const id = CHANNELS[index]
  const channel = id === undefined ? undefined : stateAt(at).channels.get(id)
  if (channel === undefined) throw new Error(`There is no channel ${index}.`)
  return channel
}

test('a buffer in flight belongs to the epoch of the last barrier its channel sent', () => {
  const epochs = (at: number): number[] =>
    [...stateAt(at).channels.values()].flatMap(({ inFlight }) =>
      inFlight.flatMap((item) => (item.kind === 'buffer' ? [item.epoch] : [])),
    )
  expect(new Set(epochs(335))).toEqual(new Set([0]))
  expect(new Set(epochs(935))).toEqual(new Set([1]))
})

test('a channel is blocked from its barrier until the others have arrived', () => {
  expect(channelAt(519, 0).blockedBy).toBeNull()
  expect(channelAt(525, 0).blockedBy).toBe(1)
  expect(channelAt(550, 0).blockedBy).toBeNull()
  expect(channelAt(525, 2).blockedBy).toBeNull()
})

test('a crash empties the memory of its worker at once', () => {
  const before = stateAt(SAMPLE.crashAt - 1)
  const after = stateAt(SAMPLE.crashAt)
  const [source] = SOURCES
  expect(before.subtasks.get(source)?.isLost).toBe(false)
  expect(after.subtasks.get(source)?.isLost).toBe(true)
  expect(after.subtasks.get(SOURCES[1])?.isLost).toBe(false)
  expect(after.workers.get(WORKERS[0])?.status).toBe('crashed')
  for (const { from, to, inFlight } of after.channels.values())
    if (from === source || to === SUMS[0]) expect(inFlight).toEqual([])
})

test('a restore takes channels and subtasks back to the epoch of its checkpoint', () => {
  const state = stateAt(SAMPLE.runningAt)
  expect(state.subtasks.get(SUMS[0])?.epoch).toBe(2)
  expect(state.channels.get(channelId(SOURCES[0], SUMS[0], 0))?.epoch).toBe(2)
  expect(state.checkpoints.get(checkpointId(2))?.restoredAt).toHaveLength(1)
})

test('records below the furthest offset sent before the crash are replayed, later ones are not', () => {
  const flying = (at: number): { sent: number; replayed: number } => {
    const buffers = [...stateAt(at).channels.values()]
      .flatMap(({ inFlight }) => inFlight)
      .filter((item) => item.kind === 'buffer')
    return {
      sent: buffers.reduce((sum, { count }) => sum + count, 0),
      replayed: buffers.reduce((sum, { replayed }) => sum + replayed, 0),
    }
  }
  expect(flying(1035)).toEqual({ sent: 10, replayed: 0 })
  expect(flying(SAMPLE.runningAt + 10)).toEqual({ sent: 10, replayed: 10 })
  expect(flying(2635)).toEqual({ sent: 10, replayed: 0 })
})

test('the checkpointed offset is the cut of the last completed checkpoint', () => {
  const cutOf = (at: number): number | null | undefined =>
    stateAt(at).partitions.get('in/0')?.checkpointedOffset
  expect(cutOf(579)).toBeNull()
  const first = cutOf(580)
  expect(first).toBeGreaterThan(0)
  expect(cutOf(1580)).toBeGreaterThan(first ?? 0)
})

test('the recoveries of a recording are those of the metrics', () => {
  const recording = new Recording(TOPOLOGY)
  recording.append(sampleRun())
  expect(recording.recoveries).toHaveLength(1)
  expect(recording.recoveries[0]).toMatchObject({
    failedAt: SAMPLE.crashAt,
    caughtUpAt: SAMPLE.caughtUpAt + 1,
  })
})

/** The state after facts of the small topology, all at one time. */
function stateOf(...facts: readonly Fact[]): RunState {
  const trace = new TraceBuilder()
  for (const fact of facts) trace.add(0, fact)
  const recording = new Recording(TOPOLOGY)
  recording.append(trace.events())
  return recording.head
}

const [SUM_0] = SUMS
const watermark = (value: number | null): Fact => {
  return { type: 'watermark-advanced', subtask: SUM_0, watermark: value }
}
const deployed = (attempt: number): Fact => ({
  type: 'subtask-status-changed',
  subtask: SUM_0,
  attempt: attemptId(attempt),
  worker: WORKERS[0],
  status: 'running',
  reason: '',
})

test('a subtask has no watermark before the first, then the last, and null at the end', () => {
  const watermarkAfter = (...facts: readonly Fact[]): number | null | undefined =>
    stateOf(deployed(1), ...facts).subtasks.get(SUM_0)?.watermark
  expect(watermarkAfter()).toBeUndefined()
  expect(watermarkAfter(watermark(5), watermark(7))).toBe(7)
  expect(watermarkAfter(watermark(5), watermark(null))).toBeNull()
})

test('a new attempt has not seen any watermark', () => {
  const state = stateOf(deployed(1), watermark(5), deployed(2))
  expect(state.subtasks.get(SUM_0)?.watermark).toBeUndefined()
})

test('a transaction reaches the partitions with its records and no others', () => {
  const producer = { producerId: 1, producerEpoch: 0 }
  const batch = { count: 1, isTransactional: true, highWatermark: 1, lastStableOffset: 0 }
  const state = stateOf(
    deployed(1),
    { type: 'transaction-opened', subtask: SUM_0, transactionalId: 'a', ...producer },
    { type: 'batch-appended', topic: 'out', partition: 1, baseOffset: 0, ...producer, ...batch },
    { type: 'batch-appended', topic: 'out', partition: 1, baseOffset: 1, ...producer, ...batch },
  )
  expect(state.transactions.get('a')?.partitions).toEqual(['out/1'])
  const layout = layoutGraph(TOPOLOGY, { width: 1000, flow: 'right' })
  const open = linksOf(state, layout, TOPOLOGY).filter(({ texture }) => texture === 'open')
  expect(open.map(({ key }) => key)).toEqual([`${SUM_0}>out/1`])
})

test('a reader that processed all that it fetched has read it, though its chain dropped the last', () => {
  const [subtask] = SOURCES
  const fetch = { topic: 'in', partition: 0, lag: 0 }
  const facts: readonly Fact[] = [
    { type: 'split-assigned', subtask, topic: 'in', partition: 0, offset: 0 },
    { type: 'records-fetched', subtask, ...fetch, offset: 0, count: 3 },
    { type: 'records-processed', subtask, count: 2 },
  ]
  expect(stateOf(...facts).partitions.get('in/0')?.position).toBe(0)
  const last: Fact = { type: 'records-processed', subtask, count: 1 }
  expect(stateOf(...facts, last).partitions.get('in/0')?.position).toBe(3)
})

test('a channel knows which input it feeds', () => {
  const [first] = TOPOLOGY.channels
  if (first === undefined) throw new Error('There is no channel.')
  const rest = TOPOLOGY.channels.slice(1)
  const recording = new Recording({ ...TOPOLOGY, channels: [...rest, { ...first, input: 1 }] })
  expect(recording.head.channels.get(first.id)?.input).toBe(1)
  expect([...recording.wiring.inputCountOf]).toEqual([[first.to, 2]])
})
