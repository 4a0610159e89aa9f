/**
 * What the simulated cluster needs from the world it runs in, and its settings with Kafka's defaults.
 * Network latency, faults, connections and FIFO are the world's business: the cluster only sees requests that arrived.
 */
import type { Millis } from '../../engine/ids.ts'
import type { Fact } from '../../engine/trace.ts'

export interface ClusterWorld {
  now(): Millis
  /** Calls back after `delayMs` >= 0. There is no cancel: a callback that came too late does nothing. */
  schedule(delayMs: number, label: string, action: () => void): void
  trace(fact: Fact): void
  /** Mixes 32 bits into the fingerprint of the run; called for every appended batch. */
  mix(value: number): void
}

export interface TopicOptions {
  readonly topic: string
  readonly partitions: number
  /** Present: of each key only the last record is kept (`cleanup.policy=compact`). Default: everything is kept. */
  readonly compaction?: Partial<CompactionPolicy>
}

/** Kafka's topic options for compaction. */
export interface CompactionPolicy {
  /** Younger records are left alone. Default 0. */
  readonly minCompactionLagMs: number
  /** So long tombstones and markers stay for readers that are behind. Default 86 400 000. */
  readonly deleteRetentionMs: number
}

export interface ClusterOptions {
  readonly topics: readonly TopicOptions[]
  /** Partitions of a topic that a metadata request creates; 0 (the default) refuses unknown topics. */
  readonly autoCreateTopics?: number
  /** From an append to the high watermark above it; 0 (the default): in the same instant (K-R50, K-R51). */
  readonly replicationDelayMs?: number
  /** From the decision of a transaction to its first marker (K-R25). Default 5. */
  readonly markerDelayMs?: number
  /** From the marker on one partition to the marker on the next: they are not atomic (K-R26). Default 1. */
  readonly markerGapMs?: number
  /** Produce asks the coordinator whether the transaction is really open (K-R18, KIP-890 part 1). Default true. */
  readonly transactionVerification?: boolean
  /** How often timed-out transactions are looked for (K-R28). Default 10 000. */
  readonly transactionTimeoutCheckMs?: number
  /** The longest timeout that a producer may ask for (K-R22). Default 900 000. */
  readonly maxTransactionTimeoutMs?: number
  /** Idle transactional ids are forgotten after this time (K-R29). Default 7 days. */
  readonly transactionalIdExpirationMs?: number
  /** Idle producers are forgotten by a log after this time (K-R16). Default 1 day. */
  readonly producerIdExpirationMs?: number
  /** How often the cleaner looks for topics with half of their bytes to be cleaned (K-R61). Default 15 000. */
  readonly cleanerBackoffMs?: number
}

export type ClusterSettings = Required<ClusterOptions>

export function clusterSettings(options: ClusterOptions): ClusterSettings {
  return {
    topics: options.topics,
    autoCreateTopics: options.autoCreateTopics ?? 0,
    replicationDelayMs: options.replicationDelayMs ?? 0,
    markerDelayMs: options.markerDelayMs ?? 5,
    markerGapMs: options.markerGapMs ?? 1,
    transactionVerification: options.transactionVerification ?? true,
    transactionTimeoutCheckMs: options.transactionTimeoutCheckMs ?? 10_000,
    maxTransactionTimeoutMs: options.maxTransactionTimeoutMs ?? 900_000,
    transactionalIdExpirationMs: options.transactionalIdExpirationMs ?? 604_800_000,
    cleanerBackoffMs: options.cleanerBackoffMs ?? 15_000,
    producerIdExpirationMs: options.producerIdExpirationMs ?? 86_400_000,
  }
}
