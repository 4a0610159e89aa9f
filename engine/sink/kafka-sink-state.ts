/** The operator state of the Kafka sink: prepared transactions, and the parallelism that wrote them. */
import type { OperatorStateEntry } from '../checkpoint/snapshot-handle.ts'
import { binary } from '../serializer.ts'
import type { Committable } from './sink-transaction.ts'
import { subtaskIndexOf } from './transaction-pool.ts'

const COMMITTABLES = 'committables'
/** Everybody learns it, so that ids of a former, higher parallelism are fenced too (FLINK-23854). */
const PARALLELISM = 'parallelism'

/** `prefix`: of the names, for a writer beside an operator that has states of its own. */
export function encodeSinkState(
  committables: readonly Committable[],
  parallelism: number,
  prefix = '',
): OperatorStateEntry[] {
  return [
    {
      name: `${prefix}${COMMITTABLES}`,
      redistribution: 'union',
      items: committables.map((committable) => binary.encode(committable)),
    },
    {
      name: `${prefix}${PARALLELISM}`,
      redistribution: 'union',
      items: [binary.encode(parallelism)],
    },
  ]
}

/** The prepared transactions of all subtasks, in the order of their checkpoints. */
export function decodeCommittables(
  entries: readonly OperatorStateEntry[],
  prefix = '',
): Committable[] {
  return itemsOf(entries, `${prefix}${COMMITTABLES}`)
    .map(decodeCommittable)
    .toSorted((a, b) => a.checkpoint - b.checkpoint)
}

/**
 * Those that this subtask commits: of the ids that it fences, its own and those of former subtasks. Were they another's,
 * one subtask would fence what the other one is about to commit.
 */
export function ownCommittables(
  entries: readonly OperatorStateEntry[],
  { subtaskIndex, parallelism }: { readonly subtaskIndex: number; readonly parallelism: number },
  prefix = '',
): Committable[] {
  return decodeCommittables(entries, prefix).filter(
    ({ handle }) => subtaskIndexOf(handle.transactionalId) % parallelism === subtaskIndex,
  )
}

/** The highest parallelism among the subtasks that wrote this state; 0 for a fresh start. */
export function formerParallelism(entries: readonly OperatorStateEntry[], prefix = ''): number {
  const items = itemsOf(entries, `${prefix}${PARALLELISM}`)
  return Math.max(0, ...items.map((item) => Number(binary.decode(item))))
}

function itemsOf(entries: readonly OperatorStateEntry[], name: string): Uint8Array[] {
  return entries.filter((entry) => entry.name === name).flatMap(({ items }) => items)
}

function decodeCommittable(item: Uint8Array): Committable {
  // Written by encodeSinkState; the checksum of the metadata guards the bytes.
  return binary.decode(item) as Committable
}
