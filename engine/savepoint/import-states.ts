/**
 * A new savepoint out of an existing checkpoint and lines that replace some of its states: pure, bytes in, bytes out.
 * States that no line replaces keep their bytes. What is written is canonical: an object for each subtask with keyed
 * state, whole key groups, nothing shared, no records in flight. Source: Flink State Processor API, SavepointWriter.
 */
import { present } from '../assert.ts'
import { ConfigurationError } from '../errors.ts'
import type { CheckpointMetadata } from '../checkpoint/checkpoint-metadata.ts'
import {
  encodeSnapshotObject,
  sealPieces,
  snapshotChecksum,
} from '../checkpoint/snapshot-format.ts'
import type { OperatorHandle, SnapshotHandle } from '../checkpoint/snapshot-handle.ts'
import type { StorageKey } from '../runtime.ts'
import { encodeKeyGroup } from '../state/key-group-segment.ts'
import type { KeyGroupContent } from '../state/key-group-segment.ts'
import { importKeyed } from './import-keyed.ts'
import { importCoordinators, importOperators } from './import-operators.ts'
import type { StateLine } from './parse-line.ts'
import { isSelected, unreadable } from './state-lines.ts'
import type { Selection } from './state-lines.ts'
import type { StoredSubtask, StoredVertex } from './stored-state.ts'

export interface ImportOptions {
  /** Names to replace: those that no line has become empty. Nothing named: what the lines have. */
  readonly selection: Selection
  /** Where the objects of the savepoint will lie: `folder/…`. */
  readonly folder: string
  /** The job's; needed only if it does not follow from the keys. */
  readonly maxParallelism: number | undefined
}

export interface ImportedSavepoint {
  readonly metadata: CheckpointMetadata
  /** To be stored before the metadata. */
  readonly objects: ReadonlyMap<StorageKey, readonly Uint8Array[]>
  /** `operator/state` of everything that was replaced, sorted. */
  readonly replaced: readonly string[]
}

/** Throws a ConfigurationError with one sentence. */
export function importStates(
  base: CheckpointMetadata,
  vertices: readonly StoredVertex[],
  lines: readonly StateLine[],
  options: ImportOptions,
): ImportedSavepoint {
  checkBase(vertices)
  const { selection } = options
  const chosen = lines.filter(({ operator, state }) => isSelected(selection, operator, state))
  checkOperators(base, vertices, chosen)
  const replaced = new Set(chosen.map(({ operator, state }) => `${operator}/${state}`))
  const isReplaced = (operator: string, state: string): boolean => {
    const isNamed = selection.states.length > 0 && isSelected(selection, operator, state)
    if (isNamed) replaced.add(`${operator}/${state}`)
    return isNamed || replaced.has(`${operator}/${state}`)
  }
  const operators = importOperators(base, chosen, isReplaced)
  const objects = new Map<StorageKey, readonly Uint8Array[]>()
  const handles = vertices.flatMap((vertex) => {
    const keyGroups = importKeyed(vertex, chosen, isReplaced, options.maxParallelism)
    return vertex.subtasks.map((subtask, i) => {
      const { handle } = subtask
      const inline = present(operators.get(handle.subtask), 'A subtask has lost its operators.')
      const content = present(keyGroups[i], 'A subtask has lost its key groups.')
      return writeSubtask(subtask, content, inline, { folder: options.folder, objects })
    })
  })
  const coordinators = importCoordinators(base, chosen, isReplaced)
  return {
    metadata: { ...base, kind: 'savepoint', handles, coordinators },
    objects,
    replaced: [...replaced].sort(),
  }
}

function checkBase(vertices: readonly StoredVertex[]): void {
  for (const { handle, keyGroups } of vertices.flatMap(({ subtasks }) => subtasks)) {
    if (keyGroups === null) throw unreadable(handle.subtask, handle.keyed?.format ?? '')
    if (handle.channels !== null) {
      throw new ConfigurationError(
        'unaligned-base',
        `The checkpoint has records that were on their way to ${handle.subtask}: take a savepoint, which has none, and ` +
          'use that as the base.',
      )
    }
  }
}

function checkOperators(
  base: CheckpointMetadata,
  vertices: readonly StoredVertex[],
  lines: readonly StateLine[],
): void {
  const keyed = vertices
    .filter(({ subtasks }) => subtasks.some(({ handle }) => handle.keyed !== null))
    .map(({ vertex }) => vertex)
  const uids = base.handles.flatMap(({ operators }) => operators.map(({ uid }) => uid))
  const coordinators = base.coordinators.map(({ uid }) => uid)
  for (const { type, operator, number } of lines) {
    const isKeyed = type === 'keyed' || type === 'timer'
    const known = isKeyed ? keyed : type === 'operator' ? uids : coordinators
    if (known.includes(operator)) continue
    const names = [...new Set(known)].sort().join(', ')
    throw new ConfigurationError(
      'unknown-operator',
      `Line ${number}: the checkpoint has no operator "${operator}" with such state; it has ${names || 'none'}.`,
    )
  }
}

function writeSubtask(
  { handle, index }: StoredSubtask,
  keyGroups: readonly KeyGroupContent[],
  operators: readonly OperatorHandle[],
  {
    folder,
    objects,
  }: { readonly folder: string; readonly objects: Map<StorageKey, readonly Uint8Array[]> },
): SnapshotHandle {
  const { subtask } = handle
  const inline = operators.flatMap(({ operatorState }) =>
    operatorState.flatMap(({ items }) => items),
  )
  let sizeBytes = inline.reduce((sum, { length }) => sum + length, 0)
  let { keyed } = handle
  if (keyed !== null || keyGroups.length > 0) {
    const vertex = subtask.slice(0, subtask.lastIndexOf('/'))
    const key = `${folder}/${vertex.replaceAll('/', '-')}-${index}`
    const pieces = encodeSnapshotObject(
      keyGroups.map((content) => sealPieces(content.keyGroup, encodeKeyGroup(content))),
    )
    const objectBytes = pieces.reduce((sum, { length }) => sum + length, 0)
    const object = { key, sizeBytes: objectBytes, checksum: snapshotChecksum(pieces) }
    objects.set(key, pieces)
    keyed = { format: 'key-groups', manifest: null, exclusive: [object], shared: [] }
    sizeBytes += objectBytes
  }
  return { ...handle, keyed, operators, sizeBytes, writtenBytes: sizeBytes }
}
