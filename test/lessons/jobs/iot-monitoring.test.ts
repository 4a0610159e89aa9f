/** IoT: ranges, late readings and alerts, against each device's readings in order. */
import { expect, test } from 'vitest'
import { sensorReadings } from '../../../sim/workload/sensor-readings.ts'
import type { JobRun } from './running.ts'
import { byTime, expectSame, groupBy, testUnderPlans } from './running.ts'

const WINDOW_MS = 10_000
const SILENT_MS = 30_000
const HOT_MS = 20_000

interface Reading {
  readonly device: string
  readonly temperature: number
  readonly time: number
}

interface Range {
  readonly device: string
  readonly start: number
  readonly least: number
  readonly most: number
}

interface Alert {
  readonly device: string
  readonly kind: string
  readonly since: number
}

const isStraggler = ({ time }: Reading, at: number): boolean => time === at

/** Stragglers are the ones that arrive more than a minute after something later of the same device. */
function findStragglers(readings: readonly Reading[]): Reading[] {
  const latest = new Map<string, number>()
  return readings.filter(({ device, time }) => {
    const most = Math.max(latest.get(device) ?? 0, time)
    latest.set(device, most)
    return time < most - 60_000
  })
}

function rangesOf(readings: readonly Reading[]): Range[] {
  const windows = groupBy(readings, ({ device, time }) => `${device} ${time - (time % WINDOW_MS)}`)
  return [...windows].map(([name, own]) => {
    const [device = '', start] = name.split(' ')
    const temperatures = own.map(({ temperature }) => temperature)
    const least = Math.min(...temperatures)
    return { device, start: Number(start), least, most: Math.max(...temperatures) }
  })
}

/** `until`: event time at the end of the input. */
function alertsOf(readings: readonly Reading[], until: number): Alert[] {
  return [...groupBy(readings, ({ device }) => device)].flatMap(([device, own]) => {
    const ordered = byTime(own)
    const alerts: Alert[] = []
    ordered.forEach(({ time }, i) => {
      const next = ordered[i + 1]?.time ?? Infinity
      if (next - time > SILENT_MS && time + SILENT_MS <= until) {
        alerts.push({ device, kind: 'silent', since: time })
      }
    })
    let since: number | null = null
    for (const { time, temperature } of [...ordered, { time: until, temperature: 0 }]) {
      if (temperature > 800) since ??= time
      else {
        if (since !== null && time - since > HOT_MS) alerts.push({ device, kind: 'too-hot', since })
        since = null
      }
    }
    return alerts
  })
}

/** The last result of each window. */
function corrected(ranges: readonly Range[]): Range[] {
  return [...new Map(ranges.map((range) => [`${range.device} ${range.start}`, range])).values()]
}

function check({ fed, committed, hasFaults }: JobRun): void {
  const readings = fed<Reading>('sensor-readings')
  const stragglers = findStragglers(readings)
  const others = readings.filter((reading) => !stragglers.includes(reading))
  const ranges = corrected(committed<Range>('device-ranges'))
  const late = committed<Reading>('late-readings')
  // A straggler has its window for itself: too late for it, or, if event time began anew, all of its result.
  const lost = stragglers.filter((reading) => !late.some(({ time }) => isStraggler(reading, time)))
  if (!hasFaults) expect(lost).toEqual([])
  expectSame(
    late,
    stragglers.filter((reading) => !lost.includes(reading)),
  )
  expectSame(ranges, rangesOf([...others, ...lost]))
  const until = Math.max(...readings.map(({ time }) => time)) + SILENT_MS / 2
  expectSame(committed<Alert>('device-alerts'), alertsOf(others, until))
}

testUnderPlans('iot-monitoring', check)

test('the generated readings hold what the job is to find, and what it is not to take for it', () => {
  const readings = sensorReadings({}, 11).flatMap(({ key, value }): Reading[] =>
    key === null ? [] : [JSON.parse(value)],
  )
  const stragglers = findStragglers(readings)
  expect(stragglers.map(({ device }) => device).toSorted()).toEqual([
    'straggler-1',
    'straggler-2',
    'straggler-3',
  ])
  const others = readings.filter((reading) => !stragglers.includes(reading))
  const until = Math.max(...readings.map(({ time }) => time)) + SILENT_MS / 2
  const devices = (kind: string): string[] =>
    alertsOf(others, until)
      .filter((alert) => alert.kind === kind)
      .map(({ device }) => device)
      .toSorted()
  expect(devices('silent')).toEqual(['dies', 'just-too-silent', 'silent-for-long'])
  expect(devices('too-hot')).toEqual(['cools-just-too-late', 'hot-twice', 'repeats', 'too-hot'])
  // No alert hangs on a reading that may or may not come too late.
  expect(alertsOf(readings, until)).toEqual(alertsOf(others, until))
  const windows = rangesOf(others).map(({ device, start }) => `${device} ${start}`)
  for (const { device, time } of stragglers) {
    expect(windows).not.toContain(`${device} ${time - (time % WINDOW_MS)}`)
  }
})
