/**
 * Windows against lists: when nothing is late, each window that has records fires once, with these; restarts and the
 * order of arrival change nothing.
 */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  sessionEventTimeWindows,
  slidingEventTimeWindows,
  tumblingEventTimeWindows,
} from '../../../engine/window/assigners.ts'
import { windowSpec } from '../../../engine/window/window-spec.ts'
import type { WindowAssigner, WindowContents } from '../../../engine/window/window-spec.ts'
import { seeded } from '../../seeded.ts'
import { OperatingWindows } from './operating-windows.ts'

interface Rec {
  readonly key: string
  readonly time: number
  readonly id: number
}

/** A window that fired: its key, start, end, and the records in it. */
type Fired = readonly [key: string, start: number, end: number, ids: readonly number[]]

/** How far the watermark stays behind the greatest timestamp: no record is older than that. */
const DISORDER = 50

const list: WindowContents = {
  type: 'list',
  process(elements, { key, window: { start, end } }) {
    const ids = Array.from(elements as Iterable<Rec>, ({ id }) => id).toSorted((a, b) => a - b)
    fired.push([String(key), start, end, ids])
  },
}

/** The same out of an accumulator. */
const aggregate: WindowContents = {
  type: 'aggregate',
  aggregate: {
    createAccumulator: () => [],
    add: (value, ids) => [...(ids as number[]), (value as Rec).id],
    getResult: (ids) => (ids as number[]).toSorted((a, b) => a - b),
    merge: (left, right) => [...(left as number[]), ...(right as number[])],
  },
  process(ids, { key, window: { start, end } }) {
    fired.push([String(key), start, end, ids as number[]])
  },
}

let fired: Fired[] = []

const records = fc
  .array(
    fc.record({
      key: fc.constantFrom('a', 'b'),
      step: fc.constantFrom(0, 1, 7, 40, 150),
      delay: fc.nat(DISORDER),
    }),
    { maxLength: 40 },
  )
  .map((drawn) => {
    let now = 0
    return drawn.map(({ key, step, delay }, id): Rec => {
      now += step
      return { key, time: now - delay, id }
    })
  })

const spans = fc.integer({ min: 1, max: 120 })

function run(
  assigner: WindowAssigner,
  contents: WindowContents,
  input: readonly Rec[],
  restarts: ReadonlySet<number>,
): Fired[] {
  fired = []
  const spec = windowSpec('window', assigner, {}, contents)
  let operating = new OperatingWindows(spec)
  let greatest = -Infinity
  for (const record of input) {
    operating.process(record.key, record, record.time)
    greatest = Math.max(greatest, record.time)
    operating.watermark(greatest - DISORDER - 1)
    if (restarts.has(record.id)) operating = new OperatingWindows(spec, { saved: operating.save() })
  }
  operating.watermark(Infinity)
  expect(operating.operator.lateRecordsDropped).toBe(0)
  expect(operating.stored).toEqual([])
  expect(operating.timerCount).toBe(0)
  return sorted(fired)
}

function sorted(windows: readonly Fired[]): Fired[] {
  return windows.toSorted((a, b) => (a[0] === b[0] ? a[1] - b[1] : a[0] < b[0] ? -1 : 1))
}

/** Windows of fixed size: each possible start, with the records between it and its end. */
function slid(input: readonly Rec[], size: number, slide: number): Fired[] {
  const windows: Fired[] = []
  for (const key of ['a', 'b']) {
    const ofKey = input.filter((record) => record.key === key)
    const times = ofKey.map(({ time }) => time)
    const first = Math.floor((Math.min(...times, 0) - size) / slide) * slide
    for (let start = first; start <= Math.max(...times, 0); start += slide) {
      const inside = ofKey.filter(({ time }) => time >= start && time < start + size)
      if (inside.length > 0) windows.push([key, start, start + size, inside.map(({ id }) => id)])
    }
  }
  return sorted(windows)
}

/** Records in order of time, cut where the next one is behind the gap. */
function sessions(input: readonly Rec[], gap: number): Fired[] {
  const windows: Fired[] = []
  for (const key of ['a', 'b']) {
    const ordered = input.filter((each) => each.key === key).toSorted((a, b) => a.time - b.time)
    let session: Rec[] = []
    for (const [i, record] of ordered.entries()) {
      session.push(record)
      const next = ordered[i + 1]
      if (next !== undefined && next.time <= record.time + gap) continue
      const ids = session.map(({ id }) => id).toSorted((a, b) => a - b)
      windows.push([key, session[0]?.time ?? NaN, record.time + gap, ids])
      session = []
    }
  }
  return sorted(windows)
}

const restartsOf = fc.uniqueArray(fc.nat(40)).map((ids) => new Set(ids))
const contentsOf = fc.constantFrom(list, aggregate)

test('for every input in time, tumbling and sliding windows have the records between their bounds', () => {
  fc.assert(
    fc.property(
      records,
      spans,
      spans,
      restartsOf,
      contentsOf,
      (input, size, slide, cuts, contents) => {
        const sliding = slidingEventTimeWindows({ sizeMs: size, slideMs: slide })
        expect(run(sliding, contents, input, cuts)).toEqual(slid(input, size, slide))
        const tumbling = tumblingEventTimeWindows({ sizeMs: size })
        expect(run(tumbling, contents, input, cuts)).toEqual(slid(input, size, size))
      },
    ),
    seeded(),
  )
})

test('for every input in time, sessions are the runs of records without a gap', () => {
  fc.assert(
    fc.property(records, spans, restartsOf, contentsOf, (input, gap, cuts, contents) => {
      const windows = sessionEventTimeWindows({ gapMs: gap })
      expect(run(windows, contents, input, cuts)).toEqual(sessions(input, gap))
    }),
    seeded(),
  )
})

test('for every input in time, lateness that is allowed but not used changes nothing', () => {
  fc.assert(
    fc.property(records, spans, restartsOf, (input, gap, cuts) => {
      const assigner = sessionEventTimeWindows({ gapMs: gap })
      const expected = run(assigner, aggregate, input, cuts)
      fired = []
      const spec = windowSpec('window', assigner, { allowedLatenessMs: 5 }, aggregate)
      const operating = new OperatingWindows(spec)
      for (const record of input) operating.process(record.key, record, record.time)
      operating.watermark(1_000_000)
      expect(sorted(fired)).toEqual(expected)
      expect(operating.stored).toEqual([])
    }),
    seeded(),
  )
})
