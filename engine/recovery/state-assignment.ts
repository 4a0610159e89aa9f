/**
 * Deals the state of a checkpoint out to the subtasks of a new deployment: keyed state by the objects that hold its key
 * groups, list state round robin, union state to everyone, a copy of broadcast state to each.
 * Source: Flink StateAssignmentOperation (flink-semantics.md 3.5).
 */
import { unreachable } from '../assert.ts'
import type { CheckpointMetadata } from '../checkpoint/checkpoint-metadata.ts'
import type {
  OperatorHandle,
  OperatorStateEntry,
  Redistribution,
  RestoreInstruction,
  SnapshotHandle,
} from '../checkpoint/snapshot-handle.ts'
import { subtaskId, vertexId } from '../ids.ts'
import type { VertexId } from '../ids.ts'
import type { JobVertex } from '../job/job-graph.ts'
import { keyGroupRange } from '../state/key-groups.ts'

/** What subtask `index` of `vertex` restores. `unionAs` is how union lists are dealt out: for a mutant not to everyone. */
export function assignState(
  { checkpoint, handles }: CheckpointMetadata,
  vertex: JobVertex,
  index: number,
  unionAs: Redistribution = 'union',
): RestoreInstruction {
  const { maxParallelism } = vertex
  // Keyed state belongs to the operator that begins the chain, after which the vertex is called.
  const former = subtasksOf(handles, vertex.id)
  const range = keyGroupRange(index, maxParallelism, vertex.parallelism)
  const keyed = former.flatMap((handle, formerIndex) => {
    const formerRange = keyGroupRange(formerIndex, maxParallelism, former.length)
    const intersects = formerRange.first <= range.last && range.first <= formerRange.last
    return handle.keyed !== null && intersects ? [handle.keyed] : []
  })
  const operators = vertex.nodes.map(({ uid }) => ({
    uid,
    operatorState: redistribute(formerHandles(handles, uid), uid, unionAs, [
      index,
      vertex.parallelism,
    ]),
  }))
  return { checkpoint, keyed, channels: [], operators: operators.filter(hasState) }
}

/** The handles with the state of an operator, wherever it was chained, in the order of the subtasks that wrote them. */
function formerHandles(handles: readonly SnapshotHandle[], uid: string): SnapshotHandle[] {
  const one = handles.find(({ operators }) => operators.some((operator) => operator.uid === uid))
  if (one === undefined) return []
  return subtasksOf(handles, vertexId(one.subtask.slice(0, one.subtask.lastIndexOf('/'))))
}

function subtasksOf(handles: readonly SnapshotHandle[], vertex: VertexId): SnapshotHandle[] {
  const ordered: SnapshotHandle[] = []
  for (;;) {
    const next = handles.find(({ subtask }) => subtask === subtaskId(vertex, ordered.length))
    if (next === undefined) return ordered
    ordered.push(next)
  }
}

function redistribute(
  former: readonly SnapshotHandle[],
  uid: string,
  unionAs: Redistribution,
  [index, parallelism]: readonly [index: number, parallelism: number],
): OperatorStateEntry[] {
  const perSubtask = former.map(
    ({ operators }) => operators.find((operator) => operator.uid === uid)?.operatorState ?? [],
  )
  const names = new Map(
    perSubtask.flat().map(({ name, redistribution }) => [name, redistribution] as const),
  )
  return [...names].map(([name, redistribution]) => {
    const lists = perSubtask.map((entries) => entries.find((e) => e.name === name)?.items ?? [])
    const kind = redistribution === 'union' ? unionAs : redistribution
    return { name, redistribution, items: itemsOf(kind, lists, index, parallelism) }
  })
}

function itemsOf(
  redistribution: Redistribution,
  lists: readonly (readonly Uint8Array[])[],
  index: number,
  parallelism: number,
): readonly Uint8Array[] {
  switch (redistribution) {
    case 'union':
      return lists.flat()
    case 'broadcast':
      return lists[index % lists.length] ?? []
    case 'split':
      if (lists.length === parallelism) return lists[index] ?? []
      return lists.flat().filter((_, position) => position % parallelism === index)
    default:
      return unreachable(redistribution)
  }
}

function hasState({ operatorState }: OperatorHandle): boolean {
  return operatorState.length > 0
}
