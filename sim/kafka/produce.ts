/**
 * Produce requests with acks=all: each partition's batch is verified (K-R18), appended or refused, and the answer
 * goes out when every appended batch is replicated (K-R50).
 */
import type {
  KafkaError,
  KafkaRequest,
  KafkaResponse,
  ProducedBatch,
  TopicPartition,
} from '../../engine/kafka/protocol.ts'
import type { Mutants } from '../../engine/mutants.ts'
import type { ClusterWorld } from './cluster-options.ts'
import type { PartitionLeader } from './partition-leader.ts'
import { isInternal, type Topics } from './topics.ts'
import { traceFenced } from './transaction-coordinator.ts'
import type { TransactionRequests } from './transaction-requests.ts'

type ProduceRequest = Extract<KafkaRequest, { type: 'produce' }>
type ProduceResponse = Extract<KafkaResponse, { type: 'produce' }>
type ProducedPartition = ProduceResponse['partitions'][number]

export interface ProducePorts {
  readonly topics: Topics<PartitionLeader>
  readonly world: ClusterWorld
  readonly mutants: Mutants
  readonly transactions: TransactionRequests
}

export function handleProduce(
  request: ProduceRequest,
  ports: ProducePorts,
  reply: (response: ProduceResponse) => void,
): void {
  const { transactionalId } = request
  const answered = new Map<number, ProducedPartition>()
  const answer = (i: number, at: TopicPartition, error: KafkaError, baseOffset: number): void => {
    answered.set(i, { topic: at.topic, partition: at.partition, error, baseOffset })
    if (answered.size < request.partitions.length) return
    const partitions = [...answered].toSorted(([a], [b]) => a - b).map(([, partition]) => partition)
    reply({ type: 'produce', partitions })
  }
  if (request.partitions.length === 0) reply({ type: 'produce', partitions: [] })
  request.partitions.forEach(({ batch, ...at }, i) => {
    const leader = ports.topics.find(at.topic, at.partition)
    if (leader === undefined || isInternal(at.topic)) {
      answer(i, at, 'UNKNOWN_TOPIC_OR_PARTITION', -1)
      return
    }
    const error = findRefusal(transactionalId, batch, leader, ports)
    if (error !== null) {
      traceIfFenced(transactionalId, batch, error, ports.world)
      answer(i, at, error, -1)
      return
    }
    const result = leader.append(batch, 'client')
    if (result.type === 'refused') {
      traceIfFenced(transactionalId, batch, result.error, ports.world)
      answer(i, at, result.error, -1)
      return
    }
    const baseOffset = result.type === 'appended' ? result.batch.baseOffset : result.baseOffset
    leader.whenReplicated(result.lastOffset + 1, () => answer(i, at, 'NONE', baseOffset))
  })
}

/**
 * The first batch of a transaction in a partition is checked with the coordinator. It answers within this call, so
 * no marker can slip between the check and the append (the guard of KIP-890 against that is not needed yet).
 */
function findRefusal(
  transactionalId: string | null,
  batch: ProducedBatch,
  leader: PartitionLeader,
  { transactions, mutants }: ProducePorts,
): KafkaError | null {
  if (!batch.isTransactional) return null
  const error = transactions.verify(transactionalId, batch, leader)
  if (error === 'NONE') return null
  return error === 'INVALID_PRODUCER_EPOCH' && mutants.active('no-epoch-check') ? null : error
}

function traceIfFenced(
  transactionalId: string | null,
  { producerId, producerEpoch }: ProducedBatch,
  error: KafkaError,
  world: ClusterWorld,
): void {
  if (transactionalId === null || error !== 'INVALID_PRODUCER_EPOCH') return
  traceFenced(world, { request: 'produce', transactionalId, producerId, producerEpoch })
}
