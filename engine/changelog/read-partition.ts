/**
 * Reads a part of a partition. `read_committed` waits for transactions below the end that are still being ended: stopping
 * at the last stable offset instead would lose what a completed checkpoint counts on (KAFKA-10167). Compaction may have
 * taken away any record, also the last ones: then the end is reached without reading it. Must not know the records.
 */
import { retryAfter } from '../kafka/kafka-client.ts'
import type { Decision, KafkaClient, Outcome } from '../kafka/kafka-client.ts'
import type {
  FetchedPartition,
  IsolationLevel,
  KafkaRequest,
  RecordData,
  ResponseTo,
  TopicPartition,
} from '../kafka/protocol.ts'
import { filterFetched } from '../kafka/read-committed-filter.ts'
import type { Runtime } from '../runtime.ts'

export interface PartitionPart extends TopicPartition {
  readonly from: number
  /** An offset, or wherever the log ends for such a reader when the first answer comes. */
  readonly to: number | 'visible'
  readonly isolationLevel: IsolationLevel
}

export interface PartitionReading {
  readonly client: KafkaClient
  readonly runtime: Runtime
  readonly part: PartitionPart
  readonly onRecord: (record: RecordData) => void
  /** Null, or one clause about why the part cannot be read, such as `it ends at 7`. */
  readonly onEnd: (problem: string | null) => void
}

type FetchOutcome = Outcome<ResponseTo<Extract<KafkaRequest, { type: 'fetch' }>>>

const MAX_BYTES = 1 << 20
const MAX_WAIT_MS = 100
/** An end that has not been reached after so long without progress will not be. */
const PATIENCE_MS = 20_000

export function readPartition(reading: PartitionReading): void {
  new Reader(reading).next()
}

class Reader {
  readonly #reading: PartitionReading
  #position: number
  #to: number | null
  #progressAt: number

  constructor(reading: PartitionReading) {
    const { part, runtime } = reading
    this.#reading = reading
    this.#position = part.from
    this.#to = part.to === 'visible' ? null : part.to
    this.#progressAt = runtime.now()
  }

  next(): void {
    const { client, part } = this.#reading
    const { topic, partition, isolationLevel } = part
    if (this.#to !== null && this.#position >= this.#to) {
      this.#reading.onEnd(null)
      return
    }
    client.toLeader(
      part,
      () => ({
        type: 'fetch' as const,
        isolationLevel,
        maxWaitMs: MAX_WAIT_MS,
        maxBytes: MAX_BYTES,
        partitions: [{ topic, partition, offset: this.#position }],
      }),
      (outcome) => this.#onFetched(outcome),
    )
  }

  #onFetched(outcome: FetchOutcome): Decision {
    const fetched = outcome.type === 'answered' ? outcome.response.partitions[0] : undefined
    if (fetched === undefined) return this.#wait('nobody answers', 'rediscover')
    const { error, logStartOffset, highWatermark } = fetched
    const retry = retryAfter(error)
    if (retry !== null) return this.#wait(`its leader says ${error}`, retry)
    if (error === 'OFFSET_OUT_OF_RANGE' && this.#position < logStartOffset) {
      return this.#end(`it begins at offset ${logStartOffset}`)
    }
    if (error === 'OFFSET_OUT_OF_RANGE') {
      return this.#wait(`it ends at offset ${highWatermark}`, 'rediscover')
    }
    if (error !== 'NONE') return this.#end(`the broker says ${error}`)
    return this.#take(fetched)
  }

  #take(fetched: FetchedPartition): Decision {
    const { part, runtime, onRecord } = this.#reading
    const isCommitted = part.isolationLevel === 'read_committed'
    const end = isCommitted ? fetched.lastStableOffset : fetched.highWatermark
    this.#to ??= end
    const to = this.#to
    const { records, nextOffset } = filterFetched(fetched, this.#position, part.isolationLevel)
    for (const { offset, record } of records) if (offset < to) onRecord(record)
    const isProgress = nextOffset > this.#position
    this.#position = nextOffset
    // Nothing is left between here and an end that is visible.
    if (!isProgress && end >= to) this.#position = to
    if (!isProgress && end < to) return this.#wait(`it can be read to offset ${end} only`, 'retry')
    this.#progressAt = runtime.now()
    this.next()
    return 'done'
  }

  #wait(problem: string, decision: Decision): Decision {
    if (this.#reading.runtime.now() - this.#progressAt <= PATIENCE_MS) return decision
    return this.#end(problem)
  }

  #end(problem: string): Decision {
    this.#reading.onEnd(problem)
    return 'done'
  }
}
