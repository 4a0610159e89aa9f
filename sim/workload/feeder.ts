/**
 * Feeds the lines of a workload into the job's input topics, evenly over the input's duration, in ticks. It stands for
 * whoever produced the topic: it writes without network, faults or transactions.
 */
import type { RecordData } from '../../engine/kafka/protocol.ts'
import { partitionForKey } from '../../engine/kafka/murmur2.ts'
import { text } from '../../engine/serializer.ts'
import type { TraceTopology } from '../../engine/trace.ts'
import type { SimulatedCluster } from '../kafka/simulated-cluster.ts'
import { PLAN_DEFAULTS } from '../plan/plan.ts'
import type { PlanConfig } from '../plan/plan.ts'
import type { World } from '../world/world.ts'

const TICK_MS = 20
/** The job gets so long to start before the first record. */
const START_MS = 20

export class Feeder {
  readonly #world: World
  readonly #cluster: SimulatedCluster
  readonly #topology: TraceTopology
  readonly #lines: readonly string[]
  readonly #ticks: number
  readonly #isByKey: boolean
  #tick = 0
  #fed = 0

  constructor(
    world: World,
    cluster: SimulatedCluster,
    config: PlanConfig,
    topology: TraceTopology,
    lines: readonly string[],
  ) {
    this.#world = world
    this.#cluster = cluster
    this.#topology = topology
    this.#lines = lines
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
  }

  #feed(): void {
    this.#tick += 1
    const until = Math.floor((this.#lines.length * this.#tick) / this.#ticks)
    const batches = new Map<string, { topic: string; partition: number; records: RecordData[] }>()
    for (; this.#fed < until; this.#fed++) this.#place(this.#lines[this.#fed] ?? '', batches)
    for (const { topic, partition, records } of batches.values()) {
      this.#cluster.append(topic, partition, records)
    }
    if (this.isFinished) {
      this.#world.record({ type: 'input-finished' })
      return
    }
    this.#world.after(TICK_MS, 'feed', 'feeder', () => {
      this.#feed()
    })
  }

  #place(
    line: string,
    batches: Map<string, { topic: string; partition: number; records: RecordData[] }>,
  ): void {
    const value = text.encode(line)
    const comma = line.indexOf(',')
    const key = this.#isByKey && comma > 0 ? text.encode(line.slice(0, comma)) : null
    for (const { topic, partitions } of this.#topology.inputs) {
      const partition = key === null ? this.#fed % partitions : partitionForKey(key, partitions)
      const name = `${topic}/${partition}`
      let batch = batches.get(name)
      if (batch === undefined) {
        batch = { topic, partition, records: [] }
        batches.set(name, batch)
      }
      batch.records.push({ key, value, timestamp: Math.floor(this.#world.now()), headers: [] })
    }
  }
}
