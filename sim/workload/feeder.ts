/**
 * Feeds a workload into the job's input topics: lines into all of them, records into theirs. As planned that happens
 * evenly over the input's duration, in ticks; an arrangement may feed the same records at other times. It stands for
 * whoever produced the topics: it writes without network, faults or transactions.
 */
import { ConfigurationError } from '../../engine/errors.ts'
import type { RecordData } from '../../engine/kafka/protocol.ts'
import { partitionForKey } from '../../engine/kafka/murmur2.ts'
import { text } from '../../engine/serializer.ts'
import type { TraceTopology } from '../../engine/trace.ts'
import type { SimulatedCluster } from '../kafka/simulated-cluster.ts'
import { PLAN_DEFAULTS } from '../plan/plan.ts'
import type { PlanConfig } from '../plan/plan.ts'
import type { World } from '../world/world.ts'
import type { WorkloadRecord } from './event-workload.ts'
import type { WorkloadItem } from './workload.ts'

const TICK_MS = 20
/** The job gets so long to start before the first record. */
const START_MS = 20

/** A record with its place. */
export interface PlacedRecord {
  readonly topic: string
  readonly partition: number
  readonly record: RecordData
}

/** Records that are fed together. */
export interface Feed {
  /** Time since the former feed, or since the beginning. */
  readonly afterMs: number
  readonly records: readonly PlacedRecord[]
}

/** Says when each of the records is fed; given is when it is as planned. */
export type Arrange = (planned: readonly Feed[]) => readonly Feed[]

export class Feeder {
  readonly #world: World
  readonly #cluster: SimulatedCluster
  readonly #topology: TraceTopology
  readonly #items: readonly WorkloadItem[]
  readonly #feeds: readonly Feed[]
  #next = 0

  constructor(
    world: World,
    cluster: SimulatedCluster,
    config: PlanConfig,
    topology: TraceTopology,
    items: readonly WorkloadItem[],
    arrange: Arrange = (planned) => planned,
  ) {
    this.#world = world
    this.#cluster = cluster
    this.#topology = topology
    this.#items = items
    checkTopics(topology, items)
    this.#feeds = arrange(plannedFeeds(items, topology, config))
  }

  get isFinished(): boolean {
    return this.#next >= this.#feeds.length
  }

  start(): void {
    this.#schedule()
    this.#world.listen((event) => {
      if (event.type === 'job-status-changed' && event.status === 'running') this.#beatAgain()
    })
  }

  /** Event time is not part of a checkpoint: after a restart it is for the next record to tell it again. */
  #beatAgain(): void {
    if (!this.isFinished) return
    const beats = new Map<string, WorkloadRecord>()
    for (const item of this.#items) {
      if (typeof item !== 'string' && item.key === null) beats.set(item.topic, item)
    }
    if (beats.size === 0) return
    const placing = new Placing(this.#topology, {})
    const records = [...beats.values()].flatMap((beat) => placing.place(beat, 0))
    this.#world.after(TICK_MS, 'feed', 'feeder', () => {
      this.#append(records)
    })
  }

  #schedule(): void {
    const feed = this.#feeds[this.#next]
    if (feed === undefined) {
      this.#world.record({ type: 'input-finished' })
      return
    }
    this.#world.after(feed.afterMs, 'feed', 'feeder', () => {
      this.#next += 1
      this.#append(feed.records)
      this.#schedule()
    })
  }

  #append(placed: readonly PlacedRecord[]): void {
    const batches = new Map<string, { readonly to: PlacedRecord; readonly records: RecordData[] }>()
    for (const to of placed) {
      const name = `${to.topic}/${to.partition}`
      const batch = batches.get(name)
      if (batch === undefined) batches.set(name, { to, records: [to.record] })
      else batch.records.push(to.record)
    }
    for (const { to, records } of batches.values()) {
      this.#cluster.append(to.topic, to.partition, records)
    }
  }
}

/** Evenly over the input's duration. */
function plannedFeeds(
  items: readonly WorkloadItem[],
  topology: TraceTopology,
  config: PlanConfig,
): Feed[] {
  const durationMs = config.inputDurationMs ?? PLAN_DEFAULTS.inputDurationMs
  const ticks = Math.max(1, Math.floor(durationMs / TICK_MS))
  const placing = new Placing(topology, config)
  let placed = 0
  return Array.from({ length: ticks }, (_, index) => {
    const until = Math.floor((items.length * (index + 1)) / ticks)
    const atMs = START_MS + index * TICK_MS
    const records = items.slice(placed, until).flatMap((item) => placing.place(item, atMs))
    placed = until
    return { afterMs: index === 0 ? START_MS : TICK_MS, records }
  })
}

/** Chooses partitions: by key, or in turn. */
class Placing {
  /** Each topic once, though several sources may read it. */
  readonly #topics: ReadonlyMap<string, number>
  readonly #isByKey: boolean
  #lines = 0
  /** Records so far by topic, without heartbeats. */
  readonly #placed = new Map<string, number>()

  constructor({ inputs }: TraceTopology, { inputPartitioning }: PlanConfig) {
    this.#topics = new Map(inputs.map(({ topic, partitions }) => [topic, partitions]))
    this.#isByKey = (inputPartitioning ?? PLAN_DEFAULTS.inputPartitioning) === 'by-key'
  }

  place(item: WorkloadItem, atMs: number): PlacedRecord[] {
    return typeof item === 'string' ? this.#placeLine(item, atMs) : this.#placeRecord(item)
  }

  #placeLine(line: string, timestamp: number): PlacedRecord[] {
    const value = text.encode(line)
    const comma = line.indexOf(',')
    const key = this.#isByKey && comma > 0 ? text.encode(line.slice(0, comma)) : null
    const number = this.#lines
    this.#lines += 1
    return Array.from(this.#topics, ([topic, partitions]) => ({
      topic,
      partition: key === null ? number % partitions : partitionForKey(key, partitions),
      record: { key, value, timestamp, headers: [] },
    }))
  }

  /** A heartbeat comes into every partition. */
  #placeRecord({ topic, key: name, value: line, timestamp }: WorkloadRecord): PlacedRecord[] {
    const partitions = this.#topics.get(topic)
    if (partitions === undefined) return []
    const value = text.encode(line)
    if (name === null) {
      const record = { key: null, value, timestamp, headers: [] }
      return Array.from({ length: partitions }, (_, partition) => ({ topic, partition, record }))
    }
    const key = text.encode(name)
    const placed = this.#placed.get(topic) ?? 0
    this.#placed.set(topic, placed + 1)
    const partition = this.#isByKey ? partitionForKey(key, partitions) : placed % partitions
    return [{ topic, partition, record: { key, value, timestamp, headers: [] } }]
  }
}

/** A workload for other topics would feed nothing, and the job would pass by doing nothing. */
function checkTopics({ job, inputs }: TraceTopology, items: readonly WorkloadItem[]): void {
  const fed = new Set(items.flatMap((item) => (typeof item === 'string' ? [] : [item.topic])))
  if (fed.size === 0 || inputs.some(({ topic }) => fed.has(topic))) return
  const read = inputs.map(({ topic }) => topic).join(', ')
  throw new ConfigurationError(
    'workload-misses-job',
    `The input is for the topics ${[...fed].join(', ')}, but the job "${job}" reads ${read}; choose the generator of those.`,
  )
}
