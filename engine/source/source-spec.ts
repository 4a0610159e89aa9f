/** Sources as data: what a job reads from. Each world resolves the descriptor (design 4.1). */
import type { IsolationLevel } from '../kafka/protocol.ts'
import type { KafkaHeader } from '../kafka/protocol.ts'
import type { Serializer } from '../serializer.ts'

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
  readonly topics: readonly string[]
  readonly groupId: string
  readonly value: Serializer<unknown>
  readonly startingOffsets: 'earliest' | 'latest'
  readonly isolationLevel: IsolationLevel
}

/** A bounded source that makes its records: record i comes from subtask i modulo the parallelism. */
export interface GeneratorSourceSpec {
  readonly type: 'generator'
  readonly count: number
  readonly generate: (index: number) => unknown
}

/** The lines of files, bounded. A path that ends in .gz is unpacked. */
export interface FileSourceSpec {
  readonly type: 'file'
  readonly paths: readonly string[]
}

export type SourceSpec = KafkaSourceSpec | GeneratorSourceSpec | FileSourceSpec

/** A source of values of type T; made by `kafkaSource` and `generatorSource`. */
export interface Source<T> {
  readonly spec: SourceSpec
  /** Only there for the type; never set. */
  readonly type?: () => T
}

export interface KafkaSourceOptions<V> {
  readonly topics: readonly string[]
  /** Where offsets are committed for monitoring. Recovery never uses them. */
  readonly groupId: string
  readonly value: Serializer<V>
  /** Where to begin when there is no checkpoint. Default `earliest`, as Flink's KafkaSource. */
  readonly startingOffsets?: 'earliest' | 'latest'
  /**
   * Default `read_committed`, unlike Flink's consumer default: with `read_uncommitted` records of aborted
   * transactions become part of the result.
   */
  readonly isolationLevel?: IsolationLevel
}

/** Whether the source ends by itself. */
export function isBounded(spec: SourceSpec): boolean {
  return spec.type === 'generator' || spec.type === 'file'
}

/** Whether the source sends watermarks of its own accord, without a strategy. */
export function emitsWatermarks(_spec: SourceSpec): boolean {
  return false
}
