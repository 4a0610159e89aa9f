/**
 * What a run left, in a form in which runs can be compared: how often each value lies in a place under a key. Places are
 * output topics and, at the end, states. Equal values have equal texts.
 */
import type { History, OutputPartition, StateAtCheckpoint } from '../history/history.ts'
import { canonical } from './canonical.ts'

/** How often each entry is there, by its text. */
export type Counts = ReadonlyMap<string, number>

/** By key; of a topic whose records have no key everything is under `UNKEYED`. */
export type Entries = ReadonlyMap<string, Counts>

/** By topic, or by `state of operator`. */
export type Results = ReadonlyMap<string, Entries>

export const UNKEYED = ''

/** A run without failures of the same job on the same input, to compare with. */
export interface TwinRun {
  readonly name: string
  /** Why it did not come to rest; null when it did. */
  readonly stuck: string | null
  readonly topics: Results
  readonly states: Results
}

/** Runs that differ in timing only. */
export interface Twins {
  readonly runs: readonly TwinRun[]
  /** Some records can come too late: what hangs on them may differ, and the rest not. */
  readonly hasStragglers: boolean
  /** These and more: what looks like a violation may depend on timing all the same. */
  confirm(): Twins
}

export function twinOf(name: string, history: History): TwinRun {
  return {
    name,
    stuck: history.stuck,
    topics: committedResults(history.outputs),
    states: finalStates(history),
  }
}

/** What a read_committed reader sees. */
export function committedResults(outputs: readonly OutputPartition[]): Results {
  const results = new Map<string, Map<string, Map<string, number>>>()
  for (const { topic, committed } of outputs) {
    const entries = placeIn(results, topic)
    for (const { key, value } of committed) {
      count(entries, key === null ? UNKEYED : `key ${latin1(key)}`, latin1(value))
    }
  }
  return results
}

/** The state in the newest completed checkpoint, when the run came to rest. */
export function finalStates({ checkpoints, stuck }: History): Results {
  const results = new Map<string, Map<string, Map<string, number>>>()
  const last = checkpoints.at(-1)
  if (last === undefined || stuck !== null) return results
  for (const stored of [...last.states, ...last.operatorStates]) {
    const entries = placeIn(results, placeOf(stored))
    for (const { key, namespace, value } of stored.entries) {
      const scope = namespace === undefined ? '' : ` in ${namespace}`
      count(entries, `key ${canonical(key)}${scope}`, canonical(value))
    }
  }
  return results
}

/** The uid of the operator comes last, so that it can be read off. */
function placeOf({ vertex, state }: StateAtCheckpoint): string {
  return `${state} of ${vertex}`
}

/** Bytes as text that can be turned back; see `textOf`. */
function latin1(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += String.fromCharCode(byte)
  return text
}

function placeIn(
  results: Map<string, Map<string, Map<string, number>>>,
  place: string,
): Map<string, Map<string, number>> {
  let entries = results.get(place)
  if (entries === undefined) {
    entries = new Map()
    results.set(place, entries)
  }
  return entries
}

function count(entries: Map<string, Map<string, number>>, key: string, entry: string): void {
  let counts = entries.get(key)
  if (counts === undefined) {
    counts = new Map()
    entries.set(key, counts)
  }
  counts.set(entry, (counts.get(entry) ?? 0) + 1)
}
