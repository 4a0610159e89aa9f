/** Sinks as data: what a job writes to. Each world resolves the descriptor (design 4.1). */
import type { Serializer } from '../serializer.ts'

export interface KafkaSinkSpec {
  readonly type: 'kafka'
  readonly topic: string
  readonly value: Serializer<unknown>
  readonly key: ((value: unknown) => Uint8Array | null) | null
  readonly delivery: 'exactly-once'
  /** Null: derived from the job's name and the operator's uid. */
  readonly transactionalIdPrefix: string | null
  readonly transactionTimeoutMs: number
}

export type SinkSpec =
  KafkaSinkSpec | { readonly type: 'discard' } | { readonly type: 'print'; readonly prefix: string }

/** Whether what the sink wrote becomes visible only when a checkpoint completed. */
export function commitsOnCheckpoint(spec: SinkSpec): boolean {
  return spec.type === 'kafka'
}

/** A sink for values of type T; made by `kafkaSink` and `discardSink`. */
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
  /** One transaction per checkpoint and subtask, committed when the checkpoint completed. */
  readonly delivery: 'exactly-once'
  /** Must be stable and unique per sink. Default: job name and operator uid. */
  readonly transactionalIdPrefix?: string
  /**
   * How long the broker lets a transaction be open, in ms. Must exceed the checkpoint interval plus the longest
   * outage, and must not exceed the broker's `transaction.max.timeout.ms`. Default 15 min, that limit's default.
   */
  readonly transactionTimeoutMs?: number
}
