/**
 * The simulated Kafka cluster as the world sees it: requests in, replies out, and read-only ground truth for the
 * oracle and the visualizer. One broker leads every partition and coordinates everything so far; leaders and
 * coordinators are objects per partition, so that several brokers can share them out. A broker never throws at a
 * client, dead or alive: every failure is an error code (a violated assertion is a bug of Weir).
 */
import { assert, unreachable } from '../../engine/assert.ts'
import { recordOffset } from '../../engine/kafka/batch-offsets.ts'
import type {
  IsolationLevel,
  KafkaError,
  KafkaRequest,
  KafkaResponse,
  RecordData,
  TopicPartition,
} from '../../engine/kafka/protocol.ts'
import type { Mutants } from '../../engine/mutants.ts'
import type { TransactionState } from '../../engine/trace.ts'
import {
  clusterSettings,
  type ClusterOptions,
  type ClusterSettings,
  type ClusterWorld,
} from './cluster-options.ts'
import { handleFetch } from './fetch.ts'
import { committedRecords, dataRecords, type LogRecord } from './ground-truth.ts'
import { LogCleaner } from './log-cleaner.ts'
import { OffsetRequests } from './offset-requests.ts'
import { PartitionLeader } from './partition-leader.ts'
import { type PartitionLog, type PartitionLogView, UNSEQUENCED } from './partition-log.ts'
import { handleProduce, type ProducePorts } from './produce.ts'
import { Topics } from './topics.ts'
import { TransactionRequests } from './transaction-requests.ts'

export interface OpenTransaction {
  readonly transactionalId: string
  readonly producerId: number
  readonly producerEpoch: number
  readonly state: TransactionState
  readonly partitions: readonly TopicPartition[]
}

/** Node id of the only broker. */
export const BROKER = 1

export class SimulatedCluster {
  readonly #settings: ClusterSettings
  readonly #world: ClusterWorld
  readonly #topics: Topics<PartitionLeader>
  readonly #offsets: OffsetRequests
  readonly #transactions: TransactionRequests
  readonly #producePorts: ProducePorts
  readonly #cleaner: LogCleaner

  constructor(options: ClusterOptions, world: ClusterWorld, mutants: Mutants) {
    const settings = clusterSettings(options)
    const topics = new Topics(
      (topic, partition, isInternal) =>
        new PartitionLeader({ topic, partition }, isInternal, world, settings, mutants),
    )
    for (const { topic, partitions } of settings.topics) topics.create(topic, partitions)
    const offsets = new OffsetRequests(topics, world)
    const transactions = new TransactionRequests({
      topics,
      world,
      settings,
      mutants,
      offsetsMarked: (partition, marker) => offsets.marked(partition, marker),
    })
    this.#settings = settings
    this.#world = world
    this.#topics = topics
    this.#offsets = offsets
    this.#transactions = transactions
    this.#cleaner = new LogCleaner(topics, world, settings)
    this.#producePorts = { topics, world, mutants, transactions }
  }

