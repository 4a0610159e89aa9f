/** What the fold makes of a checkpoint, a crash and a restore: the sample run at its landmarks. */
import { expect, test } from 'vitest'
import { channelId, checkpointId } from '../../engine/ids.ts'
import { Recording } from '../../visualizer/model/recording.ts'
import type { ChannelState, RunState } from '../../visualizer/model/run-state.ts'
import { SAMPLE, sampleRun } from './sample-run.ts'
import { CHANNELS, SOURCES, SUMS, TOPOLOGY, WORKERS } from './trace-builder.ts'

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
