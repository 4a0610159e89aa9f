/** Who reads and writes which topic partition at one moment: the lines between partitions and subtasks. Pure. */
import type { TraceTopology } from '../../engine/trace.ts'
import type { RunState, TransactionPhase } from '../model/run-state.ts'
import { partitionKey } from '../model/run-state.ts'
import { unfinishedOf } from '../model/transactions.ts'
import type { Route } from './geometry.ts'
import type { GraphLayout } from './graph-layout.ts'
import { linkKey } from './graph-routes.ts'

export interface Link {
  readonly key: string
  readonly route: Route
  /** Of a write: the phase of the writer's oldest unfinished transaction with records in the partition. */
  readonly texture: 'read' | 'idle' | TransactionPhase
}

export function linksOf(
  state: RunState,
  layout: GraphLayout,
  topology: TraceTopology,
): readonly Link[] {
  const reads = [...state.partitions.values()].flatMap(({ key, reader }): readonly Link[] => {
    const way = reader === null ? undefined : layout.reads.get(linkKey(key, reader))
    return way === undefined ? [] : [{ key: `${key}>${reader}`, route: way, texture: 'read' }]
  })
  return [...reads, ...topology.outputs.flatMap((output) => writesTo(output, state, layout))]
}

function writesTo(
  { topic, partitions, vertex }: TraceTopology['outputs'][number],
  state: RunState,
  layout: GraphLayout,
): readonly Link[] {
  const writers = [...state.subtasks.values()].filter((subtask) => subtask.vertex === vertex)
  return writers.flatMap(({ id, isLost }) => {
    const unfinished = isLost ? [] : unfinishedOf(state, id)
    return Array.from({ length: partitions }, (_, index) => partitionKey(topic, index)).flatMap(
      (key): readonly Link[] => {
        const way = layout.writes.get(linkKey(key, id))
        if (way === undefined) return []
        const texture = unfinished.find((entry) => entry.partitions.includes(key))?.phase ?? 'idle'
        return [{ key: `${id}>${key}`, route: way, texture }]
      },
    )
  })
}
