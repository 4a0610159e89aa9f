/**
 * Writes the history of a run: checkpoints as they complete, what a read_committed reader sees while the job runs, and at
 * the end the logs. The reader uses the same requests and the same filter as any client.
 */
import { InvariantViolation } from '../../engine/assert.ts'
import type { JobGraph } from '../../engine/job/job-graph.ts'
import type { StreamNode } from '../../engine/job/stream-graph.ts'
import { decodeOrigins } from '../../engine/kafka/provenance.ts'
import { filterFetched } from '../../engine/kafka/read-committed-filter.ts'
import type { Delivery } from '../../engine/sink/sink-spec.ts'
import { kafkaSourcesIn, readsTopic } from '../../engine/source/source-spec.ts'
import type { KafkaRecord } from '../../engine/source/source-spec.ts'
import type { TraceTopology } from '../../engine/trace.ts'
import type { LogRecord } from '../kafka/ground-truth.ts'
import type { OpenTransaction, SimulatedCluster } from '../kafka/simulated-cluster.ts'
import type { SimulatedStorage } from '../world/simulated-storage.ts'
import type { World } from '../world/world.ts'
import { CoordinationRecorder } from './coordination-recorder.ts'
import { recordCheckpoint } from './checkpoint-recorder.ts'
import type { StateOwners } from './checkpoint-recorder.ts'
import type {
  CheckpointRecord,
  FedPartition,
  History,
  LogEntry,
  OutputPartition,
  OutputRecord,
} from './history.ts'

/** The observing reader polls so often. */
const POLL_MS = 50

interface Observed {
  readonly sinks: readonly string[]
  readonly delivery: Delivery
  readonly topic: string
  readonly partition: number
  position: number
  readonly records: { readonly offset: number; readonly value: Uint8Array }[]
}

export class HistoryRecorder {
  readonly #world: World
  readonly #cluster: SimulatedCluster
  readonly #graph: JobGraph
  readonly #topology: TraceTopology
  readonly #checkpoints: CheckpointRecord[] = []
  readonly #savepoints: CheckpointRecord[] = []
  readonly #observed: Observed[] = []
  readonly #coordination: CoordinationRecorder
  /** Offsets of the newest completed checkpoint: what every source that reads the partition has read. */
  #covered = new Map<string, number>()

  constructor(
    world: World,
    cluster: SimulatedCluster,
    storage: SimulatedStorage,
    graph: JobGraph,
    topology: TraceTopology,
  ) {
    this.#world = world
    this.#cluster = cluster
    this.#graph = graph
    this.#topology = topology
    this.#coordination = new CoordinationRecorder(storage)
    for (const { partitions, ...output } of outputsOf(graph, topology)) {
      for (let partition = 0; partition < partitions; partition++) {
        this.#observed.push({ ...output, partition, position: 0, records: [] })
      }
    }
    const owners = ownersOf(graph)
    world.listen((event) => {
      this.#coordination.observe(event)
      if (event.type !== 'checkpoint-completed') return
      const record = recordCheckpoint(storage, cluster, event, owners)
      if (event.kind === 'savepoint') {
        this.#savepoints.push(record)
        return
      }
      this.#checkpoints.push(record)
      this.#covered.clear()
      for (const { topic, partition, offset } of record.offsets) {
        const name = `${topic}/${partition}`
        this.#covered.set(name, Math.min(this.#covered.get(name) ?? offset, offset))
      }
    })
  }

