/**
 * What the objects of a subtask's keyed state hold, in whatever format they were written: checked, but not yet in a
 * backend. For restores, and for whoever looks at checkpoints. Must not know where the objects come from.
 */
import { decodeSnapshotObject } from '../checkpoint/snapshot-format.ts'
import type { KeyedStateHandle, StoredObject } from '../checkpoint/snapshot-handle.ts'
import type { CheckpointId } from '../ids.ts'
import type { Mutants } from '../mutants.ts'
import type { KeyedStateBackend, KeyGroupSegment, StoredRun } from '../state/keyed-state-backend.ts'
import { rowsInRange } from '../state/lsm/merge-runs.ts'
import { decodeManifest, type RunManifest } from '../state/lsm/run-manifest.ts'
import { SortedRun } from '../state/lsm/sorted-run.ts'
import { segmentsOfRows } from '../state/rows/segment-rows.ts'

export type KeyedStateContent =
  | { readonly type: 'key-groups'; readonly segments: readonly KeyGroupSegment[] }
  | { readonly type: 'runs'; readonly manifest: RunManifest; readonly runs: readonly StoredRun[] }

/** Something that cannot be restored: which object, if it is one, and one sentence about it. */
export interface Unreadable {
  readonly type: 'unreadable'
  readonly object: StoredObject | null
  readonly problem: string
}

/** The objects of the handle in the order in which they are to be given to `readKeyedState`. */
export function objectsOf({ exclusive, shared }: KeyedStateHandle): readonly StoredObject[] {
  return [...exclusive, ...shared]
}

/** How far the bytes of objects are trusted: not at all; to be the right ones, if intact; blindly. For mutants. */
export type Trust = 'none' | 'right' | 'blind'

/** Null, or one sentence about what is wrong with the bytes of an object. */
export function findDamage(
  { format }: KeyedStateHandle,
  { checksum }: StoredObject,
  bytes: Uint8Array,
): string | null {
  const read =
    format === 'runs' ? SortedRun.decode(bytes, checksum) : decodeSnapshotObject(bytes, checksum)
  return typeof read === 'string' ? read : null
}

/** `bytesOf` gives the bytes of an object, or one sentence about why it has none. */
export function readKeyedState(
  handle: KeyedStateHandle,
  bytesOf: (object: StoredObject) => Uint8Array | string,
  trust: Trust = 'none',
): KeyedStateContent | Unreadable {
  switch (handle.format) {
    case 'key-groups':
      return readKeyGroups(handle, bytesOf, trust)
    case 'runs':
      return readRuns(handle, bytesOf, trust)
    case 'changelog':
      return { type: 'unreadable', object: null, problem: 'it is a changelog' }
  }
}

/** Gives a backend its part of it. */
export function restoreContent(
  state: KeyedStateBackend,
  content: KeyedStateContent,
  checkpoint: CheckpointId,
  mutants?: Mutants,
): void {
  if (content.type === 'runs') {
    state.restoreRuns(content.manifest.states, content.runs, checkpoint)
    return
  }
  const { last } = state.range
  const first = state.range.first + (mutants?.active('key-group-range-off') === true ? 1 : 0)
  state.restore(content.segments.filter(({ keyGroup }) => keyGroup >= first && keyGroup <= last))
}

/** The same as key groups, for looking at it. */
export function segmentsOf(content: KeyedStateContent): Iterable<KeyGroupSegment> {
  if (content.type === 'key-groups') return content.segments
  const { manifest, runs } = content
  const { maxParallelism, states } = manifest
  const rows = rowsInRange(runs, { first: 0, last: maxParallelism - 1 })
  return segmentsOfRows(states, rows, maxParallelism)
}

function readKeyGroups(
  handle: KeyedStateHandle,
  bytesOf: (object: StoredObject) => Uint8Array | string,
  trust: Trust,
): KeyedStateContent | Unreadable {
  const segments: KeyGroupSegment[] = []
  for (const object of objectsOf(handle)) {
    const bytes = bytesOf(object)
    const expected = trust === 'none' ? object.checksum : undefined
    const read =
      typeof bytes === 'string' ? bytes : decodeSnapshotObject(bytes, expected, trust === 'blind')
    if (typeof read === 'string') return { type: 'unreadable', object, problem: read }
    segments.push(...read)
  }
  return { type: 'key-groups', segments }
}

function readRuns(
  handle: KeyedStateHandle,
  bytesOf: (object: StoredObject) => Uint8Array | string,
  trust: Trust,
): KeyedStateContent | Unreadable {
  const manifest = decodeManifest(handle.manifest)
  if (typeof manifest === 'string') {
    return { type: 'unreadable', object: null, problem: manifest }
  }
  const runs: StoredRun[] = []
  for (const object of objectsOf(handle)) {
    const bytes = bytesOf(object)
    const expected = trust === 'none' ? object.checksum : undefined
    const run =
      typeof bytes === 'string' ? bytes : SortedRun.decode(bytes, expected, trust === 'blind')
    if (typeof run === 'string') return { type: 'unreadable', object, problem: run }
    runs.push({ run, object })
  }
  return { type: 'runs', manifest, runs }
}
