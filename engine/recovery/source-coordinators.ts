/** The coordinators of a job's sources, by operator uid. Only Kafka sources have one: the others deal out nothing. */
import { present } from '../assert.ts'
import type { VertexId } from '../ids.ts'
import type { JobGraph } from '../job/job-graph.ts'
import type { WorkerMessage } from '../messages.ts'
import type { BrokerPort, Runtime } from '../runtime.ts'
import { KafkaSplitEnumerator } from '../source/kafka-split-enumerator.ts'
import { SourceCoordinator } from '../source/source-coordinator.ts'

/** An event without its address. */
export type SourceEvent = Omit<
  Extract<WorkerMessage, { type: 'operator-event' }>,
  'type' | 'subtask' | 'attempt'
>

export interface SourceCoordinatorPorts {
  readonly runtime: Runtime
  readonly broker: BrokerPort
  readonly graph: JobGraph
}

/** `send` delivers to the current attempt of a reader. */
export function createSourceCoordinators(
  { runtime, broker, graph }: SourceCoordinatorPorts,
  send: (vertex: VertexId, index: number, event: SourceEvent) => void,
): ReadonlyMap<string, SourceCoordinator> {
  const coordinators = new Map<string, SourceCoordinator>()
  for (const { id, nodes, parallelism } of graph.vertices) {
    const { uid, work } = present(nodes[0], `Vertex ${id} has no operator.`)
    if (work.type !== 'source' || work.source.type !== 'kafka') continue
    const spec = work.source
    const coordinator = new SourceCoordinator({
      uid,
      parallelism,
      createEnumerator: () => new KafkaSplitEnumerator(spec, runtime, broker, uid),
      sendEvent: (index, eventId, event) => {
        send(id, index, { operator: uid, eventId, event })
      },
    })
    coordinators.set(uid, coordinator)
  }
  return coordinators
}
