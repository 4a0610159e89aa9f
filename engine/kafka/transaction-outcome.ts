/**
 * What became of a transaction whose commit was refused: its id may have been used again since, by this job or another,
 * so that the refusal says nothing. The log does: behind the transaction's first record the next marker of its producer
 * is its own, since a producer has one transaction at a time. Holds for both versions of transactions.
 */
import { lastOffsetOf } from './batch-offsets.ts'
import { retryAfter } from './kafka-client.ts'
import type { KafkaClient } from './kafka-client.ts'
import type { PartitionOffset } from './protocol.ts'

/** `unknown`: the log does not reach back so far, or no marker came. */
export type TransactionOutcome = 'committed' | 'aborted' | 'unknown'

const FETCH_BYTES = 1 << 20
const FETCH_WAIT_MS = 100
/** Fetches at the end of the log: markers are written a moment after they were decided. */
const WAITS_MAX = 100

/** `begin`: of one of its records. */
export function findOutcome(
  client: KafkaClient,
  producerId: number,
  begin: PartitionOffset,
  onFound: (outcome: TransactionOutcome) => void,
): void {
  let { offset } = begin
  let waits = 0
  const next = (): void => {
    client.toLeader(
      begin,
      () => ({
        type: 'fetch' as const,
        isolationLevel: 'read_uncommitted' as const,
        maxWaitMs: FETCH_WAIT_MS,
        maxBytes: FETCH_BYTES,
        partitions: [{ ...begin, offset }],
      }),
      (outcome) => {
        const fetched = outcome.type === 'answered' ? outcome.response.partitions[0] : undefined
        const retry = retryAfter(fetched?.error ?? null)
        if (retry !== null) return retry
        if (fetched === undefined || fetched.error !== 'NONE') {
          onFound('unknown')
          return 'done'
        }
        for (const batch of fetched.batches) {
          const { producerId: writer, control, baseOffset } = batch
          if (writer === producerId && control !== null && baseOffset > begin.offset) {
            onFound(control === 'commit' ? 'committed' : 'aborted')
            return 'done'
          }
          offset = Math.max(offset, lastOffsetOf(batch) + 1)
        }
        if (fetched.batches.length === 0) waits += 1
        if (waits < WAITS_MAX) next()
        else onFound('unknown')
        return 'done'
      },
    )
  }
  next()
}
