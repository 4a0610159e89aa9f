/** Sinks as data: what a job writes to. Each world resolves the descriptor (design 4.1). */
import type { Serializer } from '../serializer.ts'
import type { CollectedResults } from './collected-results.ts'

/** What becomes of records when something fails: Flink DeliveryGuarantee. */
export type Delivery = 'none' | 'at-least-once' | 'exactly-once'

export interface KafkaSinkSpec {
  readonly type: 'kafka'
  readonly topic: string
  readonly value: Serializer<unknown>
  readonly key: ((value: unknown) => Uint8Array | null) | null
  /** Values that are written as tombstones; null: none. */
  readonly isDeleted: ((value: unknown) => boolean) | null
  readonly delivery: Delivery
  /** Null: derived from the job's name and the operator's uid. */
  readonly transactionalIdPrefix: string | null
  readonly transactionTimeoutMs: number
}

export interface FileSinkSpec {
  readonly type: 'file'
  readonly directory: string
  readonly format: (value: unknown) => string
  readonly rollBytes: number
}

export type SinkSpec =
  | KafkaSinkSpec
  | FileSinkSpec
  | { readonly type: 'collect'; readonly results: CollectedResults<unknown> }
  | { readonly type: 'print'; readonly prefix: string }
  | { readonly type: 'discard' }

/** Whether what the sink wrote becomes visible only when a checkpoint completed. */
export function commitsOnCheckpoint(spec: SinkSpec): boolean {
  switch (spec.type) {
    case 'kafka':
      return spec.delivery === 'exactly-once'
    case 'file':
    case 'collect':
      return true
    case 'print':
    case 'discard':
      return false
  }
}

/** What the transactional ids of a sink begin with; no other sink may have the same. */
export function transactionalPrefix(
  { transactionalIdPrefix }: Pick<KafkaSinkSpec, 'transactionalIdPrefix'>,
  jobName: string,
  uid: string,
): string {
  return transactionalIdPrefix ?? `${slug(jobName)}-${slug(uid)}`
}

/** Lower case, with dashes for everything that is not a letter or digit of any script. */
function slug(name: string): string {
  return name.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, '-')
}

/** A sink for values of type T; made by `kafkaSink`, `kafkaUpsertSink`, `fileSink`, `collectSink`, `printSink`, `discardSink`. */
export interface Sink<T> {
  readonly spec: SinkSpec
  /** Only there for the type; never set. */
  readonly type?: (value: T) => void
}

export interface KafkaSinkOptions<T> {
  readonly topic: string
  readonly value: Serializer<T>
  /** The record's key; decides the partition. Without it a subtask writes to one partition. */
  readonly key?: (value: T) => string | null
  /**
   * `exactly-once`: one transaction per checkpoint and subtask, committed when the checkpoint completed;
   * `at-least-once`: a checkpoint waits for what was written, a restart repeats some of it; `none`: a crash may lose records.
   * Must be chosen: Flink's default is `none`.
   */
  readonly delivery: Delivery
  /** Must be stable and unique per sink. Default: job name and operator uid. */
  readonly transactionalIdPrefix?: string
  /**
   * How long the broker lets a transaction be open, in ms. Must exceed the checkpoint interval plus the longest
   * outage, and must not exceed the broker's `transaction.max.timeout.ms`. Default 15 min, that limit's default.
   */
  readonly transactionTimeoutMs?: number
}

export interface KafkaUpsertSinkOptions<T> extends KafkaSinkOptions<T> {
  /** Names the row that a value replaces. */
  readonly key: (value: T) => string
  /** True: the row is removed, by a record without value (a tombstone). Default: never. */
  readonly isDeleted?: (value: T) => boolean
}

export interface FileSinkOptions<T> {
  /** Where the files are put. */
  readonly directory: string
  /** One line for each value, without its end. Default: the value as JSON. */
  readonly format?: (value: T) => string
  /** A file that has grown so far is closed. Default 1 MiB. */
  readonly rollBytes?: number
}
