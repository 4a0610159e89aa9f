/**
 * Feeds a workload into the job's input topics, evenly over the input's duration, in ticks: lines into all of them,
 * records into theirs. It stands for whoever produced the topics: it writes without network, faults or transactions.
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

interface Batch {
  readonly topic: string
  readonly partition: number
  readonly records: RecordData[]
}

export class Feeder {
  readonly #world: World
  readonly #cluster: SimulatedCluster
  readonly #topology: TraceTopology
  readonly #items: readonly WorkloadItem[]
  readonly #ticks: number
  readonly #isByKey: boolean
  /** Records so far by topic, without heartbeats: they take the partitions in turn. */
  readonly #placed = new Map<string, number>()
  #tick = 0
  #fed = 0

  constructor(
    world: World,
    cluster: SimulatedCluster,
    config: PlanConfig,
    topology: TraceTopology,
    items: readonly WorkloadItem[],
  ) {
    this.#world = world
    this.#cluster = cluster
    this.#topology = topology
    this.#items = items
    checkTopics(topology, items)
    const durationMs = config.inputDurationMs ?? PLAN_DEFAULTS.inputDurationMs
    this.#ticks = Math.max(1, Math.floor(durationMs / TICK_MS))
    this.#isByKey = (config.inputPartitioning ?? PLAN_DEFAULTS.inputPartitioning) === 'by-key'
  }

  get isFinished(): boolean {
    return this.#tick >= this.#ticks
  }

  start(): void {
    this.#world.after(START_MS, 'feed', 'feeder', () => {
      this.#feed()
    })
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
    this.#world.after(TICK_MS, 'feed', 'feeder', () => {
      this.#append(beats.values())
    })
  }

  #feed(): void {
    this.#tick += 1
    const until = Math.floor((this.#items.length * this.#tick) / this.#ticks)
    this.#append(this.#items.slice(this.#fed, until))
    if (this.isFinished) {
      this.#world.record({ type: 'input-finished' })
      return
    }
    this.#world.after(TICK_MS, 'feed', 'feeder', () => {
      this.#feed()
    })
  }

  #append(items: Iterable<WorkloadItem>): void {
    const batches = new Map<string, Batch>()
    for (const item of items) {
      if (typeof item === 'string') this.#placeLine(item, batches)
      else this.#placeRecord(item, batches)
      this.#fed += 1
    }
    for (const { topic, partition, records } of batches.values()) {
      this.#cluster.append(topic, partition, records)
    }
  }

  #placeLine(line: string, batches: Map<string, Batch>): void {
    const value = text.encode(line)
    const comma = line.indexOf(',')
    const key = this.#isByKey && comma > 0 ? text.encode(line.slice(0, comma)) : null
    const timestamp = Math.floor(this.#world.now())
    for (const { topic, partitions } of this.#topology.inputs) {
      const partition = key === null ? this.#fed % partitions : partitionForKey(key, partitions)
      batchOf(batches, topic, partition).records.push({ key, value, timestamp, headers: [] })
    }
  }

  #placeRecord({ topic, ...record }: WorkloadRecord, batches: Map<string, Batch>): void {
    const input = this.#topology.inputs.find((one) => one.topic === topic)
    if (input === undefined) return
    const { timestamp } = record
    const value = text.encode(record.value)
    if (record.key === null) {
      for (let partition = 0; partition < input.partitions; partition++) {
        batchOf(batches, topic, partition).records.push({
          key: null,
          value,
          timestamp,
          headers: [],
        })
      }
      return
    }
    const key = text.encode(record.key)
    const placed = this.#placed.get(topic) ?? 0
    this.#placed.set(topic, placed + 1)
    const { partitions } = input
    const partition = this.#isByKey ? partitionForKey(key, partitions) : placed % partitions
    batchOf(batches, topic, partition).records.push({ key, value, timestamp, headers: [] })
  }
}

function batchOf(batches: Map<string, Batch>, topic: string, partition: number): Batch {
  const name = `${topic}/${partition}`
  const found = batches.get(name)
  if (found !== undefined) return found
  const batch: Batch = { topic, partition, records: [] }
  batches.set(name, batch)
  return batch
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
