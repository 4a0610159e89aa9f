/**
 * What a transaction coordinator knows of one transactional id, and the states it goes through (K-R21).
 *
 *        init                add partitions              end (commit)
 *   (new) ───▶ Empty ─────────────▶ Ongoing ───────────────────────▶ PrepareCommit
 *               ▲ ▲                 ▲  ▲  │ │ end (abort)                   │ all markers
 *          init │ │ init        add │  │  │ └────────────▶ PrepareAbort     ▼ written
 *               │ └─────────────────┼──┼──┼── CompleteAbort ◀──┘ ▲   CompleteCommit
 *               └───────────────────┼──┘  │ init, timeout        │          │
 *                                   └─────┼──────────────────────┼──────────┘
 *                                         └──▶ PrepareEpochFence ┘
 *
 * Empty, CompleteCommit and CompleteAbort expire into Dead.
 */
import { assert } from '../../engine/assert.ts'
import type { TopicPartition } from '../../engine/kafka/protocol.ts'
import type { TransactionState } from '../../engine/trace.ts'

/** What `__transaction_state` holds: one durable fact about a transactional id. */
export interface TransactionMetadata {
  readonly transactionalId: string
  readonly producerId: number
  /** -1 before the first InitProducerId is durable. */
  readonly producerEpoch: number
  readonly timeoutMs: number
  readonly state: TransactionState
  /** In the order in which they were added; empty unless Ongoing or Prepare. */
  readonly partitions: readonly TopicPartition[]
  /** When the first partition was added; -1 before that. The timeout counts from here (K-R28). */
  readonly startedAt: number
  readonly updatedAt: number
}

/** For each state the states that may follow it. */
export const transitions: Readonly<Record<TransactionState, readonly TransactionState[]>> = {
  /** No transaction since InitProducerId. */
  Empty: ['Empty', 'Ongoing', 'Dead'],
  /** Partitions were added; the producer writes. */
  Ongoing: ['Ongoing', 'PrepareCommit', 'PrepareAbort', 'PrepareEpochFence'],
  /** Decided: commit markers are being written. */
  PrepareCommit: ['CompleteCommit'],
  /** Decided: abort markers are being written. */
  PrepareAbort: ['CompleteAbort'],
  /** Every commit marker is written. */
  CompleteCommit: ['Empty', 'Ongoing', 'Dead'],
  /** Every abort marker is written. */
  CompleteAbort: ['Empty', 'Ongoing', 'Dead'],
  /** In memory only: the epoch was bumped so that the producer is fenced before its transaction is aborted. */
  PrepareEpochFence: ['PrepareAbort'],
  /** Expired; about to be forgotten. */
  Dead: [],
}

/** The metadata in its next state; only what `changes` names differs besides. */
export function transition(
  from: TransactionMetadata,
  state: TransactionState,
  changes: Partial<Omit<TransactionMetadata, 'transactionalId' | 'state'>>,
): TransactionMetadata {
  assert(
    transitions[from.state].includes(state),
    `Transaction ${from.transactionalId} does not go from ${from.state} to ${state}.`,
  )
  return { ...from, ...changes, state }
}
