/**
 * Reads one partition ahead of its position: one fetch at a time over a connection of its own, since a waiting fetch
 * holds up whatever follows it on a connection. Hands over only records that the isolation level may see.
 */
import { isFatalFetchError } from '../kafka/fetch-errors.ts'
import { KafkaClient, retryAfter } from '../kafka/kafka-client.ts'
import type { Decision, Outcome } from '../kafka/kafka-client.ts'
import type { IsolationLevel, KafkaRequest, ResponseTo, TopicPartition } from '../kafka/protocol.ts'
import { filterFetched } from '../kafka/read-committed-filter.ts'
import type { VisibleRecord } from '../kafka/read-committed-filter.ts'
import type { KafkaSplit } from '../messages.ts'
import type { OperatorContext } from '../operator/operator.ts'

/** How often a split tells how far it stands, so that recoveries can be measured from the trace. */
const PROGRESS_MS = 100

/** Stop fetching while so many records wait to be emitted. */
const QUEUED_RECORDS_MAX = 2000
const FETCH_MAX_WAIT_MS = 100
const FETCH_MAX_BYTES = 1 << 20

type FetchRequest = Extract<KafkaRequest, { type: 'fetch' }>

export class KafkaSplitFetcher {
  readonly split: TopicPartition
  /** It is read up to here; Infinity: it has no end. */
  readonly stoppingOffset: number
  /** Offset of the next record to emit; what a snapshot keeps. */
  position: number
  readonly #context: OperatorContext
  readonly #client: KafkaClient
  readonly #isolationLevel: IsolationLevel
  #queue: readonly VisibleRecord[] = []
  #queueHead = 0
  /** Where the reader stands once the queue is empty: behind markers and aborted records too. */
  #fetchPosition: number
  /** The end of what could be read, as of the last answer; -1 before the first. */
  #end = -1
  #isFetching = false
  /** When it last told how far it stands, and what. */
  #progressedAt = Number.NEGATIVE_INFINITY
  #progress = ''
  #hasCaughtUp = false

  constructor(start: KafkaSplit, isolationLevel: IsolationLevel, context: OperatorContext) {
    this.split = { topic: start.topic, partition: start.partition }
    this.stoppingOffset = start.stoppingOffset ?? Number.POSITIVE_INFINITY
    this.position = start.offset
    this.#fetchPosition = start.offset
    this.#isolationLevel = isolationLevel
    this.#context = context
    const clientId = `${context.subtask}-source-${start.topic}-${start.partition}`
    this.#client = new KafkaClient(context.runtime, context.broker, clientId)
  }

  start(): void {
    this.#fetch()
    if (this.isFinished) this.#checkCaughtUp()
  }

  get isFinished(): boolean {
    return this.position >= this.stoppingOffset
  }

  get hasNext(): boolean {
    return this.#queueHead < this.#queue.length
  }

  /** The next record, which counts as read from here on; null when none is queued. */
  take(): VisibleRecord | null {
    const next = this.#queue[this.#queueHead]
    if (next === undefined) return null
    this.#queueHead += 1
    const isLast = this.#queueHead === this.#queue.length
    this.position = isLast ? this.#fetchPosition : next.offset + 1
    if (isLast) this.#checkCaughtUp()
    if (this.#queue.length - this.#queueHead < QUEUED_RECORDS_MAX) this.#fetch()
    return next
  }

  close(): void {
    this.#client.close()
  }

  #fetch(): void {
    if (this.#isFetching || this.#fetchPosition >= this.stoppingOffset) return
    this.#isFetching = true
    this.#client.toLeader(
      this.split,
      (): FetchRequest => ({
        type: 'fetch',
        isolationLevel: this.#isolationLevel,
        maxWaitMs: FETCH_MAX_WAIT_MS,
        maxBytes: FETCH_MAX_BYTES,
        partitions: [{ ...this.split, offset: this.#fetchPosition }],
      }),
      (outcome) => this.#onFetched(outcome),
    )
  }

  #onFetched(outcome: Outcome<ResponseTo<FetchRequest>>): Decision {
    const fetched = outcome.type === 'answered' ? outcome.response.partitions[0] : undefined
    if (fetched === undefined) return 'rediscover'
    const { topic, partition } = this.split
    if (isFatalFetchError(fetched.error)) {
      this.#context.fail(
        `Offset ${this.#fetchPosition} of ${topic}/${partition} cannot be read (${fetched.error}): ` +
          'the records were deleted or the log was truncated, so the result would have a hole.',
      )
      return 'done'
    }
    const retry = retryAfter(fetched.error)
    if (fetched.error !== 'NONE') return retry ?? 'retry'
    const { records, nextOffset } = this.#beforeStop(
      filterFetched(fetched, this.#fetchPosition, this.#isolationLevel),
    )
    this.#end =
      this.#isolationLevel === 'read_committed' ? fetched.lastStableOffset : fetched.highWatermark
    this.#isFetching = false
    this.#accept(records, nextOffset)
    this.#traceProgress()
    if (this.#queue.length - this.#queueHead < QUEUED_RECORDS_MAX) this.#fetch()
    return 'done'
  }

  /** At an answer: only then is it known how much there is to read. Markers count into the lag, as in Kafka. */
  #traceProgress(): void {
    const { runtime, subtask } = this.#context
    const { position } = this
    const lag = Math.max(0, this.#end - position)
    const now = runtime.now()
    const progress = `${position} ${lag}`
    if (progress === this.#progress || now - this.#progressedAt < PROGRESS_MS) return
    this.#progressedAt = now
    this.#progress = progress
    runtime.trace({ type: 'split-progressed', subtask, ...this.split, offset: position, lag })
  }

  #beforeStop(fetched: ReturnType<typeof filterFetched>): typeof fetched {
    const stop = this.stoppingOffset
    if (fetched.nextOffset <= stop) return fetched
    return { records: fetched.records.filter(({ offset }) => offset < stop), nextOffset: stop }
  }

  #accept(records: readonly VisibleRecord[], nextOffset: number): void {
    this.#fetchPosition = nextOffset
    if (records.length > 0) {
      this.#queue = [...this.#queue.slice(this.#queueHead), ...records]
      this.#queueHead = 0
      const { runtime, subtask } = this.#context
      if (runtime.traceLevel === 'records') {
        runtime.trace({
          type: 'records-fetched',
          subtask,
          ...this.split,
          offset: this.position,
          count: records.length,
          lag: this.#end - this.position,
        })
      }
      this.#context.wake()
    } else if (this.#queueHead === this.#queue.length) {
      // Only markers and aborted records: they are read by being skipped.
      this.position = nextOffset
      this.#checkCaughtUp()
      if (this.isFinished) this.#context.wake()
    }
  }

  #checkCaughtUp(): void {
    const isAtEnd = this.isFinished || (this.#end >= 0 && this.position >= this.#end)
    if (this.#hasCaughtUp || !isAtEnd) return
    this.#hasCaughtUp = true
    const { runtime, subtask } = this.#context
    runtime.trace({ type: 'split-caught-up', subtask, ...this.split, offset: this.position })
  }
}
