/** Network security: blocked flows, scans and bursts, against every window of every address, counted one by one. */
import { expect, test } from 'vitest'
import { flowRecords } from '../../../sim/workload/flow-records.ts'
import { byTime, expectSame, groupBy, testUnderPlans } from './running.ts'

const WINDOW_MS = 30_000
const SLIDE_MS = 10_000

interface Flow {
  readonly source: string
  readonly destination: string
  readonly port: number
  readonly time: number
}

interface Update {
  readonly address: string
  readonly isBlocked: boolean
  readonly time: number
}

interface Alert {
  readonly source: string
  readonly kind: string
  readonly start: number
  readonly end: number
  readonly count: number
}

function isBlocked({ source, time }: Flow, updates: readonly Update[]): boolean {
  const known = updates.filter((update) => update.address === source && update.time <= time)
  return byTime(known).at(-1)?.isBlocked ?? false
}

function alertsOf(flows: readonly Flow[]): Alert[] {
  const alerts: Alert[] = []
  const last = Math.max(...flows.map(({ time }) => time))
  for (const [source, own] of groupBy(flows, (flow) => flow.source)) {
    for (let start = 0; start <= last; start += SLIDE_MS) {
      const end = start + WINDOW_MS
      const inside = own.filter(({ time }) => time >= start && time < end)
      const ports = new Set(inside.map(({ port }) => port)).size
      if (ports >= 20) alerts.push({ source, kind: 'port-scan', start, end, count: ports })
      if (inside.length >= 100) {
        alerts.push({ source, kind: 'burst', start, end, count: inside.length })
      }
    }
  }
  return alerts
}

testUnderPlans('network-security', ({ fed, committed }) => {
  const flows = fed<Flow>('flows')
  const updates = fed<Update>('blocklist')
  const allowed = flows.filter((flow) => !isBlocked(flow, updates))
  expectSame(
    committed('blocked-flows'),
    flows.filter((flow) => isBlocked(flow, updates)),
  )
  expectSame(committed('network-alerts'), alertsOf(allowed))
})

test('the generated flows hold what the job is to find, and what it is not to take for it', () => {
  const records = flowRecords({}, 11)
  const read = <T>(topic: string): T[] =>
    records.flatMap((record) =>
      record.topic === topic && record.key !== null ? [JSON.parse(record.value)] : [],
    )
  const flows = read<Flow>('flows')
  const updates = read<Update>('blocklist')
  const stopped = flows.filter((flow) => isBlocked(flow, updates))
  const alerts = alertsOf(flows.filter((flow) => !isBlocked(flow, updates)))
  const sources = (kind: string): string[] => [
    ...new Set(alerts.filter((alert) => alert.kind === kind).map(({ source }) => source)),
  ]
  expect(sources('port-scan').toSorted()).toEqual(['just-a-scan', 'scan-across-windows', 'scanner'])
  expect(sources('burst').toSorted()).toEqual(['burst', 'just-a-burst'])
  // Without the list it would have been one more scan.
  expect(alertsOf(flows).some(({ source }) => source === 'blocked-scanner')).toBe(true)
  const counts = groupBy(stopped, ({ source }) => source)
  expect(counts.get('blocked-for-a-while')).toHaveLength(5)
  expect(counts.get('blocked-for-ever')).toHaveLength(8)
  expect(counts.get('blocked-scanner')).toHaveLength(25)
  expect(stopped.filter(({ source }) => source.startsWith('10.')).length).toBeGreaterThan(10)
})
