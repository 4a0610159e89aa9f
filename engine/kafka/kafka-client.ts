/**
 * Sends requests to the right broker: leaders by cached metadata, coordinators by FindCoordinator, with a timeout per
 * request and bounded backoff between tries. What an answer means is its caller's business; this file only knows
 * which errors are worth asking again for. Deterministic: time and timers come from the runtime.
 * Source: Kafka's NetworkClient and Metadata; errors as in kafka-broker-rules.md.
 */
import type { BrokerConnection, BrokerPort, Runtime } from '../runtime.ts'
import type { KafkaError, KafkaRequest, ResponseTo, TopicPartition } from './protocol.ts'

/** Kafka's `request.timeout.ms` is 30 s; a simulated network answers in a millisecond. */
export const REQUEST_TIMEOUT_MS = 1000
const RETRY_BACKOFF_MS = 20
const RETRY_BACKOFF_MAX_MS = 320

/** How one request ended for its sender. A timed-out request may still have been applied. */
export type Outcome<T> =
  { readonly type: 'answered'; readonly response: T } | { readonly type: 'timed-out' }

/** What to do after an outcome: ask the same broker again, find the right broker and ask it, or be done. */
export type Decision = 'retry' | 'rediscover' | 'done'

type TopicMetadata = ResponseTo<Extract<KafkaRequest, { type: 'metadata' }>>['topics'][number]

type Coordinated = { readonly keyType: 'group' | 'transaction'; readonly key: string }

const REDISCOVER: ReadonlySet<KafkaError> = new Set([
  'NOT_LEADER_OR_FOLLOWER',
  'UNKNOWN_TOPIC_OR_PARTITION',
  'COORDINATOR_NOT_AVAILABLE',
  'NOT_COORDINATOR',
])
const WAIT: ReadonlySet<KafkaError> = new Set([
  'COORDINATOR_LOAD_IN_PROGRESS',
  'CONCURRENT_TRANSACTIONS',
  'NOT_ENOUGH_REPLICAS',
  'REQUEST_TIMED_OUT',
])

/** How to retry after an error that goes away by itself (null: no answer came); null if it does not. */
export function retryAfter(error: KafkaError | null): Exclude<Decision, 'done'> | null {
  if (error === null || REDISCOVER.has(error)) return 'rediscover'
  return WAIT.has(error) ? 'retry' : null
}

export class KafkaClient {
  readonly #runtime: Runtime
  readonly #connection: BrokerConnection
  readonly #leaders = new Map<string, number>()
  readonly #coordinators = new Map<string, number>()
  #isClosed = false

  constructor(runtime: Runtime, port: BrokerPort, clientId: string) {
    this.#runtime = runtime
    this.#connection = port.connect(clientId)
  }

