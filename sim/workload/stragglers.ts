/**
 * Which records of an input may come too late: those that a watermark could have overtaken within their own partition.
 * Whether they do depends on timing, and a restart, which forgets the watermark, can let them in.
 */
import type { StreamGraph } from '../../engine/job/stream-graph.ts'
import { createWatermarkGenerator } from '../../engine/time/watermark-generators.ts'
import type { WatermarkStrategy } from '../../engine/time/watermark-strategy.ts'
import { kafkaSourcesIn, readsTopic } from '../../engine/source/source-spec.ts'
import type { KafkaSourceSpec } from '../../engine/source/source-spec.ts'
import type { PlacedRecord } from './feeder.ts'

export function findStragglers(
  { nodes }: StreamGraph,
  records: readonly PlacedRecord[],
): ReadonlySet<PlacedRecord> {
  const stragglers = new Set<PlacedRecord>()
  for (const { work } of nodes) {
    if (work.type !== 'source' || work.watermarks === null) continue
    const sources = kafkaSourcesIn(work.source)
    const partitions = new Map<string, Lateness>()
    for (const placed of records) {
      const source = sources.find((one) => readsTopic(one, placed.topic))
      if (source === undefined) continue
      const name = `${placed.topic}/${placed.partition}`
      const lateness = partitions.get(name) ?? new Lateness(source, work.watermarks)
      partitions.set(name, lateness)
      if (lateness.isLate(placed)) stragglers.add(placed)
    }
  }
  return stragglers
}

/** The watermark of one partition, asked for after every record. */
class Lateness {
  readonly #source: KafkaSourceSpec
  readonly #strategy: WatermarkStrategy<unknown>
  readonly #generator: ReturnType<typeof createWatermarkGenerator<unknown>>
  #watermark = Number.NEGATIVE_INFINITY
  #offset = 0

  constructor(source: KafkaSourceSpec, strategy: WatermarkStrategy<unknown>) {
    this.#source = source
    this.#strategy = strategy
    this.#generator = createWatermarkGenerator({ ...strategy, idlenessMs: null }, () => 0)
  }

  isLate(placed: PlacedRecord): boolean {
    const output = {
      emitWatermark: (watermark: number) => {
        this.#watermark = Math.max(this.#watermark, watermark)
      },
      markIdle: () => undefined,
      markActive: () => undefined,
    }
    try {
      const value = this.#valueOf(placed)
      const { timestamp: given } = placed.record
      const timestamp = this.#strategy.timestampAssigner?.(value, given) ?? given
      const isLate = timestamp <= this.#watermark
      this.#generator.onEvent(value, timestamp, output)
      this.#generator.onPeriodicEmit(output)
      return isLate
    } catch {
      // The job fails there, too.
      return false
    }
  }

  /** As the source gives it to the strategy. */
  #valueOf({ topic, partition, record }: PlacedRecord): unknown {
    const { key, timestamp, headers } = record
    const value = this.#source.value.decode(record.value ?? new Uint8Array(0))
    const offset = this.#offset
    this.#offset += 1
    return { value, key, topic, partition, offset, timestamp, headers }
  }
}
