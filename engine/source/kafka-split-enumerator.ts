/**
 * Finds the splits of a Kafka source and where they begin and end, now and from time to time, and says which reader gets
 * which. Offsets are resolved once and kept, so that a failure before the first record does not resolve them anew
 * (FLINK-28303, FLINK-38453). What is found later is read from its earliest offset: nothing of it is old.
 * Source: Flink KafkaSourceEnumerator.
 */
import { KafkaClient } from '../kafka/kafka-client.ts'
import type { TopicPartition } from '../kafka/protocol.ts'
import type { KafkaSplit } from '../messages.ts'
import type { BrokerPort, Runtime } from '../runtime.ts'
import { KafkaOffsetResolver } from './kafka-offset-resolver.ts'
import { readsTopic } from './source-spec.ts'
import type { KafkaSourceSpec } from './source-spec.ts'

export interface EnumeratorPorts {
  readonly runtime: Runtime
  readonly broker: BrokerPort
  readonly uid: string
}

/** Whoever deals the splits out. */
export interface SplitListener {
  /** The split was reported before, perhaps before a restart. */
  isKnown(split: TopicPartition): boolean
  /** The new splits of one topic. */
  onSplits(splits: readonly KafkaSplit[]): void
  /** There will be no others. */
  onComplete(): void
  /** One sentence: the source cannot begin or end as its options say. */
  onFailure(reason: string): void
}

/** Stands for a pattern among the topics that were looked at. */
const PATTERN = '/'

export class KafkaSplitEnumerator {
  readonly #spec: KafkaSourceSpec
  readonly #runtime: Runtime
  readonly #client: KafkaClient
  /** Topics whose first partitions were found; `/` when all topics of a pattern were. */
  readonly #discovered: Set<string>
  #isClosed = false

  /** `discovered`: from the snapshot of a former life. */
  constructor(
    spec: KafkaSourceSpec,
    { runtime, broker, uid }: EnumeratorPorts,
    discovered: readonly string[] = [],
  ) {
    this.#spec = spec
    this.#runtime = runtime
    this.#client = new KafkaClient(runtime, broker, `${uid}-enumerator`)
    this.#discovered = new Set(discovered)
  }

  get discovered(): readonly string[] {
    return [...this.#discovered]
  }

  /** Begins to look for splits. */
  start(listener: SplitListener): void {
    const { topics, topicPattern, stoppingOffsets } = this.#spec
    // The input of a bounded source is decided once.
    if (stoppingOffsets !== null && this.#isComplete) listener.onComplete()
    else if (topicPattern !== null) this.#discoverPattern(listener)
    else for (const topic of topics) this.#discoverTopic(topic, listener)
  }

  close(): void {
    this.#isClosed = true
    this.#client.close()
  }

  get #isComplete(): boolean {
    const { topics, topicPattern } = this.#spec
    return (topicPattern === null ? topics : [PATTERN]).every((one) => this.#discovered.has(one))
  }

  #discoverTopic(topic: string, listener: SplitListener): void {
    this.#client.partitionsOf(topic, (partitions) => {
      const isFirst = !this.#discovered.has(topic)
      this.#resolveAll(splitsOf(topic, partitions), isFirst, listener, (splits) => {
        this.#discovered.add(topic)
        if (splits.length > 0) listener.onSplits(splits)
        this.#afterRound(listener, () => {
          this.#discoverTopic(topic, listener)
        })
      })
    })
  }

  #discoverPattern(listener: SplitListener): void {
    this.#client.allTopics((topics) => {
      const isFirst = !this.#discovered.has(PATTERN)
      const matching = [...topics].filter(([topic]) => readsTopic(this.#spec, topic))
      const splits = matching.flatMap(([topic, partitions]) => splitsOf(topic, partitions))
      this.#resolveAll(splits, isFirst, listener, (resolved) => {
        this.#discovered.add(PATTERN)
        if (resolved.length > 0) listener.onSplits(resolved)
        this.#afterRound(listener, () => {
          this.#discoverPattern(listener)
        })
      })
    })
  }

  #afterRound(listener: SplitListener, nextRound: () => void): void {
    const { stoppingOffsets, partitionDiscoveryIntervalMs } = this.#spec
    if (stoppingOffsets !== null && this.#isComplete) listener.onComplete()
    if (partitionDiscoveryIntervalMs === null) return
    this.#runtime.schedule(partitionDiscoveryIntervalMs, 'partition-discovery', () => {
      if (!this.#isClosed) nextRound()
    })
  }

  /** Calls back with the offsets of all splits that are new. */
  #resolveAll(
    found: readonly TopicPartition[],
    isFirst: boolean,
    listener: SplitListener,
    onResolved: (splits: readonly KafkaSplit[]) => void,
  ): void {
    const { startingOffsets, stoppingOffsets } = this.#spec
    const unknown = found.filter((split) => !listener.isKnown(split))
    const resolver = new KafkaOffsetResolver(this.#client, this.#spec, (reason) => {
      listener.onFailure(reason)
    })
    const resolved: KafkaSplit[] = []
    const add = (split: KafkaSplit): void => {
      resolved.push(split)
      if (resolved.length === unknown.length) onResolved(resolved.toSorted(bySplit))
    }
    if (unknown.length === 0) onResolved([])
    for (const split of unknown) {
      resolver.start(split, isFirst ? startingOffsets : 'earliest', (offset) => {
        if (stoppingOffsets === null) add({ ...split, offset })
        else {
          resolver.stop(split, stoppingOffsets, (stoppingOffset) => {
            add({ ...split, offset, stoppingOffset })
          })
        }
      })
    }
  }
}

/** The reader that owns a split: the partitions of a topic go round from a start that the topic's name decides. */
export function splitOwner({ topic, partition }: TopicPartition, readers: number): number {
  const start = ((javaHash(topic) * 31) & 0x7fffffff) % readers
  return (start + partition) % readers
}

function splitsOf(topic: string, partitions: readonly number[]): TopicPartition[] {
  return partitions.map((partition) => ({ topic, partition }))
}

function bySplit(a: TopicPartition, b: TopicPartition): number {
  if (a.topic !== b.topic) return a.topic < b.topic ? -1 : 1
  return a.partition - b.partition
}

/** String.hashCode of Java, as the formula of the connector needs it. */
function javaHash(text: string): number {
  let hash = 0
  for (let i = 0; i < text.length; i++) hash = (Math.imul(hash, 31) + text.charCodeAt(i)) | 0
  return hash
}
