/** Sends one batch to the leader of its partition until it is in the log or refused for good. */
import { retryAfter } from './kafka-client.ts'
import type { KafkaClient } from './kafka-client.ts'
import type { KafkaError, ProducedBatch, TopicPartition } from './protocol.ts'

/** Records in one batch at most. */
export const BATCH_RECORDS_MAX = 500

export interface BatchToProduce {
  readonly at: TopicPartition
  /** Null outside of transactions. */
  readonly transactionalId: string | null
  readonly batch: ProducedBatch
}

/**
 * `onEnded` gets null when the batch is in the log, and where, if the broker says so; else the error that no retry cures.
 */
export function produceBatch(
  client: KafkaClient,
  { at, transactionalId, batch }: BatchToProduce,
  onEnded: (refusal: KafkaError | null, baseOffset: number | null) => void,
): void {
  client.toLeader(
    at,
    () => ({ type: 'produce' as const, transactionalId, partitions: [{ ...at, batch }] }),
    (outcome) => {
      const answer = outcome.type === 'answered' ? outcome.response.partitions[0] : undefined
      const error = outcome.type === 'answered' ? (answer?.error ?? 'NONE') : null
      const retry = retryAfter(error)
      if (retry !== null) return retry
      const found = outcome.type === 'answered' ? outcome.response.partitions[0]?.baseOffset : -1
      const baseOffset = found === undefined || found < 0 ? null : found
      if (error === 'NONE') onEnded(null, baseOffset)
      else onEnded(error, null)
      return 'done'
    },
  )
}
