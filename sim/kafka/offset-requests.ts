/** The requests that commit and fetch group offsets, taken to the coordinator that is responsible for the group. */
import type {
  KafkaError,
  KafkaRequest,
  KafkaResponse,
  TopicPartition,
} from '../../engine/kafka/protocol.ts'
import type { ClusterWorld } from './cluster-options.ts'
import { GroupCoordinator } from './group-coordinator.ts'
import type { PartitionLeader } from './partition-leader.ts'
import type { EndMarker } from './producer-states.ts'
import { internalPartitionOf, OFFSETS_TOPIC, type Topics } from './topics.ts'
import { traceFenced } from './transaction-coordinator.ts'
import type { TransactionRequests } from './transaction-requests.ts'

type RequestOf<T extends KafkaRequest['type']> = Extract<KafkaRequest, { type: T }>
type Reply = (response: KafkaResponse) => void

export class OffsetRequests {
  readonly #topics: Topics<PartitionLeader>
  readonly #world: ClusterWorld
  readonly #coordinators = new Map<number, GroupCoordinator>()

  constructor(topics: Topics<PartitionLeader>, world: ClusterWorld) {
    this.#topics = topics
    this.#world = world
  }

  commit({ type, groupId, offsets }: RequestOf<'offset-commit'>, reply: Reply): void {
    const known = offsets.filter((at) => this.#exists(at))
    this.#coordinator(groupId).commit(groupId, known, (error) =>
      reply({ type, partitions: this.#errors(offsets, error) }),
    )
  }

  commitInTransaction(
    request: RequestOf<'txn-offset-commit'>,
    transactions: TransactionRequests,
    reply: Reply,
  ): void {
    const { type, transactionalId, groupId, producerId, producerEpoch, offsets } = request
    const answer = (error: KafkaError): void => {
      const ask = { request: type, transactionalId, producerId, producerEpoch }
      if (error === 'INVALID_PRODUCER_EPOCH') traceFenced(this.#world, ask)
      reply({ type, partitions: this.#errors(offsets, error) })
    }
    const leader = this.#topics.get(OFFSETS_TOPIC, internalPartitionOf(groupId))
    const error = transactions.verify(transactionalId, request, leader)
    if (error !== 'NONE') {
      answer(error)
      return
    }
    const known = offsets.filter((at) => this.#exists(at))
    this.#coordinator(groupId).commitInTransaction(groupId, request, known, answer)
  }

  fetch({ type, groupId, partitions, requireStable }: RequestOf<'offset-fetch'>): KafkaResponse {
    const coordinator = this.#coordinator(groupId)
    const found = partitions.map(({ topic, partition }) => {
      const at = { topic, partition }
      return { ...at, ...coordinator.fetch(groupId, at, requireStable) }
    })
    return { type, partitions: found }
  }

  /** A marker in this partition of `__consumer_offsets` is durable (K-R47). */
  marked(partition: number, { producerId, result }: EndMarker): void {
    this.#coordinators.get(partition)?.transactionEnded(producerId, result)
  }

  #exists({ topic, partition }: TopicPartition): boolean {
    return this.#topics.find(topic, partition) !== undefined
  }

  /** What happened to the commit, except for partitions that do not exist. */
  #errors(
    offsets: readonly TopicPartition[],
    error: KafkaError,
  ): readonly (TopicPartition & { readonly error: KafkaError })[] {
    return offsets.map(({ topic, partition }) => {
      const exists = this.#exists({ topic, partition })
      return { topic, partition, error: exists ? error : 'UNKNOWN_TOPIC_OR_PARTITION' }
    })
  }

  #coordinator(groupId: string): GroupCoordinator {
    const partition = internalPartitionOf(groupId)
    let coordinator = this.#coordinators.get(partition)
    if (coordinator === undefined) {
      const log = this.#topics.get(OFFSETS_TOPIC, partition)
      coordinator = new GroupCoordinator(log, this.#world)
      this.#coordinators.set(partition, coordinator)
    }
    return coordinator
  }
}
