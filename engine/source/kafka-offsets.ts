/**
 * Where the splits of a Kafka source begin and end: the options, and their checks.
 * Source: Flink OffsetsInitializer and its implementations.
 */
import { ConfigurationError } from '../errors.ts'
import type { PartitionOffset } from '../kafka/protocol.ts'

/** Where to begin when the group has committed no offset; `none`: the job fails. */
export type KafkaOffsetReset = 'earliest' | 'latest' | 'none'

/**
 * - `{ committed }`: at the offsets that the group committed;
 * - `{ timestampMs }`: at the first record with that timestamp or a later one, at the end when there is none yet;
 * - `{ offsets }`: at these; other partitions at the committed offset, or without one by `otherwise` (default `earliest`).
 */
export type KafkaStartingOffsets =
  | 'earliest'
  | 'latest'
  | { readonly committed: KafkaOffsetReset }
  | { readonly timestampMs: number }
  | { readonly offsets: readonly PartitionOffset[]; readonly otherwise?: KafkaOffsetReset }

/**
 * Offsets in front of which the source ends. They are resolved once, when a split is found:
 * - `latest`: what is there now; `committed`: what the group committed, which must be there;
 * - `{ timestampMs }`: the first record with that timestamp or a later one, the end when there is none yet;
 * - `{ offsets }`: these; other partitions are not read.
 */
export type KafkaStoppingOffsets =
  | 'latest'
  | 'committed'
  | { readonly timestampMs: number }
  | { readonly offsets: readonly PartitionOffset[] }

const RESETS: readonly unknown[] = ['earliest', 'latest', 'none'] satisfies KafkaOffsetReset[]

/** The offsets, or ConfigurationError when they are none. */
export function checkStartingOffsets(given: KafkaStartingOffsets | null): KafkaStartingOffsets {
  if (given === 'earliest' || given === 'latest') return given
  if (typeof given !== 'object' || given === null) throw badStart(given)
  if ('committed' in given) {
    if (!RESETS.includes(given.committed)) throw badStart(given)
  } else if ('timestampMs' in given) {
    if (!isWhole(given.timestampMs)) throw badStart(given)
  } else if (!areOffsets(given.offsets) || !RESETS.includes(given.otherwise ?? 'none')) {
    throw badStart(given)
  }
  return given
}

/** The offsets, or ConfigurationError when they are none. */
export function checkStoppingOffsets(given: KafkaStoppingOffsets | null): KafkaStoppingOffsets {
  if (given === 'latest' || given === 'committed') return given
  if (typeof given !== 'object' || given === null) throw badStop(given)
  const isKnown = 'timestampMs' in given ? isWhole(given.timestampMs) : areOffsets(given.offsets)
  if (!isKnown) throw badStop(given)
  return given
}

function areOffsets(offsets: unknown): boolean {
  return (
    Array.isArray(offsets) &&
    offsets.length > 0 &&
    offsets.every(
      ({ topic, partition, offset }: Partial<PartitionOffset>) =>
        typeof topic === 'string' && topic !== '' && isWhole(partition) && isWhole(offset),
    )
  )
}

function isWhole(value: unknown): boolean {
  return Number.isSafeInteger(value) && Number(value) >= 0
}

function badStart(given: unknown): ConfigurationError {
  return new ConfigurationError(
    'bad-starting-offsets',
    `The option startingOffsets is ${JSON.stringify(given)}; it must be "earliest", "latest", ` +
      '{ committed: "earliest" | "latest" | "none" }, { timestampMs } or { offsets: [{ topic, partition, offset }, …] }.',
  )
}

function badStop(given: unknown): ConfigurationError {
  return new ConfigurationError(
    'bad-stopping-offsets',
    `The option stoppingOffsets is ${JSON.stringify(given)}; it must be "latest", "committed", ` +
      '{ timestampMs } or { offsets: [{ topic, partition, offset }, …] }.',
  )
}
