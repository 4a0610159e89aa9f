/**
 * What the objects of a subtask's keyed state hold, in whatever format they were written: checked, but not yet in a
 * backend. For restores, and for whoever looks at checkpoints. Must not know where the objects come from.
 */
import { decodeSnapshotObject } from '../checkpoint/snapshot-format.ts'
import type { KeyedStateHandle, StoredObject } from '../checkpoint/snapshot-handle.ts'
import type { CheckpointId } from '../ids.ts'
import type { Mutants } from '../mutants.ts'
import { ChangelogStateBackend } from '../state/changelog/changelog-state-backend.ts'
import type { KeyedStateBackend, KeyGroupSegment, StoredRun } from '../state/keyed-state-backend.ts'
import { rowsInRange } from '../state/lsm/merge-runs.ts'
import { decodeManifest, type LogRange, type RunManifest } from '../state/lsm/run-manifest.ts'
import { SortedRun } from '../state/lsm/sorted-run.ts'
import { segmentsOfRows } from '../state/rows/segment-rows.ts'

export type KeyedStateContent =
  | { readonly type: 'key-groups'; readonly segments: readonly KeyGroupSegment[] }
  | {
      readonly type: 'runs'
      readonly manifest: RunManifest
      readonly runs: readonly StoredRun[]
      /** Changes out of a log, newer than all runs. */
      readonly logged: readonly SortedRun[]
    }

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

/** The changes in a part of a log, or one sentence about why they cannot be read. */
export type LoggedOf = (range: LogRange) => SortedRun | string

/** How far the bytes of objects are trusted: not at all; to be the right ones, if intact; blindly. For mutants. */
export type Trust = 'none' | 'right' | 'blind'

/** Null, or one sentence about what is wrong with the bytes of an object. */
export function findDamage(
  { format }: KeyedStateHandle,
  { checksum }: StoredObject,
  bytes: Uint8Array,
): string | null {
  const isRun = format !== 'key-groups'
  const read = isRun ? SortedRun.decode(bytes, checksum) : decodeSnapshotObject(bytes, checksum)
  return typeof read === 'string' ? read : null
}

/** `bytesOf` gives the bytes of an object, or one sentence about why it has none. */
export function readKeyedState(
  handle: KeyedStateHandle,
  bytesOf: (object: StoredObject) => Uint8Array | string,
  trust: Trust = 'none',
  loggedOf: LoggedOf = notHere,
): KeyedStateContent | Unreadable {
  switch (handle.format) {
    case 'key-groups':
      return readKeyGroups(handle, bytesOf, trust)
    case 'runs':
    case 'changelog':
      return readRuns(handle, bytesOf, trust, loggedOf)
  }
}

/** The part of a log that the handle needs beside its objects; null if none. */
export function logRangeOf({ format, manifest }: KeyedStateHandle): LogRange | null {
  const decoded = format === 'changelog' ? decodeManifest(manifest) : null
  return decoded === null || typeof decoded === 'string' ? null : (decoded.log ?? null)
}

function notHere({ topic, partition }: LogRange): string {
  return `its newest changes lie in the Kafka topic ${topic}, partition ${partition}, which is not read here`
}

/** Gives a backend its part of it. */
export function restoreContent(
  state: KeyedStateBackend,
  content: KeyedStateContent,
  checkpoint: CheckpointId,
  mutants?: Mutants,
): void {
  if (content.type === 'runs') {
    const { manifest, runs, logged } = content
    const { states } = manifest
    if (state instanceof ChangelogStateBackend) {
      state.restoreLogged(states, runs, logged, checkpoint)
    } else if (logged.length === 0) {
      state.restoreRuns(states, runs, checkpoint)
    } else {
      state.restoreRows(states, rowsInRange(newestFirst(content), state.range))
    }
    return
  }
  const { last } = state.range
  const first = state.range.first + (mutants?.active('key-group-range-off') === true ? 1 : 0)
  state.restore(content.segments.filter(({ keyGroup }) => keyGroup >= first && keyGroup <= last))
}

/** The same as key groups, for looking at it. */
export function segmentsOf(content: KeyedStateContent): Iterable<KeyGroupSegment> {
  if (content.type === 'key-groups') return content.segments
  const { maxParallelism, states } = content.manifest
  const rows = rowsInRange(newestFirst(content), { first: 0, last: maxParallelism - 1 })
  return segmentsOfRows(states, rows, maxParallelism)
}

function newestFirst({
  runs,
  logged,
}: Extract<KeyedStateContent, { type: 'runs' }>): readonly { readonly run: SortedRun }[] {
  return [...logged.map((run) => ({ run })), ...runs]
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
  loggedOf: LoggedOf,
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
  const log = manifest.log ?? null
  const logged = log === null ? [] : [loggedOf(log)]
  const problem = logged.find((read) => typeof read === 'string')
  if (problem !== undefined) return { type: 'unreadable', object: null, problem }
  return { type: 'runs', manifest, runs, logged: logged.filter((read) => typeof read !== 'string') }
}
