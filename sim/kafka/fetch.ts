/**
 * Fetch requests (K-R4, K-R5, K-R9): answered at once when there is something to say, else parked at the leaders of
 * their partitions until one can serve them or `maxWaitMs` is over.
 */
import type {
  FetchedPartition,
  KafkaError,
  KafkaRequest,
  KafkaResponse,
  PartitionOffset,
} from '../../engine/kafka/protocol.ts'
import type { ClusterWorld } from './cluster-options.ts'
import { type LogRead, NOTHING_READ } from './partition-log.ts'
import type { PartitionLeader, Watcher } from './partition-leader.ts'
import type { Topics } from './topics.ts'

type FetchRequest = Extract<KafkaRequest, { type: 'fetch' }>
type FetchResponse = Extract<KafkaResponse, { type: 'fetch' }>
type Reply = (response: FetchResponse) => void

export function handleFetch(
  request: FetchRequest,
  topics: Topics<PartitionLeader>,
  world: ClusterWorld,
  reply: Reply,
): void {
  const response = readAll(request, topics)
  if (request.maxWaitMs <= 0 || response.partitions.some(saysSomething)) {
    reply(response)
    return
  }
  const parked = new ParkedFetch(request, topics, reply)
  world.schedule(request.maxWaitMs, 'fetch-wait', () => parked.complete())
}

class ParkedFetch {
  readonly #request: FetchRequest
  readonly #topics: Topics<PartitionLeader>
  readonly #watched: { readonly leader: PartitionLeader; readonly watcher: Watcher }[] = []
  #reply: Reply | null

  constructor(request: FetchRequest, topics: Topics<PartitionLeader>, reply: Reply) {
    this.#request = request
    this.#topics = topics
    this.#reply = reply
    for (const { topic, partition, offset } of request.partitions) {
      const leader = topics.find(topic, partition)
      if (leader === undefined) continue
      const advanced = (): void => {
        if (leader.log.visibleEnd(request.isolationLevel) > offset) this.complete()
      }
      const watcher = { advanced }
      this.#watched.push({ leader, watcher })
      leader.watch(watcher)
    }
  }

  /** Answers with whatever is there now; the second call does nothing. */
  complete(): void {
    const reply = this.#reply
    if (reply === null) return
    this.#reply = null
    for (const { leader, watcher } of this.#watched) leader.unwatch(watcher)
    reply(readAll(this.#request, this.#topics))
  }
}

function saysSomething({ batches, error }: FetchedPartition): boolean {
  return batches.length > 0 || error !== 'NONE'
}

function readAll(request: FetchRequest, topics: Topics<PartitionLeader>): FetchResponse {
  let bytesLeft = request.maxBytes
  let isEmpty = true
  const partitions = request.partitions.map((position): FetchedPartition => {
    const leader = topics.find(position.topic, position.partition)
    if (leader === undefined) return refused(position, 'UNKNOWN_TOPIC_OR_PARTITION', undefined)
    const { log } = leader
    if (!log.contains(position.offset)) return refused(position, 'OFFSET_OUT_OF_RANGE', leader)
    const read = log.read(position.offset, request.isolationLevel, bytesLeft, isEmpty)
    bytesLeft = Math.max(0, bytesLeft - read.sizeBytes)
    if (read.batches.length > 0) isEmpty = false
    return fetched(position, 'NONE', leader, read)
  })
  return { type: 'fetch', partitions }
}

function refused(
  position: PartitionOffset,
  error: KafkaError,
  leader: PartitionLeader | undefined,
): FetchedPartition {
  return fetched(position, error, leader, NOTHING_READ)
}

function fetched(
  { topic, partition }: PartitionOffset,
  error: KafkaError,
  leader: PartitionLeader | undefined,
  { batches, abortedTransactions }: LogRead,
): FetchedPartition {
  return {
    topic,
    partition,
    error,
    highWatermark: leader?.log.highWatermark ?? -1,
    lastStableOffset: leader?.log.lastStableOffset ?? -1,
    logStartOffset: leader?.log.logStartOffset ?? -1,
    abortedTransactions,
    batches,
  }
}