  /** A request that arrived at the broker; `reply` is called at most once, at once or in a later event. */
  handle(request: KafkaRequest, reply: (response: KafkaResponse) => void): void {
    switch (request.type) {
      case 'metadata':
        return reply(this.#metadata(request.topics))
      case 'find-coordinator':
        return reply({ type: 'find-coordinator', error: 'NONE', broker: BROKER })
      case 'list-offsets':
        return reply(this.#listOffsets(request))
      case 'fetch':
        return handleFetch(request, this.#topics, this.#world, reply)
      case 'produce':
        return handleProduce(request, this.#producePorts, reply)
      case 'init-producer-id':
        return this.#transactions.initProducerId(request, reply)
      case 'add-partitions-to-txn':
        return this.#transactions.addPartitions(request, reply)
      case 'add-offsets-to-txn':
        return this.#transactions.addOffsets(request, reply)
      case 'end-txn':
        return this.#transactions.end(request, reply)
      case 'txn-offset-commit':
        return this.#offsets.commitInTransaction(request, this.#transactions, reply)
      case 'offset-commit':
        return this.#offsets.commit(request, reply)
      case 'offset-fetch':
        return reply(this.#offsets.fetch(request))
      default:
        return unreachable(request)
    }
  }

  /** The workload's writer: appends without network and idempotence; returns the base offset. */
  append(topic: string, partition: number, records: readonly RecordData[]): number {
    this.#findOrCreate(topic)
    const leader = this.#topics.get(topic, partition)
    const result = leader.append({ ...UNSEQUENCED, records }, 'client')
    assert(result.type === 'appended', 'Whoever has no producer id is never refused.')
    return result.batch.baseOffset
  }

  /** Somebody creates a topic, or gives one more partitions. */
  setPartitions(topic: string, partitions: number): void {
    this.#topics.setPartitions(topic, partitions)
  }

  get compactedTopics(): readonly string[] {
    return this.#cleaner.topics
  }

  /** Somebody orders the cleaner to clean a compacted topic now; how many records are gone. */
  compact(topic: string): number {
    return this.#cleaner.compact(topic)
  }

  /** All topics but the internal ones, in the order of their creation. */
  topics(): readonly { readonly topic: string; readonly partitions: number }[] {
    return this.#topics.list.map(([topic, leaders]) => ({ topic, partitions: leaders.length }))
  }

  /** Also of the internal topics `__consumer_offsets` and `__transaction_state`. */
  log(topic: string, partition: number): PartitionLogView {
    return this.#topics.get(topic, partition).log
  }

  /** Transactions that are open or being completed: Ongoing, PrepareCommit, PrepareAbort. */
  openTransactions(): readonly OpenTransaction[] {
    return this.#transactions.open
  }

  /**
   * Every record outside transactions or of a transaction with a COMMIT marker in this log, in log order, whatever
   * the high watermark and the last stable offset: computed from the markers alone.
   */
  readCommitted(topic: string, partition: number): readonly LogRecord[] {
    return committedRecords(this.log(topic, partition).batches)
  }

  /** Every data record of the log. */
  readUncommitted(topic: string, partition: number): readonly LogRecord[] {
    return dataRecords(this.log(topic, partition).batches)
  }

  /** A fault: another broker takes over this transactional id (and its neighbors) and reads their log (K-R27). */
  moveTransactionCoordinator(transactionalId: string, loadingMs: number): void {
    this.#transactions.moveCoordinator(transactionalId, loadingMs)
  }

  /** As in Kafka, no names mean no topics, and null means all but the internal ones. */
  #metadata(names: readonly string[] | null): KafkaResponse {
    const asked = names ?? this.#topics.list.map(([topic]) => topic)
    const topics = asked.map((topic) => {
      const leaders = this.#findOrCreate(topic)
      const error: KafkaError = leaders === undefined ? 'UNKNOWN_TOPIC_OR_PARTITION' : 'NONE'
      const partitions = (leaders ?? []).map(({ partition }) => ({ partition, leader: BROKER }))
      return { topic, error, partitions }
    })
    return { type: 'metadata', brokers: [BROKER], topics }
  }

  #listOffsets(request: Extract<KafkaRequest, { type: 'list-offsets' }>): KafkaResponse {
    const { type, isolationLevel } = request
    const partitions = request.partitions.map(({ topic, partition, at }) => {
      const log = this.#topics.find(topic, partition)?.log
      if (log === undefined) {
        return { topic, partition, error: 'UNKNOWN_TOPIC_OR_PARTITION' as const, offset: -1 }
      }
      return { topic, partition, error: 'NONE' as const, offset: offsetAt(log, at, isolationLevel) }
    })
    return { type, partitions }
  }

  #findOrCreate(topic: string): readonly PartitionLeader[] | undefined {
    const found = this.#topics.findPartitions(topic)
    const partitions = this.#settings.autoCreateTopics
    return found === undefined && partitions > 0 ? this.#topics.create(topic, partitions) : found
  }
}

/** K-R8 */
function offsetAt(
  log: PartitionLog,
  at: 'earliest' | 'latest' | number,
  isolationLevel: IsolationLevel,
): number {
  if (at === 'earliest') return log.logStartOffset
  const end = log.visibleEnd(isolationLevel)
  if (at === 'latest') return end
  for (const batch of log.batches) {
    if (batch.control !== null) continue
    const index = batch.records.findIndex(({ timestamp }) => timestamp >= at)
    const offset = recordOffset(batch, index)
    if (index >= 0) return offset < end ? offset : -1
  }
  return -1
}
