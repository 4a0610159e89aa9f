/** Records and barriers stand where sim time puts them. */
import { expect, test } from 'vitest'
import { layoutGraph } from '../../visualizer/layout/graph-layout.ts'
import { sceneOf } from '../../visualizer/layout/scene.ts'
import type { Scene } from '../../visualizer/layout/scene.ts'
import { Recording } from '../../visualizer/model/recording.ts'
import { SAMPLE, sampleRun } from './sample-run.ts'
import { CHANNELS, SOURCES, TOPOLOGY } from './trace-builder.ts'

const layout = layoutGraph(TOPOLOGY, { width: 1000, flow: 'right' })

function sceneAt(at: number, { isStill = false, rate = 0 } = {}): Scene {
  const recording = new Recording(TOPOLOGY)
  recording.append(sampleRun())
  return sceneOf(recording.stateAfter(recording.appliedAt(at)), {
    layout,
    at,
    rate,
    recording,
    isStill,
  })
}

test('a barrier is at the producer when sent, half way at half time, and gone when received', () => {
  const [id] = CHANNELS
  const channel = id === undefined ? undefined : layout.channels.get(id)
  const xs = (at: number): number[] => sceneAt(at).barriers.map(({ x }) => x)
  expect(xs(505)[0]).toBeCloseTo(channel?.from.x ?? 0)
  // The barrier moves with the latency of the channel's buffers: 12 ms.
  expect(xs(511)[0]).toBeCloseTo(((channel?.from.x ?? 0) + (channel?.to.x ?? 0)) / 2)
  expect(xs(518)[0]).toBeCloseTo(channel?.to.x ?? 0)
  expect(sceneAt(521).barriers).toEqual([])
})

test('a buffer of five records is five dots and a count', () => {
  const { dots, counts } = sceneAt(335)
  expect(dots.length % 5).toBe(0)
  expect(dots.length).toBeGreaterThan(0)
  expect(new Set(counts.map(({ text }) => text))).toEqual(new Set(['5']))
})

test('reduced motion: two moments without an event between them look the same', () => {
  expect(sceneAt(507, { isStill: true })).toEqual(sceneAt(508, { isStill: true }))
  expect(sceneAt(507)).not.toEqual(sceneAt(508))
})

test('replayed records are hollow and only those', () => {
  expect(sceneAt(335).dots.some(({ isReplayed }) => isReplayed)).toBe(false)
  expect(sceneAt(2110).dots.every(({ isReplayed }) => isReplayed)).toBe(true)
})

test('records too fast to be seen become streams, in the colour of their epoch', () => {
  expect(sceneAt(935, { rate: 0.02 }).streams).toEqual([])
  const { streams } = sceneAt(935, { rate: 1 })
  expect(streams).toHaveLength(2)
  for (const { epoch, perSecond, isReplayed } of streams)
    expect({ epoch, perSecond, isReplayed }).toEqual({ epoch: 1, perSecond: 50, isReplayed: false })
  expect(sceneAt(SAMPLE.runningAt + 30, { rate: 1 }).streams.every((s) => s.isReplayed)).toBe(true)
})

test('nothing streams out of a crashed subtask', () => {
  const froms = sceneAt(SAMPLE.crashAt, { rate: 1 }).streams.map(({ from }) => from.y)
  const lost = layout.subtasks.get(SOURCES[0])
  for (const y of froms) expect(y).toBeGreaterThan((lost?.y ?? 0) + (lost?.height ?? 0))
})
