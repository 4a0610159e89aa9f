/**
 * Temperatures of devices, a reading every few seconds. Some readings are lost, some come late, but within the lateness
 * that a window allows. Planted: devices that fall silent, that get too hot, that do neither by a millisecond, one that
 * sends everything twice, and readings that come minutes late, from times of which nothing else is known.
 */
import { Randomness } from '../world/randomness.ts'
import { EventWorkload, FIRST_EVENT_MS } from './event-workload.ts'
import type { WorkloadRecord } from './event-workload.ts'
import { parametersOf } from './parameters.ts'
import type { Parameters } from './parameters.ts'

export const SENSOR_TOPICS = ['sensor-readings'] as const

const DEFAULTS = { records: 1400, devices: 20 } as const
const SECOND_MS = 1000
/** Silence that is an alert. */
const SILENT_MS = 30 * SECOND_MS
/** Temperatures are in tenths of a degree; more than this for so long is an alert. */
const LIMIT = 800
const HOT_MS = 20 * SECOND_MS
const OUT_OF_ORDER_MS = 2 * SECOND_MS
/** Late, but not too late for a window with an allowed lateness of 30 s. */
const LATE_MS = 20 * SECOND_MS
const STRAGGLING_MS = 120 * SECOND_MS

interface Reading {
  readonly device: string
  readonly temperature: number
  readonly time: number
}

/** Parameters: `records` (without those that are planted), `devices`. */
export function sensorReadings(params: Parameters, seed: number): WorkloadRecord[] {
  const { records, devices } = parametersOf('sensor-readings', DEFAULTS, params)
  const random = new Randomness(seed)
  const workload = new EventWorkload(random, {
    topics: SENSOR_TOPICS,
    outOfOrdernessMs: OUT_OF_ORDER_MS,
    heartbeatMs: 5 * SECOND_MS,
    lingerMs: SILENT_MS / 2,
  })
  const send = (reading: Reading, delayMs?: number): void => {
    workload.add('sensor-readings', reading.device, reading, delayMs)
  }
  const durationMs = addUsual(send, records, Math.max(1, devices), random)
  for (const reading of [...silentDevices(durationMs), ...hotDevices(durationMs)]) send(reading)
  for (const reading of repeated(durationMs)) {
    send(reading)
    send(reading)
  }
  addStragglers(send, durationMs)
  return workload.finish()
}

type Send = (reading: Reading, delayMs?: number) => void

/** Until the duration ends; every device reads on until then, so that none is silent. */
function addUsual(send: Send, records: number, devices: number, random: Randomness): number {
  const rounds = Math.max(70, Math.floor(records / devices))
  for (let number = 1; number <= devices; number++) {
    const begin = FIRST_EVENT_MS + random.draw('begin', 5 * SECOND_MS)
    for (let round = 0; round < rounds; round++) {
      const time = begin + round * 5 * SECOND_MS + random.draw('interval', SECOND_MS)
      const temperature = 200 + random.draw('temperature', 100)
      // Neither two in a row nor the last ones are lost or late: no silence depends on it.
      const isSafe = round % 2 === 0 || round > rounds - 6
      const isLost = !isSafe && random.draw('lost', 100) < 3
      const isLate = !isSafe && random.draw('late', 100) < 6
      const late = isLate ? 3 * SECOND_MS + random.draw('by', LATE_MS - 3 * SECOND_MS) : undefined
      if (!isLost) send({ device: `device-${number}`, temperature, time }, late)
    }
  }
  return rounds * 5 * SECOND_MS
}

/** A reading every 5 s in [from, until). */
function steady(device: string, from: number, until: number, temperature = 220): Reading[] {
  const readings: Reading[] = []
  for (let after = from; after < until; after += 5 * SECOND_MS) {
    readings.push({ device, temperature, time: FIRST_EVENT_MS + after })
  }
  return readings
}

function silentDevices(durationMs: number): Reading[] {
  const last = 100 * SECOND_MS
  const pauses = (device: string, pauseMs: number): Reading[] => [
    ...steady(device, 0, last + 1),
    ...steady(device, last + pauseMs, durationMs),
  ]
  return [
    ...steady('dies', 0, last + 1),
    ...pauses('just-in-time', SILENT_MS),
    ...pauses('just-too-silent', SILENT_MS + 1),
    ...pauses('silent-for-long', 3 * SILENT_MS),
  ]
}

function hotDevices(durationMs: number): Reading[] {
  const from = 150 * SECOND_MS
  /** From 150 s on it has these temperatures, each at so many ms after; later it is cool again. */
  const heats = (device: string, ...steps: (readonly [afterMs: number, temperature: number])[]) => [
    ...steady(device, 0, from),
    ...steps.map(([after, temperature]) => ({
      device,
      temperature,
      time: FIRST_EVENT_MS + from + after,
    })),
    ...steady(device, from + 40 * SECOND_MS, durationMs),
  ]
  const [hot, hotter, cool] = [LIMIT + 1, 950, 300]
  return [
    ...heats(
      'too-hot',
      [0, hot],
      [5000, hotter],
      [10_000, hotter],
      [15_000, hotter],
      [25_000, hot],
    ),
    ...heats('cools-just-in-time', [0, hot], [10_000, hot], [HOT_MS, cool], [25_000, hot]),
    ...heats('cools-just-too-late', [0, hot], [10_000, hot], [HOT_MS + 1, cool]),
    ...heats('flickers', [0, hot], [9000, hot], [10_000, cool], [11_000, hot], [30_000, LIMIT]),
    ...heats('at-the-limit', [0, LIMIT], [10_000, LIMIT], [HOT_MS + 5000, LIMIT]),
    ...heats('hot-twice', [0, hot], [15_000, cool], [16_000, hot], [HOT_MS + 16_001, cool]),
  ]
}

/** A device whose every reading is sent twice, also when it gets too hot. */
function repeated(durationMs: number): Reading[] {
  return [
    ...steady('repeats', 0, 150 * SECOND_MS),
    ...steady('repeats', 150 * SECOND_MS, 180 * SECOND_MS, 900),
    ...steady('repeats', 180 * SECOND_MS, durationMs),
  ]
}

/** A pause that is too short to be silence, and a reading from the middle of it that comes much later. */
function addStragglers(send: Send, durationMs: number): void {
  for (const [number, pauseAt] of [100, 110, 120].entries()) {
    const device = `straggler-${number + 1}`
    const from = pauseAt * SECOND_MS
    for (const reading of [
      ...steady(device, 0, from + 1),
      ...steady(device, from + 25 * SECOND_MS, durationMs),
    ]) {
      send(reading)
    }
    // Alone in its window of 10 s.
    send({ device, temperature: 230, time: FIRST_EVENT_MS + from + 14_000 }, STRAGGLING_MS)
  }
}
