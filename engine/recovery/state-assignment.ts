/**
 * Deals the state of a checkpoint out to the subtasks of a new deployment: keyed state by the objects that hold its key
 * groups, list state round robin, union state to everyone, a copy of broadcast state to each, records in flight to those
 * who consume them now, with or without state of their own.
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
  StoredObject,
} from '../checkpoint/snapshot-handle.ts'
import { subtaskId, vertexId } from '../ids.ts'
import type { VertexId } from '../ids.ts'
import type { JobVertex } from '../job/job-graph.ts'
import { keyGroupRange } from '../state/key-groups.ts'
import type { KeyGroupRange } from '../state/key-groups.ts'

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
    return handle.keyed !== null && intersect(formerRange, range) ? [handle.keyed] : []
  })
  const operators = vertex.nodes.map(({ uid }) => ({
    uid,
    operatorState: redistribute(formerHandles(handles, uid), uid, unionAs, [
      index,
      vertex.parallelism,
    ]),
  }))
  const channels = channelObjects(handles, former, vertex, index)
  return { checkpoint, keyed, channels, operators: operators.filter(hasState) }
}

/**
 * The objects with records that may be for the subtask: of former subtasks of the vertex, what had arrived at them; of
 * former subtasks of its producers, what had not left.
 */
function channelObjects(
  handles: readonly SnapshotHandle[],
  former: readonly SnapshotHandle[],
  { inputs, maxParallelism, parallelism }: JobVertex,
  index: number,
): StoredObject[] {
  const range = keyGroupRange(index, maxParallelism, parallelism)
  const arrived = former.filter((_, formerIndex) =>
    inputs.some(({ partitioning: { type } }) => {
      if (type === 'hash') {
        return intersect(keyGroupRange(formerIndex, maxParallelism, former.length), range)
      }
      if (type === 'broadcast') return formerIndex === index % former.length
      return formerIndex % parallelism === index
    }),
  )
  const producers = new Set<string>(inputs.map(({ producer }) => producer))
  const notLeft = handles.filter(({ subtask }) =>
    producers.has(subtask.slice(0, subtask.lastIndexOf('/'))),
  )
  return [...arrived, ...notLeft].flatMap(({ channels }) => channels ?? [])
}

function intersect(one: KeyGroupRange, other: KeyGroupRange): boolean {
  return one.first <= other.last && other.first <= one.last
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
