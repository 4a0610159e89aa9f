/** The factories that a job uses to name its sinks. */
import { ConfigurationError, inRange } from '../errors.ts'
import { text } from '../serializer.ts'
import type { CollectedResults } from './collected-results.ts'
import type {
  Delivery,
  FileSinkOptions,
  FileSinkSpec,
  KafkaSinkOptions,
  KafkaSinkSpec,
  KafkaUpsertSinkOptions,
  Sink,
} from './sink-spec.ts'

/** Kafka's default for `transaction.max.timeout.ms`: 15 minutes (kafka-broker-rules.md K-R22). */
export const TRANSACTION_TIMEOUT_MS = 900_000
const ROLL_BYTES = 1 << 20

/**
 * Writes to a Kafka topic. With `exactly-once`, what `read_committed` readers see is as if no failure had happened.
 * Source: Flink KafkaSink, DeliveryGuarantee. Throws ConfigurationError for an unknown delivery or a bad timeout.
 */
export function kafkaSink<T>(options: KafkaSinkOptions<T>): Sink<T> {
  return { spec: kafkaSpec(options, null) }
}

/**
 * Writes rows by key: a value replaces the one before with the same key, and a deleted row becomes a tombstone, so that
 * a compacted topic keeps the newest of each. Source: Flink's upsert-kafka connector.
 */
export function kafkaUpsertSink<T>(options: KafkaUpsertSinkOptions<T>): Sink<T> {
  return { spec: kafkaSpec(options, options.isDeleted ?? null) }
}

/**
 * Writes lines to files of a directory, exactly once: a file gets its final name when its checkpoint completed
 * (`part-…`); names that begin with a dot are not part of the result. Source: Flink FileSink.
 */
export function fileSink<T>(options: FileSinkOptions<T>): Sink<T> {
  const { directory, format, rollBytes } = options
  const most = Number.MAX_SAFE_INTEGER
  return {
    spec: {
      type: 'file',
      directory,
      format: format === undefined ? toJson : (format as FileSinkSpec['format']),
      rollBytes: inRange('rollBytes', rollBytes ?? ROLL_BYTES, 1, most),
    },
  }
}

/**
 * Collects values in an object of this process, exactly once; they appear there when a checkpoint completes or the job
 * ends. For tests and small programs. Source: Flink DataStream.collectAsync.
 */
export function collectSink<T>(results: CollectedResults<T>): Sink<T> {
  return { spec: { type: 'collect', results } }
}

/** Prints every value on a line of its own, after an optional word. A restart prints some again. */
export function printSink<T>(prefix = ''): Sink<T> {
  return { spec: { type: 'print', prefix } }
}

/** Drops everything: for measuring. */
export function discardSink<T>(): Sink<T> {
  return { spec: { type: 'discard' } }
}

type Predicate = { method(value: unknown): boolean }['method']

function kafkaSpec<T>(options: KafkaSinkOptions<T>, isDeleted: Predicate | null): KafkaSinkSpec {
  const { topic, value, key, delivery, transactionalIdPrefix, transactionTimeoutMs } = options
  return {
    type: 'kafka',
    topic,
    value,
    key: key === undefined ? null : encodeKey(key),
    isDeleted,
    delivery: knownDelivery(delivery),
    transactionalIdPrefix: transactionalIdPrefix ?? null,
    transactionTimeoutMs: transactionTimeoutMs ?? TRANSACTION_TIMEOUT_MS,
  }
}

function knownDelivery(delivery: string): Delivery {
  if (delivery === 'none' || delivery === 'at-least-once' || delivery === 'exactly-once') {
    return delivery
  }
  throw new ConfigurationError(
    'unknown-delivery',
    `The option delivery is "${delivery}"; it must be "exactly-once", "at-least-once" or "none".`,
  )
}

function toJson(value: unknown): string {
  return JSON.stringify(value)
}

type KeyFunction = { method(value: unknown): string | null }['method']

/** The key's bytes, as the record carries them. */
function encodeKey(key: KeyFunction): (value: unknown) => Uint8Array | null {
  return (value) => {
    const result = key(value)
    return result === null ? null : text.encode(result)
  }
}
