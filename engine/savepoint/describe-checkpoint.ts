/**
 * What a checkpoint holds, in figures: states with kind, serializer, size and keys, key groups, timers, operator state,
 * positions of sources, transactions that wait for their commit. Plain data, for a table or as JSON.
 */
import { present } from '../assert.ts'
import type { CheckpointMetadata } from '../checkpoint/checkpoint-metadata.ts'
import { exclusiveObjects } from '../checkpoint/snapshot-handle.ts'
import type {
  OperatorStateEntry,
  Redistribution,
  StateFormat,
} from '../checkpoint/snapshot-handle.ts'
import { decodeCommittables } from '../sink/kafka-sink-state.ts'
import { decodeSplits } from '../source/kafka-source-reader.ts'
import { encodeKeyGroup } from '../state/key-group-segment.ts'
import type { KeyGroupContent } from '../state/key-group-segment.ts'
import type { StateKind, StateSegment } from '../state/store-segment.ts'
import { decodeTimer } from '../state/timer-segment.ts'
import type { TimerSegment } from '../state/timer-segment.ts'
import { grouped } from './grouped.ts'
import type { StoredVertex } from './stored-state.ts'
import { toTagged } from './tagged-json.ts'
import type { Json } from './tagged-json.ts'

export interface CheckpointDescription {
  readonly checkpoint: number
  readonly kind: string
  readonly triggeredAt: number
  /** Of everything that a restore reads. */
  readonly sizeBytes: number
  readonly objects: readonly { readonly key: string; readonly sizeBytes: number }[]
  readonly vertices: readonly VertexDescription[]
  readonly operators: readonly OperatorDescription[]
  readonly positions: readonly { readonly operator: string; readonly split: Json }[]
  readonly transactions: readonly TransactionDescription[]
  readonly coordinators: readonly { readonly operator: string; readonly sizeBytes: number }[]
}

export interface VertexDescription {
  readonly vertex: string
  readonly subtasks: number
  readonly formats: readonly StateFormat[]
  /** Null when some format is not read here. */
  readonly states: readonly StateDescription[] | null
  readonly timers: readonly TimersDescription[]
  /** Of records in flight that a barrier overtook. */
  readonly channelBytes: number
}

export interface StateDescription {
  readonly state: string
  readonly kind: StateKind
  readonly serializer: string
  /** Of map states only, else empty. */
  readonly keySerializer: string
  readonly isNamespaced: boolean
  readonly hasTtl: boolean
  /** With their namespaces. */
  readonly keys: number
  /** Elements of lists and entries of maps; of other states the same as the keys. */
  readonly elements: number
  readonly sizeBytes: number
  readonly keyGroups: KeyGroupsDescription
}

export interface KeyGroupsDescription {
  readonly first: number
  readonly last: number
  readonly count: number
}

export interface TimersDescription {
  readonly domain: string
  readonly count: number
  readonly earliest: Json
  readonly keyGroups: KeyGroupsDescription
}

export interface OperatorDescription {
  readonly operator: string
  readonly state: string
  readonly redistribution: Redistribution
  readonly items: number
  readonly sizeBytes: number
}

export interface TransactionDescription {
  readonly operator: string
  readonly checkpoint: number
  readonly transactionalId: string
  readonly producerId: number
  readonly producerEpoch: number
}

export function describeCheckpoint(
  metadata: CheckpointMetadata,
  vertices: readonly StoredVertex[],
): CheckpointDescription {
  const { checkpoint, kind, triggeredAt, handles, coordinators } = metadata
  const operators = groupedOperators(metadata)
  return {
    checkpoint,
    kind,
    triggeredAt,
    sizeBytes: handles.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    objects: handles.flatMap((handle) =>
      [...exclusiveObjects(handle), ...(handle.keyed?.shared ?? [])].map(({ key, sizeBytes }) => ({
        key,
        sizeBytes,
      })),
    ),
    vertices: vertices.map(describeVertex),
    operators: [...operators].flatMap(([operator, entries]) => describeEntries(operator, entries)),
    positions: [...operators].flatMap(([operator, entries]) =>
      decodeSplits(entries).map((split) => ({ operator, split: toTagged(split) })),
    ),
    transactions: [...operators].flatMap(([operator, entries]) =>
      decodeCommittables(entries).map((committable) => ({
        operator,
        checkpoint: committable.checkpoint,
        ...committable.handle,
      })),
    ),
    coordinators: coordinators.map(({ uid, state }) => ({
      operator: uid,
      sizeBytes: state.length,
    })),
  }
}

