/**
 * The transaction requests of clients, taken to the coordinator that is responsible for their transactional id, and
 * the markers that coordinators write into the logs.
 */
import type {
  KafkaError,
  KafkaRequest,
  KafkaResponse,
  ProducedBatch,
  TopicPartition,
} from '../../engine/kafka/protocol.ts'
import type { Mutants } from '../../engine/mutants.ts'
import type { ClusterSettings, ClusterWorld } from './cluster-options.ts'
import type { PartitionLeader } from './partition-leader.ts'
import type { EndMarker } from './producer-states.ts'
import {
  internalPartitionOf,
  isInternal,
  OFFSETS_TOPIC,
  type Topics,
  TRANSACTIONS_TOPIC,
} from './topics.ts'
import { type Ask, TransactionCoordinator } from './transaction-coordinator.ts'
import type { TransactionMetadata } from './transaction-metadata.ts'

export interface TransactionPorts {
  readonly topics: Topics<PartitionLeader>
  readonly world: ClusterWorld
  readonly settings: ClusterSettings
  readonly mutants: Mutants
  /** A marker in this partition of `__consumer_offsets` is durable (K-R47). */
  offsetsMarked(partition: number, marker: EndMarker): void
}

type RequestOf<T extends KafkaRequest['type']> = Extract<KafkaRequest, { type: T }>
type AddRequest = RequestOf<'add-partitions-to-txn' | 'add-offsets-to-txn'>
type Reply = (response: KafkaResponse) => void

export class TransactionRequests {
  readonly #ports: TransactionPorts
  readonly #coordinators = new Map<number, TransactionCoordinator>()
  #lastProducerId = -1

  constructor(ports: TransactionPorts) {
    this.#ports = ports
  }

  /** Transactions that are open or being completed. */
  get open(): readonly TransactionMetadata[] {
    return [...this.#coordinators.values()].flatMap((coordinator) => coordinator.open)
  }

  initProducerId(request: RequestOf<'init-producer-id'>, reply: Reply): void {
    const { type, transactionalId, transactionTimeoutMs } = request
    const answer: Ask['reply'] = (error, producerId, producerEpoch) =>
      reply({ type, error, producerId, producerEpoch })
    if (transactionalId === null) {
      answer('NONE', this.#newProducerId(), 0)
      return
    }
    const ask = { request: type, transactionalId, producerId: -1, producerEpoch: -1, reply: answer }
    const timeoutMs = transactionTimeoutMs
    this.#coordinator(transactionalId).handle(ask, { type, transactionalId, timeoutMs })
  }

  /** All partitions or none: an unknown one refuses the whole request. */
  addPartitions(request: RequestOf<'add-partitions-to-txn'>, reply: Reply): void {
    const { type } = request
    const partitions = request.partitions.map(({ topic, partition }) => ({ topic, partition }))
    const answer = (error: KafkaError): void =>
      reply({ type, partitions: partitions.map((at) => ({ ...at, error })) })
    const { topics } = this.#ports
    const isUnknown = ({ topic, partition }: TopicPartition): boolean =>
      isInternal(topic) || topics.find(topic, partition) === undefined
    if (partitions.some(isUnknown)) {
      answer('UNKNOWN_TOPIC_OR_PARTITION')
      return
    }
    this.#add(request, partitions, answer)
  }

  /** K-R24: registers the partition of `__consumer_offsets` that the group lives in. */
  addOffsets(request: RequestOf<'add-offsets-to-txn'>, reply: Reply): void {
    const { type, groupId } = request
    const partition = { topic: OFFSETS_TOPIC, partition: internalPartitionOf(groupId) }
    this.#add(request, [partition], (error) => reply({ type, error }))
  }

  end(request: RequestOf<'end-txn'>, reply: Reply): void {
    const { type, transactionalId, producerId, producerEpoch, result } = request
    const answer = (error: KafkaError): void => reply({ type, error })
    const ask = { request: type, transactionalId, producerId, producerEpoch, reply: answer }
    const input = { type: 'end', producerId, producerEpoch, result } as const
    this.#coordinator(transactionalId).handle(ask, input)
  }

  /** K-R18: may this producer write its open transaction to this partition? */
  verify(
    transactionalId: string | null,
    { producerId, producerEpoch }: Pick<ProducedBatch, 'producerId' | 'producerEpoch'>,
    leader: PartitionLeader,
  ): KafkaError {
    if (!this.#ports.settings.transactionVerification) return 'NONE'
    if (leader.log.hasOpenTransaction(producerId, producerEpoch)) return 'NONE'
    if (transactionalId === null) return 'INVALID_TXN_STATE'
    const coordinator = this.#coordinator(transactionalId)
    return coordinator.verify(transactionalId, { producerId, producerEpoch }, leader)
  }

  /** Another broker takes over the coordinator of this transactional id and its neighbors (K-R27). */
  moveCoordinator(transactionalId: string, loadingMs: number): void {
    this.#coordinator(transactionalId).moveTo(loadingMs)
  }

  #add(
    request: AddRequest,
    partitions: readonly TopicPartition[],
    reply: (error: KafkaError) => void,
  ): void {
    const { type, transactionalId, producerId, producerEpoch } = request
    const ask = { request: type, transactionalId, producerId, producerEpoch, reply }
    const input = { type: 'add-partitions', producerId, producerEpoch, partitions } as const
    this.#coordinator(transactionalId).handle(ask, input)
  }

  readonly #newProducerId = (): number => {
    this.#lastProducerId += 1
    return this.#lastProducerId
  }

  readonly #writeMarker = (at: TopicPartition, marker: EndMarker, onDurable: () => void): void => {
    const leader = this.#ports.topics.get(at.topic, at.partition)
    const offset = leader.appendMarker(marker)
    // K-R26: refused means that a newer epoch or coordinator is at work; this one gives up.
    if (offset === null) return
    leader.whenReplicated(offset + 1, () => {
      if (at.topic === OFFSETS_TOPIC) this.#ports.offsetsMarked(at.partition, marker)
      onDurable()
    })
  }

  #coordinator(transactionalId: string): TransactionCoordinator {
    const partition = internalPartitionOf(transactionalId)
    let coordinator = this.#coordinators.get(partition)
    if (coordinator === undefined) {
      const { topics, world, settings, mutants } = this.#ports
      coordinator = new TransactionCoordinator(topics.get(TRANSACTIONS_TOPIC, partition), {
        world,
        settings,
        mutants,
        newProducerId: this.#newProducerId,
        writeMarker: this.#writeMarker,
      })
      this.#coordinators.set(partition, coordinator)
    }
    return coordinator
  }
}
