/**
 * What each subtask of a restart did before it ran, in the words of Flink's span `JobInitialization` (flink-semantics.md
 * 1.6, ops/traces.md): reading its state, making it usable, opening its operators, taking in what was in flight.
 */
import type { SubtaskId } from '../ids.ts'
import type { TraceEvent } from '../trace.ts'

/** Durations in ms, sizes in bytes; null: it has not got so far, or there was nothing to do. */
export interface SubtaskInitialization {
  readonly subtask: SubtaskId
  /** From its deployment until it began (MailboxStartDurationMs). */
  readonly startMs: number | null
  /** Reading the objects of its state (DownloadStateDurationMs). */
  readonly downloadMs: number | null
  /** From bytes to state (RestoreStateDurationMs). */
  readonly restoreMs: number | null
  /** The records that were in flight (GateRestoreDurationMs). */
  readonly gateRestoreMs: number | null
  /** From its state to running, without the former (InitializeStateDurationMs). */
  readonly initializeMs: number | null
  /** RestoredStateSizeBytes: from the snapshot storage, and from the worker's own copy. */
  readonly remoteBytes: number
  readonly localBytes: number
}

/** A span of all subtasks, as Flink reports it. */
export interface InitializationSummary {
  readonly max: Readonly<Record<Duration, number>>
  readonly sum: Readonly<Record<Duration, number>>
  readonly restoredBytes: { readonly local: number; readonly remote: number }
}

type Duration = 'startMs' | 'downloadMs' | 'restoreMs' | 'gateRestoreMs' | 'initializeMs'

const DURATIONS: readonly Duration[] = [
  'startMs',
  'downloadMs',
  'restoreMs',
  'gateRestoreMs',
  'initializeMs',
]

type Open = { -readonly [K in keyof SubtaskInitialization]: SubtaskInitialization[K] }

/** The moment of the last step of a subtask, and what it is made of. */
interface Running {
  readonly of: Open
  lastAt: number
}

export class Initializations {
  #running = new Map<SubtaskId, Running>()
  #all: Open[] = []

  /** Those of the last restart; grows and fills as it goes on. */
  get all(): readonly SubtaskInitialization[] {
    return this.#all
  }

  restart(): void {
    this.#running = new Map()
    this.#all = []
  }

  observe(event: TraceEvent): void {
    switch (event.type) {
      case 'subtask-status-changed':
        this.#onStatus(event.subtask, event.status, event.at)
        return
      case 'state-downloaded': {
        const running = this.#running.get(event.subtask)
        if (running === undefined) return
        running.of.downloadMs = step(running, event.at)
        running.of.localBytes = event.localBytes
        running.of.remoteBytes = event.sizeBytes - event.localBytes
        return
      }
      case 'state-restored': {
        const running = this.#running.get(event.subtask)
        if (running !== undefined) running.of.restoreMs = step(running, event.at)
        return
      }
      case 'channel-state-restored': {
        const running = this.#running.get(event.subtask)
        if (running !== undefined) running.of.gateRestoreMs = step(running, event.at)
        return
      }
      default:
    }
  }

  #onStatus(subtask: SubtaskId, status: string, at: number): void {
    if (status === 'deploying') {
      const of: Open = {
        subtask,
        startMs: null,
        downloadMs: null,
        restoreMs: null,
        gateRestoreMs: null,
        initializeMs: null,
        remoteBytes: 0,
        localBytes: 0,
      }
      this.#running.set(subtask, { of, lastAt: at })
      this.#all.push(of)
      return
    }
    const running = this.#running.get(subtask)
    if (running === undefined) return
    if (status === 'initializing') running.of.startMs = step(running, at)
    if (status !== 'running') return
    running.of.initializeMs = step(running, at)
    this.#running.delete(subtask)
  }
}

export function summarizeInitialization(
  initializations: readonly SubtaskInitialization[],
): InitializationSummary {
  const of = (fold: (values: readonly number[]) => number): Record<Duration, number> => {
    const result = { startMs: 0, downloadMs: 0, restoreMs: 0, gateRestoreMs: 0, initializeMs: 0 }
    for (const duration of DURATIONS) {
      result[duration] = fold(initializations.map((each) => each[duration] ?? 0))
    }
    return result
  }
  const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0)
  return {
    max: of((values) => Math.max(0, ...values)),
    sum: of(sum),
    restoredBytes: {
      local: sum(initializations.map(({ localBytes }) => localBytes)),
      remote: sum(initializations.map(({ remoteBytes }) => remoteBytes)),
    },
  }
}

function step(running: Running, at: number): number {
  const duration = at - running.lastAt
  running.lastAt = at
  return duration
}