/** The operator states of all subtasks, by operator. */
function groupedOperators({ handles }: CheckpointMetadata): Map<string, OperatorStateEntry[]> {
  const byOperator = new Map<string, OperatorStateEntry[]>()
  for (const { uid, operatorState } of handles.flatMap(({ operators }) => operators)) {
    const entries = byOperator.get(uid) ?? []
    byOperator.set(uid, entries)
    entries.push(...operatorState)
  }
  return byOperator
}

function describeEntries(
  operator: string,
  entries: readonly OperatorStateEntry[],
): OperatorDescription[] {
  const names = [...new Set(entries.map(({ name }) => name))]
  return names.map((state) => {
    const same = entries.filter(({ name }) => name === state)
    const items = same.flatMap((entry) => entry.items)
    return {
      operator,
      state,
      redistribution: same[0]?.redistribution ?? 'split',
      items: items.length,
      sizeBytes: items.reduce((sum, { length }) => sum + length, 0),
    }
  })
}

function describeVertex({ vertex, subtasks }: StoredVertex): VertexDescription {
  const formats = subtasks.flatMap(({ handle }) => handle.keyed?.format ?? [])
  const isReadable = subtasks.every(({ keyGroups }) => keyGroups !== null)
  const keyGroups = subtasks.flatMap((subtask) => subtask.keyGroups ?? [])
  return {
    vertex,
    subtasks: subtasks.length,
    formats: [...new Set(formats)],
    states: isReadable ? describeStates(keyGroups) : null,
    timers: describeTimers(keyGroups),
    channelBytes: subtasks.reduce((sum, { handle }) => sum + (handle.channels?.sizeBytes ?? 0), 0),
  }
}

function describeStates(keyGroups: readonly KeyGroupContent[]): StateDescription[] {
  const parts = keyGroups.flatMap(({ keyGroup, states }) =>
    states.map((segment) => ({ keyGroup, segment })),
  )
  const byName = grouped(parts, ({ segment }) => segment.info.name)
  return [...byName].map(([state, own]) => {
    const segments = own.map(({ segment }) => segment)
    const { kind, serializer, keySerializer, isNamespaced, hasTtl } = infoOf(segments)
    return {
      state,
      kind,
      serializer,
      keySerializer,
      isNamespaced,
      hasTtl,
      keys: segments.reduce((sum, segment) => sum + keysIn(segment), 0),
      elements: segments.reduce((sum, segment) => sum + elementsIn(segment), 0),
      sizeBytes: segments.reduce((sum, segment) => sum + bytesOf({ states: [segment] }), 0),
      keyGroups: rangeOf(own.map(({ keyGroup }) => keyGroup)),
    }
  })
}

function describeTimers(keyGroups: readonly KeyGroupContent[]): TimersDescription[] {
  return (['event', 'processing'] as const).flatMap((domain) => {
    const groups = keyGroups.filter(({ timers }) => timers.some((queue) => queue.domain === domain))
    const rows = groups.flatMap(({ timers }) => rowsIn(timers, domain))
    if (rows.length === 0) return []
    const earliest = rows.reduce((least, row) => Math.min(least, decodeTimer(row).time), Infinity)
    return {
      domain,
      count: rows.length,
      earliest: toTagged(earliest),
      keyGroups: rangeOf(groups.map(({ keyGroup }) => keyGroup)),
    }
  })
}

function rowsIn(timers: readonly TimerSegment[], domain: string): TimerSegment['rows'] {
  return timers.filter((queue) => queue.domain === domain).flatMap(({ rows }) => rows)
}

function infoOf(segments: readonly StateSegment[]): StateSegment['info'] {
  const [first] = segments
  return present(first, 'A state without segments.').info
}

function keysIn(segment: StateSegment): number {
  return segment.type === 'value' ? segment.content.count : segment.rows.length
}

function elementsIn(segment: StateSegment): number {
  if (segment.type === 'value') return segment.content.count
  return segment.rows.reduce((sum, { items }) => sum + items.length, 0)
}

/** What the part takes of a key group's bytes. */
function bytesOf({ states }: Pick<KeyGroupContent, 'states'>): number {
  const frame = encodeKeyGroup({ keyGroup: 0, states: [], timers: [] })
  return lengthOf(encodeKeyGroup({ keyGroup: 0, states, timers: [] })) - lengthOf(frame)
}

function lengthOf(pieces: readonly Uint8Array[]): number {
  return pieces.reduce((sum, { length }) => sum + length, 0)
}

function rangeOf(keyGroups: readonly number[]): KeyGroupsDescription {
  let [first = 0, last = 0] = [keyGroups[0], keyGroups[0]]
  for (const keyGroup of keyGroups) {
    first = Math.min(first, keyGroup)
    last = Math.max(last, keyGroup)
  }
  return { first, last, count: new Set(keyGroups).size }
}
