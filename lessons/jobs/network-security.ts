/**
 * Network security monitoring: flows of blocked addresses are sorted out, by a blocklist that changes meanwhile and that
 * every subtask knows (broadcast state). The rest is counted per source address in sliding windows: many ports are a
 * scan, many flows a burst.
 */
import {
  defineJob,
  jsonOf,
  kafkaSink,
  mapState,
  outputTag,
  slidingEventTimeWindows,
} from 'weirstream'
import type {
  AggregateFunction,
  KeyedBroadcastProcessFunction,
  ProcessWindowContext,
  ReadOnlyBroadcastStates,
} from 'weirstream'
import { readEvents } from './shared/events.ts'
import type { TimedEvent } from './shared/events.ts'

const WINDOW_MS = 30_000
const SLIDE_MS = 10_000
const SCAN_PORTS = 20
const BURST_FLOWS = 100

interface Flow extends TimedEvent {
  readonly source: string
  readonly destination: string
  readonly port: number
}

interface BlocklistUpdate extends TimedEvent {
  readonly address: string
  readonly isBlocked: boolean
}

interface Activity {
  readonly flows: number
  readonly ports: readonly number[]
}

interface NetworkAlert {
  readonly source: string
  readonly kind: 'port-scan' | 'burst'
  readonly start: number
  readonly end: number
  /** Ports or flows. */
  readonly count: number
}

/** What the list said about an address, and from when on. */
const blocklist = mapState<string, readonly BlocklistUpdate[]>('blocklist')
const waiting = mapState<number, readonly Flow[]>('waiting')
const blocked = outputTag<Flow>('blocked')

/**
 * Flows and list come by different ways. A flow therefore waits until the watermark of both has reached it: then the
 * list is known as it was at that time, whatever came first.
 */
const sortOut: KeyedBroadcastProcessFunction<Flow, BlocklistUpdate, string, Flow> = {
  processElement(flow, context) {
    const flows = context.state(waiting)
    flows.put(flow.time, [...(flows.get(flow.time) ?? []), flow])
    context.timers.registerEventTime(flow.time)
  },
  processBroadcastElement(update, context) {
    const list = context.broadcastState(blocklist)
    const former = list.get(update.address) ?? []
    list.put(update.address, [...former, update])
  },
  onTimer(time, context) {
    const flows = context.state(waiting)
    for (const flow of flows.get(time) ?? []) {
      if (isBlocked(flow, context)) context.output(blocked, flow)
      else context.collect(flow)
    }
    flows.remove(time)
  },
}

const activityOf: AggregateFunction<Flow, Activity, Activity> = {
  createAccumulator: () => ({ flows: 0, ports: [] }),
  add: ({ port }, { flows, ports }) => ({
    flows: flows + 1,
    ports: ports.includes(port) ? ports : [...ports, port],
  }),
  getResult: (activity) => activity,
}

export default defineJob('Network Security', { checkpointing: { intervalMs: 1000 } }, (env) => {
  const groupId = 'network-security'
  const outOfOrdernessMs = 2000
  const flows = readEvents<Flow>(env, { topic: 'flows', groupId, outOfOrdernessMs })
  const updates = readEvents<BlocklistUpdate>(env, {
    topic: 'blocklist',
    groupId,
    outOfOrdernessMs,
  })

  const allowed = flows
    .keyBy(({ source }) => source)
    .connect(updates.broadcast(blocklist))
    .process(sortOut, { uid: 'blocklist-filter', name: 'blocklist-filter' })

  allowed
    .sideOutput(blocked)
    .sinkTo(
      kafkaSink({ topic: 'blocked-flows', value: jsonOf<Flow>(), delivery: 'exactly-once' }),
      {
        uid: 'blocked-sink',
        name: 'blocked-sink',
      },
    )

  allowed
    .keyBy(({ source }) => source)
    .window(slidingEventTimeWindows({ sizeMs: WINDOW_MS, slideMs: SLIDE_MS }))
    .aggregate(activityOf, toAlerts, { uid: 'activity', name: 'activity' })
    .sinkTo(
      kafkaSink({
        topic: 'network-alerts',
        value: jsonOf<NetworkAlert>(),
        delivery: 'exactly-once',
      }),
      { uid: 'alerts-sink', name: 'alerts-sink' },
    )
})

/** By the newest update up to the flow's time. */
function isBlocked({ source, time }: Flow, context: ReadOnlyBroadcastStates): boolean {
  const updates = context.broadcastState(blocklist).get(source) ?? []
  const known = updates.filter((update) => update.time <= time).toSorted((a, b) => a.time - b.time)
  return known.at(-1)?.isBlocked ?? false
}

function toAlerts(
  { flows, ports }: Activity,
  context: ProcessWindowContext<string, NetworkAlert>,
): void {
  const { start, end } = context.window
  const source = context.key
  if (ports.length >= SCAN_PORTS) {
    context.collect({ source, kind: 'port-scan', start, end, count: ports.length })
  }
  if (flows >= BURST_FLOWS) context.collect({ source, kind: 'burst', start, end, count: flows })
}
