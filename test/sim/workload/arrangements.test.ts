/** Inputs at other times than planned. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { forBoundedOutOfOrderness, kafkaSource, text } from '../../../engine/index.ts'
import { StreamEnvironment } from '../../../engine/job/stream-environment.ts'
import type { StreamGraph } from '../../../engine/job/stream-graph.ts'
import { arrangementsFor, hasStragglers } from '../../../sim/workload/arrangements.ts'
import type { Feed } from '../../../sim/workload/feeder.ts'
import { Randomness } from '../../../sim/world/randomness.ts'
import { seeded } from '../../seeded.ts'

const SETTLE_MS = 700

function graphOf(
  options: { readonly idlenessMs?: number; readonly isLater?: boolean } = {},
): StreamGraph {
  const { isLater = false, ...strategy } = options
  const env = new StreamEnvironment()
  const source = kafkaSource({ topics: ['in'], groupId: 'g', value: text })
  const watermarks = forBoundedOutOfOrderness<unknown>(10, strategy)
  if (isLater) env.fromSource(source).assignTimestampsAndWatermarks(watermarks)
  else env.fromSource(source, { watermarks })
  return env.graph()
}

/** Records as `partition@time`. */
function feed(records: string): Feed {
  return {
    afterMs: 20,
    records: records.split(' ').map((record) => {
      const [partition = 0, timestamp = 0] = record.split('@').map(Number)
      const data = { key: null, value: text.encode(''), timestamp, headers: [] }
      return { topic: 'in', partition, record: data }
    }),
  }
}

function shown(feeds: readonly Feed[]): string[] {
  return feeds.map(({ afterMs, records }) => {
    const times = records.map(({ partition, record }) => `${partition}@${record.timestamp}`)
    return `${afterMs}: ${times.join(' ')}`
  })
}

const planned = [feed('0@100 1@300 0@50'), feed('1@310 0@110')]

test('forwards each partition comes as a whole, backwards the last one first and what can be late at the end', () => {
  const { forwards, backwards, idling } = arrangementsFor(graphOf(), SETTLE_MS)
  expect(shown(forwards(planned))).toEqual(['60: 0@100 0@50 0@110', '60: 1@300 1@310'])
  expect(shown(backwards(planned))).toEqual(['60: 1@300 1@310', '60: 0@100 0@110', '700: 0@50'])
  expect(idling).toEqual([])
  expect(hasStragglers(graphOf(), planned)).toBe(true)
  expect(hasStragglers(graphOf(), [feed('0@100 1@1')])).toBe(false)
})

test('where an operator assigns watermarks, they pass between the partitions', () => {
  const { backwards } = arrangementsFor(graphOf({ isLater: true }), SETTLE_MS)
  expect(shown(backwards(planned))).toEqual(['700: 1@300 1@310', '700: 0@100 0@50 0@110'])
})

test('with idleness every partition once comes after the others stopped waiting for it', () => {
  const { idling } = arrangementsFor(graphOf({ idlenessMs: 400 }), SETTLE_MS)
  expect(idling.map((arrange) => shown(arrange(planned))[0])).toEqual([
    '1100: 0@100 0@110',
    '1100: 1@300 1@310',
  ])
})

test('in any order all records come, each partition in its own order but for what is late', () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ partition: fc.nat({ max: 3 }), gap: fc.nat({ max: 9 }) }), {
        minLength: 1,
        maxLength: 200,
        size: 'max',
      }),
      fc.nat(),
      (drawn, seed) => {
        let time = 0
        const input = [
          feed(drawn.map(({ partition, gap }) => `${partition}@${(time += gap)}`).join(' ')),
        ]
        const arrange = arrangementsFor(graphOf(), SETTLE_MS).anyOrder(new Randomness(seed))
        const records = arrange(input).flatMap((one) => one.records)
        for (const partition of [0, 1, 2, 3]) {
          const isOwn = (placed: (typeof records)[number]): boolean =>
            placed.partition === partition
          expect(records.filter(isOwn)).toEqual(input[0]?.records.filter(isOwn))
        }
      },
    ),
    seeded(100),
  )
})
