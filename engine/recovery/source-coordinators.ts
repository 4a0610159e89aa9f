/**
 * The coordinators of a job's sources, by operator uid: for Kafka, for hybrid sources, and for those that align. The
 * others deal out nothing.
 */
import { present } from '../assert.ts'
import { describeError } from '../errors.ts'
import type { VertexId } from '../ids.ts'
import type { JobGraph } from '../job/job-graph.ts'
import type { StreamNode } from '../job/stream-graph.ts'
import type { WorkerMessage } from '../messages.ts'
import type { BrokerPort, Runtime } from '../runtime.ts'
import { checkStartingOffsets } from '../source/kafka-offsets.ts'
import { KafkaSplitEnumerator } from '../source/kafka-split-enumerator.ts'
import { AlignmentGroup, SourceAlignment } from '../source/source-alignment.ts'
import { SourceCoordinator } from '../source/source-coordinator.ts'
import type { ActiveSource } from '../source/source-coordinator.ts'
import type { KafkaSourceSpec, SourceSpec } from '../source/source-spec.ts'
import type { WatermarkAlignment } from '../time/watermark-strategy.ts'

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

export interface SourceCoordinatorHost {
  /** Delivers to the current attempt of a reader. */
  send(vertex: VertexId, index: number, event: SourceEvent): void
  /** Fails the job, so that its restart strategy decides. */
  fail(reason: string): void
  /** Some source may have begun to read what has piled up, or have read it. */
  backlogChanged(): void
}

export function createSourceCoordinators(
  { runtime, broker, graph }: SourceCoordinatorPorts,
  host: SourceCoordinatorHost,
): ReadonlyMap<string, SourceCoordinator> {
  const coordinators = new Map<string, SourceCoordinator>()
  const groups = new Map<string, AlignmentGroup>()
  for (const { id, nodes, parallelism } of graph.vertices) {
    const { uid, work } = present(nodes[0], `Vertex ${id} has no operator.`)
    if (work.type !== 'source' || !needsCoordinator(work)) continue
    const { source } = work
    const fail = (reason: string): void => {
      // The coordinator may be about to be reset: the job fails when that is done.
      runtime.schedule(0, 'source-failure', () => {
        host.fail(`The source "${uid}" failed: ${reason}`)
      })
    }
    const alignment = createAlignment(
      uid,
      work.watermarks?.alignment ?? null,
      groups,
      (index, at) => {
        coordinators.get(uid)?.announce(index, at)
      },
    )
    const coordinator = new SourceCoordinator({
      uid,
      parallelism,
      sources: source.type === 'hybrid' ? source.sources.length : 1,
      createEnumerator: (active) => {
        const spec = activeKafkaSource(source, active, fail)
        if (spec === null) return null
        return new KafkaSplitEnumerator(spec, { runtime, broker, uid }, active.discovered)
      },
      sendEvent: (index, eventId, event) => {
        host.send(id, index, { operator: uid, eventId, event })
      },
      alignment,
      fail,
      onBacklog: () => {
        host.backlogChanged()
      },
    })
    coordinators.set(uid, coordinator)
    alignment?.start(runtime)
  }
  return coordinators
}

function needsCoordinator({
  source,
  watermarks,
}: Extract<StreamNode['work'], { type: 'source' }>): boolean {
  const hasSplits = source.type === 'kafka' || source.type === 'hybrid'
  return hasSplits || (watermarks !== null && watermarks.alignment !== null)
}

function createAlignment(
  uid: string,
  options: WatermarkAlignment | null,
  groups: Map<string, AlignmentGroup>,
  announce: (index: number, maxAllowed: number) => void,
): SourceAlignment | null {
  if (options === null) return null
  const group = groups.get(options.group) ?? new AlignmentGroup()
  groups.set(options.group, group)
  return new SourceAlignment(uid, options, group, announce)
}

/** The active source if it is a Kafka source; one that follows another may begin where that one ended. */
function activeKafkaSource(
  spec: SourceSpec,
  { source, point }: ActiveSource,
  fail: (reason: string) => void,
): KafkaSourceSpec | null {
  if (spec.type !== 'hybrid') return spec.type === 'kafka' ? spec : null
  const active = present(spec.sources[source], `A hybrid source has no source ${source}.`)
  if (active.type !== 'kafka') return null
  if (point === null || spec.switchAt === null) return active
  try {
    const derived = spec.switchAt(point)
    return derived === null ? active : { ...active, startingOffsets: checkStartingOffsets(derived) }
  } catch (error) {
    fail(`switchAt threw ${describeError(error)}`)
    return null
  }
}
