/**
 * Routing of records to the channels of one edge. A partitioner is chosen once per edge and asked once per record;
 * for a hash edge it also yields the key's hash, which travels with the record.
 * Source: Flink's partitioners and KeyGroupRangeAssignment (flink-semantics.md 1.1, 1.2).
 */
import { ConfigurationError, UserFunctionError } from '../errors.ts'
import type { Runtime } from '../runtime.ts'
import { hashKey } from '../serializer.ts'
import { keyGroupOf, operatorIndexOf } from '../state/key-groups.ts'

export type KeySelector = (value: unknown) => unknown

/** Chooses a channel from 0 to `channels` - 1 for a value (Flink Partitioner). */
export type CustomPartitioner = (value: unknown, channels: number) => number

/** How an edge deals out its records. `forward` keeps the index and is the only kind that can be chained. */
export type Partitioning =
  /** `isRequired`: asked for by the job, so that another parallelism is an error and not dealt out round robin. */
  | { readonly type: 'forward'; readonly isRequired?: boolean }
  | { readonly type: 'hash'; readonly keySelector: KeySelector }
  | { readonly type: 'rebalance' }
  /** Round robin among the consumers next to the producer. */
  | { readonly type: 'rescale' }
  | { readonly type: 'shuffle' }
  /** Every record to every consumer. */
  | { readonly type: 'broadcast' }
  /** Everything to the first consumer. */
  | { readonly type: 'global' }
  | { readonly type: 'custom'; readonly partition: CustomPartitioner }

/** The answer of `select` for a record that goes to every channel. */
export const EVERY_CHANNEL = -1

export interface Partitioner {
  /** The channel for this value, or EVERY_CHANNEL. */
  select(value: unknown): number
  /** Hash of the key of the value last selected; 0 unless the edge is keyed. */
  readonly hash: number
}

export interface PartitionerContext {
  readonly channels: number
  /** Of the producer. */
  readonly subtaskIndex: number
  readonly runtime: Runtime
  /** Names the edge in errors and random streams. */
  readonly name: string
  /** Of the consumer. */
  readonly maxParallelism: number
}

export function createPartitioner(
  partitioning: Partitioning,
  context: PartitionerContext,
): Partitioner {
  const { channels, subtaskIndex } = context
  switch (partitioning.type) {
    case 'forward':
    case 'global':
      return new FixedPartitioner(0)
    case 'broadcast':
      return new FixedPartitioner(EVERY_CHANNEL)
    case 'hash':
      return new HashPartitioner(partitioning.keySelector, context)
    case 'rebalance':
    case 'rescale':
      return new RoundRobinPartitioner(channels, subtaskIndex)
    case 'shuffle':
      return new ShufflePartitioner(context)
    case 'custom':
      return new UserPartitioner(partitioning.partition, context)
  }
}

class HashPartitioner implements Partitioner {
  hash = 0
  readonly #keySelector: KeySelector
  readonly #maxParallelism: number
  readonly #channels: number
  readonly #name: string

  constructor(keySelector: KeySelector, { channels, maxParallelism, name }: PartitionerContext) {
    this.#keySelector = keySelector
    this.#channels = channels
    this.#maxParallelism = maxParallelism
    this.#name = name
  }

  select(value: unknown): number {
    const hash = hashKey(this.#keyOf(value))
    this.hash = hash
    if (this.#channels === 1) return 0
    return operatorIndexOf(
      keyGroupOf(hash, this.#maxParallelism),
      this.#maxParallelism,
      this.#channels,
    )
  }

  #keyOf(value: unknown): unknown {
    try {
      return this.#keySelector(value)
    } catch (error) {
      throw new UserFunctionError(`keyBy of ${this.#name}`, error)
    }
  }
}

/** Sends everything to one channel, or to every one: forward, global, broadcast. */
class FixedPartitioner implements Partitioner {
  readonly hash = 0
  readonly #channel: number

  constructor(channel: number) {
    this.#channel = channel
  }

  select(): number {
    return this.#channel
  }
}

/** Starts at the channel of the producer's own index so that producers do not march in step. */
class RoundRobinPartitioner implements Partitioner {
  readonly hash = 0
  readonly #channels: number
  #next: number

  constructor(channels: number, subtaskIndex: number) {
    this.#channels = channels
    this.#next = subtaskIndex % channels
  }

  select(): number {
    const channel = this.#next
    this.#next = channel + 1 === this.#channels ? 0 : channel + 1
    return channel
  }
}

class ShufflePartitioner implements Partitioner {
  readonly hash = 0
  readonly #context: PartitionerContext

  constructor(context: PartitionerContext) {
    this.#context = context
  }

  select(): number {
    const { runtime, name, channels } = this.#context
    return runtime.random(`shuffle:${name}`, channels)
  }
}

class UserPartitioner implements Partitioner {
  readonly hash = 0
  readonly #partition: CustomPartitioner
  readonly #context: PartitionerContext

  constructor(partition: CustomPartitioner, context: PartitionerContext) {
    this.#partition = partition
    this.#context = context
  }

  select(value: unknown): number {
    const { channels, name } = this.#context
    const channel = this.#channelOf(value)
    if (Number.isInteger(channel) && channel >= 0 && channel < channels) return channel
    throw new ConfigurationError(
      'partition-out-of-range',
      `The custom partitioner of ${name} chose ${String(channel)}; it must choose a whole number from 0 to ${channels - 1}.`,
    )
  }

  #channelOf(value: unknown): number {
    const { channels, name } = this.#context
    try {
      return this.#partition(value, channels)
    } catch (error) {
      throw new UserFunctionError(`partitionCustom of ${name}`, error)
    }
  }
}
