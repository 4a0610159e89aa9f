/**
 * The coordinator of the groups of one partition of `__consumer_offsets`. So far it keeps offsets for simple
 * consumers, whose group has no members (K-R44); the rebalance protocol (K-R40 to K-R43, K-R45) will join here.
 */
import type {
  KafkaError,
  PartitionOffset,
  ProducedBatch,
  TopicPartition,
} from '../../engine/kafka/protocol.ts'
import type { ClusterWorld } from './cluster-options.ts'
import { encodeOffset } from './coordinator-records.ts'
import { GroupOffsets } from './group-offsets.ts'
import type { PartitionLeader } from './partition-leader.ts'

export interface CommittingProducer {
  readonly producerId: number
  readonly producerEpoch: number
}

export class GroupCoordinator {
  readonly #log: PartitionLeader
  readonly #world: ClusterWorld
  readonly #offsets = new GroupOffsets()

  constructor(log: PartitionLeader, world: ClusterWorld) {
    this.#log = log
    this.#world = world
  }

  /** K-R44: a simple consumer may always commit. */
  commit(
    groupId: string,
    offsets: readonly PartitionOffset[],
    reply: (error: KafkaError) => void,
  ): void {
    this.#append(groupId, offsets, null, (error, baseOffset) => {
      if (error === 'NONE') {
        offsets.forEach((offset, i) => this.#offsets.commit({ groupId, ...offset }, baseOffset + i))
      }
      reply(error)
    })
  }

  /** K-R46. The epoch is checked, sequences are not (K-R15). */
  commitInTransaction(
    groupId: string,
    producer: CommittingProducer,
    offsets: readonly PartitionOffset[],
    reply: (error: KafkaError) => void,
  ): void {
    this.#append(groupId, offsets, producer, (error) => reply(error))
  }

  /** K-R47: a marker in this partition is durable. */
  transactionEnded(producerId: number, result: 'commit' | 'abort'): void {
    this.#offsets.end(producerId, result)
  }

  fetch(
    groupId: string,
    at: TopicPartition,
    requireStable: boolean,
  ): { readonly error: KafkaError; readonly offset: number } {
    if (requireStable && this.#offsets.hasPending(groupId, at)) {
      return { error: 'UNSTABLE_OFFSET_COMMIT', offset: -1 }
    }
    return { error: 'NONE', offset: this.#offsets.committed(groupId, at) }
  }

  #append(
    groupId: string,
    offsets: readonly PartitionOffset[],
    producer: CommittingProducer | null,
    onDurable: (error: KafkaError, baseOffset: number) => void,
  ): void {
    if (offsets.length === 0) {
      onDurable('NONE', -1)
      return
    }
    const now = this.#world.now()
    const batch: ProducedBatch = {
      producerId: producer?.producerId ?? -1,
      producerEpoch: producer?.producerEpoch ?? -1,
      baseSequence: -1,
      isTransactional: producer !== null,
      records: offsets.map((offset) => encodeOffset({ groupId, ...offset }, now)),
    }
    const result = this.#log.append(batch, 'coordinator')
    if (result.type !== 'appended') {
      onDurable(result.type === 'refused' ? result.error : 'NONE', -1)
      return
    }
    const { baseOffset } = result.batch
    if (producer !== null) {
      // Pending from now on, not only when it is durable: a stable fetch must not miss it.
      offsets.forEach((offset, i) =>
        this.#offsets.hold(producer.producerId, { groupId, ...offset }, baseOffset + i),
      )
    }
    this.#log.whenReplicated(result.lastOffset + 1, () => onDurable('NONE', baseOffset))
  }
}