  start(): void {
    this.#world.after(POLL_MS, 'poll', 'observer', () => {
      for (const observed of this.#observed) this.#poll(observed)
      this.start()
    })
  }

  /** How far the newest completed checkpoint has read a partition. */
  coveredOffset(topic: string, partition: number): number {
    return this.#covered.get(`${topic}/${partition}`) ?? 0
  }

  /** In the newest completed checkpoint there are records that wait for the answer of a service, or were overtaken. */
  get hasRecordsInFlight(): boolean {
    const { inFlight = 0, channels = [] } = this.#checkpoints.at(-1) ?? {}
    return inFlight > 0 || channels.length > 0
  }

  finish(stuck: string | null): History {
    for (const observed of this.#observed) this.#poll(observed)
    return {
      fed: this.#fed(),
      checkpoints: this.#checkpoints,
      savepoints: this.#savepoints,
      coordination: this.#coordination.findings,
      outputs: this.#observed.map((observed) => this.#output(observed)),
      log: this.#observed.flatMap(({ topic, partition }) => this.#logEntries(topic, partition)),
      openTransactions: this.#cluster
        .openTransactions()
        .filter((transaction) => this.#holdsData(transaction))
        .map(({ transactionalId, state }) => `${transactionalId} (${state})`),
      stuck,
    }
  }

  /** One that was opened again by a late request, empty, holds nobody up (decision 8). */
  #holdsData({ state, producerId, partitions }: OpenTransaction): boolean {
    if (state !== 'Ongoing') return true
    return partitions.some(({ topic, partition }) => {
      const { batches } = this.#cluster.log(topic, partition)
      return batches.findLast((batch) => batch.producerId === producerId)?.control === null
    })
  }

  #poll(observed: Observed): void {
    const { topic, partition, position } = observed
    this.#cluster.handle(
      {
        type: 'fetch',
        isolationLevel: 'read_committed',
        maxWaitMs: 0,
        maxBytes: 1 << 24,
        partitions: [{ topic, partition, offset: position }],
      },
      (response) => {
        const fetched = response.type === 'fetch' ? response.partitions[0] : undefined
        if (fetched === undefined || fetched.error !== 'NONE') {
          throw new InvariantViolation(`The observer cannot read ${topic}/${partition}.`)
        }
        const { records, nextOffset } = filterFetched(fetched, position, 'read_committed')
        for (const { offset, record } of records) {
          observed.records.push({ offset, value: record.value ?? new Uint8Array(0) })
        }
        observed.position = nextOffset
      },
    )
  }

  #fed(): FedPartition[] {
    return this.#graph.vertices.flatMap((vertex) => {
      const head = vertex.nodes[0]
      if (head?.work.type !== 'source') return []
      const specs = kafkaSourcesIn(head.work.source)
      return this.#topology.inputs
        .filter(({ vertex: id }) => id === vertex.id)
        .flatMap(({ topic, partitions }) => {
          // A hybrid source may read a topic twice, the second time from where the first ended.
          const spec = specs.find((one) => readsTopic(one, topic))
          if (spec === undefined) return []
          return Array.from({ length: partitions }, (_, partition) => ({
            source: head.uid,
            topic,
            partition,
            records: this.#cluster
              .readCommitted(topic, partition)
              .map((record) => kafkaRecord(topic, partition, record, spec.value)),
            endOffset: this.#cluster.log(topic, partition).logEndOffset,
          }))
        })
    })
  }

  #output({ sinks, delivery, topic, partition, records }: Observed): OutputPartition {
    const { lastStableOffset, highWatermark } = this.#cluster.log(topic, partition)
    const committed = this.#cluster
      .readCommitted(topic, partition)
      .map(({ offset, record }): OutputRecord => ({
        offset,
        key: record.key,
        value: record.value ?? new Uint8Array(0),
        origins: decodeOrigins(record.headers),
      }))
    return {
      sinks,
      delivery,
      topic,
      partition,
      committed,
      observed: records,
      lastStableOffset,
      highWatermark,
    }
  }

  #logEntries(topic: string, partition: number): LogEntry[] {
    return this.#cluster
      .log(topic, partition)
      .batches.filter(({ isTransactional }) => isTransactional)
      .map(({ baseOffset, producerId, producerEpoch, control }) => ({
        topic,
        partition,
        offset: baseOffset,
        producerId,
        producerEpoch,
        kind: control ?? 'data',
      }))
  }
}

function ownersOf({ vertices }: JobGraph): StateOwners {
  const nodes = vertices.flatMap((vertex) => vertex.nodes)
  const uidsOf = (isOwner: (node: StreamNode) => boolean): ReadonlySet<string> =>
    new Set(nodes.filter(isOwner).map(({ uid }) => uid))
  return {
    sources: uidsOf(({ work }) => work.type === 'source'),
    callers: uidsOf(({ work }) => work.type === 'operator' && work.operator.type === 'async'),
    functions: uidsOf(({ work }) => work.type === 'operator' && FUNCTIONS.has(work.operator.type)),
  }
}

/** What else has operator state keeps handles in it, which are no result. */
const FUNCTIONS: ReadonlySet<string> = new Set(['process', 'co-process', 'broadcast-process'])

const PROMISES: readonly Delivery[] = ['none', 'at-least-once', 'exactly-once']

/** The topics that sinks write to; several may share one. */
function outputsOf(
  graph: JobGraph,
  { outputs }: TraceTopology,
): (Pick<OutputPartition, 'sinks' | 'delivery' | 'topic'> & { readonly partitions: number })[] {
  const sinks = graph.vertices
    .flatMap(({ nodes }) => nodes)
    .flatMap(({ uid, work }) =>
      work.type === 'operator' && work.operator.type === 'sink' ? [{ uid, ...work.operator }] : [],
    )
  return [...new Set(outputs.map(({ topic }) => topic))].map((topic) => {
    const writers = sinks.flatMap(({ uid, sink }) =>
      sink.type === 'kafka' && sink.topic === topic ? [{ uid, delivery: sink.delivery }] : [],
    )
    return {
      topic,
      sinks: writers.map(({ uid }) => uid),
      delivery:
        PROMISES.find((promise) => writers.some(({ delivery }) => delivery === promise)) ?? 'none',
      partitions: outputs.find((output) => output.topic === topic)?.partitions ?? 0,
    }
  })
}

function kafkaRecord(
  topic: string,
  partition: number,
  { offset, record }: LogRecord,
  value: { decode(bytes: Uint8Array): unknown },
): KafkaRecord<unknown> {
  const { key, timestamp, headers } = record
  return {
    value: value.decode(record.value ?? new Uint8Array(0)),
    key,
    topic,
    partition,
    offset,
    timestamp,
    headers,
  }
}
