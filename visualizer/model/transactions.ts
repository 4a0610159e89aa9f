/**
 * Transactions of the sinks, seen from both sides: what the sink did (open, prepared, committed) and what the
 * coordinator recorded. The drawn phase follows whoever knew first, because a picture that shows a commit only
 * when the reply arrives would hide the interesting interval.
 *
 *   open ──prepared──▶ prepared ──commit──▶ committed
 *     └────────────abort / fence──────────▶ aborted
 */
import type { SubtaskId } from '../../engine/ids.ts'
import type { TransactionState as CoordinatorState } from '../../engine/trace.ts'
import type { Reducer } from './reducer.ts'
import { update } from './reducer.ts'
import type { RunState, TransactionEntry, TransactionPhase } from './run-state.ts'
import { partitionKey } from './run-state.ts'

export const transactionOpened: Reducer<'transaction-opened'> = (draft, event) => {
  const { transactionalId, producerId, producerEpoch, subtask, at } = event
  const coordinator = draft.transactions.get(transactionalId)?.coordinator ?? 'Empty'
  draft.transactions.set(transactionalId, {
    ...emptyTransaction(transactionalId, producerId, producerEpoch, at),
    coordinator,
    subtask,
  })
}

/** A transaction reaches the partitions that it wrote records to. */
export const transactionGrown: Reducer<'batch-appended'> = (draft, event) => {
  const { topic, partition, producerId, isTransactional } = event
  if (!isTransactional) return
  const key = partitionKey(topic, partition)
  for (const [id, entry] of draft.transactions)
    if (entry.producerId === producerId && isUnfinished(entry) && !entry.partitions.includes(key))
      draft.transactions.set(id, { ...entry, partitions: [...entry.partitions, key] })
}

export const transactionPrepared: Reducer<'transaction-prepared'> = (draft, event) =>
  update(draft.transactions, event.transactionalId, (entry): TransactionEntry => ({
    ...entry,
    phase: 'prepared',
    checkpoint: event.checkpoint,
  }))

export const transactionCommitted: Reducer<'transaction-committed'> = (draft, event) =>
  update(draft.transactions, event.transactionalId, (entry): TransactionEntry =>
    entry.producerEpoch > event.producerEpoch
      ? entry
      : {
          ...entry,
          phase: 'committed',
          checkpoint: event.checkpoint,
          isRecommit: event.isRecommit,
        },
  )

export const transactionFenced: Reducer<'transaction-fenced'> = (draft, event) =>
  update(draft.transactions, event.transactionalId, (entry): TransactionEntry =>
    entry.producerId === event.producerId && isUnfinished(entry)
      ? { ...entry, phase: 'aborted' }
      : entry,
  )

export const transactionStateChanged: Reducer<'transaction-state-changed'> = (draft, event) => {
  const { transactionalId, producerId, producerEpoch, state, at } = event
  const known =
    draft.transactions.get(transactionalId) ??
    emptyTransaction(transactionalId, producerId, producerEpoch, at)
  const decided = PHASE_DECIDED[state]
  draft.transactions.set(transactionalId, {
    ...known,
    producerId,
    producerEpoch,
    coordinator: state,
    phase: decided !== null && isUnfinished(known) ? decided : known.phase,
  })
}

export const producerFenced: Reducer<'producer-fenced'> = (draft, { transactionalId }) =>
  update(draft.transactions, transactionalId, (entry) => ({
    ...entry,
    fencedCount: entry.fencedCount + 1,
  }))

export function isUnfinished({ phase }: TransactionEntry): boolean {
  return phase === 'open' || phase === 'prepared'
}

/** A subtask's unfinished transactions, oldest first. */
export function unfinishedOf(state: RunState, subtask: SubtaskId): readonly TransactionEntry[] {
  return [...state.transactions.values()]
    .filter((entry) => entry.subtask === subtask && isUnfinished(entry))
    .toSorted((a, b) => a.openedAt - b.openedAt)
}

/** What a coordinator's state decides about the records written. */
const PHASE_DECIDED: Readonly<Record<CoordinatorState, TransactionPhase | null>> = {
  Empty: null,
  Ongoing: null,
  PrepareCommit: 'committed',
  PrepareAbort: 'aborted',
  CompleteCommit: 'committed',
  CompleteAbort: 'aborted',
  PrepareEpochFence: 'aborted',
  Dead: 'aborted',
}

function emptyTransaction(
  transactionalId: string,
  producerId: number,
  producerEpoch: number,
  openedAt: number,
): TransactionEntry {
  return {
    transactionalId,
    producerId,
    producerEpoch,
    subtask: null,
    phase: 'open',
    coordinator: 'Empty',
    checkpoint: null,
    isRecommit: false,
    fencedCount: 0,
    openedAt,
    partitions: [],
  }
}
