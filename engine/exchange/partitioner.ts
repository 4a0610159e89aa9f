/**
 * Routing of records to the channels of one edge. A partitioner is chosen once per edge and asked once per record;
 * for a hash edge it also yields the key's hash, which travels with the record.
 * Source: Flink's partitioners and KeyGroupRangeAssignment (flink-semantics.md 1.1, 1.2).
 */
import { hashKey } from '../serializer.ts'
import { keyGroupOf, operatorIndexOf } from '../state/key-groups.ts'

export type KeySelector = (value: unknown) => unknown

/** How an edge deals out its records. `forward` keeps the index and is the only kind that can be chained. */
export type Partitioning =
  | { readonly type: 'forward' }
  | { readonly type: 'hash'; readonly keySelector: KeySelector }
  | { readonly type: 'rebalance' }

export interface Partitioner {
  /** The channel for this value. */
  select(value: unknown): number
  /** Hash of the key of the value last selected; 0 unless the edge is keyed. */
  readonly hash: number
}

export class HashPartitioner implements Partitioner {
  hash = 0
  readonly #keySelector: KeySelector
  readonly #maxParallelism: number
  readonly #channels: number

  constructor(keySelector: KeySelector, channels: number, maxParallelism: number) {
    this.#keySelector = keySelector
    this.#channels = channels
    this.#maxParallelism = maxParallelism
  }

  select(value: unknown): number {
    const hash = hashKey(this.#keySelector(value))
    this.hash = hash
    if (this.#channels === 1) return 0
    return operatorIndexOf(
      keyGroupOf(hash, this.#maxParallelism),
      this.#maxParallelism,
      this.#channels,
    )
  }
}

/** Sends everything to one channel: the forward edge. */
export class ForwardPartitioner implements Partitioner {
  readonly hash = 0
  select(): number {
    return 0
  }
}

/** Round robin, starting at the channel of the producer's own index so that producers do not march in step. */
export class RebalancePartitioner implements Partitioner {
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
