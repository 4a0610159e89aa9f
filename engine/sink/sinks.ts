/** The factories that a job uses to name its sinks. */
import { text } from '../serializer.ts'
import type { KafkaSinkOptions, Sink } from './sink-spec.ts'

/** Kafka's default for `transaction.max.timeout.ms`: 15 minutes (kafka-broker-rules.md K-R22). */
const TRANSACTION_TIMEOUT_MS = 900_000

/**
 * Writes to a Kafka topic, exactly once: what `read_committed` readers see is as if no failure had happened.
 * Source: Flink KafkaSink with DeliveryGuarantee.EXACTLY_ONCE.
 */
export function kafkaSink<T>(options: KafkaSinkOptions<T>): Sink<T> {
  const { topic, value, key, delivery, transactionalIdPrefix, transactionTimeoutMs } = options
  return {
    spec: {
      type: 'kafka',
      topic,
      value,
      key: key === undefined ? null : encodeKey(key),
      delivery,
      transactionalIdPrefix: transactionalIdPrefix ?? null,
      transactionTimeoutMs: transactionTimeoutMs ?? TRANSACTION_TIMEOUT_MS,
    },
  }
}

/** Drops everything: for measuring. */
export function discardSink<T>(): Sink<T> {
  return { spec: { type: 'discard' } }
}

/** Prints every value on a line of its own, after an optional word. */
export function printSink<T>(prefix = ''): Sink<T> {
  return { spec: { type: 'print', prefix } }
}

type KeyFunction = { method(value: unknown): string | null }['method']

/** The key's bytes, as the record carries them. */
function encodeKey(key: KeyFunction): (value: unknown) => Uint8Array | null {
  return (value) => {
    const result = key(value)
    return result === null ? null : text.encode(result)
  }
}