  /** Partition numbers of a topic; asks until the topic exists. */
  partitionsOf(topic: string, onPartitions: (partitions: readonly number[]) => void): void {
    this.#repeat((again) => {
      this.#send(null, { type: 'metadata', topics: [topic] }, (outcome) => {
        const found =
          outcome.type === 'answered'
            ? outcome.response.topics.find((t) => t.topic === topic && t.error === 'NONE')
            : undefined
        if (found === undefined) return again()
        this.#learnLeaders(found)
        onPartitions(found.partitions.map(({ partition }) => partition))
      })
    })
  }

  /** All topics that there are, with their partition numbers. */
  allTopics(onTopics: (topics: ReadonlyMap<string, readonly number[]>) => void): void {
    this.#repeat((again) => {
      this.#send(null, { type: 'metadata', topics: null }, (outcome) => {
        if (outcome.type !== 'answered') return again()
        const found = outcome.response.topics.filter(({ error }) => error === 'NONE')
        for (const topic of found) this.#learnLeaders(topic)
        onTopics(
          new Map(found.map((t) => [t.topic, t.partitions.map(({ partition }) => partition)])),
        )
      })
    })
  }

  /** Sends to any broker until `onOutcome` says that it is done. */
  toAnyBroker<R extends KafkaRequest>(
    request: () => R,
    onOutcome: (outcome: Outcome<ResponseTo<R>>) => Decision,
  ): void {
    this.#repeat((again) => {
      this.#send(null, request(), (outcome) => {
        if (onOutcome(outcome) !== 'done') again()
      })
    })
  }

  /** Sends to the leader of a partition until `onOutcome` says that it is done. */
  toLeader<R extends KafkaRequest>(
    { topic, partition }: TopicPartition,
    request: () => R,
    onOutcome: (outcome: Outcome<ResponseTo<R>>) => Decision,
    timeoutMs = REQUEST_TIMEOUT_MS,
  ): void {
    this.#repeat((again) => {
      const leader = this.#leaders.get(`${topic}/${partition}`)
      if (leader === undefined) {
        this.partitionsOf(topic, () => {
          this.toLeader({ topic, partition }, request, onOutcome, timeoutMs)
        })
        return
      }
      this.#send(
        leader,
        request(),
        (outcome) => {
          const decision = onOutcome(outcome)
          if (decision === 'done') return
          if (decision === 'rediscover') this.#leaders.delete(`${topic}/${partition}`)
          again()
        },
        timeoutMs,
      )
    })
  }

  /** Sends to the coordinator of a group or transactional id until `onOutcome` says that it is done. */
  toCoordinator<R extends KafkaRequest>(
    coordinated: Coordinated,
    request: () => R,
    onOutcome: (outcome: Outcome<ResponseTo<R>>) => Decision,
  ): void {
    this.#repeat((again) => {
      const cacheKey = `${coordinated.keyType}:${coordinated.key}`
      const broker = this.#coordinators.get(cacheKey)
      if (broker === undefined) {
        this.#findCoordinator(coordinated, cacheKey, () => {
          this.toCoordinator(coordinated, request, onOutcome)
        })
        return
      }
      this.#send(broker, request(), (outcome) => {
        const decision = onOutcome(outcome)
        if (decision === 'done') return
        if (decision === 'rediscover') this.#coordinators.delete(cacheKey)
        again()
      })
    })
  }

  /** Nothing that is still under way calls back after this. */
  close(): void {
    this.#isClosed = true
    this.#connection.close()
  }

  #learnLeaders({ topic, partitions }: TopicMetadata): void {
    for (const { partition, leader } of partitions) {
      this.#leaders.set(`${topic}/${partition}`, leader)
    }
  }

  #findCoordinator({ keyType, key }: Coordinated, cacheKey: string, onFound: () => void): void {
    this.#repeat((again) => {
      this.#send(null, { type: 'find-coordinator', keyType, key }, (outcome) => {
        if (outcome.type !== 'answered' || outcome.response.error !== 'NONE') return again()
        this.#coordinators.set(cacheKey, outcome.response.broker)
        onFound()
      })
    })
  }

  /** Runs `attempt` now and again after a growing pause each time it asks for it. */
  #repeat(attempt: (again: () => void) => void): void {
    let pauseMs = RETRY_BACKOFF_MS
    const again = (): void => {
      this.#runtime.schedule(pauseMs, 'kafka-retry', () => {
        if (!this.#isClosed) attempt(again)
      })
      pauseMs = Math.min(pauseMs * 2, RETRY_BACKOFF_MAX_MS)
    }
    attempt(again)
  }

  #send<R extends KafkaRequest>(
    broker: number | null,
    request: R,
    onOutcome: (outcome: Outcome<ResponseTo<R>>) => void,
    timeoutMs = REQUEST_TIMEOUT_MS,
  ): void {
    let isOpen = true
    const timer = this.#runtime.schedule(timeoutMs, 'request-timeout', () => {
      if (!isOpen || this.#isClosed) return
      isOpen = false
      onOutcome({ type: 'timed-out' })
    })
    this.#connection.send(broker, request, (response) => {
      if (!isOpen || this.#isClosed) return
      isOpen = false
      this.#runtime.cancel(timer)
      onOutcome({ type: 'answered', response })
    })
  }
}
