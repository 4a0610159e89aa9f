/** Workloads with event time: how far out of order, heartbeats, and the events that are planted in the generated ones. */
import { describe, expect, test } from 'vitest'
import { bidStream } from '../../../sim/workload/bid-stream.ts'
import { cardTransactions } from '../../../sim/workload/card-transactions.ts'
import { EventWorkload, FIRST_EVENT_MS } from '../../../sim/workload/event-workload.ts'
import type { WorkloadRecord } from '../../../sim/workload/event-workload.ts'
import { flowRecords } from '../../../sim/workload/flow-records.ts'
import { orderEvents } from '../../../sim/workload/order-events.ts'
import { pageViews } from '../../../sim/workload/page-views.ts'
import { sensorReadings } from '../../../sim/workload/sensor-readings.ts'
import { Randomness } from '../../../sim/world/randomness.ts'

const MINUTE_MS = 60_000

/** With the out-of-orderness that its job allows and how many records are later than that, at most. */
const GENERATORS = [
  ['page-views', pageViews, 5000, 0],
  ['card-transactions', cardTransactions, 10_000, 0],
  ['flow-records', flowRecords, 2000, 0],
  ['sensor-readings', sensorReadings, 2000, 80],
  ['order-events', orderEvents, 20_000, 0],
  ['bid-stream', bidStream, 3000, 2],
] as const

/** Records that come later than the bound behind one of the same topic with a greater time. */
function countLate(records: readonly WorkloadRecord[], boundMs: number): number {
  const latest = new Map<string, number>()
  return records.filter(({ topic, timestamp }) => {
    const most = Math.max(latest.get(topic) ?? 0, timestamp)
    latest.set(topic, most)
    return timestamp < most - boundMs
  }).length
}

describe.each(GENERATORS)('%s', (_name, generate, boundMs, lateMost) => {
  const records = generate({}, 7)

  test('is the same for the same seed and another for another', () => {
    expect(generate({}, 7)).toEqual(records)
    expect(generate({}, 8)).not.toEqual(records)
  })

  test('is out of order, and late only where it is planted', () => {
    expect(countLate(records, Math.floor(boundMs / 4))).toBeGreaterThan(10)
    const late = countLate(records, boundMs)
    expect(late).toBeLessThanOrEqual(lateMost)
    expect(late > 0).toBe(lateMost > 0)
  })

  test('says in every record what its time is', () => {
    for (const { value, timestamp } of records) {
      expect(JSON.parse(value)).toMatchObject({ time: timestamp })
      expect(timestamp).toBeGreaterThanOrEqual(FIRST_EVENT_MS)
    }
  })

  test('ends with a heartbeat in every topic, behind everything else', () => {
    const topics = new Set(records.map(({ topic }) => topic))
    const last = records.slice(-topics.size)
    expect(new Set(last.map(({ topic }) => topic))).toEqual(topics)
    expect(last.every(({ key }) => key === null)).toBe(true)
    const events = records.filter(({ key }) => key !== null)
    const most = Math.max(...events.map(({ timestamp }) => timestamp))
    for (const { timestamp } of last) expect(timestamp).toBeGreaterThan(most + boundMs)
  })

  test('refuses a parameter that it does not have', () => {
    expect(() => generate({ speed: 1 }, 1)).toThrow(`The generator "${_name}" has no parameter`)
  })
})

describe('a workload of events', () => {
  const options = { topics: ['a', 'b'], outOfOrdernessMs: 0, heartbeatMs: MINUTE_MS, lingerMs: 5 }
  const show = ({ topic, key, timestamp }: WorkloadRecord): string =>
    `${topic}:${key ?? 'beat'}@${timestamp - FIRST_EVENT_MS}`

  test('comes in the order of arrival, whatever the order of adding', () => {
    const workload = new EventWorkload(new Randomness(1), options)
    workload.add('a', 'x', { time: FIRST_EVENT_MS + 9 })
    workload.add('b', 'y', { time: FIRST_EVENT_MS + 2 })
    workload.add('a', 'late', { time: FIRST_EVENT_MS + 1 }, 20)
    expect(workload.finish().map(show)).toEqual(
      'a:beat@0 b:beat@0 b:y@2 a:x@9 a:late@1 a:beat@26 b:beat@26'.split(' '),
    )
  })

  test('has heartbeats as long as something arrives', () => {
    const workload = new EventWorkload(new Randomness(1), { ...options, topics: ['a'] })
    workload.add('a', 'x', { time: FIRST_EVENT_MS + 2 * MINUTE_MS + 1 })
    expect(workload.finish().map(show)).toEqual(
      'a:beat@0 a:beat@60000 a:beat@120000 a:x@120001 a:beat@120006'.split(' '),
    )
  })
})
