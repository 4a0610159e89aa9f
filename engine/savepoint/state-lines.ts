/**
 * The contents of a checkpoint as JSON, an object for each entry, so that ordinary tools can look at it and change it.
 * Lossless: parsing what was exported and importing it gives the same state. Must not know files.
 */
import { ConfigurationError } from '../errors.ts'
import type { CheckpointMetadata } from '../checkpoint/checkpoint-metadata.ts'
import type { SnapshotHandle } from '../checkpoint/snapshot-handle.ts'
import { binary, encodeKey, hashKey } from '../serializer.ts'
import type { KeyGroupContent } from '../state/key-group-segment.ts'
import type { StateInfo } from '../state/store-segment.ts'
import type { TimerDomain } from '../state/timer-queue.ts'
import { decodeTimer, timerOrder } from '../state/timer-segment.ts'
import { rowsOf } from './state-rows.ts'
import type { StoredVertex } from './stored-state.ts'
import { RawValue, toTagged } from './tagged-json.ts'
import type { Json } from './tagged-json.ts'

/** Nothing named: everything. */
export interface Selection {
  readonly states: readonly string[]
  readonly operators: readonly string[]
  /** Entries of keyed state and timers of these keys only, and nothing else. */
  readonly keys?: readonly unknown[]
}

export function isSelected(
  { states, operators }: Selection,
  operator: string,
  state: string,
): boolean {
  const hasState = states.length === 0 || states.includes(state)
  return hasState && (operators.length === 0 || operators.includes(operator))
}

export function timersName(domain: TimerDomain): string {
  return `${domain}-time timers`
}

/** The state of a source's coordinator has no name of its own. */
export const COORDINATOR = 'coordinator'

/** A line as it is written. */
export type JsonLine = Readonly<Record<string, Json>>

/** Keyed state by vertex, key group and state; then timers, operator state, coordinators. */
export function* exportLines(
  metadata: CheckpointMetadata,
  vertices: readonly StoredVertex[],
  selection: Selection,
): Iterable<JsonLine> {
  for (const { vertex, subtasks } of vertices) {
    for (const { handle, keyGroups } of subtasks) {
      if (keyGroups === null) throw unreadable(handle.subtask, handle.keyed?.format ?? '')
      for (const keyGroup of keyGroups) yield* keyGroupLines(vertex, keyGroup, selection)
    }
  }
  if (selection.keys !== undefined) return
  for (const { handle, index } of vertices.flatMap(({ subtasks }) => subtasks)) {
    yield* operatorLines(handle, index, selection)
  }
  for (const { uid, state } of metadata.coordinators) {
    if (!isSelected(selection, uid, COORDINATOR)) continue
    yield { operator: uid, state: COORDINATOR, kind: 'coordinator', value: itemToTagged(state) }
  }
}

export function unreadable(subtask: string, format: string): ConfigurationError {
  return new ConfigurationError(
    'unreadable-state',
    `The state of ${subtask} is stored as ${format}, which only its backend reads: take a savepoint, which is the same ` +
      'for every backend, and use that.',
  )
}

function* keyGroupLines(
  operator: string,
  { keyGroup, states, timers }: KeyGroupContent,
  selection: Selection,
): Iterable<JsonLine> {
  for (const segment of states) {
    const { info } = segment
    if (!isSelected(selection, operator, info.name)) continue
    const head = { operator, state: info.name, ...describedBy(info), keyGroup }
    for (const { key, hash, namespace, value, stamps } of rowsOf(segment)) {
      if (!isWanted(selection, key, hash)) continue
      yield {
        ...head,
        key: toTagged(key),
        ...(info.isNamespaced ? { namespace: toTagged(namespace) } : {}),
        value: toTagged(value),
        ...(info.hasTtl ? { at: atOf(info, stamps) } : {}),
      }
    }
  }
  for (const { domain, rows } of timers) {
    if (!isSelected(selection, operator, timersName(domain))) continue
    for (const row of rows) {
      const { key, hash, time, start, end } = decodeTimer(row)
      if (!isWanted(selection, key, hash)) continue
      yield {
        operator,
        state: timersName(domain),
        kind: 'timer',
        keyGroup,
        key: toTagged(key),
        time: toTagged(time),
        start: toTagged(start),
        end: toTagged(end),
        order: timerOrder(row),
      }
    }
  }
}

function isWanted({ keys }: Selection, key: unknown, hash: number): boolean {
  if (keys === undefined) return true
  return keys.some((wanted) => {
    return hashKey(wanted) === hash && String(encodeKey(wanted)) === String(encodeKey(key))
  })
}

function describedBy({ kind, serializer, keySerializer }: StateInfo): JsonLine {
  return kind === 'map' ? { kind, keySerializer, serializer } : { kind, serializer }
}

/** A value has one last use, a list or map one for each item. */
function atOf({ kind }: StateInfo, stamps: readonly number[]): Json {
  return kind === 'value' ? toTagged(stamps[0]) : stamps.map(toTagged)
}

function* operatorLines(
  { operators }: SnapshotHandle,
  subtask: number,
  selection: Selection,
): Iterable<JsonLine> {
  for (const { uid, operatorState } of operators) {
    for (const { name, redistribution, items } of operatorState) {
      if (!isSelected(selection, uid, name)) continue
      const head = { operator: uid, state: name, kind: 'operator', redistribution, subtask }
      for (const item of items) yield { ...head, value: itemToTagged(item) }
    }
  }
}

/** An item does not say how it was encoded: as `binary` reads it if that gives its bytes again, else the bytes. */
function itemToTagged(bytes: Uint8Array): Json {
  try {
    const value = binary.decode(bytes)
    const again = binary.encode(value)
    const isSame = again.length === bytes.length && again.every((byte, i) => byte === bytes[i])
    if (isSame) return toTagged(value)
  } catch {
    // Then `binary` did not write it.
  }
  return toTagged(new RawValue(bytes))
}
