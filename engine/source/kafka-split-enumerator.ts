/**
 * Finds the splits of a Kafka source and their start offsets, and says which reader gets which. A start offset is
 * resolved once and kept, so that a failure before the first record does not resolve it anew (FLINK-28303, FLINK-38453).
 * Source: Flink KafkaSourceEnumerator.
 */
import { KafkaClient, retryAfter } from '../kafka/kafka-client.ts'
import type { KafkaRequest, PartitionOffset, TopicPartition } from '../kafka/protocol.ts'
import type { BrokerPort, Runtime } from '../runtime.ts'
import type { KafkaSourceSpec } from './source-spec.ts'

type ListOffsets = Extract<KafkaRequest, { type: 'list-offsets' }>

export class KafkaSplitEnumerator {
  readonly #spec: KafkaSourceSpec
  readonly #client: KafkaClient

  constructor(spec: KafkaSourceSpec, runtime: Runtime, broker: BrokerPort, uid: string) {
    this.#spec = spec
    this.#client = new KafkaClient(runtime, broker, `${uid}-enumerator`)
  }

  /** Calls back once for each topic with its splits. */
  discover(onSplits: (splits: readonly PartitionOffset[]) => void): void {
    for (const topic of this.#spec.topics) {
      this.#client.partitionsOf(topic, (partitions) => {
        const splits: PartitionOffset[] = []
        for (const partition of partitions) {
          this.#resolve({ topic, partition }, (offset) => {
            splits.push({ topic, partition, offset })
            if (splits.length < partitions.length) return
            onSplits(splits.toSorted((a, b) => a.partition - b.partition))
          })
        }
      })
    }
  }

  close(): void {
    this.#client.close()
  }

  #resolve(split: TopicPartition, onOffset: (offset: number) => void): void {
    this.#client.toLeader(
      split,
      (): ListOffsets => ({
        type: 'list-offsets',
        isolationLevel: this.#spec.isolationLevel,
        partitions: [{ ...split, at: this.#spec.startingOffsets }],
      }),
      (outcome) => {
        const found = outcome.type === 'answered' ? outcome.response.partitions[0] : undefined
        if (found === undefined) return 'rediscover'
        if (found.error !== 'NONE') return retryAfter(found.error) ?? 'retry'
        onOffset(found.offset)
        return 'done'
      },
    )
  }
}

/** The reader that owns a split: the partitions of a topic go round from a start that the topic's name decides. */
export function splitOwner({ topic, partition }: TopicPartition, readers: number): number {
  const start = ((javaHash(topic) * 31) & 0x7fffffff) % readers
  return (start + partition) % readers
}

/** String.hashCode of Java, as the formula of the connector needs it. */
function javaHash(text: string): number {
  let hash = 0
  for (let i = 0; i < text.length; i++) hash = (Math.imul(hash, 31) + text.charCodeAt(i)) | 0
  return hash
}
