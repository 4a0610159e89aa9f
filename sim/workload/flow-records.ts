/**
 * Flows through a network, and a blocklist that changes meanwhile. Planted: a port scan, one that is too slow to be one,
 * one port too few, one across the border of two windows; bursts and one flow too few; addresses that are blocked, to
 * the millisecond, and allowed again, one of them in the middle of a scan.
 */
import { Randomness } from '../world/randomness.ts'
import { EventWorkload, FIRST_EVENT_MS } from './event-workload.ts'
import type { WorkloadRecord } from './event-workload.ts'
import { parametersOf } from './parameters.ts'
import type { Parameters } from './parameters.ts'

export const FLOW_TOPICS = ['flows', 'blocklist'] as const

const DEFAULTS = { records: 1500, sources: 40 } as const
const SECOND_MS = 1000
const DURATION_MS = 600 * SECOND_MS
/** A scan is so many ports of a source in a window, a burst so many flows. */
const PORTS_MIN = 20
const FLOWS_MIN = 100
/** Windows of 30 s begin every 10 s. */
const SLIDE_MS = 10 * SECOND_MS
const USUAL_PORTS = [443, 443, 443, 80, 53, 22, 25]
const SERVER = '10.1.0.1'

interface Flow {
  readonly source: string
  readonly destination: string
  readonly port: number
  readonly time: number
}

interface BlocklistUpdate {
  readonly address: string
  readonly isBlocked: boolean
  readonly time: number
}

/** Parameters: `records` (flows, without those that are planted), `sources`. */
export function flowRecords(params: Parameters, seed: number): WorkloadRecord[] {
  const { records, sources } = parametersOf('flow-records', DEFAULTS, params)
  const random = new Randomness(seed)
  const workload = new EventWorkload(random, {
    topics: FLOW_TOPICS,
    outOfOrdernessMs: 2 * SECOND_MS,
    heartbeatMs: 10 * SECOND_MS,
    lingerMs: 60 * SECOND_MS,
  })
  const flows = [
    ...usualFlows(records, Math.max(1, sources), random),
    ...plantedScans(),
    ...plantedBursts(),
    ...plantedBlocked(),
  ]
  for (const flow of flows) workload.add('flows', flow.source, flow)
  for (const update of blocklistUpdates(random)) workload.add('blocklist', update.address, update)
  return workload.finish()
}

function usualFlows(records: number, sources: number, random: Randomness): Flow[] {
  return Array.from({ length: records }, () => ({
    source: `10.0.0.${random.draw('source', sources) + 1}`,
    destination: `10.1.0.${random.draw('destination', 20) + 1}`,
    port: USUAL_PORTS[random.draw('port', USUAL_PORTS.length)] ?? 443,
    time: FIRST_EVENT_MS + random.draw('time', DURATION_MS),
  }))
}

/** One flow to each of so many ports, from a time on. */
function scan(source: string, ports: number, from: number, everyMs: number): Flow[] {
  return Array.from({ length: ports }, (_, i) => ({
    source,
    destination: SERVER,
    port: 1000 + i,
    time: from + i * everyMs,
  }))
}

/** So many flows to one port. */
function burst(source: string, flows: number, from: number, everyMs: number): Flow[] {
  return scan(source, flows, from, everyMs).map((flow) => ({ ...flow, port: 443 }))
}

function plantedScans(): Flow[] {
  const begin = FIRST_EVENT_MS + 100 * SECOND_MS
  return [
    ...scan('scanner', 40, begin, 500),
    ...scan('slow-scanner', 60, begin, 3 * SECOND_MS),
    ...scan('just-a-scan', PORTS_MIN, begin, 400),
    ...scan('one-port-too-few', PORTS_MIN - 1, begin, 400),
    // Ten ports in the last second before a window begins and ten in its first.
    ...scan('scan-across-windows', PORTS_MIN, begin + SLIDE_MS - 1000, 100),
    // As many flows as a scan, to half of its ports.
    ...scan('every-port-twice', PORTS_MIN / 2, begin, 400),
    ...scan('every-port-twice', PORTS_MIN / 2, begin + 200, 400),
  ]
}

function plantedBursts(): Flow[] {
  const begin = FIRST_EVENT_MS + 200 * SECOND_MS
  return [
    ...burst('burst', 150, begin + 1234, 30),
    ...burst('just-a-burst', FLOWS_MIN, begin, 50),
    ...burst('one-flow-too-few', FLOWS_MIN - 1, begin, 50),
    // Twice as many flows as a burst has, spread over twice as long as a window.
    ...burst('steady', FLOWS_MIN * 2 - 10, begin, 330),
  ]
}

const BLOCKED_AT = FIRST_EVENT_MS + 300 * SECOND_MS
const ALLOWED_AT = FIRST_EVENT_MS + 400 * SECOND_MS

function plantedBlocked(): Flow[] {
  const times = [-1000, -1, 0, 1, 1000, 50_000, 99_999, 100_000, 100_001, 130_000]
  const flows = times.map((afterMs) => ({
    source: 'blocked-for-a-while',
    destination: SERVER,
    port: 22,
    time: BLOCKED_AT + afterMs,
  }))
  return [
    ...flows,
    ...flows.map((flow) => ({ ...flow, source: 'blocked-for-ever' })),
    // After 15 of its ports it is blocked.
    ...scan('blocked-scanner', 40, BLOCKED_AT - 15 * 400, 400),
  ]
}

function blocklistUpdates(random: Randomness): BlocklistUpdate[] {
  const usual = Array.from({ length: 20 }, (_, i) => ({
    address: `10.0.0.${i * 3 + 1}`,
    isBlocked: true,
    time: FIRST_EVENT_MS + 450 * SECOND_MS + random.draw('block', 140 * SECOND_MS),
  }))
  return [
    ...usual,
    { address: 'blocked-for-a-while', isBlocked: true, time: BLOCKED_AT },
    { address: 'blocked-for-a-while', isBlocked: false, time: ALLOWED_AT },
    { address: 'blocked-for-ever', isBlocked: true, time: BLOCKED_AT },
    { address: 'blocked-scanner', isBlocked: true, time: BLOCKED_AT },
  ]
}
