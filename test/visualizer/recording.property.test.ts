/** The theorem everything else hangs on: the state at a moment does not depend on the way there. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { TraceEvent } from '../../engine/trace.ts'
import { Recording } from '../../visualizer/model/recording.ts'
import { reduce } from '../../visualizer/model/reduce.ts'
import { wire } from '../../visualizer/model/reducer.ts'
import { initialState } from '../../visualizer/model/run-state.ts'
import type { RunState } from '../../visualizer/model/run-state.ts'
import { traceOf } from './fact-arbitraries.ts'
import { sampleRun } from './sample-run.ts'
import { TOPOLOGY } from './trace-builder.ts'

/** Everything in a state as plain data, logs written out. */
function plain(state: RunState): unknown {
  const partitions = [...state.partitions.values()].map((entry) => ({
    ...entry,
    log: entry.log.toArray(),
  }))
  return { ...state, partitions }
}

/** The state after `applied` events, folded from the start without any keyframe. */
function played(events: readonly TraceEvent[], applied: number): unknown {
  const draft = initialState(TOPOLOGY)
  const wiring = wire(TOPOLOGY)
  for (const event of events.slice(0, applied)) reduce(draft, event, wiring)
  return plain(draft)
}

function recordingOf(events: readonly TraceEvent[], chunk: number): Recording {
  const recording = new Recording(TOPOLOGY)
  for (let start = 0; start < events.length; start += chunk)
    recording.append(events.slice(start, start + chunk))
  return recording
}

test('for every trace and every order of seeks, state(seek t) equals state(play to t)', () => {
  fc.assert(
    fc.property(
      traceOf(60),
      fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 6 }),
      fc.integer({ min: 1, max: 20 }),
      (events, seeks, chunk) => {
        const recording = recordingOf(events, chunk)
        for (const share of seeks) {
          const applied = Math.round(share * events.length)
          expect(plain(recording.stateAfter(applied))).toEqual(played(events, applied))
        }
      },
    ),
    { numRuns: 300 },
  )
})

test('seeking across keyframes gives what playing gives', () => {
  const sample = sampleRun()
  const last = sample.at(-1)?.at ?? 0
  const events = Array.from({ length: 12_000 }, (_, index): TraceEvent => {
    const round = Math.floor(index / sample.length)
    const event = sample[index % sample.length]
    if (event === undefined) throw new Error('The sample is empty.')
    return { ...event, seq: index, at: (event.at + round * last) as TraceEvent['at'] }
  })
  const recording = recordingOf(events, 1000)
  for (const applied of [12_000, 4096, 4095, 8192, 9000, 1, 8191, 0, 11_999])
    expect(plain(recording.stateAfter(applied))).toEqual(played(events, applied))
})

test('a seek by time takes in every event of that instant', () => {
  const recording = recordingOf(sampleRun(), 50)
  for (const event of recording.events)
    expect(recording.events[recording.appliedAt(event.at)]?.at ?? Infinity).toBeGreaterThan(
      event.at,
    )
  expect(recording.appliedAt(-1)).toBe(0)
  expect(recording.appliedAt(1e9)).toBe(recording.count)
})

test('every element that arrives has an arrival, every lost one has none', () => {
  const recording = recordingOf(sampleRun(), 50)
  const crash = recording.events.findIndex(({ type }) => type === 'worker-crashed')
  const lost = [...recording.stateAfter(crash).channels.values()].flatMap(
    ({ inFlight }) => inFlight,
  )
  expect(lost.length).toBeGreaterThan(0)
  for (const { seq } of lost) expect(recording.findArrival(seq)).toBeUndefined()
  const sent = recording.events.filter(({ type }) => type === 'barrier-sent')
  for (const { seq, at } of sent) expect(recording.findArrival(seq)).toBe(at + 15)
})
