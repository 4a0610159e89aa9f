/** Sources as data: what a job reads from. Each world resolves the descriptor (design 4.1). */
import type { IsolationLevel, KafkaHeader, PartitionOffset } from '../kafka/protocol.ts'
import type { Serializer } from '../serializer.ts'
import type { CustomSource } from './custom-source.ts'
import type { KafkaStartingOffsets, KafkaStoppingOffsets } from './kafka-offsets.ts'

/** One record of a Kafka topic, with its place. `timestamp` in ms. */
export interface KafkaRecord<V> {
  readonly value: V
  readonly key: Uint8Array | null
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly timestamp: number
  readonly headers: readonly KafkaHeader[]
}

export interface KafkaSourceSpec {
  readonly type: 'kafka'
  /** Empty with a pattern. */
  readonly topics: readonly string[]
  readonly topicPattern: RegExp | null
  readonly groupId: string
  readonly value: Serializer<unknown>
  readonly startingOffsets: KafkaStartingOffsets
  /** Null: the source has no end. */
  readonly stoppingOffsets: KafkaStoppingOffsets | null
  /** Null: what is there at the start is all. */
  readonly partitionDiscoveryIntervalMs: number | null
  readonly isolationLevel: IsolationLevel
}

/** Makes its records: record i comes from subtask i modulo the parallelism. Without `count` it has no end. */
export interface GeneratorSourceSpec {
  readonly type: 'generator'
  readonly count: number
  /** Of all subtasks together; null: as fast as they are taken. */
  readonly ratePerSecond: number | null
  readonly generate: (index: number) => unknown
}

/** Values in memory: value i comes from subtask i modulo the parallelism. */
export interface CollectionSourceSpec {
  readonly type: 'collection'
  readonly values: readonly unknown[]
  /** A value's own timestamp in ms, null for none. */
  readonly timestamps: ((value: unknown) => number | null) | null
}

export interface CustomSourceSpec {
  readonly type: 'custom'
  readonly source: CustomSource<unknown>
}

/** The lines of files, bounded. A path that ends in .gz is unpacked. */
export interface FileSourceSpec {
  readonly type: 'file'
  readonly paths: readonly string[]
}

/** What is known where one source of a hybrid source ended and the next begins. */
export interface SwitchPoint {
  /** The place in `sources` of the one that begins. */
  readonly source: number
  /** The greatest event timestamp of all records before it in ms; -Infinity when there was none. */
  readonly lastTimestamp: number
  /** Where the splits of the one before it ended, if that was a Kafka source. */
  readonly offsets: readonly PartitionOffset[]
}

/** The starting offsets of a Kafka source that follows another one; null: those that it has. */
export type SwitchAt = (point: SwitchPoint) => KafkaStartingOffsets | null

/** One source after the other: all but the last are bounded. */
export interface HybridSourceSpec {
  readonly type: 'hybrid'
  readonly sources: readonly PlainSourceSpec[]
  readonly switchAt: SwitchAt | null
}

export type PlainSourceSpec =
  KafkaSourceSpec | GeneratorSourceSpec | CollectionSourceSpec | FileSourceSpec | CustomSourceSpec

export type SourceSpec = PlainSourceSpec | HybridSourceSpec

/** A source of values of type T; made by `kafkaSource`, `generatorSource` and the like. */
export interface Source<T> {
  readonly spec: SourceSpec
  /** Only there for the type; never set. */
  readonly type?: () => T
}

export interface KafkaSourceOptions<V> {
  /** Either these topics or, with `topicPattern`, all whose name matches it. */
  readonly topics?: readonly string[]
  /** As RegExp.test: anchor it (`/^orders-.*$/`) to match whole names. Internal topics never match. */
  readonly topicPattern?: RegExp
  /** Where offsets are committed for monitoring. Recovery never uses them. */
  readonly groupId: string
  readonly value: Serializer<V>
  /** Where to begin when there is no checkpoint. Default `earliest`, as Flink's KafkaSource. */
  readonly startingOffsets?: KafkaStartingOffsets
  /** Makes the source bounded: each partition is read up to there. Default: no end. */
  readonly stoppingOffsets?: KafkaStoppingOffsets
  /**
   * How often new partitions and topics are looked for; they are read from their earliest offset. 0 or less: never. A
   * bounded source does not look. Default 300 000.
   */
  readonly partitionDiscoveryIntervalMs?: number
  /**
   * Default `read_committed`, unlike Flink's consumer default: with `read_uncommitted` records of aborted
   * transactions become part of the result.
   */
  readonly isolationLevel?: IsolationLevel
}

export interface CollectionSourceOptions<T> {
  /** A value's own timestamp in ms, null for none. Default: none. */
  readonly timestamps?: (value: T) => number | null
}

export interface GeneratorSourceOptions<T> {
  /** Default: no end. */
  readonly count?: number
  /** Of all subtasks together. Default: as fast as they are taken. */
  readonly ratePerSecond?: number
  /** Record `index`, counted from 0. Called again for records since the last checkpoint. */
  readonly generate: (index: number) => T
}

export interface HybridSourceOptions<S extends readonly Source<unknown>[]> {
  /** In order. All but the last must be bounded. */
  readonly sources: S
  /**
   * Called when a source has ended and a Kafka source follows: where that one begins, as
   * `({ lastTimestamp }) => ({ timestampMs: lastTimestamp + 1 })`. Default: its own starting offsets.
   */
  readonly switchAt?: SwitchAt
}

/** What a source makes. */
export type ValueOf<S extends Source<unknown>> = S extends Source<infer T> ? T : never

/** Whether the source ends by itself. */
export function isBounded(spec: SourceSpec): boolean {
  switch (spec.type) {
    case 'kafka':
      return spec.stoppingOffsets !== null
    case 'generator':
      return spec.count !== Number.POSITIVE_INFINITY
    case 'collection':
    case 'file':
      return true
    case 'custom':
      return spec.source.isBounded
    case 'hybrid':
      return spec.sources.every(isBounded)
  }
}

/** Whether the source sends watermarks of its own accord, without a strategy. */
export function emitsWatermarks(spec: SourceSpec): boolean {
  if (spec.type === 'hybrid') return spec.sources.every(emitsWatermarks)
  return spec.type === 'custom' && spec.source.emitsWatermarks === true
}

/** The Kafka sources in a source: itself, or those that a hybrid one is made of. */
export function kafkaSourcesIn(spec: SourceSpec): readonly KafkaSourceSpec[] {
  if (spec.type === 'hybrid') return spec.sources.flatMap(kafkaSourcesIn)
  return spec.type === 'kafka' ? [spec] : []
}

/** Whether a Kafka source reads this topic. */
export function readsTopic({ topics, topicPattern }: KafkaSourceSpec, topic: string): boolean {
  // A pattern with the flag g or y would go on from its last match.
  return topicPattern === null ? topics.includes(topic) : topic.search(topicPattern) >= 0
}
