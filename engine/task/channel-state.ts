/**
 * Reads the records in flight that a checkpoint took along, and picks those that are this subtask's now. All of them come
 * back at the consumer: what was still in an output is read there as well (Flink's recovery of output buffers on the
 * downstream side). Source: Flink channel state restore and its rescaling (flink-semantics.md 3.5).
 */
import { present } from '../assert.ts'
import { decodeChannelState } from '../checkpoint/channel-state-format.ts'
import type { ChannelPart } from '../checkpoint/channel-state-format.ts'
import type { StoredObject } from '../checkpoint/snapshot-handle.ts'
import type { RecordBuffer } from '../element.ts'
import type { JobEdge } from '../job/job-graph.ts'
import { isKeyed } from '../job/stream-graph.ts'
import { keyGroupOf, operatorIndexOf } from '../state/key-groups.ts'
import type { SubtaskEnvironment } from './subtask-environment.ts'
import type { RecoveredRecords } from './subtask-input.ts'

/** Calls back with the records in their order, or with one sentence about what failed. */
export function readChannelState(
  env: SubtaskEnvironment,
  onRead: (result: readonly RecoveredRecords[] | string) => void,
): void {
  const { deployment, mutants, vertex } = env
  const { restore } = deployment
  const parts: ChannelPart[] = []
  const isLost = !vertex.nodes.some(isKeyed) && mutants.active('channel-state-not-redistributed')
  const objects = isLost ? [] : (restore?.channels ?? [])
  const next = (index: number): void => {
    const object = objects[index]
    if (object === undefined) {
      onRead(pickRecords(env, parts))
      return
    }
    readObject(env, object, (result) => {
      if (typeof result === 'string') {
        onRead(
          `The records in flight ${object.key} of checkpoint ${restore?.checkpoint} ${result}.`,
        )
        return
      }
      parts.push(...result)
      next(index + 1)
    })
  }
  next(0)
}

function readObject(
  { storage, runtime }: SubtaskEnvironment,
  { key, checksum }: StoredObject,
  onRead: (result: readonly ChannelPart[] | string) => void,
): void {
  storage.get(key, (result) => {
    if (result.type === 'failed') {
      onRead(`cannot be read: ${result.reason}`)
      return
    }
    runtime.spend({ records: 0, bytes: result.value.length })
    const decoded = decodeChannelState(result.value, checksum)
    onRead(typeof decoded === 'string' ? `are corrupt: ${decoded}` : decoded)
  })
}

/** Of one channel, what had arrived comes before what had not left: so its order is kept. */
function pickRecords(
  env: SubtaskEnvironment,
  parts: readonly ChannelPart[],
): readonly RecoveredRecords[] | string {
  const { id, inputs } = env.vertex
  const own = parts.filter(({ consumer }) => consumer === id)
  const placed = own.flatMap((part) => {
    const place = inputs.findIndex((edge) => isEdgeOf(edge, part))
    const edge = inputs[place]
    return edge === undefined ? [] : [{ part, place, edge }]
  })
  const lost = own.find((part) => !placed.some((each) => each.part === part))
  if (lost !== undefined) {
    return `Records were in flight from ${lost.producer} to ${id}, which this job does not connect.`
  }
  return placed
    .toSorted((a, b) => a.place - b.place || compareParts(a.part, b.part))
    .flatMap(({ part, edge }) =>
      buffersFor(env, part, edge).map((records) => ({ input: edge.input, records })),
    )
    .filter(({ records }) => records.values.length > 0)
}

function isEdgeOf(edge: JobEdge, { producer, consumer, edge: index }: ChannelPart): boolean {
  return edge.producer === producer && edge.consumer === consumer && edge.index === index
}

function compareParts(a: ChannelPart, b: ChannelPart): number {
  return (
    a.consumerIndex - b.consumerIndex ||
    a.producerIndex - b.producerIndex ||
    Number(a.end === 'output') - Number(b.end === 'output')
  )
}

/** Keyed records go where their keys are now; other channels go as a whole, broadcast ones to everyone who has none. */
function buffersFor(
  { vertex, deployment }: SubtaskEnvironment,
  { buffers, consumerIndex, consumers }: ChannelPart,
  edge: JobEdge,
): readonly RecordBuffer[] {
  const { parallelism, maxParallelism } = vertex
  const { index } = deployment
  const isOwn = (hash: number): boolean =>
    operatorIndexOf(keyGroupOf(hash, maxParallelism), maxParallelism, parallelism) === index
  switch (edge.partitioning.type) {
    case 'hash':
      return buffers.map((records) => filterRecords(records, isOwn))
    case 'broadcast':
      return consumerIndex === index % consumers ? buffers : []
    default:
      return consumerIndex % parallelism === index ? buffers : []
  }
}

function filterRecords(records: RecordBuffer, isWanted: (hash: number) => boolean): RecordBuffer {
  const { values, timestamps, origins } = records
  const hashes = present(records.hashes, 'Records in flight to a keyed input have no hashes.')
  const kept = hashes.flatMap((hash, at) => (isWanted(hash) ? [at] : []))
  if (kept.length === values.length) return records
  return {
    type: 'records',
    values: kept.map((at) => values[at]),
    timestamps: kept.map((at) => timestamps[at] ?? 0),
    hashes: kept.map((at) => hashes[at] ?? 0),
    origins: origins === null ? null : kept.map((at) => origins[at] ?? []),
  }
}
