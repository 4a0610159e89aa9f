/** Asks Kafka for the offsets that options describe: by position, by time, by group. */
import type { KafkaClient } from '../kafka/kafka-client.ts'
import { retryAfter } from '../kafka/kafka-client.ts'
import type { KafkaRequest, PartitionOffset, TopicPartition } from '../kafka/protocol.ts'
import type {
  KafkaOffsetReset,
  KafkaStartingOffsets,
  KafkaStoppingOffsets,
} from './kafka-offsets.ts'
import type { KafkaSourceSpec } from './source-spec.ts'

type ListOffsets = Extract<KafkaRequest, { type: 'list-offsets' }>
type OnOffset = (offset: number) => void

export class KafkaOffsetResolver {
  readonly #client: KafkaClient
  readonly #spec: KafkaSourceSpec
  readonly #fail: (reason: string) => void

  /** `fail` is called with one sentence when there is no such offset. */
  constructor(client: KafkaClient, spec: KafkaSourceSpec, fail: (reason: string) => void) {
    this.#client = client
    this.#spec = spec
    this.#fail = fail
  }

  start(split: TopicPartition, at: KafkaStartingOffsets, onOffset: OnOffset): void {
    if (typeof at === 'string') {
      this.#list(split, at, onOffset)
    } else if ('committed' in at) {
      this.#committedOr(split, at.committed, onOffset)
    } else if ('timestampMs' in at) {
      this.#atTime(split, at.timestampMs, onOffset)
    } else {
      const named = findOffset(at.offsets, split)
      if (named === undefined) this.#committedOr(split, at.otherwise ?? 'earliest', onOffset)
      else onOffset(named)
    }
  }

  stop(split: TopicPartition, at: KafkaStoppingOffsets, onOffset: OnOffset): void {
    if (at === 'latest') this.#list(split, at, onOffset)
    else if (at === 'committed') this.#committedOr(split, 'none', onOffset)
    else if ('timestampMs' in at) this.#atTime(split, at.timestampMs, onOffset)
    else onOffset(findOffset(at.offsets, split) ?? 0)
  }

  #committedOr(split: TopicPartition, reset: KafkaOffsetReset, onOffset: OnOffset): void {
    this.#committed(split, (offset) => {
      if (offset >= 0) onOffset(offset)
      else if (reset !== 'none') this.#list(split, reset, onOffset)
      else {
        this.#fail(
          `The group "${this.#spec.groupId}" has committed no offset of ${split.topic}/${split.partition}, and the source has no other one.`,
        )
      }
    })
  }

  #atTime(split: TopicPartition, timestampMs: number, onOffset: OnOffset): void {
    this.#list(split, timestampMs, (offset) => {
      if (offset >= 0) onOffset(offset)
      else this.#list(split, 'latest', onOffset)
    })
  }

  #list(split: TopicPartition, at: 'earliest' | 'latest' | number, onOffset: OnOffset): void {
    this.#client.toLeader(
      split,
      (): ListOffsets => ({
        type: 'list-offsets',
        isolationLevel: this.#spec.isolationLevel,
        partitions: [{ ...split, at }],
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

  #committed(split: TopicPartition, onOffset: OnOffset): void {
    const { groupId } = this.#spec
    this.#client.toCoordinator(
      { keyType: 'group', key: groupId },
      () => ({
        type: 'offset-fetch' as const,
        groupId,
        partitions: [split],
        requireStable: false,
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

function findOffset(
  offsets: readonly PartitionOffset[],
  { topic, partition }: TopicPartition,
): number | undefined {
  return offsets.find((one) => one.topic === topic && one.partition === partition)?.offset
}
