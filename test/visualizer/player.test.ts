/** Playing, stepping and seeking. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { kindOf } from '../../visualizer/events/catalog.ts'
import { Recording } from '../../visualizer/model/recording.ts'
import { START, advance, nudge, seek, stepBack, stepForward } from '../../visualizer/player.ts'
import type { Playhead } from '../../visualizer/player.ts'
import { traceOf } from './fact-arbitraries.ts'
import { sampleRun } from './sample-run.ts'
import { TOPOLOGY } from './trace-builder.ts'

function sample(): Recording {
  const recording = new Recording(TOPOLOGY)
  recording.append(sampleRun())
  recording.complete()
  return recording
}

/** Plays whole frames until the end; the playheads on the way. */
function playThrough(recording: Recording, speed: number, frameMs: number): Playhead[] {
  const heads: Playhead[] = [START]
  let waitedMs = 0
  for (let frame = 0; frame < 100_000; frame++) {
    const next = advance(recording, heads.at(-1) ?? START, { elapsedMs: frameMs, speed, waitedMs })
    heads.push(next.head)
    waitedMs = next.waitedMs
    if (next.isAtEnd) return heads
  }
  throw new Error('Playback does not end.')
}

test('stepping forward stops at every event that matters, in order, and then at the end', () => {
  const recording = sample()
  const milestones = recording.events.flatMap((event, index) =>
    kindOf(event).matters ? [index] : [],
  )
  let head = START
  for (const index of milestones) {
    head = stepForward(recording, head)
    expect(head.applied).toBe(index + 1)
  }
  expect(stepForward(recording, head).applied).toBe(recording.count)
})

test('a step back undoes a step forward', () => {
  const recording = sample()
  const heads = [START]
  for (let step = 0; step < 30; step++) heads.push(stepForward(recording, heads.at(-1) ?? START))
  for (let step = 30; step > 0; step--)
    expect(stepBack(recording, heads[step] ?? START)).toEqual(step === 1 ? START : heads[step - 1])
})

test('stepping by group stops at that group alone', () => {
  const recording = sample()
  let head = START
  for (let step = 0; step < 5; step++) {
    head = stepForward(recording, head, 'barrier')
    const event = recording.events[head.applied - 1]
    expect(event === undefined ? '' : kindOf(event).group).toBe('barrier')
  }
})

test('for every trace and speed, playing goes forward and reaches the end', () => {
  fc.assert(
    fc.property(traceOf(40), fc.constantFrom(0.5, 20, 1000), (events, speed) => {
      const recording = new Recording(TOPOLOGY)
      recording.append(events)
      recording.complete()
      const heads = playThrough(recording, speed, 16)
      expect(heads.at(-1)).toEqual({ at: recording.endAt, applied: recording.count })
      heads.slice(1).forEach((head, index) => {
        expect(head.at).toBeGreaterThanOrEqual(heads[index]?.at ?? 0)
        expect(head.applied).toBeGreaterThanOrEqual(heads[index]?.applied ?? 0)
      })
    }),
    { numRuns: 50 },
  )
})

test('every event that matters is on the screen for at least one frame before the next', () => {
  const recording = sample()
  const seen = playThrough(recording, 20, 16).map(({ applied }) => applied)
  const milestones = recording.events.flatMap((event, index) =>
    kindOf(event).matters ? [index] : [],
  )
  milestones.slice(1).forEach((next, rank) => {
    const current = milestones[rank] ?? 0
    expect(seen.some((applied) => applied > current && applied <= next)).toBe(true)
  })
})

test('a long gap between two frames is not played', () => {
  const recording = sample()
  const head = seek(recording, 700)
  expect(advance(recording, head, { elapsedMs: 5000, speed: 20, waitedMs: 0 }).head).toEqual(head)
})

test('single events can be stepped both ways', () => {
  const recording = sample()
  const head = seek(recording, 500)
  expect(nudge(recording, nudge(recording, head, 1), -1).applied).toBe(head.applied)
  expect(nudge(recording, START, -1)).toEqual(START)
})
